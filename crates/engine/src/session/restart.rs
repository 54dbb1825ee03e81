//! What becomes of a session when its log is another one than it was.

use syncline_protocol::{ClientId, Counter, Millis, Seq};

use super::{Confirmed, Effects, Pending, Session, SessionError};
use crate::local::{Epoch, FORMER_SESSION, Rejected, StateDue, Waiting};
use crate::sql::nested;
use crate::{Rewind, Sql, SqlError, load, state};

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
        let loaded = nested(&mut *db as &mut dyn Sql, |db| load::load(db, &self.rules, &parts));
        loaded.map_err(|error| match error.is_host() {
            true => SessionError::Host(error),
            false => SessionError::Snapshot(seq, error),
        })?;
        self.begin_at(db, now, seq)
    }

    /// Goes on from a state that the host has put in place of the session's database, the pending commits on top.
    ///
    /// # Errors
    /// [`SessionError::Gap`] where it is of another life of the log; [`SessionError::Host`].
    pub fn adopt(&mut self, db: &mut dyn Rewind, now: Millis, due: &StateDue) -> Result<(), SessionError> {
        if due.epoch != self.epoch {
            return Err(SessionError::Gap(self.cursor));
        }
        self.parts.clear();
        self.begin_at(db, now, due.seq)
    }

    fn begin_at(&mut self, db: &mut dyn Rewind, now: Millis, seq: Seq) -> Result<(), SessionError> {
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

    /// What a leader that has taken over knows of the other sessions' commits.
    pub(super) fn outbox(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        waiting: Vec<Waiting>,
        rejected: Vec<Rejected>,
    ) -> Result<(), SqlError> {
        // In the order of their counters, as the outbox is.
        let waits =
            |counter| waiting.binary_search_by_key(&counter, |waiting| waiting.commit.counter).is_ok();
        let (own, before) = (&self.id, self.pending.len());
        self.pending.retain(|pending| pending.session == *own || pending.counter.is_some_and(waits));
        self.rejected = rejected;
        let decided = self.pending.len() != before;
        self.waiting(db, now, waiting, decided)
    }

    /// Commits of other sessions wait, or such that had been confirmed, each before what gets its counter later.
    /// `stale`: the view is not that of the pending commits.
    pub(super) fn waiting(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        waiting: Vec<Waiting>,
        stale: bool,
    ) -> Result<(), SqlError> {
        let mut between = stale;
        for pending in waiting.into_iter().map(Pending::waiting) {
            if self.pending.iter().any(|other| other.counter == pending.counter) {
                continue;
            }
            let later = |other: &Pending| other.counter.is_none() || other.counter > pending.counter;
            self.rejected.retain(|rejected| Some(rejected.counter) != pending.counter);
            let place = self.pending.iter().position(later).unwrap_or(self.pending.len());
            between |= place < self.pending.len();
            self.pending.insert(place, pending);
            // On top of all others it applies as it is.
            if !between && let Some(last) = self.pending.back_mut() {
                last.apply(db, &self.rules, now)?;
            }
        }
        if between { self.rebase(db, now, &[]) } else { Ok(()) }
    }
}
