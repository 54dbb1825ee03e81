//! The first version.

use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql};

use super::crash;
use super::event::events;

events! {
    NoteAdded { note: i64, title: String },
}

pub(super) struct Club;

impl Model for Club {
    type Event = Event;
    const TABLES: &'static str = "
        CREATE TABLE members (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE notes (
            id INTEGER PRIMARY KEY,
            title TEXT NOT NULL UNIQUE CHECK (length(title) <= 3),
            author TEXT NOT NULL
        ) STRICT;
        CREATE TABLE links (
            source INTEGER NOT NULL REFERENCES notes (id),
            target INTEGER NOT NULL REFERENCES notes (id),
            PRIMARY KEY (source, target)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE stock (one INTEGER PRIMARY KEY, pieces INTEGER NOT NULL CHECK (pieces BETWEEN 0 AND 9)) STRICT;
        CREATE TABLE trail (one INTEGER PRIMARY KEY, hash INTEGER NOT NULL, events INTEGER NOT NULL) STRICT;";
    const VERSION: u32 = 1;

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        let author = cx.author.as_str();
        match event {
            Event::MemberJoined { .. } | Event::ServerCrashed { .. } => Ok(()),
            Event::MemberRemoved { member, .. } => super::known_member(member, db),
            Event::NoteRenamed { note, .. } | Event::NoteRemoved { note, .. } => {
                super::author_only(*note, author, db)
            }
            Event::NotesLinked { .. } | Event::NoteAdded { .. } => super::members_only(author, db),
            Event::StockMoved { .. } => {
                super::open_shop(cx.now.get())?;
                super::members_only(author, db)
            }
        }
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            Event::MemberJoined { member, .. } => super::join(member, db)?,
            Event::MemberRemoved { member, .. } => super::remove_member(member, db)?,
            Event::NoteRenamed { note, title, .. } => super::rename_note(*note, title, db)?,
            Event::NoteRemoved { note, .. } => super::drop_note(*note, db)?,
            Event::NotesLinked { from, to, .. } => super::link_notes(*from, *to, db)?,
            Event::StockMoved { by, .. } => super::move_stock(*by, db)?,
            Event::ServerCrashed { .. } => crash::at_the_server(),
            Event::NoteAdded { note, title, .. } => db.execute(
                "INSERT INTO notes (id, title, author) VALUES (?1, ?2, ?3)",
                &[(*note).into(), title.into(), cx.author.as_str().into()],
            )?,
        }
        Ok(super::trail(event.id(), db)?)
    }
}
