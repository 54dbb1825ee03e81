//! A room makes its state anew in steps, and serves whoever reads meanwhile.

use serde_json::json;
use syncline_engine::protocol::{Code, Counter, Incarnation, Outcome, ServerMessage};
use syncline_engine::{Connection, Output, Query, Room, Rules};
use syncline_sqlite::Database;

use super::model::{Notes, NotesAndMore};
use super::room::{code, commit, greeted, hello, push, verdicts};
use super::world::{Server, notes, reply, store};

const COMMITS: u64 = 30;

/// A log of three steps: each commit is a segment of 100 KB.
fn long_log() -> Server {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    for counter in 1..=COMMITS {
        let mut commit = commit(counter, "ann", &format!("{counter:02}"));
        commit["events"][0]["args"]["pad"] = json!("x".repeat(100_000));
        assert_eq!(verdicts(&server.receive(&mut connection, &push(json!([commit])))).len(), 1);
    }
    server
}

fn open(db: &mut Database, rules: Rules) -> Room {
    Room::open(db, rules, store(), Incarnation::parse("unused").unwrap()).unwrap()
}

fn upgraded() -> Rules {
    Rules::of::<NotesAndMore>()
}

/// Steps until the room is done; how many it took.
fn finish(server: &mut Server) -> u32 {
    let mut steps = 0;
    while server.room.is_rebuilding() {
        server.room.rebuild_step(&mut server.db).unwrap();
        steps += 1;
        assert!(steps < 100, "a rebuild ends");
    }
    steps
}

fn all_notes() -> Vec<String> {
    (1..=COMMITS).map(|n| format!("{n:02}={n:02}/ann")).collect()
}

fn counted(server: &Server) -> Option<i64> {
    let db: &dyn Query = &server.db;
    db.value("SELECT notes FROM authors", &[]).unwrap()
}

#[test]
fn a_long_log_takes_steps_and_each_moves_state_and_progress_together() {
    let mut server = long_log();
    server.room = open(&mut server.db, upgraded());
    assert!(server.room.is_rebuilding(), "the step of the opening is not enough");
    let mut before = notes(&server.db).len();
    assert!((1..20).contains(&before), "a step is bounded: {before}");
    let mut steps = 0;
    while !server.room.rebuild_step(&mut server.db).unwrap() {
        let db: &dyn Query = &server.db;
        let seq: i64 = db.value("SELECT seq FROM syncline_rebuild", &[]).unwrap().unwrap();
        let now = notes(&server.db).len();
        assert_eq!(usize::try_from(seq), Ok(now), "together");
        assert!(now > before);
        (before, steps) = (now, steps + 1);
    }
    assert!(steps >= 1);
    assert!(!server.room.is_rebuilding());
    assert!(server.room.rebuild_step(&mut server.db).unwrap(), "done stays done");
    assert_eq!(notes(&server.db), all_notes());
    assert_eq!(counted(&server), Some(COMMITS.cast_signed()));
}

#[test]
fn a_room_that_ends_between_any_two_steps_goes_on_where_it_was() {
    let mut server = long_log();
    let mut lives = 0;
    loop {
        // Its host ends right after the opening's own step.
        server.room = open(&mut server.db, upgraded());
        lives += 1;
        if !server.room.is_rebuilding() {
            break;
        }
        assert!(lives < 10, "every life gets further");
    }
    assert!(lives >= 3);
    assert_eq!(notes(&server.db), all_notes());
    assert_eq!(counted(&server), Some(COMMITS.cast_signed()), "nothing is applied twice");
}

#[test]
fn another_model_in_the_middle_of_a_rebuild_starts_it_over() {
    let mut server = long_log();
    server.room = open(&mut server.db, upgraded());
    assert!(server.room.is_rebuilding());
    // Back to the old tables: those that were there before the upgrade are gone.
    server.room = open(&mut server.db, Rules::of::<Notes>());
    assert!(server.room.is_rebuilding());
    finish(&mut server);
    assert_eq!(notes(&server.db), all_notes());
    let authors = "SELECT 1 FROM sqlite_master WHERE name = 'authors'";
    assert!((&server.db as &dyn Query).first(authors, &[]).unwrap().is_none());
    // And to the new ones again, in the middle of that.
    server.room = open(&mut server.db, upgraded());
    server.room = open(&mut server.db, Rules::of::<Notes>());
    server.room = open(&mut server.db, upgraded());
    finish(&mut server);
    assert_eq!(notes(&server.db), all_notes());
    assert_eq!(counted(&server), Some(COMMITS.cast_signed()));
}

#[test]
fn while_a_room_rebuilds_clients_read_and_their_pushes_wait_undecided() {
    let mut server = long_log();
    let mut live = greeted(&mut server, "bob");
    server.room = open(&mut server.db, upgraded());
    assert!(server.room.is_rebuilding());

    let mut connection = Connection::new(None);
    let outputs = server.receive(&mut connection, &hello("cid").to_string());
    let ServerMessage::Welcome(welcome) = reply(&outputs) else { panic!("{outputs:?}") };
    assert_eq!((welcome.head.get(), welcome.decided), (COMMITS, Counter::NONE));
    assert_eq!(outputs.len(), 3, "the first page is with it, and who is here");
    let after = COMMITS - 1;
    let pulled = server.receive(&mut connection, &json!({ "type": "pull", "after": after }).to_string());
    let ServerMessage::Entries(page) = reply(&pulled) else { panic!("{pulled:?}") };
    assert_eq!(page.entries.len(), 1);
    assert!(connection.is_live());
    let archived = server.room.archive_page(&server.db).unwrap();
    assert!(archived.is_some(), "the archive goes on");

    let message = push(json!([commit(1, "bob", "bobs")]));
    let outputs = server.receive(&mut live, &message);
    let ServerMessage::Error(error) = reply(&outputs) else { panic!("{outputs:?}") };
    assert_eq!((error.code, error.retry_after_ms), (Code::Rebuilding, Some(1_000)));
    assert_eq!(outputs.len(), 1, "not closed");
    assert_eq!(server.room.head().get(), COMMITS);

    finish(&mut server);
    let outputs = server.receive(&mut live, &message);
    assert!(matches!(outputs.first(), Some(Output::Publish(_))));
    assert!(matches!(verdicts(&outputs)[0].outcome, Outcome::Accepted { .. }));
}

#[test]
fn without_room_for_a_new_state_the_log_is_read_all_the_same_and_the_rebuild_goes_on_later() {
    let mut server = long_log();
    server.db.limit_size(1).unwrap();
    server.room = open(&mut server.db, upgraded());
    assert!(server.room.is_rebuilding());
    let error = server.room.rebuild_step(&mut server.db).unwrap_err();
    assert!(error.is_host(), "its caller learns why: {error}");
    let mut connection = greeted(&mut server, "ann");
    let outputs = server.receive(&mut connection, &push(json!([commit(COMMITS + 1, "ann", "more")])));
    assert_eq!(code(&outputs), Code::Rebuilding);
    server.db.limit_size(1 << 30).unwrap();
    finish(&mut server);
    assert_eq!(notes(&server.db), all_notes());
}

#[test]
fn a_log_of_one_step_is_done_when_the_room_opens() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    server.receive(&mut connection, &push(json!([commit(1, "ann", "1"), commit(2, "ann", "2")])));
    server.room = open(&mut server.db, upgraded());
    assert!(!server.room.is_rebuilding());
    assert_eq!(counted(&server), Some(2));
    let mut empty = Server::new();
    empty.room = open(&mut empty.db, upgraded());
    assert!(!empty.room.is_rebuilding());
}
