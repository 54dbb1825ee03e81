//! What was set aside is tried again once the model has learnt it, and not before.

use serde_json::json;
use syncline_engine::protocol::{Incarnation, RawEvent};
use syncline_engine::{
    ApplyContext, ApplyError, CheckContext, Model, Quarantined, Query, Rejection, Replica, Room, Rules, Sql,
    quarantined,
};
use syncline_sqlite::Database;

use super::model::{Event, Notes, NotesAndMore, added, event};
use super::room::{greeted, push};
use super::world::{Server, World, notes, store};

/// The tables and rules of `M`, and events that it does not know: stars, as titles.
struct Starred<M>(M);

impl<M: Model<Event = Event>> Model for Starred<M> {
    type Event = Event;
    const TABLES: &'static str = M::TABLES;
    const VERSION: u32 = M::VERSION;

    fn upcast(event: RawEvent) -> RawEvent {
        if event.name == "noteStarred" { RawEvent { name: "noteRenamed".into(), ..event } } else { event }
    }

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        M::check(event, cx, db)
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        M::apply(event, cx, db)
    }
}

/// A model that refuses everything in history, with the words of the decoder.
struct Grumpy;

impl Model for Grumpy {
    type Event = Event;
    const TABLES: &'static str = NotesAndMore::TABLES;
    const VERSION: u32 = 9;

    fn check(_: &Event, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(_: &Event, _: &ApplyContext<'_>, _: &mut dyn Sql) -> Result<(), ApplyError> {
        Err(Rejection::new("bad-args", "I do not like it").into())
    }
}

fn open(db: &mut Database, rules: Rules) -> Room {
    let room = Room::open(db, rules, store(), Incarnation::parse("unused").unwrap()).unwrap();
    assert!(!room.is_rebuilding());
    room
}

/// A log with a star in it, made by a server that knows stars.
pub(crate) fn starred() -> Server {
    let db = Database::open_memory().unwrap();
    let mut server = Server::with(db, Rules::of::<Starred<Notes>>(), "first");
    let mut connection = greeted(&mut server, "ann");
    let commit = |counter: u64, name: &str, title: &str| {
        json!({ "counter": counter, "author": "ann", "modelVersion": 2, "events": [
            { "name": name, "args": { "id": "1", "title": title } },
            { "name": "noteAdded", "args": { "id": format!("with {counter}"), "title": title.repeat(2) } },
        ] })
    };
    let commits = json!([commit(1, "noteAdded", "milk"), commit(2, "noteStarred", "*"), {
        "counter": 3, "author": "ann", "modelVersion": 2,
        "events": [{ "name": "noteAdded", "args": { "id": "2", "title": "eggs" } }],
    }]);
    server.receive(&mut connection, &push(commits));
    assert_eq!(server.room.head().get(), 5);
    server
}

fn codes(skipped: &[Quarantined]) -> Vec<(u64, &str, &str)> {
    skipped.iter().map(|one| (one.seq.get(), one.name.as_str(), one.why.code.as_str())).collect()
}

/// Whether the state was left as it is: a stray row would not survive its being made anew.
fn stays_as_it_is(db: &mut Database, rules: Rules) -> bool {
    let stray = "INSERT INTO notes (id, title, author) VALUES ('stray', 'stray', 'nobody')";
    (db as &mut dyn Sql).execute(stray, &[]).unwrap();
    open(db, rules);
    let stray = notes(db).iter().any(|note| note.starts_with("stray"));
    (db as &mut dyn Sql).execute("DELETE FROM notes WHERE id = 'stray'", &[]).unwrap();
    stray
}

#[test]
fn a_room_applies_a_commit_of_the_quarantine_once_its_model_decodes_it() {
    let mut server = starred();
    let db = &mut server.db;
    open(db, Rules::of::<NotesAndMore>());
    assert_eq!(notes(db), ["1=milk/ann", "2=eggs/ann", "with 1=milkmilk/ann"], "whole-commits");
    assert_eq!(codes(&quarantined(db).unwrap()), [(3, "noteStarred", "unknown-event")]);
    assert!(stays_as_it_is(db, Rules::of::<NotesAndMore>()), "nothing was learnt");
    // The same tables and version, one event more.
    open(db, Rules::of::<Starred<NotesAndMore>>());
    assert_eq!(notes(db), ["1=*/ann", "2=eggs/ann", "with 1=milkmilk/ann", "with 2=**/ann"]);
    assert_eq!(quarantined(db).unwrap(), []);
    assert!(stays_as_it_is(db, Rules::of::<Starred<NotesAndMore>>()));
}

#[test]
fn a_model_that_speaks_like_the_decoder_is_not_taken_for_one_that_has_learnt() {
    let mut server = starred();
    open(&mut server.db, Rules::of::<Grumpy>());
    let skipped = quarantined(&server.db).unwrap();
    let expected = [
        (1, "noteAdded", "apply-failed"),
        (3, "noteStarred", "unknown-event"),
        (5, "noteAdded", "apply-failed"),
    ];
    assert_eq!(codes(&skipped), expected);
    assert_eq!(skipped[0].why.message, "I do not like it (bad-args)");
    assert!(stays_as_it_is(&mut server.db, Rules::of::<Grumpy>()));
}

#[test]
fn a_leaders_state_applies_a_commit_of_the_quarantine_once_its_model_decodes_it() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let star = event("noteStarred", json!({ "id": "1", "title": "*" }));
    let frame = json!({ "type": "entries", "after": 1, "head": 2, "entries": [{
        "seq": 2, "client": "bob", "counter": 1, "author": "ann", "time": 1,
        "name": star.name, "args": serde_json::from_str::<serde_json::Value>(star.args.get()).unwrap(),
    }] });
    let ann = &mut world.clients[0];
    ann.receive(&frame.to_string());
    ann.leader.advance(&mut ann.log, &mut ann.replica, &mut ann.state).unwrap();
    assert_eq!(notes(&ann.state), ["1=milk/ann"]);
    assert_eq!(codes(&quarantined(&ann.state).unwrap()), [(2, "noteStarred", "unknown-event")]);
    // The page is loaded again, first as it was.
    let mut replica = Replica::open(&mut ann.state, Rules::of::<Notes>()).unwrap();
    ann.leader.advance(&mut ann.log, &mut replica, &mut ann.state).unwrap();
    assert_eq!(notes(&ann.state), ["1=milk/ann"]);
    let mut replica = Replica::open(&mut ann.state, Rules::of::<Starred<Notes>>()).unwrap();
    ann.leader.advance(&mut ann.log, &mut replica, &mut ann.state).unwrap();
    assert_eq!((notes(&ann.state), replica.seq().get()), (vec!["1=*/ann".to_owned()], 2));
    assert_eq!(quarantined(&ann.state).unwrap(), []);
}
