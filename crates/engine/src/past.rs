//! The state as it was: made from the log, a part at a time.

use syncline_protocol::{Entry, Seq};

use crate::sql::nested;
use crate::{Rules, Sql, SqlError, segment, state};

/// How far a state of its own has come, that is made from the log up to some seq and then read.
#[derive(Clone, Debug)]
pub struct Past {
    rules: Rules,
    seq: Seq,
}

impl Past {
    /// Begins before the first entry, in an empty database.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn begin(empty: &mut dyn Sql, rules: Rules) -> Result<Self, SqlError> {
        state::create(empty, &rules)?;
        Ok(Self::at(rules, Seq::ZERO))
    }

    /// Goes on from a state that a database holds.
    #[must_use]
    pub const fn at(rules: Rules, seq: Seq) -> Self {
        Self { rules, seq }
    }

    /// The last entry that is in the state.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// Applies the whole commits among entries that follow, and returns whether more are needed. A seq within
    /// a commit stands for the end of the one before it.
    ///
    /// # Errors
    /// [`SqlError`]; nothing of these entries is applied then.
    pub fn follow(&mut self, db: &mut dyn Sql, mut entries: Vec<Entry>, upto: Seq) -> Result<bool, SqlError> {
        let more = entries.last().is_some_and(|last| last.seq < upto);
        entries.retain(|entry| self.seq < entry.seq && entry.seq <= upto);
        while entries.last().is_some_and(|entry| !entry.ends_commit()) {
            entries.pop();
        }
        if let [first, .., last] | [first @ last] = entries.as_slice() {
            if first.seq != self.seq.next() {
                return Err(segment::damage(format!("{} does not follow {}", first.seq, self.seq)));
            }
            nested(db, |db| state::apply_history(db, &self.rules, &entries))?;
            self.seq = last.seq;
        }
        Ok(more)
    }
}
