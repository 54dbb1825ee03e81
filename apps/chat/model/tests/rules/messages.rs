//! Who may post, edit and delete what.

use serde_json::json;
use syncline_engine::Value;

use crate::world::{NOW, World, message, text};

#[test]
fn a_member_posts() {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    world.accepts("grace", "messagePosted", message("m2"));
    assert_eq!(
        world.rows(
            "SELECT channel, author, text, posted_at, reply_to, edited, deleted
             FROM messages WHERE id = 'm2'"
        ),
        [[
            text("general"),
            text("grace"),
            text("text of m2"),
            Value::Integer(NOW as i64),
            Value::Null,
            Value::Integer(0),
            Value::Integer(0),
        ]]
    );
}

#[test]
fn a_posted_message_costs_one_query_and_one_statement() {
    let mut world = World::with_a_channel();
    assert_eq!(world.statements("ada", "messagePosted", message("m2")), (1, 1));
    let reply = json!({ "id": "m3", "channel": "general", "text": "yes", "postedAt": NOW, "replyTo": "m2" });
    assert_eq!(world.statements("ada", "messagePosted", reply), (1, 1));
}

#[test]
fn only_a_member_posts() {
    let mut world = World::with_a_channel();
    world.rejects("grace", "messagePosted", message("m2"), "not-a-member");
    world.rejects("eve", "messagePosted", message("m2"), "not-a-member");
}

#[test]
fn a_message_needs_a_channel_that_exists() {
    let mut world = World::with_a_channel();
    let args = json!({ "id": "m2", "channel": "nowhere", "text": "hi", "postedAt": NOW });
    world.rejects("ada", "messagePosted", args, "no-such-channel");
}

#[test]
fn a_message_id_is_unique_and_has_1_to_64_characters() {
    let mut world = World::with_a_channel();
    world.rejects("ada", "messagePosted", message("hello"), "constraint-unique");
    world.rejects("ada", "messagePosted", message(""), "constraint-check");
    world.rejects("ada", "messagePosted", message(&"x".repeat(65)), "constraint-check");
    world.accepts("ada", "messagePosted", message(&"x".repeat(64)));
}

#[test]
fn a_message_has_1_to_4000_characters_that_are_not_all_spaces() {
    let mut world = World::with_a_channel();
    let post =
        |id: &str, text: &str| json!({ "id": id, "channel": "general", "text": text, "postedAt": NOW });
    for bad in ["", "  ", " \n\t\r ", &"x".repeat(4001)] {
        let message = world.rejects("ada", "messagePosted", post("m2", bad), "constraint-check");
        assert_eq!(message, "CHECK constraint failed: a message has 1 to 4000 characters");
        let edit = json!({ "id": "hello", "text": bad });
        world.rejects("ada", "messageEdited", edit, "constraint-check");
    }
    world.accepts("ada", "messagePosted", post("m2", "x"));
    world.accepts("ada", "messagePosted", post("m3", &"🦊".repeat(4000)));
    world.accepts("ada", "messagePosted", post("m4", "\n two lines \n here \n"));
}

#[test]
fn a_reply_answers_a_message_of_the_same_channel() {
    let mut world = World::with_a_channel();
    world.accepts("ada", "channelCreated", json!({ "id": "c2", "name": "c2" }));
    let reply = |id: &str, channel: &str, to: &str| json!({ "id": id, "channel": channel, "text": "yes", "postedAt": NOW, "replyTo": to });
    world.rejects("ada", "messagePosted", reply("m2", "general", "nothing"), "no-such-reply");
    world.rejects("ada", "messagePosted", reply("m2", "c2", "hello"), "no-such-reply");
    world.accepts("ada", "messagePosted", reply("m2", "general", "hello"));
    assert_eq!(world.rows("SELECT reply_to FROM messages WHERE id = 'm2'"), [[text("hello")]]);
}

#[test]
fn a_message_from_more_than_an_hour_ahead_is_rejected() {
    let mut world = World::with_a_channel();
    let at = |id: &str, time: u64| json!({ "id": id, "channel": "general", "text": "hi", "postedAt": time });
    world.rejects("ada", "messagePosted", at("m2", NOW + 3_600_001), "clock-ahead");
    world.accepts("ada", "messagePosted", at("m2", NOW + 3_600_000));
    world.accepts("ada", "messagePosted", at("m3", 0));
}

#[test]
fn the_author_edits() {
    let mut world = World::with_a_channel();
    world.accepts("ada", "messageEdited", json!({ "id": "hello", "text": "Hello!" }));
    assert_eq!(world.rows("SELECT text, edited FROM messages"), [[text("Hello!"), Value::Integer(1)]]);
}

#[test]
fn only_the_author_edits_and_deletes() {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    world.rejects("grace", "messageEdited", json!({ "id": "hello", "text": "No" }), "not-the-author");
    world.rejects("grace", "messageDeleted", json!({ "id": "hello" }), "not-the-author");
}

#[test]
fn a_message_that_is_edited_or_deleted_must_exist() {
    let mut world = World::with_a_channel();
    world.rejects("ada", "messageEdited", json!({ "id": "nothing", "text": "x" }), "no-such-message");
    world.rejects("ada", "messageDeleted", json!({ "id": "nothing" }), "no-such-message");
}

#[test]
fn a_deleted_message_keeps_its_place_but_not_its_text_or_reactions() {
    let mut world = World::with_a_channel();
    world.accepts("ada", "reactionAdded", json!({ "message": "hello", "emoji": "👋" }));
    world.accepts("ada", "messageDeleted", json!({ "id": "hello" }));
    assert_eq!(world.rows("SELECT text, deleted FROM messages"), [[text(""), Value::Integer(1)]]);
    assert_eq!(world.count("SELECT count(*) FROM reactions"), 0);
}

#[test]
fn a_deleted_message_is_neither_edited_nor_deleted_again() {
    let mut world = World::with_a_channel();
    world.accepts("ada", "messageDeleted", json!({ "id": "hello" }));
    world.rejects("ada", "messageEdited", json!({ "id": "hello", "text": "x" }), "message-deleted");
    world.rejects("ada", "messageDeleted", json!({ "id": "hello" }), "message-deleted");
}

#[test]
fn an_admin_deletes_what_others_said_but_does_not_edit_it() {
    let mut world = World::with_a_channel();
    world.accepts("ada", "roleGiven", json!({ "person": "grace", "role": "admin" }));
    world.rejects("grace", "messageEdited", json!({ "id": "hello", "text": "No" }), "not-the-author");
    world.accepts("grace", "messageDeleted", json!({ "id": "hello" }));
    world.rejects("grace", "messageDeleted", json!({ "id": "hello" }), "message-deleted");
}

#[test]
fn a_member_pins_what_is_not_deleted() {
    let mut world = World::with_a_channel();
    world.rejects("grace", "messagePinned", json!({ "id": "hello" }), "not-a-member");
    world.rejects("ada", "messagePinned", json!({ "id": "nothing" }), "no-such-message");
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    world.accepts("grace", "messagePinned", json!({ "id": "hello" }));
    assert_eq!(world.count("SELECT pinned FROM messages"), 1);
    world.accepts("ada", "messageUnpinned", json!({ "id": "hello" }));
    assert_eq!(world.count("SELECT pinned FROM messages"), 0);

    world.accepts("ada", "messagePinned", json!({ "id": "hello" }));
    world.accepts("ada", "messageDeleted", json!({ "id": "hello" }));
    assert_eq!(world.count("SELECT pinned FROM messages"), 0);
    world.rejects("ada", "messagePinned", json!({ "id": "hello" }), "message-deleted");
}
