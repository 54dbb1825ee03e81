//! The events that take a commit back.

use syncline_engine::protocol::{Millis, RawEvent};

use super::model::{added, removed, renamed};
use super::world::{Client, World};

/// Commits, and returns what takes it back.
fn commit(client: &mut Client, events: &[RawEvent]) -> Vec<RawEvent> {
    let now = Millis::new(1).unwrap();
    client.session.commit_with_inverse(&mut client.db, now, events.to_vec()).unwrap().1
}

#[test]
fn a_commit_is_taken_back_by_its_inverse_and_that_by_its_own() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let _ = commit(ann, &[added("1", "milk")]);
    let undo = commit(ann, &[renamed("1", "bread")]);
    assert_eq!(undo, [renamed("1", "milk")]);
    let redo = commit(ann, &undo);
    assert_eq!(ann.notes(), ["1=milk/ann"]);
    assert_eq!(commit(ann, &redo), [renamed("1", "milk")]);
    assert_eq!(ann.notes(), ["1=bread/ann"]);
}

#[test]
fn each_event_of_a_commit_is_taken_back_from_the_last_to_the_first() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let undo = commit(ann, &[added("1", "milk"), renamed("1", "bread"), renamed("1", "salt")]);
    assert_eq!(undo, [renamed("1", "bread"), renamed("1", "milk"), removed("1")]);
    let _ = commit(ann, &undo);
    assert!(ann.notes().is_empty());
}

#[test]
fn a_commit_with_an_event_that_cannot_be_undone_is_not_undone_in_part() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let _ = commit(ann, &[added("1", "milk")]);
    assert!(commit(ann, &[added("2", "bread"), removed("1")]).is_empty());
}

#[test]
fn a_commit_that_is_refused_has_no_inverse_and_leaves_nothing() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let now = Millis::new(1).unwrap();
    let events = vec![added("1", "milk"), added("2", "milk")];
    assert!(ann.session.commit_with_inverse(&mut ann.db, now, events).is_err());
    assert_eq!((ann.notes().len(), ann.session.pending().count()), (0, 0));
}
