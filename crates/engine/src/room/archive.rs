//! What the archive still has to get: the log's tail, as rows for a database beside the room.

use syncline_protocol::{Entry, Incarnation, RedactionNumber, Seq};

use super::{Room, redact, release, tables};
use crate::segment;
use crate::{Query, Sql, SqlError};

/// A statement's parameter may have 2 MB in D1; args are escaped once more, which at worst doubles them.
const PAGE_BYTES: usize = 512 << 10;

/// Entries that go to the archive in one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivePage {
    /// Which life of the log.
    pub incarnation: Incarnation,
    /// What the archive had before it.
    pub after: Seq,
    /// The last of them.
    pub last: Seq,
    /// The head of the log.
    pub head: Seq,
    /// A JSON array of `[seq, client, counter, index, author, time, name, args, digest]`, args as a text;
    /// digest, of the args that the client wrote, where they were redacted.
    pub rows: String,
    /// Where the rows are redacted entries that the archive has as they were, and is to replace: the last
    /// redaction among them. Else it has none of the rows, or has them by a batch that was cut off.
    pub redacted: Option<RedactionNumber>,
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
        if let Some((number, entries)) = redact::unarchived(db, facts.archived, PAGE_BYTES)? {
            return self.rows((facts.archived, facts.archived), &entries, Some(number)).map(Some);
        }
        let mut after = facts.archived;
        let segments = loop {
            match segment::page(db, after, PAGE_BYTES) {
                // The archive has them, and they are nowhere else.
                Err(error) if error.released().is_some() => after = release::end(db, after)?,
                page => break page?,
            }
        };
        let entries = segment::entries_after(&segments, after)?;
        match entries.last() {
            Some(last) => {
                let last = release::end(db, last.seq)?;
                self.rows((facts.archived, last), &entries, None).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Which life of the log a database holds, and its head, without opening the room; none where there was
    /// never one.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn life(db: &dyn Query) -> Result<Option<(Incarnation, Seq)>, SqlError> {
        if !db.exists("SELECT 1 FROM sqlite_master WHERE name = 'syncline_room'", &[])? {
            return Ok(None);
        }
        let Some(facts) = tables::facts(db)? else {
            return Ok(None);
        };
        Ok(Some((facts.incarnation, segment::head(db)?.0)))
    }

    /// The archive knows entries of this life that the log does not have: it was restored from a backup.
    /// What it goes on with is another life of it, which the archive gets from its beginning. Clients have
    /// followed the former one: the host closes their sockets, and they learn it when they connect.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn restored(&mut self, db: &mut dyn Sql, fresh: Incarnation) -> Result<(), SqlError> {
        Self::begin_another_life(db, &fresh)?;
        self.incarnation = fresh;
        Ok(())
    }

    fn rows(
        &self,
        (after, last): (Seq, Seq),
        entries: &[Entry],
        redacted: Option<RedactionNumber>,
    ) -> Result<ArchivePage, SqlError> {
        let rows: Vec<_> = entries
            .iter()
            .map(|e| {
                let args = e.args.get();
                (e.seq, &e.client, e.counter, e.index, &e.author, e.time, &e.name, args, e.redacted)
            })
            .collect();
        let rows = serde_json::to_string(&rows).map_err(|error| SqlError::refused(error.to_string()))?;
        Ok(ArchivePage {
            incarnation: self.incarnation.clone(),
            after,
            last,
            head: self.head,
            rows,
            redacted,
        })
    }

    /// Notes that the archive has a page.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn archived(&mut self, db: &mut dyn Sql, page: &ArchivePage) -> Result<(), SqlError> {
        if page.incarnation != self.incarnation {
            return Ok(());
        }
        match page.redacted {
            Some(number) => redact::put_archived(db, number, page.last),
            None => db.execute(
                "UPDATE syncline_room SET archived = max(archived, ?1) WHERE id = 1 AND archived >= ?2",
                &[page.last.into(), page.after.into()],
            ),
        }
    }

    /// The archive has lost something: it gets the log again, from the first entry that is here. What it has, it
    /// keeps; a page that is on its way counts for nothing. Returns the last entry before that.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn archive_again(&self, db: &mut dyn Sql) -> Result<Seq, SqlError> {
        let begun = release::end(&*db, Seq::ZERO)?;
        db.execute("UPDATE syncline_room SET archived = ?1 WHERE id = 1", &[begun.into()])?;
        Ok(begun)
    }
}
