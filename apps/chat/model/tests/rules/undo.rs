//! What takes an event back.

use serde_json::{Value as Json, json};

use crate::world::{World, message};

/// Grace is a member of `general`, and has posted and reacted there.
fn world() -> World {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    world.accepts("grace", "messagePosted", message("mine"));
    world.accepts("grace", "messageEdited", json!({ "id": "mine", "text": "edited" }));
    world.accepts("grace", "reactionAdded", json!({ "message": "hello", "emoji": "👋" }));
    world
}

#[test]
fn an_inverse_leads_back_to_the_state_before() {
    let cases: [(&str, Json); 11] = [
        ("channelLeft", json!({ "channel": "general" })),
        ("messageEdited", json!({ "id": "mine", "text": "edited again" })),
        ("reactionAdded", json!({ "message": "hello", "emoji": "🎉" })),
        ("reactionRemoved", json!({ "message": "hello", "emoji": "👋" })),
        ("channelJoined", json!({ "channel": "other" })),
        ("channelChanged", json!({ "channel": "general", "topic": "Everything" })),
        ("messagePinned", json!({ "id": "mine" })),
        ("messageUnpinned", json!({ "id": "hello" })),
        ("roleGiven", json!({ "person": "ada", "role": "admin" })),
        ("workspaceChanged", json!({ "name": "Acme", "inviteOnly": true })),
        ("inviteCreated", json!({ "code": "come-to-us" })),
    ];
    for (name, args) in cases {
        let mut world = world();
        world.accepts("ada", "channelCreated", json!({ "id": "other", "name": "other" }));
        world.accepts("ada", "messagePinned", json!({ "id": "hello" }));
        world.accepts("ada", "workspaceChanged", json!({ "inviteOnly": false }));
        world.accepts("ada", "roleGiven", json!({ "person": "grace", "role": "owner" }));
        let before = world.state();
        let inverse = world.inverse("grace", name, args.clone());
        world.accepts("grace", name, args);
        assert_ne!(world.state(), before, "{name}");
        assert!(!inverse.is_empty(), "{name}");
        for event in inverse {
            world.accepts("grace", &event.name, serde_json::from_str(event.args.get()).unwrap());
        }
        assert_eq!(world.state(), before, "{name}");
    }
}

#[test]
fn a_message_is_taken_back_by_deleting_it() {
    let mut world = world();
    let inverse = world.inverse("grace", "messagePosted", message("new"));
    world.accepts("grace", "messagePosted", message("new"));
    world.accepts("grace", &inverse[0].name, serde_json::from_str(inverse[0].args.get()).unwrap());
    assert_eq!(world.count("SELECT count(*) FROM messages WHERE id = 'new' AND deleted = 1"), 1);
}

#[test]
fn what_others_build_on_and_what_is_gone_cannot_be_taken_back() {
    let world = world();
    for (name, args) in [
        ("personJoined", json!({ "name": "Grace H." })),
        ("channelCreated", json!({ "id": "new", "name": "new" })),
        ("messageDeleted", json!({ "id": "mine" })),
        ("channelJoined", json!({ "channel": "general" })),
        ("memberAdded", json!({ "channel": "general", "person": "ada" })),
        ("inviteRevoked", json!({ "code": "come-to-us" })),
    ] {
        assert!(world.inverse("grace", name, args).is_empty(), "{name}");
    }
}
