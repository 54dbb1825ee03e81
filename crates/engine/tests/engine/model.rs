//! A small model: notes with an author, a unique title, and a rule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use syncline_engine::protocol::{Args, RawEvent};
use syncline_engine::{
    ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Rules, Sql, SqlError,
};

pub(crate) struct Notes;

#[derive(Serialize, Deserialize, JsonSchema)]
#[expect(clippy::enum_variant_names, reason = "events say what they are about")]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Event {
    NoteAdded { id: String, title: String },
    NoteRenamed { id: String, title: String },
    NoteRemoved { id: String },
}

impl Model for Notes {
    type Event = Event;
    const TABLES: &'static str = "
        CREATE TABLE notes (
            id TEXT PRIMARY KEY,
            title TEXT NOT NULL UNIQUE CHECK (length(title) <= 20),
            author TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;";
    const VERSION: u32 = 2;

    fn upcast(event: RawEvent) -> RawEvent {
        if event.name == "noteDeleted" { RawEvent { name: "noteRemoved".into(), ..event } } else { event }
    }

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        let id = match event {
            Event::NoteAdded { .. } => return Ok(()),
            Event::NoteRenamed { id, .. } | Event::NoteRemoved { id } => id,
        };
        let author: Option<String> = db.value("SELECT author FROM notes WHERE id = ?1", &[id.into()])?;
        match author {
            None => Err(Rejection::new("no-such-note", "There is no such note.")),
            Some(author) if author != cx.author.as_str() => {
                Err(Rejection::new("not-the-author", "Only its author may change a note."))
            }
            Some(_) => Ok(()),
        }
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            Event::NoteAdded { id, title } => db.execute(
                "INSERT INTO notes (id, title, author) VALUES (?1, ?2, ?3)",
                &[id.into(), title.into(), cx.author.as_str().into()],
            )?,
            Event::NoteRenamed { id, title } => {
                db.execute("UPDATE notes SET title = ?2 WHERE id = ?1", &[id.into(), title.into()])?;
            }
            Event::NoteRemoved { id } => db.execute("DELETE FROM notes WHERE id = ?1", &[id.into()])?,
        }
        Ok(())
    }

    fn inverse(event: &Event, _cx: &ApplyContext<'_>, before: &dyn Query) -> Result<Vec<Event>, SqlError> {
        let title = |id: &str| before.value("SELECT title FROM notes WHERE id = ?1", &[id.into()]);
        Ok(match event {
            Event::NoteAdded { id, .. } => vec![Event::NoteRemoved { id: id.clone() }],
            Event::NoteRenamed { id, .. } => {
                let was: Option<String> = title(id)?;
                was.map(|title| Event::NoteRenamed { id: id.clone(), title }).into_iter().collect()
            }
            // As if its author had thrown it away for good.
            Event::NoteRemoved { .. } => Vec::new(),
        })
    }
}

/// The same events, and one table more: what an upgrade looks like.
pub(crate) struct NotesAndMore;

impl Model for NotesAndMore {
    type Event = Event;
    const TABLES: &'static str = "
        CREATE TABLE notes (
            id TEXT PRIMARY KEY, title TEXT NOT NULL UNIQUE, author TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE authors (name TEXT PRIMARY KEY, notes INTEGER NOT NULL) STRICT, WITHOUT ROWID;";
    const VERSION: u32 = 3;

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        Notes::check(event, cx, db)
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        Notes::apply(event, cx, db)?;
        if let Event::NoteAdded { .. } = event {
            db.execute(
                "INSERT INTO authors (name, notes) VALUES (?1, 1)
                    ON CONFLICT (name) DO UPDATE SET notes = notes + 1",
                &[cx.author.as_str().into()],
            )?;
        }
        Ok(())
    }
}

/// The same notes; what a restored server has lost is offered to it again.
pub(crate) struct KeenNotes;

impl Model for KeenNotes {
    type Event = Event;
    const TABLES: &'static str = Notes::TABLES;
    const VERSION: u32 = Notes::VERSION;
    const OFFER_LOST: bool = true;

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        Notes::check(event, cx, db)
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        Notes::apply(event, cx, db)
    }
}

pub(crate) fn rules() -> Rules {
    Rules::of::<Notes>()
}

pub(crate) fn added(id: &str, title: &str) -> RawEvent {
    event("noteAdded", json!({ "id": id, "title": title }))
}

pub(crate) fn renamed(id: &str, title: &str) -> RawEvent {
    event("noteRenamed", json!({ "id": id, "title": title }))
}

pub(crate) fn removed(id: &str) -> RawEvent {
    event("noteRemoved", json!({ "id": id }))
}

pub(crate) fn event(name: &str, args: serde_json::Value) -> RawEvent {
    RawEvent { name: name.into(), args: Args::parse(args.to_string()).unwrap() }
}
