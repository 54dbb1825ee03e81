//! How entries of the log meet the pending commits.

use syncline_protocol::{Digest, Entry, Millis, RawEvent};

use super::{CONFIRMED_ABOVE, Confirmed, Effects, Pending, Session, SessionError};
use crate::mutation::{Mutation, is_on};
use crate::sql::nested;
use crate::state::{admit_commit, apply_history};
use crate::{Refusal, Rewind, Rules, Sql, SqlError};

impl Session {
    /// Takes entries of the log: those that confirm pending commits in order cost nothing; at the
    /// first that does not, the rest is a rebase.
    pub(super) fn follow(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        mut entries: Vec<Entry>,
        effects: &mut Effects,
    ) -> Result<(), SessionError> {
        entries.retain(|entry| entry.seq > self.cursor);
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(());
        };
        if first.seq != self.cursor.next() {
            return Err(SessionError::Gap(self.cursor));
        }
        let cursor = last.seq;

        let mut rest = entries.as_slice();
        while let Some(commit) = rest.chunk_by(|entry, _| !entry.ends_commit()).next() {
            let next = self.pending.iter().position(|pending| pending.conflicted.is_none());
            let next = if is_on(Mutation::ConfirmedOutOfOrder) {
                (0..self.pending.len()).find(|place| self.is_pending_at(*place, commit))
            } else {
                next
            };
            // The state has the args that were committed, so one whose args were replaced is no match here.
            let is_as_committed = commit.iter().all(|entry| entry.redacted.is_none());
            let next = next.filter(|place| is_as_committed && self.is_pending_at(*place, commit));
            let Some(place) = next else {
                break;
            };
            self.confirm(place, commit, effects);
            self.confirmed_above.extend_from_slice(commit);
            rest = rest.get(commit.len()..).unwrap_or_default();
        }
        if !rest.is_empty() {
            for commit in rest.chunk_by(|entry, _| !entry.ends_commit()) {
                let place = (0..self.pending.len()).find(|place| self.is_pending_at(*place, commit));
                if let Some(place) = place {
                    self.confirm(place, commit, effects);
                }
            }
            self.rebase(db, now, rest)?;
        } else if self.pending.is_empty() {
            self.confirmed_above.clear();
            db.set_point()?;
        } else if self.confirmed_above.len() > CONFIRMED_ABOVE {
            self.rebase(db, now, &[])?;
        }
        self.cursor = cursor;
        Ok(())
    }

    /// Whether a commit of the log is this pending one: client and counter match, and what it says. Texts
    /// are compared as they are, which is what a digest stands for.
    fn is_pending_at(&self, place: usize, commit: &[Entry]) -> bool {
        let (Some(pending), Some(first)) = (self.pending.get(place), commit.first()) else { return false };
        let events = &pending.commit.events;
        first.client == self.client
            && pending.counter == Some(first.counter)
            && (is_on(Mutation::ConfirmedUnread)
                || first.author == pending.commit.author
                    && commit.len() == events.len()
                    && commit
                        .iter()
                        .zip(events)
                        .all(|(entry, event)| entry.name == event.name && says(entry, event)))
    }

    fn confirm(&mut self, place: usize, commit: &[Entry], effects: &mut Effects) {
        let (Some(pending), Some(first), Some(last)) =
            (self.pending.remove(place), commit.first(), commit.last())
        else {
            return;
        };
        if pending.session == self.id {
            effects.confirmed.push(Confirmed { number: pending.number, first: first.seq, last: last.seq });
        }
    }

    /// Back to the point, the confirmed entries applied, the point moved above them, the pending
    /// commits applied again.
    pub(super) fn rebase(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        entries: &[Entry],
    ) -> Result<(), SqlError> {
        if !is_on(Mutation::PointNotRewound) {
            db.rewind()?;
        }
        apply_history(db, &self.rules, &self.confirmed_above)?;
        apply_history(db, &self.rules, entries)?;
        db.set_point()?;
        self.confirmed_above.clear();
        self.apply_pending(db, now)
    }

    /// A pending commit that does not apply is conflicted, and left out of the view until its verdict.
    pub(super) fn apply_pending(&mut self, db: &mut dyn Rewind, now: Millis) -> Result<(), SqlError> {
        let all = if is_on(Mutation::RebaseSkipsPending) { 0 } else { usize::MAX };
        self.pending.iter_mut().take(all).try_for_each(|pending| pending.apply(db, &self.rules, now))
    }
}

impl Pending {
    /// One that does not apply is conflicted.
    pub(super) fn apply(&mut self, db: &mut dyn Rewind, rules: &Rules, now: Millis) -> Result<(), SqlError> {
        let Self { commit, conflicted, .. } = self;
        let admitted = nested(&mut *db as &mut dyn Sql, |db| {
            admit_commit(db, rules, now, &commit.author, &commit.events)
        });
        *conflicted = match admitted {
            Ok(()) => None,
            Err(Refusal::Rejected(why)) => Some(why),
            Err(Refusal::Host(error)) => return Err(error),
        };
        Ok(())
    }
}

/// Whether an entry had these args when it was logged.
fn says(entry: &Entry, event: &RawEvent) -> bool {
    match entry.redacted {
        None => entry.args == event.args,
        Some(digest) => digest == Digest::of(event.args.get().as_bytes()),
    }
}
