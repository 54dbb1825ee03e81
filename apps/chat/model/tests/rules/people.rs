//! Who may join, and under which name.

use serde_json::json;
use syncline_engine::Value;

use crate::world::{World, text};

#[test]
fn a_person_joins_with_a_name_and_an_avatar() {
    let mut world = World::empty();
    world.accepts("ada", "personJoined", json!({ "name": "Ada", "avatar": "🦊" }));
    world.accepts("grace", "personJoined", json!({ "name": "Grace" }));
    assert_eq!(
        world.rows("SELECT id, name, avatar FROM people ORDER BY id"),
        [vec![text("ada"), text("Ada"), text("🦊")], vec![text("grace"), text("Grace"), Value::Null]]
    );
}

#[test]
fn a_person_who_joins_again_has_the_new_name() {
    let mut world = World::with_a_channel();
    world.accepts("ada", "personJoined", json!({ "name": "Countess" }));
    assert_eq!(
        world.rows("SELECT name, avatar FROM people WHERE id = 'ada'"),
        [[text("Countess"), Value::Null]]
    );
}

#[test]
fn a_name_belongs_to_one_person_whatever_its_case() {
    let mut world = World::with_a_channel();
    for name in ["Ada", "ADA"] {
        let message = world.rejects("eve", "personJoined", json!({ "name": name }), "constraint-unique");
        assert_eq!(message, "UNIQUE constraint failed: people.name");
    }
    world.rejects("grace", "personJoined", json!({ "name": "ada" }), "constraint-unique");
    world.accepts("ada", "personJoined", json!({ "name": "ada" }));
}

#[test]
fn a_name_has_1_to_40_characters() {
    let mut world = World::empty();
    for name in [String::new(), "x".repeat(41)] {
        let message = world.rejects("ada", "personJoined", json!({ "name": name }), "constraint-check");
        assert_eq!(message, "CHECK constraint failed: a name has 1 to 40 characters");
    }
    for name in ["x".to_owned(), "é".repeat(40)] {
        world.accepts("ada", "personJoined", json!({ "name": name }));
    }
}

#[test]
fn a_name_has_no_space_at_its_ends_and_no_control_character() {
    let mut world = World::empty();
    for name in [" Ada", "Ada ", "Ada\u{2003}", " ", "A\tda", "A\u{0}da"] {
        world.rejects("ada", "personJoined", json!({ "name": name }), "bad-name");
    }
    world.accepts("ada", "personJoined", json!({ "name": "Ada King" }));
}

#[test]
fn an_avatar_is_one_emoji() {
    let mut world = World::empty();
    for avatar in [String::new(), "🦊".repeat(17)] {
        let args = json!({ "name": "Ada", "avatar": avatar });
        world.rejects("ada", "personJoined", args, "constraint-check");
    }
    world.accepts("ada", "personJoined", json!({ "name": "Ada", "avatar": "👩🏽‍❤️‍💋‍👩🏻" }));
}
