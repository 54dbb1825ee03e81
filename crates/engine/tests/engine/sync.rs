//! Two clients and a room: what the users see.

use super::model::{added, removed, renamed};
use super::world::{World, notes};

#[test]
fn a_commit_of_one_client_reaches_the_other() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    assert_eq!(world.clients[0].notes(), ["1=milk/ann"], "applied at once");
    assert!(world.clients[1].notes().is_empty());
    world.settle();
    assert_eq!(world.clients[1].notes(), ["1=milk/ann"]);
    assert_eq!(world.clients[0].effects.confirmed.len(), 1);
    world.assert_together();
}

#[test]
fn a_commit_with_several_events_is_admitted_as_a_whole() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk"), added("2", "eggs"), renamed("1", "oat milk")]).unwrap();
    world.settle();
    world.assert_together();
    assert_eq!(world.log(), ["1 ann 1 noteAdded", "2 ann 1 noteAdded", "3 ann 1 noteRenamed"]);
    let confirmed = world.clients[0].effects.confirmed[0];
    assert_eq!((confirmed.first.get(), confirmed.last.get()), (1, 3));
}

#[test]
fn a_commit_that_fails_half_way_leaves_nothing() {
    let mut world = World::new(&["ann"]);
    let refusal = world.clients[0].commit(&[added("1", "milk"), added("1", "eggs")]).unwrap_err();
    assert!(format!("{refusal:?}").contains("constraint-unique"), "{refusal:?}");
    assert!(world.clients[0].notes().is_empty());
    world.settle();
    assert!(world.log().is_empty());
}

#[test]
fn work_done_offline_arrives_once_in_its_order() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].cut();
    for n in 1..=3 {
        world.clients[0].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
    }
    world.clients[1].commit(&[added("b", "from bob")]).unwrap();
    world.settle();
    world.clients[0].connect();
    world.settle();
    world.assert_together();
    assert_eq!(world.log().len(), 4);
}

#[test]
fn of_two_conflicting_commits_the_first_to_arrive_wins_and_the_other_is_told_why() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("a", "milk")]).unwrap();
    world.clients[1].commit(&[added("b", "milk")]).unwrap();
    world.settle();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["a=milk/ann"]);
    let rejected = &world.clients[1].effects.rejected;
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].code, "constraint-unique");
    assert_eq!(rejected[0].message, "UNIQUE constraint failed: notes.title");
    assert_eq!(rejected[0].events, [added("b", "milk")]);
    assert!(world.clients[1].effects.confirmed.is_empty());
}

#[test]
fn a_rejected_commit_does_not_hold_up_those_after_it() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[1].cut();
    world.clients[1].commit(&[added("b", "milk")]).unwrap();
    world.clients[1].commit(&[added("c", "eggs")]).unwrap();
    world.clients[0].commit(&[added("a", "milk")]).unwrap();
    world.settle();
    world.clients[1].connect();
    world.settle();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["a=milk/ann", "c=eggs/bob"]);
}

#[test]
fn only_the_author_changes_a_note_and_the_server_says_so_too() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let refusal = world.clients[1].commit(&[removed("1")]).unwrap_err();
    assert!(format!("{refusal:?}").contains("not-the-author"));
    assert_eq!(world.clients[1].notes(), ["1=milk/ann"]);
}

#[test]
fn the_room_may_hibernate_between_any_two_inputs() {
    let mut world = World::new(&["ann", "bob"]);
    for n in 0..5 {
        world.clients[n % 2].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
        for place in [0, 1] {
            world.server.hibernate();
            world.deliver(place);
        }
    }
    world.settle();
    world.server.hibernate();
    world.assert_together();
    assert_eq!(world.log().len(), 5);
}

#[test]
fn a_client_that_comes_late_reads_the_whole_log_page_by_page() {
    let mut world = World::new(&["ann"]);
    let long = "x".repeat(900);
    for n in 0..2_000 {
        let note = format!("{n}");
        let event =
            super::model::event("noteAdded", serde_json::json!({ "id": note, "title": note, "pad": long }));
        world.clients[0].commit(&[event]).unwrap();
    }
    world.settle();
    let mut late = super::world::Client::new("bob");
    late.connect();
    world.clients.push(late);
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[1].notes().len(), 2_000);
    assert!(world.clients[1].connection.as_ref().unwrap().is_live());
}
