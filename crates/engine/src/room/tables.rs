//! The room's own tables. The log's head and chain are those of its last segment, so that a push
//! writes two rows of its own: a segment and its decisions.

use syncline_protocol::{Incarnation, SchemaHash, Seq};

use super::redact;
use crate::{Query, Sql, SqlError};
use crate::{attempt, segment};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS syncline_room (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    incarnation TEXT NOT NULL,
    schema_hash TEXT NOT NULL,
    archived INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_decisions (
    client TEXT NOT NULL,
    last INTEGER NOT NULL,
    first INTEGER NOT NULL,
    after INTEGER NOT NULL,
    outcomes TEXT NOT NULL,
    PRIMARY KEY (client, last)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS syncline_rebuild (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;
";

pub(super) struct Facts {
    pub(super) incarnation: Incarnation,
    pub(super) schema_hash: SchemaHash,
    pub(super) archived: Seq,
}

pub(super) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    segment::create(db)?;
    super::snapshot::create(db)?;
    attempt::create(db)?;
    redact::create(db)?;
    db.run_script(super::webhook::TABLE)?;
    db.run_script(super::release::TABLE)?;
    db.run_script(TABLES)
}

pub(super) fn facts(db: &dyn Query) -> Result<Option<Facts>, SqlError> {
    let row = db.first("SELECT incarnation, schema_hash, archived FROM syncline_room", &[])?;
    row.map(|row| Ok(Facts { incarnation: row.get(0)?, schema_hash: row.get(1)?, archived: row.get(2)? }))
        .transpose()
}

pub(super) fn put_facts(db: &mut dyn Sql, facts: &Facts) -> Result<(), SqlError> {
    db.execute(
        "INSERT OR REPLACE INTO syncline_room (id, incarnation, schema_hash, archived) VALUES (1, ?1, ?2, ?3)",
        &[facts.incarnation.as_str().into(), facts.schema_hash.as_str().into(), facts.archived.into()],
    )
}

pub(super) fn put_schema_hash(db: &mut dyn Sql, hash: &SchemaHash) -> Result<(), SqlError> {
    db.execute("UPDATE syncline_room SET schema_hash = ?1", &[hash.as_str().into()])
}

/// The seq that the state stands at, if that is not the head: while it is made anew.
pub(super) fn behind(db: &dyn Query) -> Result<Option<Seq>, SqlError> {
    db.value("SELECT seq FROM syncline_rebuild", &[])
}

pub(super) fn put_behind(db: &mut dyn Sql, seq: Option<Seq>) -> Result<(), SqlError> {
    match seq {
        Some(seq) => {
            db.execute("INSERT OR REPLACE INTO syncline_rebuild (id, seq) VALUES (1, ?1)", &[seq.into()])
        }
        None => db.execute("DELETE FROM syncline_rebuild", &[]),
    }
}
