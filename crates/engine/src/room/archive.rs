//! What the archive still has to get: the log's tail, as rows for a database beside the room.

use syncline_protocol::{Entry, Incarnation, Seq};

use super::{Room, tables};
use crate::segment;
use crate::{Query, Sql, SqlError};

/// A statement's parameter may have 2 MB in D1; args are escaped once more, which at worst doubles them.
const PAGE_BYTES: usize = 512 << 10;

/// Entries that go to the archive in one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivePage {
    /// Which life of the log.
    pub incarnation: Incarnation,
    /// The last of them.
    pub last: Seq,
    /// The head of the log.
    pub head: Seq,
    /// A JSON array of `[seq, client, counter, index, author, time, name, args]`, args as a text.
    pub rows: String,
}

impl Room {
    /// The next entries for the archive. Asking again before [`Room::archived`] gives the same ones,
    /// so that a batch which was cut off is sent again.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn archive_page(&self, db: &dyn Query) -> Result<Option<ArchivePage>, SqlError> {
        let Some(facts) = tables::facts(db)? else {
            return Ok(None);
        };
        let mut entries: Vec<Entry> = Vec::new();
        for segment in segment::page(db, facts.archived, PAGE_BYTES)? {
            entries.extend(segment::decode(&segment)?);
        }
        entries.retain(|entry| entry.seq > facts.archived);
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            return Ok(None);
        };
        let rows: Vec<_> = entries
            .iter()
            .map(|e| (e.seq, &e.client, e.counter, e.index, &e.author, e.time, &e.name, e.args.get()))
            .collect();
        let rows = serde_json::to_string(&rows).map_err(|error| SqlError::refused(error.to_string()))?;
        Ok(Some(ArchivePage { incarnation: self.incarnation.clone(), last, head: self.head, rows }))
    }

    /// Notes that the archive has everything up to a seq.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn archived(&mut self, db: &mut dyn Sql, seq: Seq) -> Result<(), SqlError> {
        db.execute("UPDATE syncline_room SET archived = max(archived, ?1) WHERE id = 1", &[seq.into()])
    }
}
