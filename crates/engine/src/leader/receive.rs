//! What the server says, and what follows from it.

use syncline_protocol::{
    ClientId, Code, CommitDigest, Counter, DecodeError, Digest, EntriesFrame, Entry, ErrorFrame, LeaderFrame,
    Outcome, Seq, Subject, Verdict, Verdicts, Welcome, decode_entries,
};
use thiserror::Error;

use super::{Leader, Link, Up, tables};
use crate::local::Told;
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
            Self::Frame(_) | Self::OutOfOrder(_) | Self::Message(_) => Code::BadMessage,
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
            LeaderFrame::Error(error) => self.stopped(error),
            LeaderFrame::Other => {}
        }
        Ok(())
    }

    fn welcomed(&mut self, db: &mut dyn Sql, welcome: Welcome) -> Result<(), LeaderError> {
        // A copied or restored database may lag behind its own counters: never use one twice.
        let next = self.next.max(welcome.decided.next());
        if self.incarnation.as_ref() != Some(&welcome.incarnation) || next != self.next {
            assert!(
                self.incarnation.as_ref() == Some(&welcome.incarnation) || self.cursor == Seq::ZERO,
                "one-order: entries of two logs are never mixed"
            );
            let before = self.incarnation.replace(welcome.incarnation);
            if let Err(error) = self.put_facts(db, next) {
                self.incarnation = before;
                return Err(error.into());
            }
            self.next = next;
        }
        self.link = Link::Up(Up {
            limits: welcome.limits,
            head: welcome.head,
            in_flight: None,
            pushed: Counter::NONE,
            // The server sends the first page unasked.
            pulling: welcome.head > self.cursor,
        });
        self.push(db)?;
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
                for segment in &segments {
                    segment::append(db, segment)?;
                }
                self.confirm(db, &entries)
            })?;
            self.cursor = entries.last().map_or(self.cursor, |entry| entry.seq);
            self.chain = chain;
            if whole {
                self.tell_entries(frame.segment());
            } else {
                segments.iter().for_each(|segment| self.tell_entries(&segment.text));
            }
        }
        self.pull();
        Ok(())
    }

    /// Takes from the outbox what has come back in the log.
    fn confirm(&self, db: &mut dyn Sql, entries: &[Entry]) -> Result<(), SqlError> {
        for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
            let Some(first) = commit.first().filter(|first| first.client == self.client) else {
                continue;
            };
            let Some(ours) = tables::digest_of(db, first.counter)? else {
                continue;
            };
            let mut digest = CommitDigest::by(&first.author);
            for entry in commit {
                digest.add(&entry.name, &Digest::of(entry.args.get().as_bytes()));
            }
            // Another commit under our counter is a copy's: ours is not in the log, and stays.
            if digest.finish().to_string() == ours {
                tables::remove_waiting(db, first.counter)?;
            }
        }
        Ok(())
    }

    fn decided(&mut self, db: &mut dyn Sql, verdicts: &Verdicts) -> Result<(), LeaderError> {
        let rejected = nested(db, |db| {
            let mut rejected = Vec::new();
            for Verdict { counter, outcome } in &verdicts.verdicts {
                match outcome {
                    Outcome::Accepted { .. } => tables::mark_accepted(db, *counter)?,
                    Outcome::Rejected(why) => {
                        if reject(db, *counter, why)? {
                            rejected.push((*counter, why.clone()));
                        }
                    }
                }
            }
            Ok::<_, SqlError>(rejected)
        })?;
        for (counter, why) in rejected {
            self.tell(&Told::Rejected { counter, why });
        }
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

    fn stopped(&mut self, error: ErrorFrame) {
        self.to_server.clear();
        self.link = Link::Stopped(error);
    }
}

fn reject(db: &mut dyn Sql, counter: Counter, why: &Rejection) -> Result<bool, SqlError> {
    let Some(waiting) = tables::one_waiting(db, counter)? else {
        return Ok(false);
    };
    tables::put_rejected(db, &waiting, why)?;
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
