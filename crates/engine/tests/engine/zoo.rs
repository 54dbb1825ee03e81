//! Tables of every kind that a snapshot has to carry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use syncline_engine::protocol::RawEvent;
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Rules, Sql};

use super::model::event;

pub(crate) struct Zoo;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Event {
    AnimalCame { id: String, parent: Option<String>, weight: f64, text: String },
    AnimalLeft { id: String },
}

impl Model for Zoo {
    type Event = Event;
    const TABLES: &'static str = "
        CREATE TABLE animals (
            id TEXT PRIMARY KEY,
            parent TEXT REFERENCES animals (id) ON DELETE SET NULL,
            weight REAL NOT NULL,
            mark ANY,
            shape BLOB,
            text TEXT NOT NULL,
            double_weight REAL GENERATED ALWAYS AS (weight * 2) STORED
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE visits (number INTEGER PRIMARY KEY AUTOINCREMENT, animal TEXT NOT NULL) STRICT;
        CREATE TABLE counts (what TEXT NOT NULL, n INTEGER NOT NULL) STRICT;
        CREATE INDEX visits_by_animal ON visits (animal);
        CREATE VIEW families AS SELECT parent, count(*) AS children FROM animals GROUP BY parent;
        CREATE TRIGGER animals_counted AFTER INSERT ON animals
            BEGIN INSERT INTO counts (what, n) VALUES (NEW.id, 1); END;";
    const VERSION: u32 = 1;

    fn check(_: &Event, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(event: &Event, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            Event::AnimalCame { id, parent, weight, text } => {
                let mark = if text.len() % 2 == 0 { "7" } else { "'seven'" };
                db.execute(
                    &format!(
                        "INSERT INTO animals (id, parent, weight, mark, shape, text)
                            VALUES (?1, ?2, ?3, {mark}, ?4, ?5)"
                    ),
                    &[
                        id.into(),
                        parent.as_deref().into(),
                        (*weight).into(),
                        id.as_bytes().into(),
                        text.into(),
                    ],
                )?;
                db.execute("INSERT INTO visits (animal) VALUES (?1)", &[id.into()])?;
            }
            Event::AnimalLeft { id } => {
                db.execute("DELETE FROM visits WHERE animal = ?1", &[id.into()])?;
                db.execute("DELETE FROM animals WHERE id = ?1", &[id.into()])?;
            }
        }
        Ok(())
    }
}

pub(crate) fn zoo() -> Rules {
    Rules::of::<Zoo>()
}

pub(crate) fn came(id: &str, parent: Option<&str>, text: &str) -> RawEvent {
    event("animalCame", json!({ "id": id, "parent": parent, "weight": 0.1 + id.len() as f64, "text": text }))
}

pub(crate) fn left(id: &str) -> RawEvent {
    event("animalLeft", json!({ "id": id }))
}
