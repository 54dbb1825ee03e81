//! What the server says, and what follows from it.

use syncline_protocol::{
    ClientId, Code, Counter, DecodeError, Digest, EntriesFrame, Entry, ErrorFrame, LeaderFrame, Outcome, Seq,
    Subject, Verdict, Verdicts, Welcome, decode_entries,
};
use thiserror::Error;

use super::serve::To;
use super::{Leader, Link, Up, former, tables};
use crate::local::Told;
use crate::mutation::{Mutation, is_on};
use crate::segment::{self, Builder};
use crate::sql::nested;
use crate::{Rejection, Sql, SqlError};

/// Why a leader could not take an input.
#[derive(Debug, Error)]
pub enum LeaderError {
    /// The commit was made by another subject than the leader's: it stays with its session (own-name).
    #[error("the commit is by {0}")]
    AnotherAuthor(Subject),
    /// The commit may be in the log under this identity, which cannot be used here: it stays in its
    /// journal.
    #[error("the commit may have been sent as commit {counter} of client {client}")]
    AnotherClient {
        /// Under whose id.
        client: ClientId,
        /// Under which counter.
        counter: Counter,
    },
    /// The server sent what is not a message.
    #[error(transparent)]
    Frame(#[from] DecodeError),
    /// The server welcomes to another log than the one that `hello` named: reconnect.
    #[error("the server welcomes to another log than the one that it was asked for")]
    AnotherLog,
    /// The server sent entries that do not follow what is here, or divide a commit: reconnect.
    #[error("the server's entries do not follow seq {0}")]
    OutOfOrder(Seq),
    /// The session sent what is not a message.
    #[error(transparent)]
    Message(#[from] serde_json::Error),
    /// The host failed; nothing of the input was taken.
    #[error(transparent)]
    Host(#[from] SqlError),
}

impl LeaderError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::AnotherAuthor(_) => Code::AuthorMismatch,
            Self::AnotherClient { .. } => Code::AnotherClient,
            Self::Frame(_) | Self::AnotherLog | Self::OutOfOrder(_) | Self::Message(_) => Code::BadMessage,
            Self::Host(SqlError::Host { failure: crate::HostFailure::Full, .. }) => Code::StorageFull,
            Self::Host(_) => Code::StorageFailed,
        }
    }
}

impl Leader {
    /// Handles one frame of the server.
    ///
    /// # Errors
    /// [`LeaderError`]: the host closes the socket, and connects again; nothing of the frame was taken.
    pub fn receive(&mut self, db: &mut dyn Sql, text: &str) -> Result<(), LeaderError> {
        if matches!(self.link, Link::Down) {
            return Ok(());
        }
        match LeaderFrame::decode(text)? {
            LeaderFrame::Welcome(welcome) => self.welcomed(db, welcome)?,
            LeaderFrame::Entries(frame) => self.append(db, &frame)?,
            LeaderFrame::Verdicts(verdicts) => self.decided(db, &verdicts)?,
            LeaderFrame::Snapshot(snapshot) => self.part(db, &snapshot)?,
            LeaderFrame::Redacted(redacted) => self.redacted(db, redacted)?,
            LeaderFrame::Error(error) if error.code == Code::SnapshotGone => self.snapshot_gone(),
            LeaderFrame::Error(error) => self.refused(db, error)?,
            LeaderFrame::Presence(told) => self.hear_of(told),
        }
        Ok(())
    }

    fn welcomed(&mut self, db: &mut dyn Sql, welcome: Welcome) -> Result<(), LeaderError> {
        if self.incarnation.as_ref() != Some(&welcome.incarnation) && self.cursor > Seq::ZERO {
            // one-order: entries of two logs are never mixed.
            return Err(LeaderError::AnotherLog);
        }
        // A copied or restored database may lag behind its own counters: never use one twice.
        let next = self.next.max(welcome.decided.next());
        let incarnation = Some(welcome.incarnation);
        nested(db, |db| {
            tables::undecide_all(db)?;
            if self.incarnation == incarnation && self.next == next {
                return Ok(());
            }
            tables::put_facts(db, &tables::Facts { incarnation: incarnation.clone(), next, ..self.facts() })
        })?;
        (self.incarnation, self.next) = (incarnation, next);
        self.link = Link::Up(Up {
            limits: welcome.limits,
            head: welcome.head,
            in_flight: None,
            pushed: Counter::NONE,
            // The server sends the first page unasked.
            pulling: welcome.head > self.cursor,
            held: None,
            fetching: None,
        });
        self.begin(db, welcome.snapshot)?;
        self.caught_up(db)?;
        self.push(db)?;
        self.presence_again();
        Ok(())
    }

    /// Log and outbox move in one transaction (together).
    fn append(&mut self, db: &mut dyn Sql, frame: &EntriesFrame<'_>) -> Result<(), LeaderError> {
        let Link::Up(up) = &mut self.link else {
            return Ok(());
        };
        up.head = up.head.max(frame.head);
        if frame.after > self.cursor {
            // What lies between was not sent here; a pull brings it, and this again.
            self.pull();
            return Ok(());
        }
        up.pulling = false;
        let mut entries = decode_entries(frame.segment())?;
        let whole = entries.first().is_none_or(|first| first.seq > self.cursor);
        entries.retain(|entry| entry.seq > self.cursor);
        if !entries.is_empty() {
            refuse_disorder(&entries, self.cursor)?;
            let mut log = Builder::new(self.chain);
            for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
                log.add(commit);
            }
            let chain = log.chain();
            let segments = log.finish();
            nested(db, |db| {
                for segment in segments.iter().filter(|_| !is_on(Mutation::CursorWithoutEntries)) {
                    segment::append(db, segment)?;
                }
                self.confirm(db, &entries)
            })?;
            self.cursor = entries.last().map_or(self.cursor, |entry| entry.seq);
            self.chain = chain;
            if entries.iter().any(|entry| entry.redacted.is_some()) {
                // The snapshot that was offered may be older than that.
                self.compare = None;
            }
            if self.lost > 0 {
                self.lost = former::count_lost(db)?;
            }
            if whole {
                self.tell_entries(To::All, frame.segment());
            } else {
                segments.iter().for_each(|segment| self.tell_entries(To::All, &segment.text));
            }
        }
        self.pull();
        self.caught_up(db)?;
        Ok(())
    }

    /// What waits for the whole log: a former one to be sorted, and a copy that has to become another.
    fn caught_up(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        if self.former && self.is_live() {
            self.sort_former(db)?;
            self.push(db)?;
        }
        if let Link::Up(Up { held: Some(error), .. }) = &self.link
            && error.code == Code::CommitMismatch
            && !tables::any_accepted(db)?
        {
            let error = error.clone();
            self.rename(db)?;
            self.stop(error);
        }
        Ok(())
    }

    /// Another database has this one's client id: it takes a new one. What is still in the outbox was never
    /// decided, and keeps its counters; they are new under the new id. What was offered again is not taken along.
    ///
    /// The id follows from the old one and from the first commit that waits: should this database have copies
    /// that wait with the same commit, they take the same id, and that commit is logged once (exactly-once).
    /// Where they differ later, they part later.
    fn rename(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        let first = tables::first_waiting_digest(db)?.unwrap_or_default();
        let seed = format!("{}/{first}", self.client);
        let mut id = Digest::of(seed.as_bytes()).to_string();
        id.truncate(32);
        let client = ClientId::parse(id).map_err(|error| SqlError::refused(error.to_string()))?;
        self.lost = nested(db, |db| {
            // A session that meets its commits only now meets them under the id before.
            self.remember_confirmed(db)?;
            former::withdraw_offered(db, &self.client)?;
            tables::put_facts(db, &tables::Facts { client: client.clone(), ..self.facts() })?;
            former::count_lost(db)
        })?;
        self.client = client.clone();
        self.tell(To::All, &Told::Renamed { client });
        Ok(())
    }

    /// Takes from the outbox what has come back in the log.
    fn confirm(&self, db: &mut dyn Sql, entries: &[Entry]) -> Result<(), SqlError> {
        for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
            if self.lost > 0 {
                former::found(db, commit)?;
            }
            let Some(first) = commit.first().filter(|first| first.client == self.client) else {
                continue;
            };
            let Some(ours) = tables::digest_of(db, first.counter)? else {
                continue;
            };
            // Another commit under our counter is a copy's: ours is not in the log, and stays.
            if (former::digest(commit).to_string() == ours || is_on(Mutation::ConfirmedUnread))
                && !is_on(Mutation::OutboxNotCleared)
            {
                tables::remove_waiting(db, first.counter)?;
            }
        }
        Ok(())
    }

    fn decided(&mut self, db: &mut dyn Sql, verdicts: &Verdicts) -> Result<(), LeaderError> {
        let news = nested(db, |db| {
            let mut news = Vec::new();
            for Verdict { counter, outcome } in &verdicts.verdicts {
                match outcome {
                    Outcome::Accepted { first, last } if *last <= self.cursor => {
                        if tables::is_waiting(db, *counter)? {
                            news.push(confirmed(db, *counter, *first, *last)?);
                        }
                    }
                    Outcome::Accepted { last, .. } => tables::mark_accepted(db, *counter, *last)?,
                    Outcome::Rejected(why) => {
                        if reject(db, *counter, why)? && !is_on(Mutation::RejectionUntold) {
                            news.push(Told::Rejected { counter: *counter, why: why.clone() });
                        }
                    }
                }
            }
            Ok::<_, SqlError>(news)
        })?;
        news.iter().for_each(|told| self.tell(To::All, told));
        if let Link::Up(up) = &mut self.link {
            up.head = up.head.max(verdicts.head);
            let last = verdicts.verdicts.last().map(|verdict| verdict.counter);
            if last.is_some() && last >= up.in_flight {
                up.in_flight = None;
            }
        }
        self.push(db)?;
        Ok(())
    }

    /// What is wrong with a push leaves its commits in the outbox, and the rest of the connection as it is.
    fn refused(&mut self, db: &mut dyn Sql, error: ErrorFrame) -> Result<(), LeaderError> {
        if error.code == Code::LogDiverged {
            self.set_aside(db)?;
            // The server closes the socket; on the next one there is nothing left to diverge.
            self.disconnected();
            return Ok(());
        }
        // In memory the journals of the page name the client: it cannot take another.
        let is_copy = error.code == Code::CommitMismatch && !self.config.volatile;
        match &mut self.link {
            // It is about a value of presence alone.
            Link::Up(_) if error.code == Code::PresenceRefused => self.presence_refused(error.retry_after_ms),
            Link::Up(up) if error.code.holds_pushes() || is_copy => {
                up.in_flight = None;
                // Pages are refused, too, by a token that has expired.
                up.pulling &= error.code != Code::NeedsAuth;
                up.held = Some(error);
            }
            Link::Down | Link::Greeting | Link::Up(_) | Link::Stopped(_) => self.stop(error),
        }
        self.caught_up(db)?;
        Ok(())
    }

    fn stop(&mut self, error: ErrorFrame) {
        self.to_server.clear();
        self.is_alone();
        self.link = Link::Stopped(error);
    }
}

/// It is in what has been read, and does not come as an entry.
pub(super) fn confirmed(db: &mut dyn Sql, counter: Counter, first: Seq, last: Seq) -> Result<Told, SqlError> {
    tables::remove_waiting(db, counter)?;
    tables::put_confirmed(db, counter, first, last)?;
    Ok(Told::Confirmed { counter, first, last })
}

fn reject(db: &mut dyn Sql, counter: Counter, why: &Rejection) -> Result<bool, SqlError> {
    let Some(waiting) = tables::one_waiting(db, counter)? else {
        return Ok(false);
    };
    tables::put_rejected(db, counter, &waiting.session, waiting.number, &waiting.commit.events, why)?;
    tables::remove_waiting(db, counter)?;
    Ok(true)
}

/// one-order and whole-commits, for what a server sends.
fn refuse_disorder(entries: &[Entry], cursor: Seq) -> Result<(), LeaderError> {
    let mut expected = cursor;
    for entry in entries {
        expected = expected.next();
        if entry.seq != expected {
            return Err(LeaderError::OutOfOrder(cursor));
        }
    }
    let whole = entries.chunk_by(|entry, _| !entry.ends_commit()).all(|commit| {
        let size = commit.last().filter(|last| last.ends_commit()).map(|last| last.of as usize);
        size == Some(commit.len())
    });
    if whole { Ok(()) } else { Err(LeaderError::OutOfOrder(cursor)) }
}
