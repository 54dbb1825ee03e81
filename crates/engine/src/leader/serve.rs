//! What a session is told: what it starts from, and what it missed.

use std::collections::VecDeque;

use syncline_protocol::{Limits, Seq, SessionId};

use super::{Leader, tables};
use crate::local::{Epoch, Opened, Rejected, Told};
use crate::segment;
use crate::{Query, Rejection, SqlError};

impl Leader {
    /// What a session starts from, beside the state at `state`. The entries after that state follow
    /// through [`Leader::poll_session`], before anything else. Other sessions go on: each is told everything
    /// until [`Leader::session_ended`].
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn opened(&mut self, db: &dyn Query, session: &SessionId, state: Seq) -> Result<String, SqlError> {
        self.begin_session(session);
        self.tell_log(db, To::One(session), state)?;
        self.serve(db, session, state)
    }

    /// As [`Leader::opened`], for a session that lives already, and stands at a cursor of an epoch: it comes
    /// from a leader before this one.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn resumed(
        &mut self,
        db: &dyn Query,
        session: &SessionId,
        cursor: Seq,
        epoch: &Epoch,
    ) -> Result<String, SqlError> {
        self.begin_session(session);
        let to = To::One(session);
        // The former leader may have ended before it said so, and what the session hands over again may have
        // to wait for room on the disk: it has to know its commits' identities before it meets them in the log.
        self.tell(to, &Told::Renamed { client: self.client.clone() });
        let taken = tables::taken(db, session)?;
        if !taken.is_empty() {
            self.tell(to, &Told::Taken { session: session.clone(), taken });
        }
        if *epoch == self.epoch {
            self.tell_log(db, to, cursor)?;
        } else {
            self.restart(db, to)?;
        }
        for (counter, first, last) in tables::all_confirmed(db)? {
            // One that waits again was offered again.
            if !tables::is_waiting(db, counter)? {
                self.tell(to, &Told::Confirmed { counter, first, last });
            }
        }
        let opened = self.serve(db, session, cursor)?;
        // What other sessions have committed and heard meanwhile, and this one has not.
        let mut waiting = tables::all_waiting(db)?;
        waiting.retain(|waiting| waiting.session != *session);
        self.tell(to, &Told::Outbox { waiting, rejected: tables::all_rejected(db)? });
        Ok(opened)
    }

    fn serve(&mut self, db: &dyn Query, session: &SessionId, state: Seq) -> Result<String, SqlError> {
        // A session that lives already may have missed them; it ignores those that it knows.
        let rejected = tables::all_rejected(db)?;
        for Rejected { counter, code, message, .. } in &rejected {
            let why = Rejection { code: code.clone(), message: message.clone() };
            self.tell(To::One(session), &Told::Rejected { counter: *counter, why });
        }
        let opened = Opened {
            client: self.client.clone(),
            next: self.config.volatile.then_some(self.next),
            subject: self.config.subject.clone(),
            epoch: self.epoch.clone(),
            taken: tables::taken(db, session)?,
            pending: tables::all_waiting(db)?,
            rejected,
            state,
        };
        serde_json::to_string(&opened).map_err(|error| SqlError::refused(error.to_string()))
    }

    /// Whatever waited for a session of this id, from before, is void.
    fn begin_session(&mut self, session: &SessionId) {
        self.to_sessions.retain(|(id, _)| id != session);
        self.to_sessions.push((session.clone(), VecDeque::new()));
    }

    /// Everything that the sessions have of the log is void: they are told the log of today.
    pub(super) fn restart_sessions(&mut self, db: &dyn Query) -> Result<(), SqlError> {
        self.restart(db, To::All)
    }

    fn restart(&mut self, db: &dyn Query, to: To<'_>) -> Result<(), SqlError> {
        self.tell(to, &Told::Restarted { epoch: self.epoch.clone() });
        self.tell_log(db, to, Seq::ZERO)
    }

    pub(super) fn tell_log(&mut self, db: &dyn Query, to: To<'_>, mut after: Seq) -> Result<(), SqlError> {
        let start = segment::start(db)?;
        if after < start {
            self.tell_snapshot(db, to, start)?;
            after = start;
        }
        loop {
            let segments = segment::page(db, after, Limits::SEGMENT_BYTES)?;
            let Some(last) = segments.last() else { return Ok(()) };
            after = last.last;
            let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
            self.tell_entries(to, &texts.join(","));
        }
    }

    pub(super) fn tell(&mut self, to: To<'_>, told: &Told) {
        self.tell_text(to, || {
            serde_json::to_string(told).expect("a message has text keys and no failing serializer")
        });
    }

    pub(super) fn tell_entries(&mut self, to: To<'_>, segment: &str) {
        self.tell_text(to, || crate::local::encode_entries(segment));
    }

    fn tell_text(&mut self, to: To<'_>, text: impl FnOnce() -> String) {
        let told = self.to_sessions.iter_mut().filter(|(id, _)| match to {
            To::All => true,
            To::One(session) => id == session,
            To::Others(session) => id != session,
        });
        let mut queues: Vec<_> = told.map(|(_, queue)| queue).collect();
        let Some(last) = queues.pop() else { return };
        let text = text();
        queues.into_iter().for_each(|queue| queue.push_back(text.clone()));
        last.push_back(text);
    }
}

/// Whom of the living sessions something is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum To<'a> {
    All,
    One(&'a SessionId),
    Others(&'a SessionId),
}
