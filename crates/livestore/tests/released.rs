//! A log that is in the archive alone, to LiveStore's clients.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod world;

use serde_json::{Value, json};
use syncline_engine::protocol::Seq;
use syncline_engine::{Grant, Output, Room, RoomConfig, Upkeep};
use syncline_livestore::LiveStore;
use world::{World, event, events, numbers};

/// Thirty events that have left, what a client was told of them, and the archive's rows.
fn left() -> (World, Vec<Value>, String) {
    let mut world = World::new();
    let ann = world.socket();
    world.pull(ann, &json!("0"), None);
    for first in (1..30).step_by(10) {
        world.ok(ann, &events("ann", first, 10));
    }
    let reader = world.socket();
    let told = world.pull(reader, &json!("0"), None);
    let upkeep = Upkeep { keep_hot: Some(0), ..Upkeep::default() };
    world.room.configure(RoomConfig { upkeep, ..RoomConfig::default() });
    let page = world.room.archive_page(&world.db).unwrap().unwrap();
    world.room.archived(&mut world.db, &page).unwrap();
    world.room.make_snapshot(&mut world.db).unwrap();
    let stretch = world.room.releasable(&world.db).unwrap().unwrap();
    world.room.release(&mut world.db, &stretch, &page.rows).unwrap();
    assert_eq!(world.room.info(&world.db).unwrap().released, 30);
    world.hibernate();
    (world, told, page.rows)
}

fn bring_back(world: &mut World, first: Seq, rows: &str) {
    let stretch = Room::released(&world.db, first).unwrap().unwrap();
    world.room.bring_back(&mut world.db, &stretch, rows).unwrap();
}

#[test]
fn a_pull_waits_for_what_has_left_and_is_as_before() {
    let (mut world, told, rows) = left();
    let bob = world.socket();
    assert_eq!(world.pull(bob, &json!("0"), None), Vec::<Value>::new());
    let first = world.missing.take().unwrap();
    bring_back(&mut world, first, &rows);
    assert_eq!(world.pull(bob, &json!("0"), None), told, "under the same id: nothing had begun");
    assert_eq!(world.missing, None);
    world.ok(bob, &[event("bob", 31, 30)]);
}

#[test]
fn a_push_that_has_to_know_the_numbers_waits_too() {
    let (mut world, _, rows) = left();
    let bob = world.socket();
    world.send(bob, &world::push(&json!("p"), &[event("bob", 31, 30)]));
    assert_eq!(world.frames(bob), Vec::<Value>::new(), "no answer yet");
    let first = world.missing.take().unwrap();
    bring_back(&mut world, first, &rows);
    world.ok(bob, &[event("bob", 31, 30)]);
    assert_eq!(numbers(&world.pull(bob, &json!("0"), Some(30))), [31]);
}

#[test]
fn so_does_a_request_over_http() {
    let (mut world, told, rows) = left();
    let mut request = world::pull(&json!("1"), None, false);
    request["tag"] = json!("SyncHttpRpc.Pull");
    let ask = |world: &mut World| {
        LiveStore::default().answer(
            &mut world.room,
            &mut world.db,
            world.now,
            Grant::TRUSTED,
            &request.to_string(),
        )
    };
    let (_, outputs) = ask(&mut world);
    assert_eq!(outputs, [Output::Released(Seq::new(1).unwrap())]);
    bring_back(&mut world, Seq::new(1).unwrap(), &rows);
    let (text, outputs) = ask(&mut world);
    assert_eq!((outputs, text.matches("seqNum").count()), (Vec::new(), told.len()));
}
