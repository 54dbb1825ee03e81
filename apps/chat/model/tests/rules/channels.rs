//! Who may open, join and leave a channel.

use serde_json::json;

use crate::world::{NOW, World, message, text};

#[test]
fn who_creates_a_channel_is_its_first_member() {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelCreated", json!({ "id": "c2", "name": "büro-2", "topic": "Everyday" }));
    assert_eq!(
        world.rows("SELECT name, topic, created_by FROM channels WHERE id = 'c2'"),
        [[text("büro-2"), text("Everyday"), text("grace")]]
    );
    assert_eq!(world.rows("SELECT person FROM members WHERE channel = 'c2'"), [[text("grace")]]);
}

#[test]
fn a_channel_name_is_unique() {
    let mut world = World::with_a_channel();
    let args = json!({ "id": "other", "name": "general" });
    let message = world.rejects("grace", "channelCreated", args, "constraint-unique");
    assert_eq!(message, "UNIQUE constraint failed: channels.name");
    world.accepts("grace", "channelCreated", json!({ "id": "other", "name": "general-2" }));
}

#[test]
fn a_channel_id_is_unique() {
    let mut world = World::with_a_channel();
    let args = json!({ "id": "general", "name": "other" });
    world.rejects("grace", "channelCreated", args, "constraint-unique");
}

#[test]
fn a_channel_name_is_1_to_40_lower_case_letters_digits_and_hyphens() {
    let mut world = World::with_a_channel();
    for name in ["", "General", "a b", "a_b", "-a", "a-", "a\n", "#a", &"x".repeat(41)] {
        let args = json!({ "id": "c2", "name": name });
        world.rejects("ada", "channelCreated", args, "bad-channel-name");
    }
    for (place, name) in ["x", "9", "a-b", "über", "日本語", &"x".repeat(40)].iter().enumerate() {
        world.accepts("ada", "channelCreated", json!({ "id": format!("c{place}"), "name": name }));
    }
}

#[test]
fn a_channel_id_has_1_to_64_characters() {
    let mut world = World::with_a_channel();
    for id in [String::new(), "x".repeat(65)] {
        let args = json!({ "id": id, "name": "other" });
        world.rejects("ada", "channelCreated", args, "constraint-check");
    }
    world.accepts("ada", "channelCreated", json!({ "id": "x".repeat(64), "name": "other" }));
}

#[test]
fn a_topic_has_1_to_200_characters() {
    let mut world = World::with_a_channel();
    for topic in [String::new(), "x".repeat(201)] {
        let args = json!({ "id": "c2", "name": "other", "topic": topic });
        world.rejects("ada", "channelCreated", args, "constraint-check");
    }
    let args = json!({ "id": "c2", "name": "other", "topic": "x".repeat(200) });
    world.accepts("ada", "channelCreated", args);
}

#[test]
fn only_who_has_joined_the_chat_creates_or_joins_a_channel() {
    let mut world = World::with_a_channel();
    world.rejects("eve", "channelCreated", json!({ "id": "c2", "name": "mine" }), "not-joined");
    world.rejects("eve", "channelJoined", json!({ "channel": "general" }), "not-joined");
    world.accepts("eve", "personJoined", json!({ "name": "Eve" }));
    world.accepts("eve", "channelCreated", json!({ "id": "c2", "name": "mine" }));
    world.accepts("eve", "channelJoined", json!({ "channel": "general" }));
}

#[test]
fn a_channel_that_is_joined_must_exist() {
    let mut world = World::with_a_channel();
    world.rejects("grace", "channelJoined", json!({ "channel": "nowhere" }), "no-such-channel");
}

#[test]
fn joining_twice_is_joining_once() {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    world.accepts("grace", "channelJoined", json!({ "channel": "general" }));
    assert_eq!(world.count("SELECT count(*) FROM members WHERE person = 'grace'"), 1);
}

#[test]
fn only_a_member_leaves_and_then_posts_no_more() {
    let mut world = World::with_a_channel();
    world.rejects("grace", "channelLeft", json!({ "channel": "general" }), "not-a-member");
    world.accepts("ada", "channelLeft", json!({ "channel": "general" }));
    world.rejects("ada", "channelLeft", json!({ "channel": "general" }), "not-a-member");
    world.rejects("ada", "messagePosted", message("m2"), "not-a-member");
    assert_eq!(world.count("SELECT count(*) FROM messages"), 1);
}

#[test]
fn only_admins_open_channels_for_announcements_and_write_there() {
    let mut world = World::with_a_channel();
    let news = json!({ "id": "news", "name": "news", "kind": "announcements" });
    world.rejects("grace", "channelCreated", news.clone(), "not-an-admin");
    world.accepts("ada", "channelCreated", news);
    world.accepts("grace", "channelJoined", json!({ "channel": "news" }));
    let post = |id: &str| json!({ "id": id, "channel": "news", "text": "x", "postedAt": NOW });
    world.accepts("ada", "messagePosted", post("n1"));
    world.rejects("grace", "messagePosted", post("n2"), "not-an-admin");
    world.accepts("grace", "reactionAdded", json!({ "message": "n1", "emoji": "👍" }));
    world.accepts("ada", "roleGiven", json!({ "person": "grace", "role": "admin" }));
    world.accepts("grace", "messagePosted", post("n2"));
}

#[test]
fn into_a_private_channel_comes_whom_a_member_adds() {
    let mut world = World::with_a_channel();
    world.accepts("grace", "channelCreated", json!({ "id": "p", "name": "plans", "kind": "private" }));
    world.rejects("ada", "channelJoined", json!({ "channel": "p" }), "private-channel");
    let add = |person: &str| json!({ "channel": "p", "person": person });
    world.rejects("ada", "memberAdded", add("ada"), "not-a-member");
    world.rejects("grace", "memberAdded", add("nobody"), "no-such-person");
    world.accepts("grace", "memberAdded", add("ada"));
    world.accepts("ada", "channelJoined", json!({ "channel": "p" }));
    world.accepts("ada", "channelLeft", json!({ "channel": "p" }));
    world.rejects("ada", "channelJoined", json!({ "channel": "p" }), "private-channel");
}

#[test]
fn an_admin_or_who_opened_it_changes_a_channel() {
    let mut world = World::with_a_channel();
    let change = |topic: &str| json!({ "channel": "general", "topic": topic, "category": "Everyday" });
    world.rejects("grace", "channelChanged", change("mine"), "not-an-admin");
    world.rejects("ada", "channelChanged", json!({ "channel": "nowhere" }), "no-such-channel");
    world.rejects("ada", "channelChanged", change(""), "constraint-check");
    world.accepts("ada", "channelChanged", change("All of it"));
    assert_eq!(world.rows("SELECT topic, category FROM channels"), [[text("All of it"), text("Everyday")]]);
    world.accepts("grace", "channelCreated", json!({ "id": "c2", "name": "two" }));
    world.accepts("grace", "channelChanged", json!({ "channel": "c2", "topic": "Two" }));
    world.accepts("ada", "channelChanged", json!({ "channel": "c2" }));
}

#[test]
fn a_category_has_1_to_40_characters() {
    let mut world = World::with_a_channel();
    for category in [String::new(), " ".to_owned(), "x".repeat(41)] {
        let args = json!({ "id": "c2", "name": "other", "category": category });
        world.rejects("ada", "channelCreated", args, "constraint-check");
    }
}
