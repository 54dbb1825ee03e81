//! From the sessions into the outbox.

use syncline_protocol::{Commit, CommitDigest, Counter, SessionId};

use super::serve::To;
use super::{Leader, LeaderError, tables};
use crate::Sql;
use crate::local::{HandOver, HandedCommit, Taken, Told, Waiting};
use crate::mutation::{Mutation, is_on, together};

/// What a hand-over came to.
struct Took {
    taken: Vec<Taken>,
    /// What is in the outbox only now.
    new: Vec<Waiting>,
    dismissed: Vec<Counter>,
    next: Counter,
}

impl Leader {
    /// Takes commits of a session into the outbox, each once, however often it is handed over. When it
    /// returns they are durable, and the session is told so.
    ///
    /// # Errors
    /// [`LeaderError`]; nothing of the message is taken then.
    pub fn hand_over(&mut self, db: &mut dyn Sql, message: &str) -> Result<(), LeaderError> {
        let message: HandOver = serde_json::from_str(message)?;
        if let Some(commit) = message.commits.iter().find(|commit| commit.author != self.config.subject) {
            return Err(LeaderError::AnotherAuthor(commit.author.clone()));
        }
        let Took { taken, new, dismissed, next } =
            together(Mutation::HandOverTorn, db, |db| self.take(db, &message))?;
        self.next = next;
        let HandOver { session, .. } = message;
        if !taken.is_empty() {
            self.tell(To::One(&session), &Told::Taken { session: session.clone(), taken });
        }
        if !new.is_empty() {
            self.tell(To::Others(&session), &Told::Waiting(new));
        }
        if !dismissed.is_empty() {
            self.tell(To::Others(&session), &Told::Dismissed(dismissed));
        }
        self.push(db)?;
        Ok(())
    }

    fn take(&self, db: &mut dyn Sql, message: &HandOver) -> Result<Took, LeaderError> {
        let session = &message.session;
        let mut new = Vec::new();
        let mut next = self.next;
        let mut last = tables::last_taken(db, session)?;
        let mut taken = Vec::with_capacity(message.commits.len());
        for commit in &message.commits {
            let number = commit.number;
            if number <= last && !is_on(Mutation::ResendTakenAgain) {
                taken.push(Taken { number, counter: tables::counter_of(db, session, number)? });
                continue;
            }
            let counter = self.counter_of(message, commit, next)?;
            let commit = Commit {
                counter,
                author: commit.author.clone(),
                model_version: commit.model_version,
                events: commit.events.clone(),
            };
            let digest = CommitDigest::of(&commit).to_string();
            let waiting = Waiting { session: session.clone(), number, commit };
            if !is_on(Mutation::AckWithoutOutbox) {
                tables::put_waiting(db, &waiting, &digest)?;
            }
            new.push(waiting);
            let now_taken = Taken { number, counter: Some(counter) };
            tables::put_taken(db, session, now_taken)?;
            taken.push(now_taken);
            next = counter.next();
            last = number;
        }
        if next != self.next && !is_on(Mutation::CounterReused) {
            tables::put_facts(db, &tables::Facts { next, ..self.facts() })?;
        }
        tables::forget_taken(db, session, message.acknowledged)?;
        let mut dismissed = Vec::with_capacity(message.dismissed.len());
        for counter in &message.dismissed {
            // A session that lives may not have been told yet that its commit was rejected: it dismisses it itself.
            let by = tables::rejected_by(db, *counter)?;
            if by.is_none_or(|by| by == *session || !self.serves(&by)) {
                tables::dismiss(db, *counter)?;
                dismissed.push(*counter);
            }
        }
        Ok(Took { taken, new, dismissed, next })
    }

    /// Whether a session lives, as far as this leader knows.
    fn serves(&self, session: &SessionId) -> bool {
        self.to_sessions.iter().any(|(id, _)| id == session)
    }

    /// Which counter a commit gets that is unknown here by its session and number.
    ///
    /// One that was given a counter by its session, where storage is memory, may have been sent under
    /// it by a leader that ended with its page, and be in the log: only under that identity does the
    /// server answer with the verdict that it remembers (exactly-once). So it keeps it. Where it
    /// cannot, because the identity is another client's, or its turn has passed, it is refused: it stays
    /// in its journal, the app is told, and a leader of that client takes it later. Sent under a new
    /// counter it might be logged twice; dropped, it might never be logged.
    fn counter_of(
        &self,
        message: &HandOver,
        commit: &HandedCommit,
        next: Counter,
    ) -> Result<Counter, LeaderError> {
        let (Some(client), Some(given)) = (&message.client, commit.counter) else {
            return Ok(next);
        };
        if *client == self.client && given >= next {
            return Ok(given);
        }
        // What the living session makes came to no leader but this one. It may have counted on from
        // before the server's `welcome` named a later counter; it is told the right one.
        if *client == self.client && self.serves(&message.session) {
            return Ok(next);
        }
        Err(LeaderError::AnotherClient { client: client.clone(), counter: given })
    }
}
