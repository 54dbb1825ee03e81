//! What sessions were told: it must be so.

use syncline_engine::protocol::SessionId;
use syncline_engine::{Effects, Query, Rejected};

use super::{CommitNo, Committed, Decided, Oracle, Violation, promise};
use crate::tally::{Event, Tally};

impl Oracle {
    /// true-receipt, for what a message of the leader came to in a session.
    pub(crate) fn told(
        &mut self,
        session: &SessionId,
        effects: &Effects,
        outbox: &dyn Fn(&Committed) -> Result<bool, Violation>,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        for number in &effects.persisted {
            let Some(no) = self.by_number(session, *number) else {
                return Err(Violation::new("true-receipt", format!("{session} never made {number}")));
            };
            // It has left the outbox: then it is decided.
            let kept = self.is_decided(no) || self.commit(no).map(outbox).transpose()? == Some(true);
            promise!("true-receipt", kept, "{} is told persisted, and is not", self.name(no));
            if let Some(commit) = self.commits.get_mut(no.0) {
                commit.persisted = true;
            }
            tally.add(Event::Persisted);
        }
        for confirmed in &effects.confirmed {
            let Some(no) = self.by_number(session, confirmed.number) else {
                return Err(Violation::new(
                    "true-receipt",
                    format!("{session} never made {}", confirmed.number),
                ));
            };
            let expected = Decided::Accepted { first: confirmed.first, last: confirmed.last };
            let decided = self.mirror.decided.get(&no);
            promise!(
                "true-receipt",
                self.has_decided(no, &expected),
                "{} is told confirmed as {confirmed:?}, and is {decided:?}",
                self.name(no)
            );
            let lives = self.former.len();
            if let Some(commit) = self.commits.get_mut(no.0) {
                let once = !commit.confirmed || lives > 0;
                promise!("exactly-once", once, "{commit} is told confirmed twice");
                commit.confirmed = true;
            }
            tally.add(Event::Confirmed);
        }
        for rejected in &effects.rejected {
            let first = rejected.events.first().and_then(|event| self.commit_of_event(event.args.get()));
            let Some(no) = first else {
                let what = format!("nobody made {} of {}", rejected.number, rejected.session);
                return Err(Violation::new("true-receipt", what));
            };
            let decided = self.mirror.decided.get(&no);
            promise!(
                "true-receipt",
                self.has_decided(no, &Decided::Rejected(rejected.code.clone())),
                "{} is told rejected with {}, and is {decided:?}",
                self.name(no),
                rejected.code
            );
            if let Some(commit) = self.commits.get_mut(no.0) {
                commit.told_rejected = true;
            }
        }
        Ok(())
    }

    /// A session that opens shows what was rejected before.
    pub(crate) fn shown(&mut self, rejections: &[Rejected]) {
        for rejected in rejections {
            let first = rejected.events.first().and_then(|event| self.commit_of_event(event.args.get()));
            if let Some(commit) = first.and_then(|no| self.commits.get_mut(no.0)) {
                commit.told_rejected = true;
            }
        }
    }

    fn is_decided(&self, no: CommitNo) -> bool {
        self.former.iter().chain([&self.mirror]).any(|life| life.decided.contains_key(&no))
    }
}

impl Committed {
    /// Whether a client's disk has it: in the outbox, or among the rejected.
    pub(crate) fn is_kept(&self, log: &dyn Query) -> Result<bool, Violation> {
        let key = [self.session.as_str().into(), self.number.into()];
        for table in ["syncline_outbox", "syncline_rejected"] {
            let sql = format!("SELECT 1 FROM {table} WHERE session = ?1 AND number = ?2");
            if log.exists(&sql, &key).map_err(|error| Violation::new("always-boots", error.to_string()))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
