//! What a snapshot holds: lines of tables and rows, which become a state, or are refused whole.

use serde_json::json;
use syncline_engine::protocol::{Digest, Millis, Seq};
use syncline_engine::{Replica, Rules, Session, Sql, SqlError, load_state, nested, state_digest};
use syncline_sqlite::Database;

use crate::model::{Notes, TOKEN, leader, memory, rows, session_id};

/// Beside the state, in a database that has both.
const OWN: [&str; 1] = ["syncline_own"];

const SEQ: u64 = 2_000;

pub(crate) fn load(text: &str) {
    load_alone(text);
    load_in_a_client(text);
}

fn loaded(db: &mut Database, text: &str) -> Result<(), SqlError> {
    nested(db, |db| load_state(db, &Rules::of::<Notes>(), &[text]))
}

/// It reaches the state and nothing else, and whoever has the same rows has the same digest.
fn load_alone(text: &str) {
    let mut db = memory();
    db.run_script(
        "CREATE TABLE syncline_own (a INTEGER, b TEXT) STRICT; INSERT INTO syncline_own VALUES (1, 'kept')",
    )
    .expect("there is room for a table");
    let before = rows(&db, &OWN);
    let mut tables = Vec::new();
    for _ in 0..2 {
        if let Err(error) = loaded(&mut db, text) {
            assert!(!error.is_host(), "memory does not fail: {error}");
            assert!(tables.is_empty(), "what was loaded once is loaded again: {error}");
            break;
        }
        let digest = state_digest(&db).expect("a state has a digest");
        let notes = rows(&db, &["notes", "syncline_quarantine", "sqlite_schema"]);
        tables.push((digest, notes));
    }
    assert!(tables.first() == tables.last(), "one-order: the same snapshot is the same state");
    assert_eq!(rows(&db, &OWN), before, "a snapshot writes what is not the state's");
}

/// A server that offers it, with the digest that it has: the client starts from it, or reads the log.
fn load_in_a_client(text: &str) {
    let (mut log, mut state, mut db) = (memory(), memory(), memory());
    let mut leader = leader(&mut log, false);
    let rules = Rules::of::<Notes>();
    let mut replica = Replica::open(&mut state, rules).expect("a state opens");
    leader.connected(Some(TOKEN.to_owned()));
    let (digest, chain) = (Digest::of(text.as_bytes()).to_string(), "0".repeat(64));
    let welcome = json!({ "type": "welcome", "incarnation": "life-1", "head": SEQ, "decided": 0, "modelVersion": 1,
        "limits": { "messageBytes": 1_048_576, "commitBytes": 262_144, "commitEvents": 1_000, "pushCommits": 1_000,
            "pushEvents": 2_000 },
        "snapshot": { "seq": SEQ, "chain": chain, "digest": digest, "parts": 1 } });
    leader.receive(&mut log, &welcome.to_string()).expect("a welcome is taken");
    let part = json!({ "type": "snapshot", "seq": SEQ, "chain": chain, "digest": digest, "part": 0, "of": 1,
        "schemaHash": rules.schema_hash().expect("tables are fine"), "data": text });
    leader.receive(&mut log, &part.to_string()).expect("a part is taken");
    assert_eq!(leader.cursor().get(), SEQ);
    leader.advance(&mut log, &mut replica, &mut state).expect("memory does not fail");
    // What makes a state, but is not the text of it, is found out by its digest.
    let mut alone = memory();
    let used = loaded(&mut alone, text).is_ok()
        && state_digest(&alone).expect("a state has a digest").to_string() == digest;
    let at = if used { SEQ } else { 0 };
    assert_eq!((leader.cursor().get(), replica.seq().get()), (at, at), "always-boots");
    let noticed = leader.status(&log).expect("memory is read").notice.is_some();
    assert!(noticed != used, "nothing-silent");
    if used {
        let bytes = state.serialize().expect("no point is set");
        db = Database::deserialize(&bytes).expect("what was serialized is a database");
    }
    let seq = Seq::new(at).expect("it is a seq");
    let opened = leader.opened(&log, &session_id("ann-1"), seq).expect("memory is read");
    Session::open(&mut db, rules, session_id("ann-1"), Millis::default(), &opened).expect("a session opens");
}
