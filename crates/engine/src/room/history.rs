//! What tools read of a room: pages of the log as lines, and the state, now or as it was.

use serde_json::value::RawValue;
use syncline_protocol::{DecodeError, Seq};

use super::Room;
use crate::segment::{self, Segment};
use crate::{HostFailure, Past, Query, Sql, SqlError, dump};

/// About what is applied at once where a state is made for reading.
const STEP_BYTES: usize = 1 << 20;

/// Some entries of the log, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLines {
    /// The entries as JSON, each with a line feed after it.
    pub text: String,
    /// How many.
    pub entries: usize,
    /// The last of them; where there are none, the seq that was asked for.
    pub last: Seq,
}

/// Some whole commits of the log, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogText {
    /// The seq of their first entry.
    pub first: Seq,
    /// The seq of their last.
    pub last: Seq,
    /// Their entries as JSON, between commas.
    pub text: String,
}

impl Room {
    /// The stored texts that hold what is after a seq: about `bytes` of them, or one that is larger. The first
    /// may begin before it.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn log_texts(db: &dyn Query, after: Seq, bytes: usize) -> Result<Vec<LogText>, SqlError> {
        let segments = segment::page(db, after, bytes)?.into_iter();
        Ok(segments.map(|Segment { first, last, text, .. }| LogText { first, last, text }).collect())
    }

    /// The entries after a seq, at most `limit`, and about as many bytes as `bytes`. Whoever reads entry by
    /// entry may stop within a commit.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn log_lines(
        &self,
        db: &dyn Query,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> Result<LogLines, SqlError> {
        let mut lines = LogLines { text: String::new(), entries: 0, last: after };
        for segment in segment::page(db, after, bytes)? {
            let array = format!("[{}]", segment.text);
            let entries: Vec<&RawValue> =
                serde_json::from_str(&array).map_err(|error| damaged(&DecodeError::from(error)))?;
            let mut seq = segment.first;
            for entry in entries {
                if seq > after && lines.entries < limit {
                    // A line feed in JSON is white space: in a text it is written as `\\n`.
                    let line = entry.get();
                    if line.contains(['\n', '\r']) {
                        lines.text.push_str(&line.replace(['\n', '\r'], " "));
                    } else {
                        lines.text.push_str(line);
                    }
                    lines.text.push('\n');
                    lines.entries += 1;
                    lines.last = seq;
                }
                seq = seq.next();
            }
        }
        Ok(lines)
    }

    /// The state, as the lines of a snapshot: an object names a table and its columns, an array is one of its
    /// rows.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn state_lines(
        db: &dyn Query,
        line: &mut dyn FnMut(&str) -> Result<(), SqlError>,
    ) -> Result<(), SqlError> {
        dump::dump(db, line)
    }

    /// Makes the state as it was at a seq, in an empty database. A seq within a commit stands for the end of
    /// the one before it.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn state_at(&self, db: &dyn Query, at: Seq, empty: &mut dyn Sql) -> Result<(), SqlError> {
        let mut past = Past::begin(empty, self.rules)?;
        loop {
            let segments = segment::page(db, past.seq(), STEP_BYTES)?;
            let entries = segment::entries_after(&segments, past.seq())?;
            if !past.follow(empty, entries, at)? {
                return Ok(());
            }
        }
    }
}

fn damaged(error: &DecodeError) -> SqlError {
    SqlError::Host { failure: HostFailure::Corrupt, message: error.to_string() }
}
