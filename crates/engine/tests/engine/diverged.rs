//! A server whose log is not the one that a client has followed: reset, restored, forked.

use syncline_engine::protocol::{ClientId, SessionId};
use syncline_engine::{Epoch, Leader, LeaderConfig, Rules};
use syncline_sqlite::Database;

use super::model::{KeenNotes, added, renamed};
use super::world::{World, notes, store};

fn saved(id: &str, title: &str) -> String {
    format!(r#"{{"id":"{id}","title":"{title}"}}"#)
}

#[test]
fn after_a_reset_what_was_confirmed_is_reported_lost_and_what_was_not_is_offered_again() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.clients[1].commit(&[added("2", "eggs")]).unwrap();
    world.settle();
    world.replace_server(Database::open_memory().unwrap(), "second");
    world.clients[0].commit(&[added("3", "rice")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert_eq!(world.log(), ["1 ann 2 noteAdded"]);
    for client in &world.clients {
        assert_eq!(client.lost(), [saved("1", "milk"), saved("2", "eggs")], "nothing is wiped");
    }
    let ann = &mut world.clients[0];
    let last = ann.leader.lost(&ann.log).unwrap()[1].id;
    ann.leader.dismiss_lost(&mut ann.log, last).unwrap();
    assert!(ann.lost().is_empty(), "the app has spoken");
    let bob = world.clients.pop().unwrap().reload();
    assert_eq!(bob.lost().len(), 2, "and nobody else");
}

#[test]
fn a_server_restored_from_an_older_backup_is_found_out_by_its_missing_head() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let backup = world.backup();
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.clients[1].commit(&[renamed("1", "mine")]).unwrap_err();
    world.settle();
    world.replace_server(backup, "unused");
    world.clients[1].commit(&[added("3", "rice")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=milk/ann", "3=rice/bob"]);
    assert_eq!(world.clients[0].lost(), [saved("2", "eggs")], "and only what is really missing");
}

#[test]
fn a_fork_is_found_out_by_its_chain_although_it_is_longer() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let backup = world.backup();
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.settle();
    // Under the same incarnation, the restored server goes on without ann.
    world.replace_server(backup, "unused");
    world.clients[1] = super::world::Client::new("carl");
    world.clients[1].connect();
    world.settle();
    for n in 3..6 {
        world.clients[1].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
    }
    world.settle();
    world.reconnect();
    world.assert_together();
    assert_eq!(world.clients[0].lost(), [saved("2", "eggs")]);
}

#[test]
fn an_acceptance_that_the_restored_server_has_forgotten_is_asked_for_again() {
    let mut world = World::new(&["ann"]);
    let backup = world.backup();
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.deliver(0);
    // The verdict arrives, the entries do not.
    let ann = &mut world.clients[0];
    let verdicts = ann.to_client.pop_back().unwrap();
    assert!(verdicts.contains("accepted"));
    ann.receive(&verdicts);
    world.replace_server(backup, "unused");
    world.reconnect();
    world.assert_together();
    assert_eq!(world.log(), ["1 ann 1 noteAdded"]);
}

#[test]
fn a_model_may_have_its_lost_commits_offered_again_by_who_made_them() {
    let mut world = World::new(&["ann", "bob"]);
    let keen = Rules::of::<KeenNotes>();
    for client in &mut world.clients {
        client.adopt(keen);
    }
    world.reconnect();
    world.clients[0].commit(&[added("1", "milk"), added("2", "eggs")]).unwrap();
    world.clients[1].commit(&[added("3", "rice")]).unwrap();
    world.settle();
    world.replace_server(Database::open_memory().unwrap(), "second");
    world.clients[0].commit(&[renamed("1", "oat milk")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=oat milk/ann", "2=eggs/ann", "3=rice/bob"]);
    // Each has offered its own (own-name), and what the others offered is not lost to anybody.
    assert_eq!(world.log().len(), 4);
    assert!(world.clients.iter().all(|client| client.lost().is_empty()));
}

#[test]
fn a_commit_that_was_rejected_confirmed_by_a_restored_server_and_offered_again_may_be_rejected_again() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].adopt(Rules::of::<KeenNotes>());
    world.reconnect();
    // The server takes it, and ann does not hear of it.
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.deliver(0);
    let backup = world.backup();
    let rejected_by = |world: &mut World, server: &str| {
        world.replace_server(Database::open_memory().unwrap(), server);
        for _ in 0..2 {
            world.clients[1].connect();
            world.settle();
        }
        world.clients[1].commit(&[added(server, "milk")]).unwrap();
        world.settle();
        world.reconnect();
        world.assert_together();
        assert_eq!(world.clients[0].session.rejections().len(), 1, "the title is taken");
    };
    rejected_by(&mut world, "second");
    world.replace_server(backup, "unused");
    world.reconnect();
    world.assert_together();
    assert_eq!(world.log()[0], "1 ann 1 noteAdded");
    rejected_by(&mut world, "third");
}

#[test]
fn a_crash_before_the_new_log_is_here_loses_nothing_of_the_former_one() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.replace_server(Database::open_memory().unwrap(), "second");
    world.clients[0].connect();
    world.deliver(0);
    while let Some(text) = world.clients[0].to_client.pop_front() {
        world.clients[0].receive(&text);
    }
    assert!(world.clients[0].notes().is_empty(), "the view follows the new log");
    let ann = world.clients.remove(0).reload();
    world.clients.push(ann);
    world.reconnect();
    assert_eq!(world.clients[0].lost(), [saved("1", "milk")]);
}

#[test]
fn a_session_that_missed_the_change_of_logs_is_told_so_by_the_next_leader() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let ann = &mut world.clients[0];
    let (cursor, epoch) = (ann.session.cursor(), ann.session.epoch().clone());
    let diverged = r#"{"type":"error","code":"log-diverged","message":""}"#;
    ann.connect();
    ann.leader.receive(&mut ann.log, diverged).unwrap();
    // The worker dies before it has told its session.
    let fresh = ClientId::parse("another-run").unwrap();
    let config =
        LeaderConfig::new(&super::model::rules(), store(), "ann".to_owned().try_into().unwrap(), fresh);
    ann.leader = Leader::open(&mut ann.log, config.unwrap()).unwrap();
    assert_ne!(*ann.leader.epoch(), epoch);
    ann.leader.resumed(&ann.log, &SessionId::parse("ann-1").unwrap(), cursor, &epoch).unwrap();
    ann.pump();
    assert!(ann.notes().is_empty());
    assert_eq!(ann.session.epoch(), ann.leader.epoch());
    // The same once more changes nothing: the log is the one that it has.
    let same = Epoch::kept(ann.session.epoch().as_str().to_owned());
    ann.leader.resumed(&ann.log, &SessionId::parse("ann-1").unwrap(), ann.session.cursor(), &same).unwrap();
    while let Some(told) = ann.leader.poll_session(ann.session.id()) {
        assert!(!told.contains("restarted") && !told.contains("entries"), "{told}");
    }
}
