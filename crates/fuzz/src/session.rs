//! A session under a leader that may say anything.

use syncline_engine::protocol::Millis;
use syncline_engine::{HandOver, Rules, Session};
use syncline_sqlite::Database;

use crate::model::{Notes, added, leader, memory, session, session_id};

/// Each line is a message of the leader; after one that is refused, the session is opened again.
pub(crate) fn receive(text: &str) {
    let (mut log, mut db) = (memory(), memory());
    let mut leader = leader(&mut log, text.starts_with('v'));
    let mut open = session(&mut leader, &mut log, &mut db, "ann-1");
    commit(&mut open, &mut db, "1");
    for (line, text) in (2..).zip(text.lines()) {
        let cursor = open.cursor();
        if open.receive(&mut db, Millis::default(), text).is_err() {
            db = memory();
            open = session(&mut leader, &mut log, &mut db, &format!("ann-{line}"));
        } else {
            assert!(open.cursor() >= cursor, "one-order: a cursor never goes back");
        }
        commit(&mut open, &mut db, &line.to_string());
    }
}

/// The text that a session starts from.
pub(crate) fn open(text: &str) {
    let mut db = memory();
    let opened = Session::open(&mut db, Rules::of::<Notes>(), session_id("ann-1"), Millis::default(), text);
    if let Ok(mut session) = opened
        && session.cursor().get() == 0
    {
        commit(&mut session, &mut db, "1");
    }
}

/// Whatever a session has heard, one can go on to work with it, and what it hands over can be read.
fn commit(session: &mut Session, db: &mut Database, id: &str) {
    let before = session.pending().count();
    let done = session.commit(db, Millis::default(), vec![added(id, &format!("title {id}"))]);
    let pending = before + usize::from(done.is_ok());
    assert_eq!(session.pending().count(), pending);
    if done.is_ok() {
        let message = session.take_hand_over().expect("there is a commit");
        let message: HandOver = serde_json::from_str(&message).expect("what was encoded decodes");
        assert!(!message.commits.is_empty());
    }
}
