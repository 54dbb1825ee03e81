//! What was admitted once applies for ever, whatever the rules say today.

use chat_model::{Chat, ChatEvent};
use serde_json::json;
use syncline_engine::{Refusal, Rules};

use crate::world::{NOW, World, event, message};

#[test]
fn history_applies_although_the_rules_would_reject_it_today() {
    let mut world = World::with_a_channel();
    for (author, name, args) in [
        ("eve", "personJoined", json!({ "name": " Eve" })),
        ("eve", "channelCreated", json!({ "id": "c2", "name": "Eve's Place" })),
        ("eve", "messagePosted", message("m2")),
        ("eve", "messageEdited", json!({ "id": "hello", "text": "mine" })),
        ("eve", "reactionAdded", json!({ "message": "hello", "emoji": "👋" })),
        ("eve", "messageDeleted", json!({ "id": "hello" })),
        ("eve", "messageDeleted", json!({ "id": "hello" })),
        ("eve", "messageEdited", json!({ "id": "hello", "text": "again" })),
        ("eve", "messageEdited", json!({ "id": "nothing", "text": "x" })),
        ("eve", "messagePinned", json!({ "id": "nothing" })),
        ("eve", "roleGiven", json!({ "person": "nobody", "role": "owner" })),
        ("eve", "workspaceChanged", json!({ "inviteOnly": true })),
        ("eve", "inviteCreated", json!({ "code": "come-to-me", "uses": 0 })),
        ("bob", "personJoined", json!({ "name": "Bob", "invite": "come-to-me" })),
        ("eve", "inviteRevoked", json!({ "code": "nothing" })),
        ("eve", "channelChanged", json!({ "channel": "nowhere" })),
        ("eve", "memberAdded", json!({ "channel": "general", "person": "bob" })),
        ("eve", "reactionRemoved", json!({ "message": "hello", "emoji": "👋" })),
        ("eve", "channelLeft", json!({ "channel": "general" })),
        ("eve", "channelJoined", json!({ "channel": "general" })),
        ("eve", "channelJoined", json!({ "channel": "general" })),
    ] {
        world.replays(author, name, args).unwrap();
    }
}

#[test]
fn an_unknown_event_and_bad_args_are_told_apart() {
    let mut world = World::with_a_channel();
    world.rejects("ada", "messageShouted", json!({}), "unknown-event");
    world.rejects("ada", "messageDeleted", json!({}), "bad-args");
    world.rejects("ada", "messageDeleted", json!({ "id": 7 }), "bad-args");
    world.rejects("ada", "messageDeleted", json!(null), "bad-args");
    let late = json!({ "id": "m", "channel": "general", "text": "x", "postedAt": 1_u64 << 53 });
    world.rejects("ada", "messagePosted", late, "bad-args");
    assert!(matches!(
        world.replays("ada", "messageShouted", json!({})),
        Err(Refusal::Rejected(rejection)) if rejection.code == "unknown-event"
    ));
}

#[test]
fn an_event_is_written_with_camel_case_names() {
    let posted = json!({
        "name": "messagePosted",
        "args": { "id": "m", "channel": "c", "text": "x", "postedAt": NOW, "replyTo": null },
    });
    let decoded: ChatEvent = serde_json::from_value(posted.clone()).unwrap();
    assert_eq!(serde_json::to_value(&decoded).unwrap(), posted);
    assert_eq!(event("messagePosted", posted["args"].clone()).name, "messagePosted");
}

#[test]
fn the_tables_are_portable_and_have_a_fingerprint() {
    Rules::of::<Chat>().schema_hash().unwrap();
}
