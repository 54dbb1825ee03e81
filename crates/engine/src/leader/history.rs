//! What a page reads of the log: its entries, and the state as it was.

use syncline_protocol::{Incarnation, Limits, Seq};

use super::{Leader, snapshot};
use crate::{Past, Query, Rules, Sql, SqlError, load, segment};

impl Leader {
    /// Where the log begins here: after the snapshot that it was begun from, or at its start.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn log_start(&self, db: &dyn Query) -> Result<Seq, SqlError> {
        segment::start(db)
    }

    /// Which life of the server's log this is; none before the first connection.
    #[must_use]
    pub const fn incarnation(&self) -> Option<&Incarnation> {
        self.incarnation.as_ref()
    }

    /// Whole commits after a seq, a JSON array of entries of which the first may be at or below it: about as
    /// many as one message of the server has, and none at the end of the log.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn log_part(&self, db: &dyn Query, after: Seq) -> Result<String, SqlError> {
        let segments = segment::page(db, after, Limits::SEGMENT_BYTES)?;
        let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
        Ok(format!("[{}]", texts.join(",")))
    }

    /// The state where the log begins, in an empty database, to be followed from there.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn past(&self, db: &dyn Query, rules: Rules, empty: &mut dyn Sql) -> Result<Past, SqlError> {
        let start = segment::start(db)?;
        if start == Seq::ZERO {
            return Past::begin(empty, rules);
        }
        load::load(empty, &rules, &snapshot::parts(db)?)?;
        Ok(Past::at(rules, start))
    }
}
