//! Who may react to what.

use serde_json::json;

use crate::world::{World, text};

#[test]
fn a_member_reacts_and_takes_it_back() {
    let mut world = World::with_a_channel();
    let wave = json!({ "message": "hello", "emoji": "👋" });
    world.accepts("ada", "reactionAdded", wave.clone());
    assert_eq!(
        world.rows("SELECT message, emoji, person FROM reactions"),
        [[text("hello"), text("👋"), text("ada")]]
    );
    world.accepts("ada", "reactionRemoved", wave);
    assert_eq!(world.count("SELECT count(*) FROM reactions"), 0);
}

#[test]
fn a_person_reacts_once_of_a_kind() {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    let wave = json!({ "message": "hello", "emoji": "👋" });
    world.accepts("ada", "reactionAdded", wave.clone());
    world.rejects("ada", "reactionAdded", wave.clone(), "constraint-unique");
    world.accepts("ada", "reactionAdded", json!({ "message": "hello", "emoji": "🎉" }));
    world.accepts("grace", "reactionAdded", wave);
    assert_eq!(world.count("SELECT count(*) FROM reactions"), 3);
}

#[test]
fn only_a_member_reacts() {
    let mut world = World::with_a_channel();
    let wave = json!({ "message": "hello", "emoji": "👋" });
    world.rejects("grace", "reactionAdded", wave.clone(), "not-a-member");
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    world.accepts("grace", "reactionAdded", wave);
}

#[test]
fn a_message_that_is_reacted_to_must_exist_and_not_be_deleted() {
    let mut world = World::with_a_channel();
    let nothing = json!({ "message": "nothing", "emoji": "👋" });
    world.rejects("ada", "reactionAdded", nothing, "no-such-message");
    world.accepts("ada", "messageDeleted", json!({ "id": "hello" }));
    let wave = json!({ "message": "hello", "emoji": "👋" });
    world.rejects("ada", "reactionAdded", wave, "message-deleted");
}

#[test]
fn a_reaction_has_1_to_16_characters() {
    let mut world = World::with_a_channel();
    for emoji in [String::new(), "👋".repeat(17)] {
        let args = json!({ "message": "hello", "emoji": emoji });
        world.rejects("ada", "reactionAdded", args, "constraint-check");
    }
    world.accepts("ada", "reactionAdded", json!({ "message": "hello", "emoji": "🏴󠁧󠁢󠁷󠁬󠁳󠁿" }));
}

#[test]
fn only_ones_own_reaction_is_taken_back() {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    let wave = json!({ "message": "hello", "emoji": "👋" });
    world.accepts("ada", "reactionAdded", wave.clone());
    world.rejects("grace", "reactionRemoved", wave.clone(), "no-such-reaction");
    let other = json!({ "message": "hello", "emoji": "🎉" });
    world.rejects("ada", "reactionRemoved", other, "no-such-reaction");
    world.accepts("ada", "channelLeft", json!({ "channel": "general" }));
    world.accepts("ada", "reactionRemoved", wave);
}
