//! The second version: another table, another column, another event, and one that has a new name.

use syncline_engine::protocol::{Args, RawEvent};
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql};

use super::crash;
use super::event::events;

events! {
    NoteCreated { note: i64, title: String, colour: i64 },
    NoteStarred { note: i64 },
}

pub(super) struct Club;

impl Model for Club {
    type Event = Event;
    const TABLES: &'static str = "
        CREATE TABLE members (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE notes (
            id INTEGER PRIMARY KEY,
            title TEXT NOT NULL UNIQUE CHECK (length(title) <= 3),
            author TEXT NOT NULL,
            colour INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE links (
            source INTEGER NOT NULL REFERENCES notes (id),
            target INTEGER NOT NULL REFERENCES notes (id),
            PRIMARY KEY (source, target)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE stars (note INTEGER PRIMARY KEY REFERENCES notes (id), count INTEGER NOT NULL) STRICT;
        CREATE TABLE stock (one INTEGER PRIMARY KEY, pieces INTEGER NOT NULL CHECK (pieces BETWEEN 0 AND 9)) STRICT;
        CREATE TABLE trail (one INTEGER PRIMARY KEY, hash INTEGER NOT NULL, events INTEGER NOT NULL) STRICT;";
    const OFFER_LOST: bool = true;
    const VERSION: u32 = 2;

    fn upcast(event: RawEvent) -> RawEvent {
        upcast(event)
    }

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        check(event, cx, db)
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        apply(event, cx, db)
    }
}

/// What was `noteAdded` is `noteCreated`, without colour.
pub(super) fn upcast(event: RawEvent) -> RawEvent {
    if event.name != "noteAdded" {
        return event;
    }
    let text = event.args.get().trim_end().strip_suffix('}').map(|open| format!("{open},\"colour\":0}}"));
    match text.map(Args::parse) {
        Some(Ok(args)) => RawEvent { name: "noteCreated".to_owned(), args },
        Some(Err(_)) | None => event,
    }
}

pub(super) fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    let author = cx.author.as_str();
    match event {
        Event::MemberJoined { .. } | Event::ServerCrashed { .. } => Ok(()),
        Event::MemberRemoved { member, .. } => super::known_member(member, db),
        Event::NoteRenamed { note, .. } | Event::NoteRemoved { note, .. } => {
            super::author_only(*note, author, db)
        }
        Event::NotesLinked { .. } | Event::NoteCreated { .. } | Event::NoteStarred { .. } => {
            super::members_only(author, db)
        }
        Event::StockMoved { .. } => {
            super::open_shop(cx.now.get())?;
            super::members_only(author, db)
        }
    }
}

pub(super) fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
    match event {
        Event::MemberJoined { member, .. } => super::join(member, db)?,
        Event::MemberRemoved { member, .. } => super::remove_member(member, db)?,
        Event::NoteRenamed { note, title, .. } => super::rename_note(*note, title, db)?,
        Event::NoteRemoved { note, .. } => super::drop_note(*note, db)?,
        Event::NotesLinked { from, to, .. } => super::link_notes(*from, *to, db)?,
        Event::StockMoved { by, .. } => super::move_stock(*by, db)?,
        Event::ServerCrashed { .. } => crash::at_the_server(),
        Event::NoteCreated { note, title, colour, .. } => db.execute(
            "INSERT INTO notes (id, title, author, colour) VALUES (?1, ?2, ?3, ?4)",
            &[(*note).into(), title.into(), cx.author.as_str().into(), (*colour).into()],
        )?,
        Event::NoteStarred { note, .. } => db.execute(
            "INSERT INTO stars (note, count) VALUES (?1, 1) ON CONFLICT (note) DO UPDATE SET count = count + 1",
            &[(*note).into()],
        )?,
    }
    Ok(super::trail(event.id(), db)?)
}
