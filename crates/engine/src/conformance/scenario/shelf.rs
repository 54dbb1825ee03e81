//! The model of the scenario, in two versions: things on a shelf, with every kind of column and
//! constraint, and with events that one version knows and the other does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_protocol::{RawEvent, Rejection};

use crate::{ApplyContext, ApplyError, CheckContext, Model, Query, Rules, Sql};

/// From this time on nothing is taken from the shelf.
const CLOSES: u64 = 9_000;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Event {
    Joined {},
    ItemAdded { id: String, title: String, count: i64, weight: Option<f64>, picture: Option<String> },
    ItemTaken { id: String, n: i64 },
    AllWeighed { factor: f64 },
    ItemDropped { id: String },
}

struct Shelf;

impl Model for Shelf {
    type Event = Event;

    const TABLES: &'static str = "
        CREATE TABLE members (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE items (
            id TEXT NOT NULL PRIMARY KEY,
            title TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL REFERENCES members (name),
            count INTEGER NOT NULL,
            weight REAL,
            picture BLOB,
            CONSTRAINT `nothing below zero` CHECK (count >= 0)
        ) STRICT;";

    const VERSION: u32 = 1;

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        match event {
            Event::Joined {} => Ok(()),
            Event::ItemTaken { .. } if cx.now.get() >= CLOSES => Err(Rejection::new("closed", "It is late.")),
            Event::ItemAdded { .. }
            | Event::ItemTaken { .. }
            | Event::AllWeighed { .. }
            | Event::ItemDropped { .. } => check_member(cx, db),
        }
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            Event::Joined {} => {
                db.execute("INSERT INTO members (name) VALUES (?1)", &[cx.author.as_str().into()])?;
            }
            Event::ItemAdded { id, title, count, weight, picture } => db.execute(
                "INSERT INTO items (id, title, owner, count, weight, picture)
                    VALUES (?1, ?2, ?3, ?4, ?5, unhex(?6))",
                &[
                    id.into(),
                    title.into(),
                    cx.author.as_str().into(),
                    (*count).into(),
                    (*weight).into(),
                    picture.as_ref().into(),
                ],
            )?,
            Event::ItemTaken { id, n } => {
                db.execute("UPDATE items SET count = count - ?2 WHERE id = ?1", &[id.into(), (*n).into()])?;
            }
            Event::AllWeighed { factor } => {
                db.execute("UPDATE items SET weight = weight * ?1", &[(*factor).into()])?;
            }
            Event::ItemDropped { id } => db.execute("DELETE FROM items WHERE id = ?1", &[id.into()])?,
        }
        Ok(())
    }
}

fn check_member(cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    if db.exists("SELECT 1 FROM members WHERE name = ?1", &[cx.author.as_str().into()])? {
        return Ok(());
    }
    Err(Rejection::new("not-a-member", "Join first."))
}

/// `itemDropped` has another name, `itemTagged` is new, titles are shorter, and thirteen is unlucky.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum LaterEvent {
    Joined {},
    ItemAdded { id: String, title: String, count: i64, weight: Option<f64>, picture: Option<String> },
    ItemTaken { id: String, n: i64 },
    AllWeighed { factor: f64 },
    ItemRemoved { id: String },
    ItemTagged { id: String, tag: String },
}

struct LaterShelf;

impl Model for LaterShelf {
    type Event = LaterEvent;

    const TABLES: &'static str = "
        CREATE TABLE members (name TEXT NOT NULL PRIMARY KEY, items INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
        CREATE TABLE items (
            id TEXT NOT NULL PRIMARY KEY,
            title TEXT NOT NULL CHECK (length(title) <= 12),
            owner TEXT NOT NULL REFERENCES members (name),
            count INTEGER NOT NULL,
            weight REAL,
            picture BLOB
        ) STRICT;
        CREATE TABLE tags (
            item TEXT NOT NULL REFERENCES items (id) ON DELETE CASCADE,
            tag TEXT NOT NULL,
            PRIMARY KEY (item, tag)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER counted AFTER INSERT ON items
            BEGIN UPDATE members SET items = items + 1 WHERE name = NEW.owner; END;";

    const VERSION: u32 = 2;

    fn upcast(event: RawEvent) -> RawEvent {
        if event.name == "itemDropped" { RawEvent { name: "itemRemoved".into(), ..event } } else { event }
    }

    fn check(event: &LaterEvent, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        if matches!(event, LaterEvent::Joined {}) { Ok(()) } else { check_member(cx, db) }
    }

    fn apply(event: &LaterEvent, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        let same = match event {
            LaterEvent::ItemTaken { n: 13, .. } => {
                return Err(Rejection::new("unlucky", "Not thirteen.").into());
            }
            LaterEvent::ItemTagged { id, tag } => {
                let params = [id.into(), tag.into()];
                return Ok(db.execute("INSERT INTO tags (item, tag) VALUES (?1, ?2)", &params)?);
            }
            LaterEvent::Joined {} => Event::Joined {},
            LaterEvent::ItemAdded { id, title, count, weight, picture } => Event::ItemAdded {
                id: id.clone(),
                title: title.clone(),
                count: *count,
                weight: *weight,
                picture: picture.clone(),
            },
            LaterEvent::ItemTaken { id, n } => Event::ItemTaken { id: id.clone(), n: *n },
            LaterEvent::AllWeighed { factor } => Event::AllWeighed { factor: *factor },
            LaterEvent::ItemRemoved { id } => Event::ItemDropped { id: id.clone() },
        };
        Shelf::apply(&same, cx, db)
    }
}

pub(super) fn rules() -> Rules {
    Rules::of::<Shelf>()
}

pub(super) fn later_rules() -> Rules {
    Rules::of::<LaterShelf>()
}
