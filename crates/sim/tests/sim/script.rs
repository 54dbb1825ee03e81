//! Worlds that are moved by hand.

use syncline_sim::{Action, Event, Setup, World};

/// Runs lines of a trace; empty lines and `#` comments do not count.
fn run(setup: &str, script: &str) -> World {
    let mut world = World::new(setup.parse().unwrap()).unwrap();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let action: Action = line.parse().unwrap();
        match world.step(&action) {
            Ok(done) => assert!(done, "{line} was not possible"),
            Err(violation) => panic!("{line}: {violation}"),
        }
        world.check().unwrap_or_else(|violation| panic!("after {line}: {violation}"));
    }
    world
}

#[test]
fn a_commit_comes_from_one_client_to_the_other() {
    let world = run(
        "clients=2 tabs=1",
        "
        open c0 t0 s0
        elect c0
        commit c0 join:0
        commit c0 add:1:1
        hand c0
        settle
        ",
    );
    assert_eq!(world.tally().count(Event::Accepted), 2);
    assert_eq!(world.tally().count(Event::Confirmed), 2);
    assert_eq!(world.tally().count(Event::Rejected), 0);
}

#[test]
fn two_clients_conflict_and_one_is_rejected() {
    let world = run(
        "clients=2 tabs=1",
        "
        open c0 t0 s0
        elect c0
        open c1 t0 s1
        elect c1
        commit c0 join:0
        settle
        commit c1 join:1 add:1:1
        commit c0 add:2:1
        settle
        ",
    );
    assert_eq!(world.tally().count(Event::Accepted), 2);
    assert_eq!(world.tally().count(Event::Rejected), 1);
}

#[test]
fn what_was_journaled_before_a_tab_ended_is_logged_once() {
    let world = run(
        "clients=1 tabs=2",
        "
        open c0 t0 s0
        open c0 t1 s0
        elect c0
        commit c0 join:0
        commit c0 add:1:1
        hand c0
        close c0 t0
        elect c0
        connect c0
        up c0
        half-open c0
        settle
        ",
    );
    assert_eq!(world.tally().count(Event::Accepted), 2);
}

#[test]
fn the_same_script_leads_to_the_same_world() {
    let script = "
        open c0 t0 s0
        elect c0
        commit c0 join:0
        settle";
    let tallies = [0, 1].map(|_| run("clients=2 tabs=1", script).tally().to_string());
    assert_eq!(tallies[0], tallies[1]);
    assert_eq!(Setup::default().to_string().parse::<Setup>().unwrap(), Setup::default());
}
