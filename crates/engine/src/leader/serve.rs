//! What a session is told: what it starts from, and what it missed.

use syncline_protocol::{Limits, Seq, SessionId};

use super::{Leader, tables};
use crate::local::{Epoch, Opened, Rejected, Told};
use crate::segment;
use crate::{Query, Rejection, SqlError};

impl Leader {
    /// What a session starts from, beside the state at `state`. The entries after that state follow
    /// through [`Leader::poll_session`], before anything else.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn opened(&mut self, db: &dyn Query, session: &SessionId, state: Seq) -> Result<String, SqlError> {
        self.to_session.clear();
        self.tell_log(db, state)?;
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
        self.to_session.clear();
        // The former leader may have ended before it said so, and what the session hands over again may have
        // to wait for room on the disk: it has to know its commits' identities before it meets them in the log.
        self.tell(&Told::Renamed { client: self.client.clone() });
        let taken = tables::taken(db, session)?;
        if !taken.is_empty() {
            self.tell(&Told::Taken { session: session.clone(), taken });
        }
        if *epoch == self.epoch {
            self.tell_log(db, cursor)?;
        } else {
            self.restart_session(db)?;
        }
        for (counter, first, last) in tables::all_confirmed(db)? {
            // One that waits again was offered again.
            if !tables::is_waiting(db, counter)? {
                self.tell(&Told::Confirmed { counter, first, last });
            }
        }
        self.serve(db, session, cursor)
    }

    fn serve(&mut self, db: &dyn Query, session: &SessionId, state: Seq) -> Result<String, SqlError> {
        // A session that lives already may have missed them; it ignores those that it knows.
        let rejected = tables::all_rejected(db)?;
        for Rejected { counter, code, message, .. } in &rejected {
            let why = Rejection { code: code.clone(), message: message.clone() };
            self.tell(&Told::Rejected { counter: *counter, why });
        }
        self.serving = Some(session.clone());
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

    /// Everything that the session has of the log is void: it is told the log of today.
    pub(super) fn restart_session(&mut self, db: &dyn Query) -> Result<(), SqlError> {
        self.tell(&Told::Restarted { epoch: self.epoch.clone() });
        self.tell_log(db, Seq::ZERO)
    }

    pub(super) fn tell_log(&mut self, db: &dyn Query, mut after: Seq) -> Result<(), SqlError> {
        let start = segment::start(db)?;
        if after < start {
            self.tell_snapshot(db, start)?;
            after = start;
        }
        loop {
            let segments = segment::page(db, after, Limits::SEGMENT_BYTES)?;
            let Some(last) = segments.last() else { return Ok(()) };
            after = last.last;
            let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
            self.tell_entries(&texts.join(","));
        }
    }

    pub(super) fn tell(&mut self, told: &Told) {
        let text = serde_json::to_string(told).expect("a message has text keys and no failing serializer");
        self.to_session.push_back(text);
    }

    pub(super) fn tell_entries(&mut self, segment: &str) {
        self.to_session.push_back(crate::local::encode_entries(segment));
    }
}
