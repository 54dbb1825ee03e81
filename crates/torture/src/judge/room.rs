//! The room's own database, as a killed server has left it.

use std::path::Path;

use anyhow::{Context, Result};
use syncline_engine::protocol::{Entry, StoreId, decode_entries};
use syncline_engine::{Query, quarantined, state_digest};
use syncline_sqlite::{Database, Durability};

use super::databases;

/// What the file holds.
#[derive(Clone, Debug)]
pub struct RoomFile {
    pub entries: Vec<Entry>,
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
    for path in databases(&folder.join("v3/do"))? {
        let db = Database::open_file(&path, Durability::Normal)?;
        let query: &dyn Query = &db;
        let has = query.exists("SELECT 1 FROM sqlite_master WHERE name = 'syncline_object'", &[])?;
        let name: Option<String> =
            if has { query.value("SELECT store FROM syncline_object", &[])? } else { None };
        if name.as_deref() == Some(store.as_str()) {
            return read(&db);
        }
    }
    anyhow::bail!("no object below {} is of the store {store}", folder.display())
}

fn read(db: &Database) -> Result<RoomFile> {
    let mut entries = Vec::new();
    for row in db.query("SELECT entries FROM syncline_log ORDER BY first", &[])? {
        entries.extend(decode_entries(&row.get::<String>(0)?).context("a segment does not read back")?);
    }
    Ok(RoomFile { entries, state: state_digest(db)?.to_string(), quarantined: quarantined(db)?.len() })
}
