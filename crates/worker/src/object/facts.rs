//! What the object must know before it can open its room, in a table of its own. The platform does
//! not always tell an object its name: one that an alarm has woken may have none.

use syncline_engine::protocol::StoreId;
use syncline_engine::{FromValue, Query, Sql, SqlError};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_object (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store TEXT NOT NULL,
    archive_failures INTEGER NOT NULL
) STRICT";

/// Notes whose object this is.
pub(super) fn put_store(db: &mut dyn Sql, store: &StoreId) -> Result<(), SqlError> {
    db.run_script(TABLE)?;
    let sql = "INSERT OR IGNORE INTO syncline_object (id, store, archive_failures) VALUES (1, ?1, 0)";
    db.execute(sql, &[store.as_str().into()])
}

/// Whose object this is, once that was noted.
pub(super) fn store(db: &mut dyn Sql) -> Result<Option<StoreId>, SqlError> {
    db.run_script(TABLE)?;
    let store: Option<String> = value(db, "SELECT store FROM syncline_object")?;
    Ok(store.and_then(|store| StoreId::parse(store).ok()))
}

/// How often in a row the archive has failed.
pub(super) fn failures(db: &dyn Query) -> Result<u32, SqlError> {
    Ok(value(db, "SELECT archive_failures FROM syncline_object")?.unwrap_or_default())
}

pub(super) fn put_failures(db: &mut dyn Sql, failures: u32) -> Result<(), SqlError> {
    db.execute("UPDATE syncline_object SET archive_failures = ?1", &[failures.into()])
}

fn value<T: FromValue>(db: &(impl Query + ?Sized), sql: &str) -> Result<Option<T>, SqlError> {
    db.query(sql, &[])?.first().map(|row| row.get(0)).transpose()
}
