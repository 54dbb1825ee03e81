//! Redaction: the args of an entry are replaced, for good, where they should never have been logged. The
//! log stays the same log, as its chain runs over the digest of the args that were there.

use syncline_protocol::{Args, Entry, RawEvent, Redacted, RedactionNumber, Rejection, Seq, ServerMessage};
use thiserror::Error;

use super::rebuild::Standing;
use super::{Output, Room, rebuild};
use crate::segment;
use crate::sql::nested;
use crate::{Query, Sql, SqlError};

/// One row for each redacted entry: its last redaction stands for those before.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_redactions (
    number INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE,
    archived INTEGER NOT NULL
) STRICT";

pub(super) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.run_script(TABLE)
}

/// Why args were not replaced; nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RedactError {
    /// The log has no such entry.
    #[error("there is no entry {0}")]
    NoSuchEntry(Seq),
    /// The model could not make the state anew with these args.
    #[error("the model does not take these args: {0}")]
    Undecodable(Rejection),
    /// They are larger than a commit may be.
    #[error("the args have {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Their size.
        bytes: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The host failed.
    #[error(transparent)]
    Host(#[from] SqlError),
}

impl Room {
    /// Replaces the args of an entry: in the log at once; in the state, which is made anew from it as
    /// after an upgrade, so that the host looks at [`Room::is_rebuilding`]; and in the archive with its
    /// next pages. What it returns tells live clients; the others are told when they connect. To replace
    /// args by those that are there does nothing.
    ///
    /// # Errors
    /// [`RedactError`].
    pub fn redact(&mut self, db: &mut dyn Sql, seq: Seq, args: Args) -> Result<Vec<Output>, RedactError> {
        let (bytes, limit) = (args.get().len(), self.config.limits.commit_bytes);
        if bytes > limit {
            return Err(RedactError::TooLarge { bytes, limit });
        }
        let Some((segment, entry)) = segment::entry(&*db, seq)? else {
            return Err(RedactError::NoSuchEntry(seq));
        };
        if entry.args == args {
            return Ok(Vec::new());
        }
        let event = RawEvent { name: entry.name.clone(), args: args.clone() };
        if let Err(why) = self.rules.decodes(event)
            // What the model does not decode as it is, is in the quarantine, and stays there.
            && self.rules.decodes(entry.event()).is_ok()
        {
            return Err(RedactError::Undecodable(why));
        }
        let redacted = entry.redact(args);
        let number = nested(db, |db| {
            segment::replace(db, &segment, &redacted)?;
            rebuild::begin(db, &self.rules)?;
            number(db, seq)
        })?;
        (self.standing, self.snapshot) = (Standing::Behind(Seq::ZERO), Seq::ZERO);
        // Why a step cannot be made is for its next caller: the log is what counts.
        let _ = self.rebuild_step(db);
        Ok(vec![Output::Publish(frame(number, redacted))])
    }

    /// What a client that has the log up to a seq lacks of the redactions, and the number of the last one.
    /// Of what it has not read yet it learns only that number: it will read it as it is.
    pub(super) fn redactions(
        db: &dyn Query,
        known: RedactionNumber,
        read: Seq,
    ) -> Result<(Vec<Output>, RedactionNumber), SqlError> {
        // A client may know of more than a restored server.
        let newest: Option<RedactionNumber> =
            db.value("SELECT max(number) FROM syncline_redactions", &[])?.flatten();
        let known = if newest.unwrap_or_default() < known { RedactionNumber::NONE } else { known };
        let rows = db.query(
            "SELECT number, seq FROM syncline_redactions
                WHERE number > ?1 AND (seq <= ?2 OR number = (SELECT max(number) FROM syncline_redactions))
                ORDER BY number",
            &[known.into(), read.into()],
        )?;
        let mut last = known;
        let mut outputs = Vec::with_capacity(rows.len());
        for row in rows {
            last = row.get(0)?;
            if let Some((_, entry)) = segment::entry(db, row.get(1)?)? {
                outputs.push(Output::Reply(frame(last, entry)));
            }
        }
        Ok((outputs, last))
    }
}

/// Redacted entries that the archive has as they were: at most so many bytes of args, but at least one.
pub(super) fn unarchived(
    db: &dyn Query,
    archived: Seq,
    bytes: usize,
) -> Result<Option<(RedactionNumber, Vec<Entry>)>, SqlError> {
    let sql = "SELECT number, seq FROM syncline_redactions WHERE archived = 0 AND seq <= ?1 ORDER BY number";
    let (mut last, mut entries, mut size) = (None, Vec::new(), 0);
    for row in db.query(sql, &[archived.into()])? {
        let Some((_, entry)) = segment::entry(db, row.get(1)?)? else {
            continue;
        };
        size += entry.args.get().len();
        if last.is_some() && size > bytes {
            break;
        }
        last = Some(row.get(0)?);
        entries.push(entry);
    }
    Ok(last.map(|last| (last, entries)))
}

/// The archive has the redactions up to a number, of entries up to a seq.
pub(super) fn put_archived(db: &mut dyn Sql, number: RedactionNumber, seq: Seq) -> Result<(), SqlError> {
    let sql = "UPDATE syncline_redactions SET archived = 1 WHERE number <= ?1 AND seq <= ?2";
    db.execute(sql, &[number.into(), seq.into()])
}

/// The archive begins anew, and so gets every entry as it is.
pub(super) fn all_archived(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("UPDATE syncline_redactions SET archived = 1", &[])
}

fn frame(number: RedactionNumber, entry: Entry) -> String {
    ServerMessage::Redacted(Redacted { number, entry }).encode()
}

fn number(db: &mut dyn Sql, seq: Seq) -> Result<RedactionNumber, SqlError> {
    let last: Option<RedactionNumber> =
        db.value("SELECT max(number) FROM syncline_redactions", &[])?.flatten();
    let number = last.unwrap_or_default().next();
    db.execute("DELETE FROM syncline_redactions WHERE seq = ?1", &[seq.into()])?;
    let sql = "INSERT INTO syncline_redactions (number, seq, archived) VALUES (?1, ?2, 0)";
    db.execute(sql, &[number.into(), seq.into()])?;
    Ok(number)
}
