//! Consumers: readers of the log with a durable place in it, for side effects once.
//!
//! A place is a seq and the chain there, so that it is never taken for one in another log. It moves only when
//! the app says that it has done with a commit: a commit whose effect was interrupted is delivered again.

use syncline_protocol::{Cursor, Entry, Limits, Seq};

use super::Leader;
use crate::segment;
use crate::{Query, Row, Sql, SqlError};

pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS syncline_consumers (
    name TEXT PRIMARY KEY,
    incarnation TEXT NOT NULL,
    seq INTEGER NOT NULL,
    chain TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Where a consumer begins that has no place yet, or has lost it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the first entry of the log.
    Start,
    /// With what comes after the log's head, once it is known.
    Head,
}

/// What there is for a consumer.
#[derive(Clone, Debug, PartialEq)]
pub enum Consumption {
    /// Nothing yet.
    Wait,
    /// Whole commits, in the order of the log, each with the place after it.
    Commits(Vec<(Vec<Entry>, Cursor)>),
    /// The log here does not go on from the consumer's place: it is another log now, or begins later.
    Missed {
        /// The consumer's place.
        at: Cursor,
        /// The first seq that can be delivered.
        first: Seq,
    },
}

impl Leader {
    /// What follows a consumer's place, which is made where there is none.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn consume(&self, db: &mut dyn Sql, name: &str, begin: Begin) -> Result<Consumption, SqlError> {
        let place = match place(&*db, name)? {
            Some(place) => place,
            None => match self.consume_from(db, name, begin)? {
                Some(place) => place,
                None => return Ok(Consumption::Wait),
            },
        };
        let Some(incarnation) = &self.incarnation else { return Ok(Consumption::Wait) };
        let start = segment::start(&*db)?;
        let missed = Consumption::Missed { at: place.clone(), first: start.next() };
        if place.incarnation != *incarnation || place.seq < start {
            return Ok(missed);
        }
        if place.seq > self.cursor {
            // It may be on its way again, after damage here.
            return Ok(if self.is_live() { missed } else { Consumption::Wait });
        }
        if segment::chain_at(&*db, place.seq)? != Some(place.chain) {
            return Ok(missed);
        }
        let segments = segment::page(&*db, place.seq, Limits::SEGMENT_BYTES)?;
        let mut chain = place.chain;
        let mut commits = Vec::new();
        for commit in segment::entries_after(&segments, place.seq)?.chunk_by(|entry, _| !entry.ends_commit())
        {
            for entry in commit {
                chain = chain.after(entry, &entry.args_digest());
            }
            let seq = commit.last().map_or(place.seq, |last| last.seq);
            commits.push((commit.to_vec(), Cursor { incarnation: incarnation.clone(), seq, chain }));
        }
        Ok(if commits.is_empty() { Consumption::Wait } else { Consumption::Commits(commits) })
    }

    /// Gives a consumer a place, whatever it had; none while it is not known where that is.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn consume_from(
        &self,
        db: &mut dyn Sql,
        name: &str,
        begin: Begin,
    ) -> Result<Option<Cursor>, SqlError> {
        let Some(incarnation) = self.incarnation.clone() else { return Ok(None) };
        let (seq, chain) = match begin {
            Begin::Start => (Seq::ZERO, syncline_protocol::Chain::GENESIS),
            Begin::Head if self.is_live() => (self.cursor, self.chain),
            Begin::Head => return Ok(None),
        };
        let place = Cursor { incarnation, seq, chain };
        put(db, name, &place)?;
        Ok(Some(place))
    }

    /// A consumer has done with everything up to a place. One that is at or behind where it stands, or in
    /// another log, says nothing new.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn consumed(&self, db: &mut dyn Sql, name: &str, upto: &Cursor) -> Result<(), SqlError> {
        db.execute(
            "UPDATE syncline_consumers SET seq = ?2, chain = ?3
                WHERE name = ?1 AND incarnation = ?4 AND seq < ?2",
            &[
                name.into(),
                upto.seq.into(),
                (&upto.chain.to_string()).into(),
                upto.incarnation.as_str().into(),
            ],
        )
    }
}

/// Whether a consumer of this log still needs an entry at or below a seq, which a snapshot does not hold.
pub(super) fn is_needed(db: &dyn Query, incarnation: &str, seq: Seq) -> Result<bool, SqlError> {
    let sql = "SELECT 1 FROM syncline_consumers WHERE incarnation = ?1 AND seq < ?2";
    db.exists(sql, &[incarnation.into(), seq.into()])
}

/// Every consumer's place: for the database that takes the place of a damaged one.
pub(super) fn all(db: &dyn Query) -> Result<Vec<(String, Cursor)>, SqlError> {
    let sql = "SELECT incarnation, seq, chain, name FROM syncline_consumers ORDER BY name";
    db.query(sql, &[])?.iter().map(|row| Ok((row.get(3)?, read(row)?))).collect()
}

pub(super) fn put(db: &mut dyn Sql, name: &str, place: &Cursor) -> Result<(), SqlError> {
    db.execute(
        "INSERT OR REPLACE INTO syncline_consumers (name, incarnation, seq, chain) VALUES (?1, ?2, ?3, ?4)",
        &[
            name.into(),
            place.incarnation.as_str().into(),
            place.seq.into(),
            (&place.chain.to_string()).into(),
        ],
    )
}

fn place(db: &dyn Query, name: &str) -> Result<Option<Cursor>, SqlError> {
    let sql = "SELECT incarnation, seq, chain FROM syncline_consumers WHERE name = ?1";
    db.first(sql, &[name.into()])?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Cursor, SqlError> {
    Ok(Cursor { incarnation: row.get(0)?, seq: row.get(1)?, chain: row.get(2)? })
}
