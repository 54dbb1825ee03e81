//! An entry whose args were replaced on the server: they go here, too, and with them what was made of them.

use syncline_protocol::{Entry, Redacted, Seq};

use super::{Leader, LeaderError, Link, tables};
use crate::local::Epoch;
use crate::segment;
use crate::sql::nested;
use crate::{Sql, SqlError};

impl Leader {
    /// Stores the entry in place of the one with its seq. State and session start anew from the log, as
    /// rows may hold what is not to be held any more.
    pub(super) fn redacted(&mut self, db: &mut dyn Sql, redacted: Redacted) -> Result<(), LeaderError> {
        let Link::Up(_) = &self.link else { return Ok(()) };
        let Redacted { number, entry } = redacted;
        let start = segment::start(&*db)?;
        if entry.seq <= start && start > Seq::ZERO {
            // It is in the snapshot that the log begins with: the log is read again, as it is now. The
            // redaction is known here only once what holds its args is gone (together).
            let before = std::mem::replace(&mut self.redactions, number);
            self.read_again(db).inspect_err(|_| self.redactions = before)?;
            self.compare = None;
            return Ok(());
        }
        let found = segment::entry(&*db, entry.seq)?;
        let differs = match &found {
            Some((_, ours)) if !is_redaction_of(&entry, ours) => return Err(LeaderError::AnotherLog),
            Some((_, ours)) => *ours != entry,
            // Not read yet: it will come as it is now.
            None => false,
        };
        let epoch =
            if differs { Epoch::after(Some(&self.epoch), &self.config.fresh) } else { self.epoch.clone() };
        nested(db, |db| {
            if let Some((segment, _)) = found.filter(|_| differs) {
                segment::replace(db, &segment, &entry)?;
            }
            tables::put_facts(
                db,
                &tables::Facts { redactions: number, epoch: epoch.clone(), ..self.facts() },
            )?;
            Ok::<_, SqlError>(())
        })?;
        (self.redactions, self.epoch) = (number, epoch);
        // What was to be compared was a state that still had it.
        self.compare = None;
        if differs { Ok(self.restart_sessions(db)?) } else { Ok(()) }
    }
}

/// The same entry of the same log, with other args.
fn is_redaction_of(redacted: &Entry, entry: &Entry) -> bool {
    let header = |entry: &Entry| Entry { args: redacted.args.clone(), redacted: None, ..entry.clone() };
    header(redacted) == header(entry) && redacted.args_digest() == entry.args_digest()
}
