//! A host's journal: what a store's file has lost with the machine is played back into it.

use serde_json::{Value, json};
use syncline_engine::protocol::Incarnation;
use syncline_engine::{Aside, Flow, Output, Record, Replayed, Room, Sql, state_digest};
use syncline_sqlite::Database;

use super::model::rules;
use super::room::{greeted, push};
use super::world::{Server, notes, store};

fn commit(counter: u64, title: &str) -> Value {
    json!({ "counter": counter, "author": "ann", "modelVersion": 2,
        "events": [{ "name": "noteAdded", "args": { "id": title, "title": title } }] })
}

fn copy(db: &mut Database) -> Database {
    Database::deserialize(&db.serialize().unwrap()).unwrap()
}

/// A server whose pushes were two, then a backup of its file, then three; and all of its records.
fn history() -> (Server, Database, Vec<Record>) {
    let mut server = Server::new();
    server.room.keep_journal();
    let mut connection = greeted(&mut server, "ann");
    let mut told = Vec::new();
    for n in 1..=2 {
        told.extend(server.receive(&mut connection, &push(json!([commit(n, &format!("note {n}"))]))));
    }
    let backup = copy(&mut server.db);
    for commits in [
        json!([commit(3, "note 3"), commit(4, "note 3"), commit(5, "note 5")]),
        json!([commit(6, "note 5")]),
        json!([commit(7, "note 7")]),
    ] {
        told.extend(server.receive(&mut connection, &push(commits)));
    }
    assert!(told.iter().all(|output| matches!(output, Output::Reply(_) | Output::Publish(_))), "{told:?}");
    let records = server.room.take_journal();
    assert_eq!(records.len(), 5, "one for each push, the one that was rejected as a whole included");
    assert_eq!(server.room.take_journal(), []);
    (server, backup, records)
}

fn open(db: &mut Database, incarnation: &str) -> Room {
    Room::open(db, rules(), store(), Incarnation::parse(incarnation).unwrap()).unwrap()
}

fn replay_all(db: &mut Database, room: &mut Room, records: &[Record]) -> Vec<Replayed> {
    let replayed = records.iter().map(|record| room.replay(db, record).unwrap()).collect();
    while !room.rebuild_step(db).unwrap() {}
    replayed
}

/// The same log, state and memory of decisions.
fn assert_same(server: &mut Server, db: &mut Database, room: &Room) {
    assert_eq!(room.head(), server.room.head());
    assert_eq!(notes(db), notes(&server.db));
    assert_eq!(state_digest(db).unwrap(), state_digest(&server.db).unwrap());
    for table in ["syncline_log", "syncline_decisions"] {
        let rows = |db: &Database| {
            let columns = if table == "syncline_log" {
                "first, last, chain || entries"
            } else {
                "first, last, client || outcomes"
            };
            let rows = syncline_engine::Query::query(
                db,
                &format!("SELECT {columns} FROM {table} ORDER BY 3, 1"),
                &[],
            )
            .unwrap();
            rows.iter()
                .map(|row| {
                    (row.get::<i64>(0).unwrap(), row.get::<i64>(1).unwrap(), row.get::<String>(2).unwrap())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(db), rows(&server.db), "{table}");
    }
}

#[test]
fn what_a_file_has_lost_is_played_back_and_what_it_has_is_left_alone() {
    let (mut server, mut db, records) = history();
    let mut room = open(&mut db, "unused");
    let first = replay_all(&mut db, &mut room, &records);
    use Replayed::{Done, Known};
    assert_eq!(first, [Known, Known, Done, Done, Done]);
    assert_same(&mut server, &mut db, &room);
    assert_eq!(replay_all(&mut db, &mut room, &records), vec![Known; 5], "twice");
    assert_same(&mut server, &mut db, &room);
    let mut again = open(&mut db, "unused");
    assert_eq!(replay_all(&mut db, &mut again, &records), vec![Known; 5], "and in another life");
    assert_same(&mut server, &mut db, &again);
}

#[test]
fn a_store_whose_file_is_gone_is_made_anew_under_its_own_incarnation() {
    let (mut server, _, records) = history();
    let mut db = Database::open_memory().unwrap();
    let mut room = open(&mut db, records[0].incarnation().as_str());
    assert_eq!(replay_all(&mut db, &mut room, &records), vec![Replayed::Done; 5]);
    assert_same(&mut server, &mut db, &room);
}

#[test]
fn a_client_that_pushes_again_after_a_replay_gets_the_verdicts_that_it_had() {
    let (_, mut db, records) = history();
    let mut room = open(&mut db, "unused");
    replay_all(&mut db, &mut room, &records);
    let mut server = Server::with(db, rules(), "unused");
    let mut connection = greeted(&mut server, "ann");
    let outputs = server.receive(
        &mut connection,
        &push(json!([
            commit(3, "note 3"),
            commit(4, "note 3"),
            commit(5, "note 5"),
            commit(6, "note 5"),
            commit(7, "note 7")
        ])),
    );
    let [Output::Reply(told)] = outputs.as_slice() else { panic!("nothing is published again: {outputs:?}") };
    let told: Value = serde_json::from_str(told).unwrap();
    let of = |n: usize| told["verdicts"][n].to_string();
    assert!([0, 2, 4].iter().all(|n| of(*n).contains("accepted")), "{told}");
    assert!([1, 3].iter().all(|n| of(*n).contains("rejected")), "{told}");
}

#[test]
fn a_record_that_the_log_does_not_follow_is_set_aside_and_changes_nothing() {
    let (server, mut db, records) = history();
    let mut room = open(&mut db, "unused");
    let before = copy(&mut db);
    let last = room.replay(&mut db, &records[4]).unwrap();
    let (gap, head) = (records[4].before(), room.head());
    assert_eq!(last, Replayed::Aside(Aside::Gap { before: gap, head }));

    let mut other = Database::open_memory().unwrap();
    let mut reset = open(&mut other, "second");
    let first = server.room.incarnation().clone();
    assert_eq!(reset.replay(&mut other, &records[0]).unwrap(), Replayed::Aside(Aside::OtherLife(first)));

    let mut fork = Server::with(copy(&mut db), rules(), "unused");
    let mut connection = greeted(&mut fork, "ann");
    fork.receive(&mut connection, &push(json!([commit(3, "another")])));
    let forked = fork.room.replay(&mut fork.db, &records[2]).unwrap();
    assert!(matches!(forked, Replayed::Aside(Aside::Diverged(_))), "{forked:?}");
    assert_eq!(notes(&db), notes(&before));
    assert_eq!(room.head(), head);
}

#[test]
fn a_state_that_is_behind_its_log_catches_up_with_what_is_played_back() {
    let (mut server, mut db, records) = history();
    let mut room = open(&mut db, "unused");
    room.replay(&mut db, &records[2]).unwrap();
    assert!(room.is_rebuilding(), "the log is ahead");
    // The machine ends here, too.
    let mut room = open(&mut db, "unused");
    replay_all(&mut db, &mut room, &records);
    assert_same(&mut server, &mut db, &room);
}

#[test]
fn what_a_transaction_around_a_push_takes_back_is_not_there_after_another_opening() {
    let (mut server, ..) = history();
    let mut connection = greeted(&mut server, "ann");
    assert!(!server.room.marks(&connection), "its first push was well");
    let head = server.room.head();
    let Server { db, room, .. } = &mut server;
    let text = push(json!([commit(8, "lost")]));
    db.in_transaction(&mut |db| {
        let auth = syncline_engine::SharedToken::new(super::world::TOKEN);
        room.receive(db, syncline_engine::protocol::Millis::default(), &mut connection, &text, &auth);
        Flow::Undo
    })
    .unwrap();
    assert_eq!(room.take_journal().len(), 1);
    let room = open(&mut server.db, "unused");
    assert_eq!(room.head(), head);
    assert!(room.marks(&connection), "another life");
}

#[test]
fn what_many_pushes_have_published_is_one_frame_of_the_same_entries() {
    let mut server = Server::new();
    server.room.keep_journal();
    let mut connection = greeted(&mut server, "ann");
    let mut entries = Vec::new();
    for n in 1..=4 {
        // One of them is rejected.
        for output in
            server.receive(&mut connection, &push(json!([commit(n, &format!("note {}", n.min(3)))])))
        {
            if let Output::Publish(text) = output {
                let frame: Value = serde_json::from_str(&text).unwrap();
                entries.extend(frame["entries"].as_array().unwrap().clone());
            }
        }
    }
    let records = server.room.take_journal();
    let merged = Record::published(&records, server.room.head()).unwrap();
    let merged: Value = serde_json::from_str(&merged).unwrap();
    assert_eq!(merged["entries"].as_array().unwrap(), &entries);
    assert_eq!((&merged["after"], &merged["head"]), (&json!(0), &json!(3)));
    assert_eq!(Record::published(&records[3..], server.room.head()), None);
}

#[test]
fn a_record_reads_back_as_it_was_and_a_part_of_it_as_nothing() {
    let (.., records) = history();
    for record in &records {
        let mut bytes = Vec::new();
        record.encode(&mut bytes).unwrap();
        assert_eq!(&Record::decode(&bytes).unwrap(), record);
        let texts = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let cuts = (0..texts - 1).chain(texts..bytes.len());
        for cut in cuts {
            assert!(Record::decode(&bytes[..cut]).is_err(), "{cut} of {}", bytes.len());
        }
    }
}
