//! LiveStore's clients and Syncline's on one log, under the rules of one model.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod world;

use chat_model::Chat;
use serde_json::{Value, json};
use world::{World, events_of, numbers};

fn hello(client: &str) -> Value {
    json!({ "type": "hello", "protocol": 1, "store": "demo", "client": client, "subject": client,
        "modelVersion": 1, "schemaHash": "x" })
}

/// Whoever writes has joined.
fn joined(number: u64) -> Value {
    let mut event = channel(number, "");
    event["name"] = json!("personJoined");
    event["args"] = json!({ "name": "Ann", "avatar": null });
    event
}

/// As a LiveStore app with the chat's events would send it.
fn channel(number: u64, id: &str) -> Value {
    json!({ "name": "channelCreated", "args": { "id": id, "name": id, "topic": null },
        "seqNum": number, "parentSeqNum": number - 1, "clientId": "ann", "sessionId": "s1" })
}

#[test]
fn what_one_side_writes_the_other_reads_and_numbers_go_on() {
    let mut world = World::of::<Chat>();
    let (theirs, ours) = (world.socket(), world.syncline());
    world.pull(theirs, &json!("0"), None);
    world.send(ours, &hello("bob"));
    world.texts(ours);
    world.ok(theirs, &[on(joined(4), 0), channel(5, "a")]);
    let told = world.frames(ours);
    let entry = &told[0]["entries"][1];
    assert_eq!((&entry["name"], &entry["author"]), (&json!("channelCreated"), &json!("ann")));
    let commits = json!([{ "counter": 1, "author": "bob", "modelVersion": 1, "events": [
        { "name": "personJoined", "args": { "name": "Bob", "avatar": null } },
        { "name": "channelCreated", "args": { "id": "c", "name": "c", "topic": null } } ] }]);
    world.send(ours, &json!({ "type": "push", "commits": commits }));
    let chunk = &world.frames(theirs)[0];
    let got = events_of(chunk);
    assert_eq!(numbers(&got), [6, 7]);
    assert_eq!((&got[0]["parentSeqNum"], &got[0]["clientId"]), (&json!(5), &json!("bob")));
    world.ok(theirs, &[channel(8, "d")]);
}

#[test]
fn the_log_holds_nothing_that_the_rules_refuse_whoever_sends_it() {
    let mut world = World::of::<Chat>();
    let ann = world.socket();
    world.pull(ann, &json!("0"), None);
    world.ok(ann, &[joined(1), channel(2, "a")]);
    world.texts(ann);
    // The second is there already, so the first is not logged either.
    let (echo, exit) = world.push(ann, &[channel(3, "b"), channel(4, "a")]);
    assert!(echo.is_empty());
    let error = &exit["cause"]["error"];
    assert_eq!(error["_tag"], "UnknownError");
    assert!(error["cause"]["name"].as_str().is_some_and(|name| !name.is_empty()), "{error}");
    assert_eq!(world.room.head().get(), 2);
    let (_, exit) = world.push(
        ann,
        &[{
            let mut odd = channel(3, "x");
            odd["name"] = json!("v1.Unheard");
            odd
        }],
    );
    assert_eq!(exit["cause"]["error"]["cause"]["name"], "unknown-event");
    world.ok(ann, &[channel(3, "b")]);
}

#[test]
fn a_client_of_ours_cannot_take_the_name_of_one_of_theirs() {
    let mut world = World::of::<Chat>();
    let ours = world.syncline();
    world.send(ours, &hello("ls__ann__s1"));
    assert_eq!(world.frames(ours)[0]["code"], "bad-message");
}

fn on(mut event: Value, parent: u64) -> Value {
    event["parentSeqNum"] = json!(parent);
    event
}

#[test]
fn each_event_of_a_batch_is_logged_under_the_name_of_its_own_client() {
    let mut world = World::new();
    let ann = world.socket();
    world.pull(ann, &json!("0"), None);
    world.ok(ann, &[world::event("ann", 1, 0), world::event("bob", 2, 1), world::event("ann", 3, 2)]);
    let log = world.room.log_lines(&world.db, syncline_engine::protocol::Seq::ZERO, 9, 1 << 20).unwrap();
    let entries: Vec<Value> = log.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        entries.iter().map(|entry| entry["author"].as_str().unwrap()).collect::<Vec<_>>(),
        ["ann", "bob", "ann"]
    );
}
