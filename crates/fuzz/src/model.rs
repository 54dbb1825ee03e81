//! A small model, and the client and the room that the machines' targets are about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{ClientId, Incarnation, Millis, RawEvent, SessionId, StoreId, Subject};
use syncline_engine::{
    ApplyContext, ApplyError, CheckContext, Leader, LeaderConfig, Model, Query, Rejection, Room, Rules,
    Session, Sql,
};
use syncline_sqlite::Database;

pub(crate) const TOKEN: &str = "secret";

/// Notes with a unique title, which only their author changes.
pub(crate) struct Notes;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Note {
    NoteAdded { id: String, title: String },
    NoteRemoved { id: String },
}

impl Model for Notes {
    type Event = Note;
    const TABLES: &'static str = "CREATE TABLE notes (
        id TEXT PRIMARY KEY, title TEXT NOT NULL UNIQUE, author TEXT NOT NULL) STRICT;";
    const VERSION: u32 = 1;

    fn upcast(event: RawEvent) -> RawEvent {
        if event.name == "noteDeleted" { RawEvent { name: "noteRemoved".into(), ..event } } else { event }
    }

    fn check(event: &Note, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        let Note::NoteRemoved { id } = event else { return Ok(()) };
        let author: Option<String> = db.value("SELECT author FROM notes WHERE id = ?1", &[id.into()])?;
        if author.is_some_and(|author| author == cx.author.as_str()) {
            Ok(())
        } else {
            Err(Rejection::new("not-the-author", "Only its author may remove a note."))
        }
    }

    fn apply(event: &Note, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            Note::NoteAdded { id, title } => db.execute(
                "INSERT INTO notes (id, title, author) VALUES (?1, ?2, ?3)",
                &[id.into(), title.into(), cx.author.as_str().into()],
            )?,
            Note::NoteRemoved { id } => db.execute("DELETE FROM notes WHERE id = ?1", &[id.into()])?,
        }
        Ok(())
    }
}

pub(crate) fn memory() -> Database {
    Database::open_memory().expect("there is memory for a database")
}

pub(crate) fn subject() -> Subject {
    Subject::parse("ann").expect("it is a subject")
}

pub(crate) fn session_id(text: &str) -> SessionId {
    SessionId::parse(text).expect("it is a session id")
}

pub(crate) fn store() -> StoreId {
    StoreId::parse("team-1").expect("it is a store id")
}

pub(crate) fn room(db: &mut Database) -> Room {
    let fresh = Incarnation::parse("life-1").expect("it is an incarnation");
    Room::open(db, Rules::of::<Notes>(), store(), fresh).expect("a room opens")
}

pub(crate) fn leader(db: &mut Database, volatile: bool) -> Leader {
    let fresh = ClientId::parse("client-A").expect("it is a client id");
    let config =
        LeaderConfig::new(&Rules::of::<Notes>(), store(), subject(), fresh).expect("tables are fine");
    Leader::open(db, LeaderConfig { volatile, ..config }).expect("a leader opens")
}

/// A session over a leader, with a commit that waits.
pub(crate) fn session(leader: &mut Leader, log: &mut Database, db: &mut Database, id: &str) -> Session {
    let id = session_id(id);
    let opened = leader.opened(log, &id, syncline_engine::protocol::Seq::ZERO).expect("memory is read");
    Session::open(db, Rules::of::<Notes>(), id, Millis::default(), &opened)
        .expect("what a leader says opens a session")
}

pub(crate) fn added(id: &str, title: &str) -> RawEvent {
    let args = serde_json::json!({ "id": id, "title": title }).to_string();
    let args = syncline_engine::protocol::Args::parse(args).expect("it is JSON");
    RawEvent { name: "noteAdded".into(), args }
}

/// All rows of some tables, in one text: whether anything has changed.
pub(crate) fn rows(db: &Database, tables: &[&str]) -> String {
    let mut text = String::new();
    for table in tables {
        let rows =
            db.query(&format!("SELECT * FROM {table} ORDER BY 1, 2"), &[]).expect("the table is there");
        text.push_str(&format!("{table}: {rows:?}\n"));
    }
    text
}
