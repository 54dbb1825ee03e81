//! D1's archive, read from its file.

use std::path::Path;

use anyhow::Result;
use syncline_engine::Query;
use syncline_engine::protocol::{Entry, Incarnation, Seq, StoreId};
use syncline_sqlite::{Database, Durability};

use super::databases;

/// A row of `events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedEntry {
    seq: i64,
    client: String,
    counter: i64,
    index: i64,
    author: String,
    time: i64,
    name: String,
    args: String,
}

impl From<&Entry> for ArchivedEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            seq: entry.seq.sql(),
            client: entry.client.to_string(),
            counter: entry.counter.sql(),
            index: entry.index.into(),
            author: entry.author.to_string(),
            time: entry.time.sql(),
            name: entry.name.clone(),
            args: entry.args.get().to_owned(),
        }
    }
}

/// How far the archive has come, while the server may be writing it.
///
/// # Errors
/// When there is no archive, or it cannot be read.
pub fn archived_head(folder: &Path, store: &StoreId) -> Result<Seq> {
    let db = open(folder)?;
    let db: &dyn Query = &db;
    let sql = "SELECT max(seq) FROM events WHERE store = ?1";
    Ok(db.value::<Option<Seq>>(sql, &[store.as_str().into()])?.flatten().unwrap_or_default())
}

/// Everything that the archive has of a store, whatever its incarnation, but for `incarnation`'s name.
///
/// # Errors
/// When there is no archive, or it cannot be read.
pub fn archived(folder: &Path, store: &StoreId, incarnation: &Incarnation) -> Result<Vec<ArchivedEntry>> {
    let db = open(folder)?;
    let sql = "SELECT seq, client, counter, idx, author, time, name, args, incarnation FROM events
        WHERE store = ?1 ORDER BY seq";
    let mut rows = Vec::new();
    for row in db.query(sql, &[store.as_str().into()])? {
        let other: String = row.get(8)?;
        anyhow::ensure!(other == incarnation.as_str(), "the archive has entries of the incarnation {other}");
        rows.push(ArchivedEntry {
            seq: row.get(0)?,
            client: row.get(1)?,
            counter: row.get(2)?,
            index: row.get(3)?,
            author: row.get(4)?,
            time: row.get(5)?,
            name: row.get(6)?,
            args: row.get(7)?,
        });
    }
    Ok(rows)
}

fn open(folder: &Path) -> Result<Database> {
    for path in databases(&folder.join("v3/d1"))? {
        let db = Database::open_file(&path, Durability::Normal)?;
        let query: &dyn Query = &db;
        if query.exists("SELECT 1 FROM sqlite_master WHERE name = 'events'", &[])? {
            return Ok(db);
        }
    }
    anyhow::bail!("there is no archive below {}", folder.display())
}
