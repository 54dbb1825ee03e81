//! The third version: the second's events; authors are counted, and one title is not allowed any more,
//! so that history holds what can no longer be applied.

use syncline_engine::protocol::RawEvent;
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql};

use super::second::{self, Event};

pub(super) struct Club;

impl Model for Club {
    type Event = Event;
    const TABLES: &'static str = "
        CREATE TABLE members (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE notes (
            id INTEGER PRIMARY KEY,
            title TEXT NOT NULL UNIQUE CHECK (length(title) <= 3) CHECK (title <> 't0'),
            author TEXT NOT NULL,
            colour INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE links (
            source INTEGER NOT NULL REFERENCES notes (id),
            target INTEGER NOT NULL REFERENCES notes (id),
            PRIMARY KEY (source, target)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE stars (note INTEGER PRIMARY KEY REFERENCES notes (id), count INTEGER NOT NULL) STRICT;
        CREATE TABLE authors (name TEXT PRIMARY KEY, notes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE stock (one INTEGER PRIMARY KEY, pieces INTEGER NOT NULL CHECK (pieces BETWEEN 0 AND 9)) STRICT;
        CREATE TABLE trail (one INTEGER PRIMARY KEY, hash INTEGER NOT NULL, events INTEGER NOT NULL) STRICT;";
    const OFFER_LOST: bool = true;
    const VERSION: u32 = 3;

    fn upcast(event: RawEvent) -> RawEvent {
        second::upcast(event)
    }

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        second::check(event, cx, db)
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        second::apply(event, cx, db)?;
        if let Event::NoteCreated { .. } = event {
            db.execute(
                "INSERT INTO authors (name, notes) VALUES (?1, 1)
                    ON CONFLICT (name) DO UPDATE SET notes = notes + 1",
                &[cx.author.as_str().into()],
            )?;
        }
        Ok(())
    }
}
