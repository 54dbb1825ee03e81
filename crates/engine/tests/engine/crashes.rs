//! A commit that crashes its host is contained: it is refused, or set aside, and everything else goes on.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};
use syncline_engine::protocol::{
    Code, Incarnation, Millis, Outcome, RawEvent, ServerMessage, Verdict, decode_server,
};
use syncline_engine::{
    ApplyContext, ApplyError, CheckContext, Connection, Flow, Model, Output, Param, Query, Rejection,
    Replica, Room, Row, Rules, SharedToken, Sql, SqlError, quarantined,
};
use syncline_sqlite::Database;

use super::model::{Event, Notes, NotesAndMore, added};
use super::quarantine::starred;
use super::room::{code, greeted, push};
use super::world::{Client, Server, TOKEN, World, notes, store};

thread_local! {
    /// The power goes when this model is applied the next time.
    static POWER_GOES: Cell<bool> = const { Cell::new(false) };
}

/// The tables and rules of `M`, written by somebody who unwraps.
struct Brittle<M>(M);

impl<M: Model<Event = Event>> Model for Brittle<M> {
    type Event = Event;
    const TABLES: &'static str = M::TABLES;
    const VERSION: u32 = M::VERSION;

    fn upcast(event: RawEvent) -> RawEvent {
        assert_ne!(event.name, "noteStarred", "no star has a shape of today");
        event
    }

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        M::check(event, cx, db)
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        assert!(!POWER_GOES.take(), "the power is gone");
        M::apply(event, cx, db)?;
        if let Event::NoteAdded { title, .. } = event {
            assert_ne!(title, "boom", "nobody thought of that");
        }
        Ok(())
    }
}

fn open(db: &mut Database, rules: Rules) -> Room {
    Room::open(db, rules, store(), Incarnation::parse("first").unwrap()).unwrap()
}

fn brittle() -> Rules {
    Rules::of::<Brittle<Notes>>()
}

fn brittle_server() -> Server {
    Server::with(Database::open_memory().unwrap(), brittle(), "first")
}

fn commit(counter: u64, title: &str) -> Value {
    json!({ "counter": counter, "author": "ann", "modelVersion": 2,
        "events": [{ "name": "noteAdded", "args": { "id": counter.to_string(), "title": title } }] })
}

/// What a host does: whoever crashes is opened again from the database. How often that was needed,
/// and what came of it in the end.
fn survive<T>(mut life: impl FnMut() -> T) -> (u32, T) {
    for crashes in 0..20 {
        if let Ok(done) = catch_unwind(AssertUnwindSafe(&mut life)) {
            return (crashes, done);
        }
    }
    panic!("it crashes for ever");
}

/// Pushes until the room has survived it, a life after the other.
fn push_through(server: &mut Server, commits: &Value) -> (u32, Vec<Output>) {
    survive(|| {
        server.room = open(&mut server.db, brittle());
        let mut connection = greeted(server, "ann");
        server.receive(&mut connection, &push(commits.clone()))
    })
}

fn verdicts(outputs: &[Output]) -> Vec<Verdict> {
    let replies = outputs.iter().filter_map(|output| match output {
        Output::Reply(text) => Some(decode_server(text).unwrap()),
        Output::Publish(_) | Output::Others(_) | Output::Present | Output::Close(_) | Output::Released(_) => {
            None
        }
    });
    let verdicts = replies.map(|message| {
        let ServerMessage::Verdicts(verdicts) = message else { panic!("{message:?}") };
        verdicts.verdicts
    });
    verdicts.flatten().collect()
}

fn told(outputs: &[Output]) -> Vec<String> {
    let verdicts = verdicts(outputs).into_iter();
    verdicts
        .map(|verdict| match verdict.outcome {
            Outcome::Accepted { first, last } => format!("{} {first}..{last}", verdict.counter),
            Outcome::Rejected(why) => format!("{} {}", verdict.counter, why.code),
        })
        .collect()
}

fn marks(db: &dyn Query) -> i64 {
    db.value("SELECT count(*) FROM syncline_attempts", &[]).unwrap().unwrap()
}

#[test]
fn a_commit_that_crashes_the_room_is_rejected_in_the_end_and_those_around_it_are_decided() {
    let mut server = brittle_server();
    let commits = json!([commit(1, "milk"), commit(2, "boom"), commit(3, "eggs")]);
    let (crashes, outputs) = push_through(&mut server, &commits);
    assert_eq!(crashes, 3, "with the others, and twice alone");
    assert_eq!(told(&outputs), ["1 1..1", "2 crashed", "3 2..2"]);
    assert_eq!(notes(&server.db), ["1=milk/ann", "3=eggs/ann"]);
    assert_eq!(marks(&server.db), 0);
    let (crashes, again) = push_through(&mut server, &commits);
    assert_eq!((crashes, told(&again)), (0, told(&outputs)), "final");
}

#[test]
fn a_later_push_of_a_life_that_crashes_the_room_is_contained_as_the_first_is() {
    let mut server = brittle_server();
    let mut connection = greeted(&mut server, "ann");
    let outputs = server.receive(&mut connection, &push(json!([commit(1, "milk")])));
    assert_eq!(told(&outputs), ["1 1..1"]);
    let second = push(json!([commit(2, "boom")]));
    catch_unwind(AssertUnwindSafe(|| server.receive(&mut connection, &second))).unwrap_err();
    let (crashes, outputs) = push_through(&mut server, &json!([commit(2, "boom"), commit(3, "eggs")]));
    assert_eq!((crashes, told(&outputs)), (3, vec!["2 crashed".to_owned(), "3 2..2".to_owned()]));
}

#[test]
fn a_crash_that_is_not_the_commits_fault_rejects_nothing() {
    let mut server = brittle_server();
    for (counter, title) in [(1, "milk"), (2, "eggs")] {
        POWER_GOES.set(true);
        let (crashes, outputs) = push_through(&mut server, &json!([commit(counter, title)]));
        assert_eq!((crashes, told(&outputs)), (1, vec![format!("{counter} {counter}..{counter}")]));
    }
    assert_eq!(marks(&server.db), 0);
}

#[test]
fn a_failing_disk_is_not_taken_for_a_crash_however_many_lives_it_lasts() {
    let mut server = brittle_server();
    let mut large = commit(1, "milk");
    large["events"][0]["args"]["pad"] = json!("x".repeat(100_000));
    let large = json!([large]);
    server.db.limit_size(1).unwrap();
    for _ in 0..5 {
        let (crashes, outputs) = push_through(&mut server, &large);
        assert_eq!((crashes, code(&outputs)), (0, Code::ServerFailed));
    }
    server.db.limit_size(1 << 30).unwrap();
    let (_, outputs) = push_through(&mut server, &large);
    assert_eq!(told(&outputs), ["1 1..1"]);
}

#[test]
fn what_is_decided_before_the_disk_fails_is_published_and_told() {
    let mut server = brittle_server();
    let mut large = commit(2, "eggs");
    large["events"][0]["args"]["pad"] = json!("x".repeat(100_000));
    POWER_GOES.set(true);
    let commits = json!([commit(1, "milk"), large]);
    let mut connection = greeted(&mut server, "ann");
    let message = push(commits);
    catch_unwind(AssertUnwindSafe(|| server.receive(&mut connection, &message))).unwrap_err();
    server.room = open(&mut server.db, brittle());
    server.db.limit_size(1).unwrap();
    let outputs = server.receive(&mut connection, &message);
    assert!(matches!(outputs[0], Output::Publish(_)), "{outputs:?}");
    assert_eq!(told(&outputs[..2]), ["1 1..1"]);
    assert_eq!(code(&outputs[2..]), Code::ServerFailed);
    assert_eq!(server.room.head().get(), 1);
}

/// Counts what is written.
struct Counted<'a> {
    db: &'a mut dyn Sql,
    writes: &'a Cell<u32>,
}

impl Query for Counted<'_> {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.db.query(sql, params)
    }
}

impl Sql for Counted<'_> {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        self.writes.set(self.writes.get() + 1);
        self.db.execute(sql, params)
    }

    fn run_script(&mut self, script: &str) -> Result<(), SqlError> {
        self.db.run_script(script)
    }

    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        let writes = self.writes;
        self.db.in_transaction(&mut |db| body(&mut Counted { db, writes }))
    }
}

/// How many writes it takes to handle a frame.
fn written(server: &mut Server, connection: &mut Connection, text: &str) -> u32 {
    let writes = Cell::new(0);
    let auth = SharedToken::new(TOKEN);
    let mut db = Counted { db: &mut server.db, writes: &writes };
    let outputs = server.room.receive(&mut db, Millis::default(), connection, text, &auth);
    assert_eq!(verdicts(&outputs).len(), 1);
    writes.get()
}

#[test]
fn only_the_first_push_of_a_client_in_a_life_of_the_room_costs_writes_of_its_own() {
    let mut server = Server::new();
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| greeted(&mut server, name));
    let text = |counter: u64| push(json!([commit(counter, &counter.to_string())]));
    let mut of_bob = commit(1, "bob");
    (of_bob["author"], of_bob["events"][0]["args"]["id"]) = (json!("bob"), json!("bob"));

    let first = written(&mut server, &mut ann, &text(1));
    let later = written(&mut server, &mut ann, &text(2));
    assert_eq!(first, later + 2, "marked before, and unmarked with the decision");
    assert_eq!(written(&mut server, &mut ann, &text(3)), later);
    assert_eq!(written(&mut server, &mut bob, &push(json!([of_bob]))), first);
    assert_eq!(written(&mut server, &mut ann, &text(4)), later);
    server.hibernate();
    assert_eq!(written(&mut server, &mut ann, &text(4)), 0, "what is known is not tried");
    assert_eq!(written(&mut server, &mut ann, &text(5)), first);
    assert_eq!(written(&mut server, &mut ann, &text(6)), later);
}

/// A log with what a brittle model cannot stand in its middle.
fn log_with_a_boom() -> Server {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let commits: Vec<_> = (1..=9).map(|n| commit(n, if n == 5 { "boom" } else { "fine" })).collect();
    for mut commit in commits {
        if commit["counter"] != json!(5) {
            commit["events"][0]["args"]["title"] = json!(format!("note {}", commit["counter"]));
        }
        assert_eq!(told(&server.receive(&mut connection, &push(json!([commit])))).len(), 1);
    }
    server
}

fn all_but_the_boom() -> Vec<String> {
    [1, 2, 3, 4, 6, 7, 8, 9].map(|n| format!("{n}=note {n}/ann")).to_vec()
}

#[test]
fn a_commit_of_history_that_crashes_the_room_is_set_aside_in_the_end() {
    let mut server = log_with_a_boom();
    let db = &mut server.db;
    let (crashes, room) = survive(|| open(db, Rules::of::<Brittle<NotesAndMore>>()));
    assert_eq!(crashes, 3, "with the others, and twice alone");
    assert!(!room.is_rebuilding());
    assert_eq!(notes(db), all_but_the_boom());
    let skipped = quarantined(db).unwrap();
    assert_eq!(skipped.len(), 1);
    assert_eq!((skipped[0].seq.get(), skipped[0].why.code.as_str()), (5, "crashed"));
    assert_eq!(marks(db), 0);
    let (crashes, _) = survive(|| open(db, Rules::of::<Brittle<NotesAndMore>>()));
    assert_eq!(crashes, 0);
    // It is tried again when the model has changed.
    open(db, Rules::of::<Notes>());
    assert_eq!(quarantined(db).unwrap(), []);
    assert_eq!(notes(db).len(), 9);
}

#[test]
fn a_rebuild_that_the_power_interrupts_sets_nothing_aside() {
    let mut server = log_with_a_boom();
    POWER_GOES.set(true);
    let db = &mut server.db;
    let (crashes, _) = survive(|| open(db, Rules::of::<Brittle<NotesAndMore>>()));
    assert_eq!(crashes, 3, "the power went where all were tried together");
    assert_eq!(notes(db), all_but_the_boom());
}

#[test]
fn a_commit_of_history_that_crashes_a_leaders_worker_is_set_aside_in_the_end() {
    let mut world = World::new(&["ann"]);
    for (id, title) in [("1", "milk"), ("2", "boom"), ("3", "eggs")] {
        world.clients[0].commit(&[added(id, title)]).unwrap();
    }
    world.settle();
    let Client { leader, log, state, .. } = &mut world.clients[0];
    let (crashes, seq) = survive(|| {
        let mut replica = Replica::open(state, Rules::of::<Brittle<NotesAndMore>>()).unwrap();
        leader.advance(log, &mut replica, state).unwrap();
        replica.seq()
    });
    assert_eq!((crashes, seq.get()), (3, 3));
    assert_eq!(notes(state), ["1=milk/ann", "3=eggs/ann"]);
    assert_eq!(quarantined(state).unwrap()[0].why.code, "crashed");
}

#[test]
fn a_model_that_crashes_over_what_it_should_have_learnt_keeps_no_room_closed() {
    let mut server = starred();
    let db = &mut server.db;
    open(db, Rules::of::<NotesAndMore>());
    assert_eq!(quarantined(db).unwrap()[0].why.code, "unknown-event");
    let (crashes, room) = survive(|| open(db, Rules::of::<Brittle<NotesAndMore>>()));
    assert_eq!(crashes, 4, "it looked, then tried all, and twice the one");
    assert!(!room.is_rebuilding());
    assert_eq!(quarantined(db).unwrap()[0].why.code, "crashed");
}
