//! A leader between a session and a server that may both say anything.

use syncline_engine::protocol::{ClientMessage, Seq, decode_client};
use syncline_engine::{Leader, Session};
use syncline_sqlite::Database;

use crate::model::{TOKEN, added, leader, memory, rows, session};
use syncline_engine::protocol::Millis;

const TABLES: [&str; 5] =
    ["syncline_log", "syncline_outbox", "syncline_taken", "syncline_rejected", "syncline_leader"];

struct Client {
    log: Database,
    leader: Leader,
    db: Database,
    session: Session,
}

impl Client {
    /// With two commits that wait.
    fn new(volatile: bool) -> Self {
        let (mut log, mut db) = (memory(), memory());
        let mut leader = leader(&mut log, volatile);
        let mut session = session(&mut leader, &mut log, &mut db, "ann-1");
        for id in ["1", "2"] {
            session.commit(&mut db, Millis::default(), vec![added(id, id)]).expect("the rules agree");
            let message = session.take_hand_over().expect("there is a commit");
            leader.hand_over(&mut log, &message).expect("a session's message is taken");
        }
        let mut client = Self { log, leader, db, session };
        client.tell();
        client
    }

    /// What the leader says to its session is always understood.
    fn tell(&mut self) {
        while let Some(text) = self.leader.poll_session(self.session.id()) {
            let told = self.session.receive(&mut self.db, Millis::default(), &text);
            told.unwrap_or_else(|error| panic!("a leader told its session {text}: {error}"));
        }
    }

    /// What it says to the server always decodes.
    fn push(&mut self) {
        while let Some(text) = self.leader.poll_server() {
            let message = decode_client(&text, usize::MAX).unwrap_or_else(|error| panic!("{text}: {error}"));
            if let ClientMessage::Push(push) = message {
                assert!(!push.commits.is_empty());
                assert!(push.commits.is_sorted_by(|a, b| a.counter < b.counter), "in the order of counters");
            }
        }
    }

    fn pending(&self) -> u32 {
        self.leader.status(&self.log).expect("memory is read").pending
    }

    /// The next life of the leader finds what this one has.
    fn check_reopened(mut self, volatile: bool) {
        let (cursor, pending, before) = (self.leader.cursor(), self.pending(), rows(&self.log, &TABLES));
        let again = leader(&mut self.log, volatile);
        assert_eq!(again.cursor(), cursor, "together");
        assert_eq!(again.client(), self.leader.client());
        assert_eq!(again.status(&self.log).expect("memory is read").pending, pending);
        assert_eq!(rows(&self.log, &TABLES), before, "to open changes nothing");
        let (mut leader, mut db) = (again, memory());
        session(&mut leader, &mut self.log, &mut db, "ann-2");
    }
}

/// Each line is a frame of the server; after one that is refused, the host connects again.
pub(crate) fn receive(text: &str) {
    let mut client = Client::new(false);
    client.leader.connected(Some(TOKEN.to_owned()));
    for line in text.lines() {
        let (cursor, before) = (client.leader.cursor(), rows(&client.log, &TABLES));
        client.push();
        let received = client.leader.receive(&mut client.log, line);
        assert!(client.leader.cursor() >= cursor, "one-order: a cursor never goes back");
        if received.is_err() {
            assert_eq!(rows(&client.log, &TABLES), before, "nothing of a refused frame is taken: {line}");
            client.leader.disconnected();
            client.leader.connected(Some(TOKEN.to_owned()));
        }
        client.push();
        client.tell();
        assert_eq!(client.session.cursor(), client.leader.cursor(), "the session has what the leader has");
    }
    client.check_reopened(false);
}

/// Each line is a message of a session or of a journal. The first byte says which kind of storage there is.
pub(crate) fn hand_over(text: &str) {
    let volatile = text.starts_with('v');
    let mut client = Client::new(volatile);
    for line in text.lines() {
        let before = rows(&client.log, &TABLES);
        match client.leader.hand_over(&mut client.log, line) {
            Ok(()) => {
                let pending = client.pending();
                let again = client.leader.hand_over(&mut client.log, line);
                assert!(again.is_ok(), "what was taken is known: {line}: {again:?}");
                assert_eq!(client.pending(), pending, "exactly-once: {line}");
            }
            Err(_) => assert_eq!(rows(&client.log, &TABLES), before, "nothing of it is taken: {line}"),
        }
    }
    // Whatever it has taken is sent in messages that every server can read.
    client.leader.connected(Some(TOKEN.to_owned()));
    client.leader.receive(&mut client.log, WELCOME).expect("a welcome is taken");
    client.push();
    assert_eq!(client.leader.cursor(), Seq::ZERO);
    // Nothing of it is for the living session, which may not even understand it.
    client.check_reopened(volatile);
}

const WELCOME: &str = r#"{"type":"welcome","incarnation":"life-1","head":0,"decided":0,"modelVersion":1,"limits":{"messageBytes":1048576,"commitBytes":262144,"commitEvents":1000,"pushCommits":1000,"pushEvents":2000}}"#;
