//! What the archive has may leave the room's database, and nobody who asks the room can tell.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncline_engine::protocol::{Args, Incarnation, Outcome, Seq, ServerMessage};
use syncline_engine::{
    ArchivePage, Output, Query, Room, RoomConfig, Rules, SqlError, Stretch, Upkeep, Webhook,
};

use super::model::NotesAndMore;
use super::quarantine::starred;
use super::room::{commit, greeted, hello, push, verdicts};
use super::world::{Server, reply, store};

/// A database beside the room: each entry a row, as D1 has them.
#[derive(Default)]
pub(crate) struct Archive(BTreeMap<(String, u64), Value>);

impl Archive {
    fn take(&mut self, page: &ArchivePage) {
        let rows: Vec<Value> = serde_json::from_str(&page.rows).unwrap();
        for row in rows {
            let key = (page.incarnation.to_string(), row[0].as_u64().unwrap());
            if page.redacted.is_some() {
                self.0.insert(key, row);
            } else {
                self.0.entry(key).or_insert(row);
            }
        }
    }

    fn rows(&self, Stretch { incarnation, first, last }: &Stretch) -> String {
        let key = |seq: &Seq| (incarnation.to_string(), seq.get());
        let rows: Vec<&Value> = self.0.range(key(first)..=key(last)).map(|(_, row)| row).collect();
        json!(rows).to_string()
    }
}

impl Server {
    /// What a host does in the background: archives, makes a snapshot, and lets go whatever may go.
    pub(crate) fn let_go(&mut self) {
        if self.archive.is_some() {
            while !self.ask(|room, db| room.rebuild_step(db)) {}
        }
        let Some(mut archive) = self.archive.take() else { return };
        while let Some(page) = self.room.archive_page(&self.db).unwrap() {
            archive.take(&page);
            self.room.archived(&mut self.db, &page).unwrap();
        }
        self.room.make_snapshot(&mut self.db).unwrap();
        let upkeep = Upkeep { keep_hot: Some(0), ..Upkeep::default() };
        self.room.configure(RoomConfig { upkeep, ..RoomConfig::default() });
        while let Some(stretch) = self.room.releasable(&self.db).unwrap() {
            self.room.release(&mut self.db, &stretch, &archive.rows(&stretch)).unwrap();
        }
        self.archive = Some(archive);
    }

    pub(crate) fn bring_back(&mut self, first: Seq) {
        let stretch = Room::released(&self.db, first).unwrap().expect("it was released");
        let rows = self.archive.as_ref().unwrap().rows(&stretch);
        self.room.bring_back(&mut self.db, &stretch, &rows).unwrap();
    }

    /// Asks something of the room, and brings back whatever that needs.
    fn ask<T>(
        &mut self,
        mut question: impl FnMut(&mut Room, &mut syncline_sqlite::Database) -> Result<T, SqlError>,
    ) -> T {
        loop {
            match question(&mut self.room, &mut self.db) {
                Ok(answer) => return answer,
                Err(error) => self.bring_back(error.released().expect("nothing else is wrong")),
            }
        }
    }

    fn log(&mut self) -> String {
        let mut lines = String::new();
        let mut after = Seq::ZERO;
        loop {
            let part = self.ask(|room, db| room.log_lines(db, after, 3, 1 << 20));
            if part.entries == 0 {
                return lines;
            }
            (after, lines) = (part.last, lines + &part.text);
        }
    }

    fn here(&self) -> u64 {
        let info = self.room.info(&self.db).unwrap();
        info.head.get() - info.released
    }
}

fn seq(n: u64) -> Seq {
    Seq::new(n).unwrap()
}

/// Ten commits of one event each, with their log.
fn filled() -> (Server, String) {
    let (mut server, mut hot) = (Server::cold(), Server::new());
    for server in [&mut server, &mut hot] {
        let mut ann = greeted(server, "ann");
        for counter in 1..=10 {
            server.receive(&mut ann, &push(json!([commit(counter, "ann", &counter.to_string())])));
        }
    }
    (server, hot.log())
}

fn released(server: &Server) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    let mut from = Seq::ZERO;
    while let Some(stretch) = Room::released(&server.db, from).unwrap() {
        all.push((stretch.first.get(), stretch.last.get()));
        from = stretch.last.next();
    }
    all
}

#[test]
fn a_log_that_has_left_is_what_it_was_for_whoever_reads_it() {
    let (mut server, log) = filled();
    assert_eq!((server.here(), released(&server)), (0, vec![(1, 10)]));
    assert_eq!(server.log(), log);
    assert_eq!(server.here(), 10, "it is here again");
    server.let_go();
    server.hibernate();
    assert_eq!((server.here(), server.room.head()), (0, seq(10)));

    let mut ben = greeted(&mut server, "ben");
    server.let_go();
    let outputs = server.receive(&mut ben, &json!({ "type": "pull", "after": 4 }).to_string());
    let ServerMessage::Entries(page) = reply(&outputs) else { panic!("{outputs:?}") };
    assert_eq!(page.entries.last().unwrap().seq, seq(10));

    // A commit that is sent again after all that time.
    let mut ann = greeted(&mut server, "ann");
    let again = server.receive(&mut ann, &push(json!([commit(3, "ann", "3"), commit(11, "ann", "11")])));
    let places = verdicts(&again).into_iter().map(|verdict| verdict.outcome);
    let accepted = |n| Outcome::Accepted { first: seq(n), last: seq(n) };
    assert_eq!(places.collect::<Vec<_>>(), [accepted(3), accepted(11)]);
}

#[test]
fn what_stays_is_what_the_host_wants_and_what_nobody_else_has() {
    let (mut server, _) = filled();
    server.log();
    let keep = |server: &mut Server, keep_hot| {
        let upkeep = Upkeep { keep_hot, ..Upkeep::default() };
        server.room.configure(RoomConfig { upkeep, ..RoomConfig::default() });
        server.room.releasable(&server.db).unwrap().map(|stretch| (stretch.first.get(), stretch.last.get()))
    };
    assert_eq!(keep(&mut server, None), None);
    assert_eq!(keep(&mut server, Some(10)), None);
    assert_eq!(keep(&mut server, Some(7)), Some((1, 3)));
    assert_eq!(keep(&mut server, Some(0)), Some((1, 10)));
    // The archive, and a snapshot.
    server.archive = None;
    let mut ann = greeted(&mut server, "ann");
    server.receive(&mut ann, &push(json!([commit(11, "ann", "11")])));
    assert_eq!(keep(&mut server, Some(0)), Some((1, 10)));
    let page = server.room.archive_page(&server.db).unwrap().unwrap();
    server.room.archived(&mut server.db, &page).unwrap();
    assert_eq!(keep(&mut server, Some(0)), Some((1, 10)), "no snapshot holds the last");
    server.room.make_snapshot(&mut server.db).unwrap();
    assert_eq!(keep(&mut server, Some(0)), Some((1, 11)));
}

#[test]
fn what_the_archive_has_otherwise_stays_and_does_not_come_back() {
    let (mut server, log) = filled();
    let archive = server.archive.take().unwrap();
    let gone = Room::released(&server.db, Seq::ZERO).unwrap().unwrap();
    let rows: Vec<Value> = serde_json::from_str(&archive.rows(&gone)).unwrap();
    let spoilt = |spoil: &dyn Fn(&mut Vec<Value>)| {
        let mut rows = rows.clone();
        spoil(&mut rows);
        json!(rows).to_string()
    };
    let wrong = [
        String::new(),
        "[]".to_owned(),
        spoilt(&|rows| drop(rows.pop())),
        spoilt(&|rows| drop(rows.remove(4))),
        spoilt(&|rows| rows.swap(1, 2)),
        spoilt(&|rows| rows.push(rows[9].clone())),
        spoilt(&|rows| rows[3][7] = json!(r#"{"id":"4","title":"another"}"#)),
        spoilt(&|rows| rows[3][7] = json!("no json")),
        spoilt(&|rows| rows[3][4] = json!("ben")),
        spoilt(&|rows| rows[3][3] = json!(1)),
        spoilt(&|rows| rows[3][8] = json!("0".repeat(64))),
    ];
    for rows in &wrong {
        let why = server.room.bring_back(&mut server.db, &gone, rows).unwrap_err();
        assert!(why.to_string().contains("the archive does not have 1 to 10 of first"), "{rows}: {why}");
        assert_eq!(server.here(), 0);
        assert!(Room::check_released(&server.db, &gone, rows).is_err());
    }
    let rows = archive.rows(&gone);
    Room::check_released(&server.db, &gone, &rows).unwrap();
    server.room.bring_back(&mut server.db, &gone, &rows).unwrap();
    for rows in &wrong {
        server.hibernate();
        server.room.release(&mut server.db, &gone, rows).unwrap_err();
        assert_eq!((server.here(), server.room.releasable(&server.db).unwrap()), (10, None));
    }
    assert_eq!(server.log(), log);
}

#[test]
fn what_was_redacted_in_between_neither_leaves_nor_comes_back_as_it_was() {
    let (mut server, _) = filled();
    let args = || Args::parse(r#"{"id":"2","title":"gone"}"#.to_owned()).unwrap();
    let gone = Room::released(&server.db, Seq::ZERO).unwrap().unwrap();
    let old = server.archive.as_ref().unwrap().rows(&gone);
    // Two have asked the archive, and one of them was faster.
    server.bring_back(seq(2));
    server.room.redact(&mut server.db, seq(2), args()).unwrap();
    server.room.bring_back(&mut server.db, &gone, &old).unwrap();
    assert!(server.log().contains(r#""title":"gone""#));
    assert_eq!(server.room.releasable(&server.db).unwrap(), None, "the archive has not heard of it");
    server.room.release(&mut server.db, &gone, &old).unwrap_err();
    server.let_go();
    assert_eq!(server.here(), 0);
    assert!(server.log().contains(r#""title":"gone""#));
    assert!(!server.archive.as_ref().unwrap().rows(&gone).contains(r#"\"title\":\"2\""#));
}

#[test]
fn a_redaction_of_what_has_left_brings_it_back_first() {
    let (mut server, _) = filled();
    let args = Args::parse(r#"{"id":"2","title":"gone"}"#.to_owned()).unwrap();
    let refused = server.room.redact(&mut server.db, seq(2), args.clone()).unwrap_err();
    let syncline_engine::RedactError::Host(error) = refused else { panic!("{refused}") };
    server.bring_back(error.released().unwrap());
    server.room.redact(&mut server.db, seq(2), args).unwrap();
    server.let_go();
    // Who connects is told of it, wherever it is.
    let mut connection = syncline_engine::Connection::new(None);
    let mut hello = hello("ben");
    let chain = server.room.info(&server.db).unwrap().chain;
    hello["cursor"] = json!({ "incarnation": "first", "seq": 10, "chain": chain });
    let outputs = server.receive(&mut connection, &hello.to_string());
    assert!(matches!(&outputs[1], Output::Reply(text) if text.contains("gone")), "{outputs:?}");
}

#[test]
fn a_state_is_made_anew_from_what_comes_back_a_part_at_a_time() {
    let (mut server, log) = filled();
    let db: &mut dyn syncline_engine::Sql = &mut server.db;
    db.execute("UPDATE syncline_room SET schema_hash = 'another'", &[]).unwrap();
    server.hibernate();
    assert!(server.room.is_rebuilding());
    let mut steps = 0;
    while !server.ask(|room, db| room.rebuild_step(db)) {
        steps += 1;
        assert!(steps < 10);
    }
    server.let_go();
    assert_eq!((server.here(), server.log()), (0, log));
}

#[test]
fn the_webhook_the_archive_and_verify_go_on_where_entries_have_left() {
    let (mut server, _) = filled();
    let now = syncline_engine::protocol::Millis::default();
    let due = server.ask(|room, db| room.webhook(db, now));
    assert!(matches!(due, Webhook::Send(delivery) if delivery.last == seq(10)));
    server.let_go();
    let verified = server.room.verify(&server.db, None).unwrap();
    assert_eq!((verified.sound, verified.entries), (true, 10));
    // What is here alone can be archived again.
    server.room.archive_again(&mut server.db).unwrap();
    assert_eq!(server.room.archive_page(&server.db).unwrap(), None);
    assert_eq!(server.room.info(&server.db).unwrap().archived, seq(10));
}

#[test]
fn another_life_reads_what_has_left_under_the_former_and_archives_what_comes_back() {
    let (mut server, log) = filled();
    server.room.restored(&mut server.db, Incarnation::parse("second").unwrap()).unwrap();
    let mut ann = greeted(&mut server, "ann");
    server.receive(&mut ann, &push(json!([commit(11, "ann", "11")])));
    assert_eq!(server.here(), 0);
    assert!(server.log().starts_with(&log));
    server.let_go();
    assert_eq!(server.here(), 0);
    let gone = Room::released(&server.db, Seq::ZERO).unwrap().unwrap();
    assert_eq!((gone.incarnation.as_str(), gone.last), ("second", seq(11)));
}

#[test]
fn what_a_model_may_learn_to_read_stays() {
    let mut server = starred();
    let mut ben = greeted(&mut server, "ben");
    server.receive(&mut ben, &push(json!([commit(1, "ben", "3")])));
    let all = server.log();
    server.archive = Some(Archive::default());
    let unused = Incarnation::parse("unused").unwrap();
    server.room = Room::open(&mut server.db, Rules::of::<NotesAndMore>(), store(), unused).unwrap();
    server.let_go();
    let info = server.room.info(&server.db).unwrap();
    assert_eq!((info.quarantined, released(&server)), (1, vec![(6, 6)]));
    assert_eq!(server.log(), all);
}

#[test]
fn merging_leaves_alone_what_has_left() {
    let (mut server, log) = filled();
    server.bring_back(seq(1));
    server.archive = None;
    while server.room.compact(&mut server.db).unwrap() {}
    let db: &dyn Query = &server.db;
    assert_eq!(db.value::<i64>("SELECT count(*) FROM syncline_log", &[]).unwrap(), Some(1));
    let mut ann = greeted(&mut server, "ann");
    let (mut archived, _) = filled();
    server.archive = archived.archive.take();
    server.receive(&mut ann, &push(json!([commit(11, "ann", "11")])));
    while server.room.compact(&mut server.db).unwrap() {}
    assert!(server.log().starts_with(&log));
}
