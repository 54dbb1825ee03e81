//! A state of other tables is made anew from the log, in bounded steps: a host that may not work for
//! long at a time gets there, too. Clients read on meanwhile; only pushes wait.

use syncline_protocol::{Code, ErrorFrame, Seq};

use super::{Failure, Room, snapshot, tables};
use crate::sql::nested;
use crate::{Rules, Sql, SqlError, quarantine, segment, state};

/// About what one step applies: some thousand events, well below a second of work on every host.
const STEP_BYTES: usize = 1 << 20;

/// How long a client waits before it pushes again.
const RETRY_AFTER_MS: u32 = 1_000;

/// Where the state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    AtHead,
    /// It is made anew, and has come so far.
    Behind(Seq),
    /// What is there is of other tables, or of a model that knew less.
    Outdated,
}

/// Where a state of the model's own tables stands.
pub(super) fn standing(db: &mut dyn Sql, rules: &Rules) -> Result<Standing, SqlError> {
    // always-boots: what cannot be read of an old commit now keeps no room closed.
    if quarantine::is_outgrown(db, None, rules).unwrap_or_default() {
        return Ok(Standing::Outdated);
    }
    Ok(tables::behind(db)?.map_or(Standing::AtHead, Standing::Behind))
}

impl Room {
    /// Whether the state is behind the log, because it is being made anew: then the host calls
    /// [`Room::rebuild_step`] between inputs until it says that it is done.
    #[must_use]
    pub const fn is_rebuilding(&self) -> bool {
        !matches!(self.standing, Standing::AtHead)
    }

    /// Applies the next part of the log to the state, in a transaction with how far it has come
    /// (together). Returns whether the state has met the head.
    ///
    /// # Errors
    /// [`SqlError`] of the host: the step is as if it had not been.
    pub fn rebuild_step(&mut self, db: &mut dyn Sql) -> Result<bool, SqlError> {
        let after = match self.standing {
            Standing::AtHead => return Ok(true),
            Standing::Behind(seq) => seq,
            Standing::Outdated => {
                nested(db, |db| begin(db, &self.rules))?;
                self.snapshot = Seq::ZERO;
                Seq::ZERO
            }
        };
        let segments = segment::page(db, after, STEP_BYTES)?;
        let (mut reached, head) = (after, self.head);
        let left = |seq: Seq| (seq < head).then_some(seq);
        let done = if segments.is_empty() {
            tables::put_behind(db, None)
        } else {
            let note = |db: &mut dyn Sql, seq| tables::put_behind(db, left(seq));
            let entries = segment::entries_after(&segments, after)?;
            self.history.apply(db, &self.rules, &entries, &mut reached, &note)
        };
        self.standing = left(reached).map_or(Standing::AtHead, Standing::Behind);
        done.map(|()| !self.is_rebuilding())
    }

    pub(super) fn refuse_while_rebuilding(&self) -> Result<(), Failure> {
        let seq = match self.standing {
            Standing::AtHead => return Ok(()),
            Standing::Behind(seq) => seq,
            Standing::Outdated => Seq::ZERO,
        };
        let message = format!("the state is made anew, and has {seq} of {} entries", self.head);
        Err(ErrorFrame { retry_after_ms: Some(RETRY_AFTER_MS), ..ErrorFrame::new(Code::Rebuilding, message) }
            .into())
    }
}

/// Empties the state, for the model's tables; it is behind the log from then on. Whatever it was
/// before, finished or not, does not matter.
pub(super) fn begin(db: &mut dyn Sql, rules: &Rules) -> Result<(), SqlError> {
    state::drop_all(db)?;
    state::create(db, rules)?;
    snapshot::discard(db)?;
    tables::put_schema_hash(db, &rules.schema_hash()?)?;
    tables::put_behind(db, Some(Seq::ZERO))
}
