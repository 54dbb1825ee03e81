//! Args that are replaced, by whatever comes in their place: at the server, and at a client that hears of it.

use syncline_engine::protocol::{Args, Millis, Seq};
use syncline_engine::{
    Connection, Leader, Output, Query, RedactError, Replica, Room, Rules, Session, SharedToken, state_digest,
};
use syncline_sqlite::Database;

use crate::model::{Notes, TOKEN, added, leader, memory, room, rows, session, session_id};

/// A room, and a client of it.
struct World {
    server: Database,
    room: Room,
    socket: Connection,
    log: Database,
    leader: Leader,
    state: Database,
    replica: Replica,
    db: Database,
    session: Session,
}

impl World {
    /// With three notes, of two commits.
    fn new() -> Self {
        let (mut server, mut log, mut state, mut db) = (memory(), memory(), memory(), memory());
        let room = room(&mut server);
        let mut leader = leader(&mut log, false);
        let mut session = session(&mut leader, &mut log, &mut db, "ann-1");
        for ids in [&["1", "2"][..], &["3"]] {
            let events = ids.iter().map(|id| added(id, id)).collect();
            session.commit(&mut db, Millis::default(), events).expect("the rules agree");
            let message = session.take_hand_over().expect("there is a commit");
            leader.hand_over(&mut log, &message).expect("a session's message is taken");
        }
        let replica = Replica::open(&mut state, Rules::of::<Notes>()).expect("a state opens");
        leader.connected(Some(TOKEN.to_owned()));
        let socket = Connection::new(None);
        let mut world = Self { server, room, socket, log, leader, state, replica, db, session };
        world.exchange();
        assert_eq!(world.leader.cursor().get(), 3);
        world
    }

    fn exchange(&mut self) {
        let token = SharedToken::new(TOKEN);
        while let Some(text) = self.leader.poll_server() {
            let now = Millis::default();
            let outputs = self.room.receive(&mut self.server, now, &mut self.socket, &text, &token);
            self.hear(&outputs);
        }
        self.tell();
    }

    fn hear(&mut self, outputs: &[Output]) {
        for output in outputs {
            match output {
                Output::Reply(text) | Output::Publish(text) => {
                    let received = self.leader.receive(&mut self.log, text);
                    received.unwrap_or_else(|error| panic!("a room has said {text}: {error}"));
                }
                Output::Others(_) | Output::Present | Output::Released(_) => {}
                Output::Close(code) => panic!("a room has closed a socket: {code:?}"),
            }
        }
    }

    fn tell(&mut self) {
        while let Some(text) = self.leader.poll_session(self.session.id()) {
            let told = self.session.receive(&mut self.db, Millis::default(), &text);
            told.unwrap_or_else(|error| panic!("a leader told its session {text}: {error}"));
        }
    }

    fn redact(&mut self, seq: Seq, args: Args) {
        let before = (self.room.head(), chain(&self.server));
        match self.room.redact(&mut self.server, seq, args) {
            Ok(outputs) => {
                while self.room.is_rebuilding() {
                    self.room.rebuild_step(&mut self.server).expect("memory does not fail");
                }
                self.hear(&outputs);
                self.exchange();
            }
            Err(RedactError::Host(error)) => panic!("memory does not fail: {error}"),
            Err(RedactError::NoSuchEntry(_) | RedactError::Undecodable(_) | RedactError::TooLarge { .. }) => {
            }
        }
        assert_eq!((self.room.head(), chain(&self.server)), before, "it is the same log");
        assert_eq!(rows(&self.log, &["syncline_log"]), rows(&self.server, &["syncline_log"]), "one-order");
        self.advance();
        let ours = state_digest(&self.state).expect("a state has a digest");
        assert_eq!(ours, state_digest(&self.server).expect("a state has a digest"), "one-order");
        assert_eq!(rows(&self.db, &["notes"]), rows(&self.server, &["notes"]), "one-order");
    }

    /// The log of the client stays one that its own chain proves.
    fn advance(&mut self) {
        let advanced = self.leader.advance(&mut self.log, &mut self.replica, &mut self.state);
        advanced.expect("memory does not fail");
        let status = self.leader.status(&self.log).expect("memory is read");
        assert!(status.notice.is_none(), "nothing is damaged: {:?}", status.notice);
        assert_eq!(self.replica.seq(), self.leader.cursor());
        self.tell();
    }
}

fn chain(db: &dyn Query) -> Option<String> {
    db.value("SELECT chain FROM syncline_log ORDER BY last DESC LIMIT 1", &[]).expect("the log is there")
}

/// Each line is the seq of an entry and what its args are to be; or a frame, by which a server says that an
/// entry was redacted which it may not even have. From that on the logs may differ.
pub(crate) fn redact(text: &str) {
    let mut world = World::new();
    let mut honest = true;
    for line in text.lines() {
        if line.starts_with(r#"{"type":"redacted""#) {
            let before = rows(&world.log, &["syncline_log", "syncline_leader"]);
            if world.leader.receive(&mut world.log, line).is_ok() {
                honest = false;
            } else {
                let after = rows(&world.log, &["syncline_log", "syncline_leader"]);
                assert_eq!(after, before, "nothing of a refused frame is taken");
            }
            world.tell();
            world.advance();
        } else if honest
            && let Some((seq, args)) = line.split_once(' ')
            && let (Ok(Ok(seq)), Ok(args)) = (seq.parse().map(Seq::new), Args::parse(args.to_owned()))
        {
            world.redact(seq, args);
        }
    }
    // The next life of the client has the same log.
    let cursor = world.leader.cursor();
    world.leader = leader(&mut world.log, false);
    assert_eq!(world.leader.cursor(), cursor, "together");
    let opened = world.leader.opened(&world.log, &session_id("ann-2"), Seq::ZERO).expect("memory is read");
    let (mut db, id) = (memory(), session_id("ann-2"));
    let mut session = Session::open(&mut db, Rules::of::<Notes>(), id, Millis::default(), &opened)
        .expect("what a leader says opens a session");
    while let Some(text) = world.leader.poll_session(session.id()) {
        session.receive(&mut db, Millis::default(), &text).expect("what a leader says is understood");
    }
    assert_eq!(rows(&db, &["notes"]), rows(&world.db, &["notes"]), "one-order");
}
