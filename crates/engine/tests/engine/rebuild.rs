//! A state of other tables is made anew from the log.

use syncline_engine::protocol::{Incarnation, SessionId};
use syncline_engine::{Query, Replica, Room, Rules, quarantined};

use super::model::{NotesAndMore, added, removed, renamed};
use super::world::{World, notes, store};

#[test]
fn a_room_with_a_newer_model_rebuilds_its_state_and_keeps_its_log() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk"), added("2", "eggs")]).unwrap();
    world.clients[0].commit(&[renamed("1", "oat milk")]).unwrap();
    world.clients[0].commit(&[removed("2")]).unwrap();
    world.settle();
    let db = &mut world.server.db;
    let before = world.server.room.head();
    let unused = Incarnation::parse("unused").unwrap();
    let room = Room::open(db, Rules::of::<NotesAndMore>(), store(), unused).unwrap();
    assert_eq!(room.head(), before);
    assert_eq!(room.incarnation().as_str(), "first");
    assert_eq!(notes(db), ["1=oat milk/ann"]);
    let db: &dyn Query = db;
    assert_eq!(db.value::<i64>("SELECT notes FROM authors", &[]).unwrap(), Some(2));
}

#[test]
fn a_leaders_state_of_other_tables_is_made_anew() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let ann = &mut world.clients[0];
    ann.leader.advance(&mut ann.log, &mut ann.replica, &mut ann.state).unwrap();
    assert_eq!(notes(&ann.state), ["1=milk/ann"]);
    let mut replica = Replica::open(&mut ann.state, Rules::of::<NotesAndMore>()).unwrap();
    assert_eq!(replica.seq().get(), 0);
    ann.leader.advance(&mut ann.log, &mut replica, &mut ann.state).unwrap();
    assert_eq!(replica.seq().get(), 1);
    let state: &dyn Query = &ann.state;
    assert_eq!(state.value::<i64>("SELECT notes FROM authors", &[]).unwrap(), Some(1));
}

#[test]
fn a_commit_of_history_that_cannot_be_applied_is_skipped_and_named() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let ann = &mut world.clients[0];
    // As an older build sees the log of a newer one.
    let entries = r#"{"type":"entries","after":1,"head":3,"entries":[
        {"seq":2,"client":"bob","counter":1,"author":"bob","time":1,"name":"noteStarred","args":{"id":"1"}},
        {"seq":3,"client":"bob","counter":2,"author":"bob","time":1,"name":"noteDeleted","args":{"id":"1"}}]}"#;
    ann.receive(entries);
    assert!(ann.notes().is_empty(), "the entry after it is applied, upcast");
    let skipped = quarantined(&ann.db).unwrap();
    assert_eq!(skipped.len(), 1);
    assert_eq!((skipped[0].seq.get(), skipped[0].name.as_str()), (2, "noteStarred"));
    assert_eq!(skipped[0].why.code, "unknown-event");
    // And the next load boots all the same.
    let ann = world.clients.remove(0).reload();
    assert!(ann.notes().is_empty());
    let id = SessionId::parse("ann-2").unwrap();
    assert!(ann.session.pending().all(|pending| pending.session != &id));
}
