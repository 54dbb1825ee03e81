//! A push that crashes its host is contained, as any other: it is refused, and the others go on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};
use syncline_engine::protocol::{RawEvent, Rejection};
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Sql};
use world::{World, event};

/// Takes every event, but for one that its author has not thought of.
struct Brittle;

impl Model for Brittle {
    type Event = RawEvent;
    const TABLES: &'static str = "CREATE TABLE names (name TEXT NOT NULL) STRICT;";
    const VERSION: u32 = 1;

    fn check(_: &RawEvent, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(event: &RawEvent, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        assert_ne!(event.name, "boom", "nobody thought of that");
        Ok(db.execute("INSERT INTO names (name) VALUES (?1)", &[event.name.as_str().into()])?)
    }
}

/// Pushes, a life after the other, until one has survived it: in how many it has crashed, and the end.
fn push_through(world: &mut World, at: usize, batch: &[Value]) -> (u32, Value) {
    for crashes in 0..10 {
        if let Ok((_, exit)) = catch_unwind(AssertUnwindSafe(|| world.push(at, batch))) {
            return (crashes, exit);
        }
        world.hibernate();
    }
    panic!("it crashes for ever");
}

#[test]
fn a_push_that_crashes_the_room_is_refused_after_two_lives_and_nothing_of_it_is_logged() {
    let mut world = World::of::<Brittle>();
    let ann = world.socket();
    let boom = |number: u64| {
        let mut boom = event("ann", number, number - 1);
        boom["name"] = json!("boom");
        boom
    };
    let (crashes, exit) = push_through(&mut world, ann, &[event("ann", 1, 0), boom(2)]);
    assert_eq!(crashes, 2);
    assert_eq!(exit["cause"]["error"]["cause"]["name"], "crashed", "{exit}");
    assert_eq!(world.room.head().get(), 0);
    // Whoever pushes something else there is heard, and another client as well.
    world.ok(ann, &[event("ann", 1, 0)]);
    let bob = world.socket();
    world.ok(bob, &[event("bob", 2, 1)]);
}
