//! The room's own database, as a killed server has left it.

use std::path::Path;

use anyhow::{Context, Result};
use syncline_engine::protocol::{Entry, Seq, StoreId, decode_entries};
use syncline_engine::{Query, quarantined, state_digest};
use syncline_sqlite::{Database, Durability};

use super::databases;

/// What the file holds.
#[derive(Clone, Debug)]
pub struct RoomFile {
    pub entries: Vec<Entry>,
    /// First and last of those that it has let go, as the archive has them.
    pub released: Vec<(Seq, Seq)>,
    /// Of the state.
    pub state: String,
    pub quarantined: usize,
}

/// Reads the room of a store, of either server: only when none runs.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn room_file(folder: &Path, store: &StoreId) -> Result<RoomFile> {
    let native = folder.join(format!("stores/store-{store}.db"));
    if native.exists() {
        return read(&Database::open_file(&native, Durability::Normal)?);
    }
    read(&object(folder, store)?)
}

/// How many entries an object has let go, while the server may be writing it.
///
/// # Errors
/// When there is no such object, or it cannot be read.
pub fn released(folder: &Path, store: &StoreId) -> Result<usize> {
    let db = object(folder, store)?;
    let db: &dyn Query = &db;
    let sql = "SELECT sum(last - first + 1) FROM syncline_log WHERE entries = '@'";
    Ok(db.value::<Option<i64>>(sql, &[])?.flatten().map(usize::try_from).transpose()?.unwrap_or_default())
}

fn object(folder: &Path, store: &StoreId) -> Result<Database> {
    for path in databases(&folder.join("v3/do"))? {
        let db = Database::open_file(&path, Durability::Normal)?;
        let query: &dyn Query = &db;
        let has = query.exists("SELECT 1 FROM sqlite_master WHERE name = 'syncline_object'", &[])?;
        let name: Option<String> =
            if has { query.value("SELECT store FROM syncline_object", &[])? } else { None };
        if name.as_deref() == Some(store.as_str()) {
            return Ok(db);
        }
    }
    anyhow::bail!("no object below {} is of the store {store}", folder.display())
}

fn read(db: &Database) -> Result<RoomFile> {
    let (mut entries, mut released) = (Vec::new(), Vec::new());
    for row in db.query("SELECT entries, first, last FROM syncline_log ORDER BY first", &[])? {
        match row.get::<String>(0)?.as_str() {
            "@" => released.push((row.get(1)?, row.get(2)?)),
            text => entries.extend(decode_entries(text).context("a segment does not read back")?),
        }
    }
    Ok(RoomFile {
        entries,
        released,
        state: state_digest(db)?.to_string(),
        quarantined: quarantined(db)?.len(),
    })
}
