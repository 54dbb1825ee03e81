//! The archive, as D1 is one: a database of its own, in which each entry is a row.

use std::collections::BTreeMap;

use serde_json::Value;
use syncline_engine::protocol::Seq;
use syncline_engine::{ArchivePage, HostFailure, Room, RoomConfig, SqlError, Stretch, Upkeep};

use super::Server;

/// So many entries stay in the room's database.
const HOT: u64 = 4;

#[derive(Default)]
pub(crate) struct Archive(BTreeMap<(String, u64), Value>);

impl Archive {
    fn take(&mut self, page: &ArchivePage) -> Result<(), SqlError> {
        let rows: Vec<Value> = serde_json::from_str(&page.rows).map_err(host)?;
        for row in rows {
            let seq = row.get(0).and_then(Value::as_u64).unwrap_or_default();
            let key = (page.incarnation.to_string(), seq);
            if page.redacted.is_some() {
                self.0.insert(key, row);
            } else {
                self.0.entry(key).or_insert(row);
            }
        }
        Ok(())
    }

    fn rows(&self, Stretch { incarnation, first, last }: &Stretch) -> Result<String, SqlError> {
        let key = |seq: &Seq| (incarnation.to_string(), seq.get());
        let rows: Vec<&Value> = self.0.range(key(first)..=key(last)).map(|(_, row)| row).collect();
        serde_json::to_string(&rows).map_err(host)
    }
}

/// As few bytes make a snapshot of several parts.
const PART_BYTES: usize = 200;

/// Of every room; without an archive nothing leaves it.
pub(super) fn config() -> RoomConfig {
    let upkeep = Upkeep { keep_hot: Some(HOT), ..Upkeep::default() };
    RoomConfig { upkeep, part_bytes: PART_BYTES, ..RoomConfig::default() }
}

impl Server {
    /// Archives all of the log, and lets go of it what is old. What the archive has otherwise, as the server was
    /// set back under the same name, stays.
    pub(super) fn let_go(&mut self) -> Result<(), SqlError> {
        let (Some(room), Some(archive)) = (&mut self.room, &mut self.archive) else { return Ok(()) };
        while let Some(page) = room.archive_page(&self.disk)? {
            archive.take(&page)?;
            room.archived(&mut self.disk, &page)?;
        }
        while let Some(stretch) = room.releasable(&self.disk)? {
            match room.release(&mut self.disk, &stretch, &archive.rows(&stretch)?) {
                Err(SqlError::Host { failure: HostFailure::Corrupt, .. }) => {}
                done => done?,
            }
        }
        Ok(())
    }

    pub(super) fn bring_back(&mut self, first: Seq) -> Result<(), SqlError> {
        let (Some(room), Some(archive)) = (&mut self.room, &self.archive) else { return Ok(()) };
        let Some(stretch) = Room::released(&self.disk, first)? else { return Ok(()) };
        room.bring_back(&mut self.disk, &stretch, &archive.rows(&stretch)?)
    }

    /// Brings back all that was let go.
    pub(crate) fn bring_all_back(&mut self) -> Result<(), SqlError> {
        while let Some(stretch) = Room::released(&self.disk, Seq::ZERO)? {
            self.wake()?;
            self.bring_back(stretch.first)?;
        }
        Ok(())
    }
}

fn host(error: serde_json::Error) -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message: error.to_string() }
}
