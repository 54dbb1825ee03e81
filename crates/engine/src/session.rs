//! The session: the client's fast half. The state of one tab load, with its pending commits on top.
//!
//! Below the database's rewind point lies confirmed state; above it, the pending commits in their
//! order. Entries that match them in that order confirm them without replay, which is sound because
//! `apply` sees nothing that the server stamps. Anything else is a rebase: back to the point, the
//! entries applied, the pending commits applied again.

mod rebase;
mod restart;

use std::collections::VecDeque;

use restart::Place;
use serde::Serialize;
use syncline_protocol::{
    ClientId, Code, Commit, Counter, Entry, Limits, Millis, RawEvent, Rejection, Seq, SessionId,
    SessionNumber, Subject,
};
use thiserror::Error;

use crate::local::{Epoch, HandOver, HandedCommit, Opened, Rejected, Taken, Told, Waiting};
use crate::sql::nested;
use crate::state::admit_commit;
use crate::{ApplyContext, Refusal, Rewind, Rules, Sql, SqlError};

/// Confirmed commits above the rewind point, at most: past it they are worth a rebase.
const CONFIRMED_ABOVE: usize = 1_000;

/// The client's fast half.
#[derive(Debug)]
pub struct Session {
    rules: Rules,
    id: SessionId,
    client: ClientId,
    subject: Subject,
    epoch: Epoch,
    /// The last entry that the state holds.
    cursor: Seq,
    /// The last number given to a commit.
    last: SessionNumber,
    /// The counter of the next commit, where the leader's storage is memory: then a commit is journaled
    /// with it before the leader hears of it, so that a leader after this one sends it under the same.
    next: Option<Counter>,
    /// The last number that was given to the leader.
    handed: SessionNumber,
    /// The last number that the leader has taken.
    acknowledged: SessionNumber,
    pending: VecDeque<Pending>,
    /// Entries above the rewind point that confirmed a pending commit without replay.
    confirmed_above: Vec<Entry>,
    rejected: Vec<Rejected>,
    dismissed: Vec<Counter>,
    /// Parts of a snapshot that is not whole yet.
    parts: Vec<String>,
}

/// A commit without a verdict.
#[derive(Debug)]
struct Pending {
    session: SessionId,
    number: SessionNumber,
    counter: Option<Counter>,
    commit: HandedCommit,
    /// Why it does not apply here at the moment; then it is not in the view.
    conflicted: Option<Rejection>,
}

/// A pending commit, as the app sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PendingView<'a> {
    /// The session that made it: this one, or one that ended before its commit was decided.
    pub session: &'a SessionId,
    /// That session's number for it.
    pub number: SessionNumber,
    /// What it wants.
    pub events: &'a [RawEvent],
    /// Why it does not apply here at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicted: Option<&'a Rejection>,
}

/// What an input came to, for the receipts of this session.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effects {
    /// Taken by the leader: durable here.
    pub persisted: Vec<SessionNumber>,
    /// In the log.
    pub confirmed: Vec<Confirmed>,
    /// Rejected by the server, whichever session made them.
    pub rejected: Vec<Rejected>,
}

/// A commit of this session is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmed {
    /// The session's number for it.
    pub number: SessionNumber,
    /// The seq of its first event.
    pub first: Seq,
    /// The seq of its last event.
    pub last: Seq,
}

/// Why a session could not take an input.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The leader sent what is not a message.
    #[error(transparent)]
    Message(#[from] serde_json::Error),
    /// The leader sent entries that leave a gap: open the session again.
    #[error("the leader's entries do not follow seq {0}")]
    Gap(Seq),
    /// The leader's snapshot makes no state: open the session again.
    #[error("the snapshot at {0} makes no state: {1}")]
    Snapshot(Seq, SqlError),
    /// The host failed.
    #[error(transparent)]
    Host(#[from] SqlError),
}

impl SessionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Message(_) | Self::Gap(_) | Self::Snapshot(..) => Code::LeaderFailed,
            Self::Host(_) => Code::StorageFailed,
        }
    }
}

impl Session {
    /// Opens a session over a state that [`crate::Leader::opened`] describes; for a state at seq 0 the
    /// tables are created. The entries after it come as messages.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn open(
        db: &mut dyn Rewind,
        rules: Rules,
        id: SessionId,
        now: Millis,
        opened: &str,
    ) -> Result<Self, SessionError> {
        let opened: Opened = serde_json::from_str(opened)?;
        if opened.state == Seq::ZERO {
            crate::state::drop_all(db)?;
            crate::state::create(db, &rules)?;
        }
        db.set_point()?;
        let last = opened.taken.last().map_or(SessionNumber::default(), |taken| taken.number);
        let mut session = Self {
            rules,
            id,
            client: opened.client,
            subject: opened.subject,
            epoch: opened.epoch,
            cursor: opened.state,
            last,
            next: opened.next,
            handed: last,
            acknowledged: last,
            pending: opened.pending.into_iter().map(Pending::waiting).collect(),
            confirmed_above: Vec::new(),
            rejected: opened.rejected,
            dismissed: Vec::new(),
            parts: Vec::new(),
        };
        session.apply_pending(db, now)?;
        Ok(session)
    }

    /// Checks and applies a commit here and now, and numbers it.
    ///
    /// # Errors
    /// [`Refusal::Rejected`] when the rules say no; the state is as before then.
    pub fn commit(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        events: Vec<RawEvent>,
    ) -> Result<SessionNumber, Refusal> {
        refuse_shape(&events)?;
        nested(&mut *db as &mut dyn Sql, |db| admit_commit(db, &self.rules, now, &self.subject, &events))?;
        Ok(self.admitted(events))
    }

    /// As [`Session::commit`], with the events that take the whole commit back; none where one of its events
    /// cannot be undone.
    ///
    /// # Errors
    /// As [`Session::commit`].
    pub fn commit_with_inverse(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        events: Vec<RawEvent>,
    ) -> Result<(SessionNumber, Vec<RawEvent>), Refusal> {
        refuse_shape(&events)?;
        let cx = ApplyContext { author: &self.subject };
        let inverses = nested(&mut *db as &mut dyn Sql, |db| {
            let each = events.iter().map(|event| {
                let inverse = self.rules.inverse(event.clone(), &cx, db)?;
                admit_commit(db, &self.rules, now, &self.subject, std::slice::from_ref(event))?;
                Ok(inverse)
            });
            each.collect::<Result<Vec<_>, Refusal>>()
        })?;
        let whole = inverses.iter().all(|inverse| !inverse.is_empty());
        let inverse = if whole { inverses.into_iter().rev().flatten().collect() } else { Vec::new() };
        Ok((self.admitted(events), inverse))
    }

    /// Numbers a commit that the state has.
    fn admitted(&mut self, events: Vec<RawEvent>) -> SessionNumber {
        self.last = self.last.next();
        let counter = self.next;
        self.next = counter.map(Counter::next);
        let commit = HandedCommit {
            number: self.last,
            counter,
            author: self.subject.clone(),
            model_version: self.rules.version(),
            events,
        };
        self.pending.push_back(Pending {
            session: self.id.clone(),
            number: self.last,
            counter: None,
            commit,
            conflicted: None,
        });
        self.last
    }

    /// The commits that were not given to the leader yet, as one message.
    pub fn take_hand_over(&mut self) -> Option<String> {
        let after = self.handed;
        self.handed = self.last;
        let dismissed = std::mem::take(&mut self.dismissed);
        self.hand_over(after, dismissed)
    }

    /// The hand-over of one pending commit, as a host journals it before the leader hears of it.
    #[must_use]
    pub fn hand_over_of(&self, number: SessionNumber) -> Option<String> {
        let own = |pending: &&Pending| pending.session == self.id && pending.number == number;
        let commit = self.pending.iter().rev().find(own)?.commit.clone();
        Some(self.handing(vec![commit], Vec::new()))
    }

    /// All commits that the leader has not taken, as one message: after it was started again. A leader
    /// in memory has to be given those too that the one before it had taken.
    #[must_use]
    pub fn hand_over_again(&self) -> Option<String> {
        let after = if self.next.is_some() { SessionNumber::default() } else { self.acknowledged };
        self.hand_over(after, Vec::new())
    }

    /// A pending commit as it is to be journaled where the leader's storage is memory: with the
    /// identity that it has, or gets, in the log. None before the leader has taken it.
    #[must_use]
    pub fn journal_entry(&self, session: &SessionId, number: SessionNumber) -> Option<String> {
        self.next?;
        let pending =
            self.pending.iter().find(|pending| pending.session == *session && pending.number == number)?;
        let counter = Some(pending.counter?);
        Some(encode(&HandOver {
            session: session.clone(),
            client: Some(self.client.clone()),
            acknowledged: SessionNumber::default(),
            commits: vec![HandedCommit { counter, ..pending.commit.clone() }],
            dismissed: Vec::new(),
        }))
    }

    fn hand_over(&self, after: SessionNumber, dismissed: Vec<Counter>) -> Option<String> {
        let own = self.pending.iter().filter(|pending| pending.session == self.id && pending.number > after);
        let commits: Vec<_> = own.map(|pending| pending.commit.clone()).collect();
        if commits.is_empty() && dismissed.is_empty() { None } else { Some(self.handing(commits, dismissed)) }
    }

    fn handing(&self, commits: Vec<HandedCommit>, dismissed: Vec<Counter>) -> String {
        encode(&HandOver {
            session: self.id.clone(),
            client: self.next.map(|_| self.client.clone()),
            acknowledged: self.acknowledged,
            commits,
            dismissed,
        })
    }

    /// Handles one message of the leader.
    ///
    /// # Errors
    /// [`SessionError`]; open the session again then.
    pub fn receive(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        message: &str,
    ) -> Result<Effects, SessionError> {
        let mut effects = Effects::default();
        match serde_json::from_str(message)? {
            Told::Taken { session, taken } if session == self.id => self.taken(&taken, &mut effects),
            // What a page before this one had journaled.
            Told::Taken { .. } => {}
            Told::Entries(entries) => self.follow(db, now, entries, &mut effects)?,
            Told::Rejected { counter, why } => self.rejected(db, now, counter, why, &mut effects)?,
            Told::Confirmed { counter, first, last } => {
                self.confirmed(db, now, counter, Place { first, last }, &mut effects)?;
            }
            Told::Restarted { epoch } => self.restart(db, now, epoch)?,
            Told::Snapshot { seq, part, data, more } => {
                if part == 0 {
                    self.parts.clear();
                }
                self.parts.push(data);
                if !more {
                    self.snapshot(db, now, seq)?;
                }
            }
            // A host that brings states has not brought this one: it could not make it.
            Told::State(due) => {
                let why = SqlError::refused("the leader has none");
                return Err(SessionError::Snapshot(due.seq, why));
            }
            Told::Renamed { client } => self.renamed(db, now, client)?,
            Told::Waiting(waiting) => self.waiting(db, now, waiting, false)?,
            Told::Outbox { waiting, rejected } => self.outbox(db, now, waiting, rejected)?,
            Told::Dismissed(counters) => {
                self.rejected.retain(|rejected| !counters.contains(&rejected.counter));
            }
        }
        Ok(effects)
    }

    fn taken(&mut self, taken: &[Taken], effects: &mut Effects) {
        for Taken { number, counter } in taken {
            // The newest are at the end.
            let taken = |pending: &&mut Pending| pending.session == self.id && pending.number == *number;
            if let Some(pending) = self.pending.iter_mut().rev().find(taken) {
                pending.counter = *counter;
                if self.next.is_some() && counter.is_some() {
                    pending.commit.counter = *counter;
                    self.next = self.next.max(counter.map(Counter::next));
                }
                effects.persisted.push(*number);
            }
            self.acknowledged = self.acknowledged.max(*number);
        }
    }

    fn take_pending(&mut self, counter: Counter) -> Option<Pending> {
        let place = self.pending.iter().position(|pending| pending.counter == Some(counter))?;
        self.pending.remove(place)
    }

    fn rejected(
        &mut self,
        db: &mut dyn Rewind,
        now: Millis,
        counter: Counter,
        why: Rejection,
        effects: &mut Effects,
    ) -> Result<(), SqlError> {
        let Some(pending) = self.take_pending(counter) else {
            return Ok(());
        };
        let rejected = Rejected {
            counter,
            session: pending.session,
            number: pending.number,
            events: pending.commit.events,
            code: why.code,
            message: why.message,
        };
        self.rejected.push(rejected.clone());
        effects.rejected.push(rejected);
        // A conflicted commit was not in the view: nothing to take back.
        if pending.conflicted.is_none() { self.rebase(db, now, &[]) } else { Ok(()) }
    }

    /// The commits of this client without a verdict, in the order in which they are decided.
    pub fn pending(&self) -> impl Iterator<Item = PendingView<'_>> {
        self.pending.iter().map(|pending| PendingView {
            session: &pending.session,
            number: pending.number,
            events: &pending.commit.events,
            conflicted: pending.conflicted.as_ref(),
        })
    }

    /// Which session this is.
    #[must_use]
    pub const fn id(&self) -> &SessionId {
        &self.id
    }

    /// The number of its last commit.
    #[must_use]
    pub const fn last(&self) -> SessionNumber {
        self.last
    }

    /// Rejected commits that the app has not dismissed, of this and of earlier sessions.
    #[must_use]
    pub fn rejections(&self) -> &[Rejected] {
        &self.rejected
    }

    /// The app has done with a rejected commit; the next hand-over tells the leader.
    pub fn dismiss(&mut self, counter: Counter) {
        self.rejected.retain(|rejected| rejected.counter != counter);
        self.dismissed.push(counter);
    }

    /// The last entry that the state holds.
    #[must_use]
    pub const fn cursor(&self) -> Seq {
        self.cursor
    }

    /// Which life of the log that is; with the cursor, what a leader after this one goes on from.
    #[must_use]
    pub const fn epoch(&self) -> &Epoch {
        &self.epoch
    }
}

impl Pending {
    fn waiting(waiting: Waiting) -> Self {
        let Waiting { session, number, commit: Commit { counter, author, model_version, events } } = waiting;
        let commit = HandedCommit { number, counter: None, author, model_version, events };
        Self { session, number, counter: Some(counter), commit, conflicted: None }
    }
}

fn encode(message: &HandOver) -> String {
    serde_json::to_string(message).expect("a message has text keys and no failing serializer")
}

/// What the server would reject before its rules see it, told at once.
fn refuse_shape(events: &[RawEvent]) -> Result<(), Rejection> {
    if events.is_empty() {
        return Err(Rejection::coded(Code::EmptyCommit, "the commit has no events"));
    }
    let limits = Limits::DEFAULT;
    let bytes: usize = events.iter().map(|event| event.name.len() + event.args.get().len()).sum();
    if events.len() > limits.commit_events || bytes > limits.commit_bytes {
        let message = format!(
            "{} events with {bytes} bytes; the limits are {} and {}",
            events.len(),
            limits.commit_events,
            limits.commit_bytes
        );
        return Err(Rejection::coded(Code::CommitTooLarge, message));
    }
    Ok(())
}
