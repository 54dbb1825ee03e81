//! What the object must know before it can open its room, in a table of its own. The platform does
//! not always tell an object its name: one that an alarm has woken may have none.

use syncline_engine::protocol::StoreId;
use syncline_engine::{FromValue, Query, Sql, SqlError};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_object (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store TEXT NOT NULL,
    archive_failures INTEGER NOT NULL,
    archive TEXT
) STRICT";

/// Notes whose object this is, and which archive it has from now on, where that was not noted before.
pub(super) fn put_store(db: &mut dyn Sql, store: &StoreId, archive: Option<&str>) -> Result<(), SqlError> {
    create(db)?;
    let sql =
        "INSERT OR IGNORE INTO syncline_object (id, store, archive_failures, archive) VALUES (1, ?1, 0, ?2)";
    db.execute(sql, &[store.as_str().into(), archive.into()])
}

/// Objects of former versions have no column for their archive: theirs is the first.
fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.run_script(TABLE)?;
    if db.exists("SELECT 1 FROM pragma_table_info('syncline_object') WHERE name = 'archive'", &[])? {
        return Ok(());
    }
    db.run_script("ALTER TABLE syncline_object ADD COLUMN archive TEXT")
}

/// The binding of its archive, where one was noted.
pub(super) fn archive(db: &dyn Query) -> Result<Option<String>, SqlError> {
    Ok(value::<Option<String>>(db, "SELECT archive FROM syncline_object")?.flatten())
}

/// Whose object this is, once that was noted.
pub(super) fn store(db: &mut dyn Sql) -> Result<Option<StoreId>, SqlError> {
    create(db)?;
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
