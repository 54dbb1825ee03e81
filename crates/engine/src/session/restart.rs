//! What becomes of a session when its log is another one than it was.

use syncline_protocol::{ClientId, Counter, Millis, Seq};

use super::{Confirmed, Effects, Pending, Session, SessionError};
use crate::local::{Epoch, FORMER_SESSION, Waiting};
use crate::sql::nested;
use crate::{Rewind, Sql, SqlError, dump, state};

/// Where a commit stands in the log.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) first: Seq,
    pub(super) last: Seq,
}

impl Session {
    /// The state starts from nothing; the pending commits stay, and are applied as soon as they can be.
    pub(super) fn restart(&mut self, db: &mut dyn Rewind, now: Millis, epoch: Epoch) -> Result<(), SqlError> {
        db.rewind()?;
        state::drop_all(db)?;
        state::create(db, &self.rules)?;
        db.set_point()?;
        self.confirmed_above.clear();
        self.parts.clear();
        self.cursor = Seq::ZERO;
        self.epoch = epoch;
        self.apply_pending(db, now)
    }

    /// The state at a seq in place of the log up to there, once its last part is here.
    pub(super) fn snapshot(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        seq: Seq,
    ) -> Result<(), SessionError> {
        let parts = std::mem::take(&mut self.parts);
        db.rewind()?;
        let loaded = nested(&mut *db as &mut dyn Sql, |db| dump::load(db, &self.rules, &parts));
        loaded.map_err(|error| match error.is_host() {
            true => SessionError::Host(error),
            false => SessionError::Snapshot(seq, error),
        })?;
        db.set_point()?;
        self.confirmed_above.clear();
        self.cursor = seq;
        Ok(self.apply_pending(db, now)?)
    }

    /// A pending commit is in the log, where this session has not met it: the state has it already.
    pub(super) fn confirmed(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        counter: Counter,
        place: Place,
        effects: &mut Effects,
    ) -> Result<(), SqlError> {
        let Some(pending) = self.take_pending(counter) else {
            return Ok(());
        };
        if pending.session == self.id {
            let Place { first, last } = place;
            effects.confirmed.push(Confirmed { number: pending.number, first, last });
        }
        self.rebase(db, now, &[])
    }

    /// The leader has withdrawn what it had offered again under the id before.
    pub(super) fn renamed(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        client: ClientId,
    ) -> Result<(), SqlError> {
        let before = self.pending.len();
        if client != self.client {
            self.pending.retain(|pending| pending.session.as_str() != FORMER_SESSION);
        }
        self.client = client;
        if self.pending.len() == before { Ok(()) } else { self.rebase(db, now, &[]) }
    }

    /// Commits that had been confirmed wait again, before what was committed since.
    pub(super) fn offered(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        waiting: Vec<Waiting>,
    ) -> Result<(), SqlError> {
        for pending in waiting.into_iter().map(Pending::waiting) {
            let later = |other: &Pending| other.counter.is_none() || other.counter > pending.counter;
            self.rejected.retain(|rejected| Some(rejected.counter) != pending.counter);
            let place = self.pending.iter().position(later).unwrap_or(self.pending.len());
            self.pending.insert(place, pending);
        }
        self.rebase(db, now, &[])
    }
}
