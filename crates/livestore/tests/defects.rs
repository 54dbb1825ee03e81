//! Each defect of LiveStore's own server that was reproduced, and that we do not have it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod world;

use serde_json::{Value, json};
use world::{World, event, events, events_of, numbers, pull, push};

#[test]
fn a_batch_is_atomic() {
    let mut world = World::new();
    let ann = world.socket();
    // The 16th collides with the 15th.
    let mut batch = events("ann", 1, 20);
    batch[15]["seqNum"] = json!(15);
    let (_, exit) = world.push(ann, &batch);
    assert_eq!(exit["_tag"], "Failure");
    let bob = world.socket();
    assert!(world.pull(bob, &json!("0"), None).is_empty(), "no ghost is served");
    // The correct retry is taken.
    world.ok(ann, &events("ann", 1, 20));
    assert_eq!(world.drain(bob, &json!("0")), events("ann", 1, 20));
}

#[test]
fn every_parent_is_checked_and_the_head_never_moves_back() {
    let mut world = World::new();
    let ann = world.socket();
    world.ok(ann, &events("ann", 1, 7));
    for batch in [
        vec![event("ann", 8, 7), event("ann", 9, 3)],
        vec![event("ann", 8, 7), event("ann", 8, 8)],
        vec![event("ann", 5, 7)],
        vec![event("ann", 7, 7)],
        vec![event("ann", 8 + 2_000_000, 7)],
    ] {
        let (_, exit) = world.push(ann, &batch);
        assert_eq!(exit["cause"]["error"]["cause"]["name"], "counter-order", "{batch:?}");
    }
    world.ok(ann, &[event("ann", 8, 7)]);
}

#[test]
fn the_store_of_the_url_is_read_whatever_a_request_names() {
    let mut world = World::new();
    let ann = world.socket();
    let mut other = pull(&json!("0"), None, true);
    other["payload"]["storeId"] = json!("another");
    world.send(ann, &other);
    assert_eq!(world.frames(ann)[0]["exit"]["cause"]["error"]["cause"]["name"], "store-mismatch");
    world.hibernate();
    let mut other = push(&json!("1"), &events("ann", 1, 1));
    other["payload"]["storeId"] = json!("demo_");
    world.send(ann, &other);
    assert_eq!(world.frames(ann)[0]["exit"]["cause"]["error"]["cause"]["name"], "store-mismatch");
}

#[test]
fn a_finished_pull_gets_nothing_more() {
    let mut world = World::new();
    let (ann, bob) = (world.socket(), world.socket());
    world.send(bob, &pull(&json!("0"), None, false));
    world.texts(bob);
    let mut failed = pull(&json!("1"), Some(1), true);
    failed["payload"]["cursor"]["value"]["backendId"] = json!("nope");
    world.send(bob, &failed);
    world.send(bob, &pull(&json!("2"), None, true));
    world.send(bob, &json!({ "_tag": "Interrupt", "requestId": "2" }));
    world.texts(bob);
    world.ok(ann, &events("ann", 1, 2));
    assert!(world.texts(bob).is_empty());
}

#[test]
fn an_event_that_no_pull_could_carry_is_refused_at_its_push() {
    let mut world = World::new();
    let ann = world.socket();
    let sized = |number: u64, bytes: usize| {
        let mut event = event("ann", number, number - 1);
        event["args"] = json!("x".repeat(bytes));
        event
    };
    let (_, exit) = world.push(ann, &[event("ann", 1, 0), sized(2, 950_000)]);
    let error = &exit["cause"]["error"];
    assert_eq!(
        (&error["_tag"], &error["cause"]["name"]),
        (&json!("UnknownError"), &json!("OversizeChunkItemError"))
    );
    // The largest that its client sends, and many that are large.
    world.ok(ann, &[sized(1, 890_000)]);
    for number in 2..=61 {
        world.ok(ann, &[sized(number, 120_000)]);
    }
    let bob = world.socket();
    assert_eq!(numbers(&world.pull(bob, &json!("0"), None)), (1..=61).collect::<Vec<_>>());
}

/// The bytes that a chunk costs do not depend on how many events are in it: nothing is encoded twice. Counted, not
/// timed: the text of each event stands once in what is sent, whatever the size of the log.
#[test]
fn a_pull_encodes_each_event_once() {
    let mut world = World::new();
    let ann = world.socket();
    for part in 0..10 {
        world.ok(ann, &events("ann", part * 100 + 1, 100));
    }
    let bob = world.socket();
    world.send(bob, &pull(&json!("0"), None, true));
    let mut texts = world.texts(bob);
    while let [.., _] = texts.as_slice() {
        let bytes: usize = texts.iter().map(String::len).sum();
        let events: usize =
            texts.iter().map(|text| events_of(&serde_json::from_str::<Value>(text).unwrap()).len()).sum();
        assert!(bytes < events * 400 + 1_000, "{bytes} bytes for {events} events");
        for _ in 0..texts.len() {
            world.send(bob, &json!({ "_tag": "Ack", "requestId": "0" }));
        }
        texts = world.texts(bob);
    }
}
