//! The oracle: what was committed in the world, what the server's log must be, and who was told what.

mod receipts;
mod server;

use std::collections::BTreeMap;
use std::fmt;

use syncline_engine::protocol::{Seq, SessionId, SessionNumber};
use syncline_engine::{Query, SqlError};

pub(crate) use server::entries_after;

use crate::action::{ClientNo, SubjectNo};
use crate::model::{Fact, Made, ModelNo, subject};
use crate::reference::{Reference, Why};

/// Ids that each client has for its events.
const EVENTS: u32 = 100_000;

/// A promise that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name in the list of promises.
    pub promise: &'static str,
    /// What was seen.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(promise: &'static str, what: impl Into<String>) -> Self {
        Self { promise, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

impl std::error::Error for Violation {}

/// Returns a violation unless a condition holds.
macro_rules! promise {
    ($name:literal, $holds:expr, $($what:tt)*) => {
        if !$holds {
            return Err($crate::oracle::Violation::new($name, format!($($what)*)));
        }
    };
}
pub(crate) use promise;

/// A commit that a session has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CommitNo(pub(crate) usize);

/// One commit, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) client: ClientNo,
    pub(crate) session: SessionId,
    pub(crate) number: SessionNumber,
    pub(crate) author: SubjectNo,
    pub(crate) events: Vec<Made>,
    /// Its session was told that it is durable.
    pub(crate) persisted: bool,
    /// Its session was told that it is in the log.
    pub(crate) confirmed: bool,
    /// Somebody was told that it was rejected.
    pub(crate) told_rejected: bool,
    /// A machine lost power since it was made, or its journal was set aside.
    pub(crate) excused: bool,
}

/// What the server has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    Accepted { first: Seq, last: Seq },
    Rejected(String),
}

/// The server's log as the oracle has seen it grow, and all that follows from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mirror {
    /// Commits in the order of the log, each with the seq of its last event.
    pub(crate) log: Vec<(CommitNo, Seq)>,
    pub(crate) head: Seq,
    pub(crate) decided: BTreeMap<CommitNo, Decided>,
    pub(crate) state: Reference,
}

#[derive(Clone)]
pub(crate) struct Oracle {
    pub(crate) commits: Vec<Committed>,
    by_number: BTreeMap<(SessionId, SessionNumber), CommitNo>,
    /// Whose event it is, by its id.
    events: BTreeMap<u32, CommitNo>,
    /// What the events that were redacted had said: their client shows that until they come back to it.
    unredacted: BTreeMap<u32, Fact>,
    pub(crate) mirror: Mirror,
    /// Logs that the server had before it was restored or replaced.
    pub(crate) former: Vec<Mirror>,
    pub(crate) version: ModelNo,
    aside: Aside,
}

/// Commits of history that a replica has set aside because its host had crashed on them: the seqs of
/// their first events. Whatever else is in a quarantine, the reference knows by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Aside(Vec<Seq>);

impl Aside {
    pub(crate) fn of(state: &dyn Query) -> Result<Self, SqlError> {
        let rows =
            state.query("SELECT seq FROM syncline_quarantine WHERE code = 'crashed' ORDER BY seq", &[])?;
        rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Oracle {
    pub(crate) fn new(version: ModelNo) -> Self {
        Self {
            commits: Vec::new(),
            by_number: BTreeMap::new(),
            events: BTreeMap::new(),
            unredacted: BTreeMap::new(),
            mirror: Mirror::default(),
            former: Vec::new(),
            version,
            aside: Aside::default(),
        }
    }

    /// The id of a client's next event: whatever other clients do, it is the same.
    pub(crate) fn next_event(&self, client: ClientNo) -> u32 {
        let first = u32::from(client.0) * EVENTS + 1;
        let last = self.events.range(first..first + EVENTS).next_back();
        last.map_or(first, |(last, _)| last + 1)
    }

    /// A session has accepted a commit.
    pub(crate) fn committed(&mut self, commit: Committed) -> Result<(), Violation> {
        let no = CommitNo(self.commits.len());
        let known = self.by_number.insert((commit.session.clone(), commit.number), no);
        promise!(
            "exactly-once",
            known.is_none(),
            "{} gives the number {} twice",
            commit.session,
            commit.number
        );
        self.events.extend(commit.events.iter().map(|made| (made.id, no)));
        self.commits.push(commit);
        Ok(())
    }

    pub(crate) fn commit(&self, no: CommitNo) -> Option<&Committed> {
        self.commits.get(no.0)
    }

    /// The commit that an event is of.
    pub(crate) fn commit_of_event(&self, args: &str) -> Option<CommitNo> {
        let number = args.split_once("\"id\":")?.1;
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        self.events.get(&number.get(..end)?.parse().ok()?).copied()
    }

    /// Every commit, and what the server has decided of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Committed, Option<&Decided>)> {
        let commits = self.commits.iter().enumerate();
        commits.map(|(place, commit)| (commit, self.mirror.decided.get(&CommitNo(place))))
    }

    pub(crate) fn by_number(&self, session: &SessionId, number: SessionNumber) -> Option<CommitNo> {
        self.by_number.get(&(session.clone(), number)).copied()
    }

    /// A commit as a trace names it.
    pub(crate) fn name(&self, no: CommitNo) -> String {
        match self.commit(no) {
            Some(commit) => commit.to_string(),
            None => format!("commit #{}", no.0),
        }
    }

    /// The state that a replica of a version has at a seq of today's log, but for what it has set aside.
    pub(crate) fn state_at(&self, version: ModelNo, seq: Seq, aside: &Aside) -> Reference {
        if version == self.version && seq == self.mirror.head && *aside == self.aside {
            return self.mirror.state.clone();
        }
        self.replay(&self.mirror, version, seq, aside)
    }

    /// The state that a log leads to, up to a seq.
    pub(crate) fn replay(&self, mirror: &Mirror, version: ModelNo, seq: Seq, aside: &Aside) -> Reference {
        let mut state = Reference::default();
        for (no, last) in &mirror.log {
            if *last > seq {
                break;
            }
            if let Some(commit) = self.commit(*no) {
                let first = (last.get() + 1).saturating_sub(commit.events.len() as u64);
                if aside.0.iter().any(|seq| seq.get() == first) {
                    continue;
                }
                // What cannot be applied is in quarantine.
                let _: Result<(), Why> = state.follow(version, &commit.author(), commit.facts());
            }
        }
        state
    }

    /// Whether the server has decided a commit so, in this life of its log or in one before.
    pub(crate) fn has_decided(&self, no: CommitNo, decided: &Decided) -> bool {
        let mut lives = self.former.iter().chain([&self.mirror]);
        lives.any(|life| life.decided.get(&no) == Some(decided))
    }

    /// Whether a commit was in a log that the server has no more.
    pub(crate) fn was_logged(&self, no: CommitNo) -> bool {
        let logged = |life: &Mirror| matches!(life.decided.get(&no), Some(Decided::Accepted { .. }));
        self.former.iter().any(logged)
    }

    /// What the event of an entry says, and was made with.
    pub(crate) fn event_at(&self, seq: Seq) -> Option<&Made> {
        let (no, last) = self.mirror.log.iter().find(|(_, last)| seq <= *last)?;
        let events = &self.commit(*no)?.events;
        events.get((events.len() as u64 + seq.get()).checked_sub(last.get() + 1)? as usize)
    }

    /// The event of an entry says something else from now on.
    pub(crate) fn redacted(&mut self, made: &Made) {
        let commit = self.events.get(&made.id).and_then(|no| self.commits.get_mut(no.0));
        let event = commit.and_then(|commit| commit.events.iter_mut().find(|event| event.id == made.id));
        if let Some(event) = event {
            self.unredacted.entry(made.id).or_insert_with(|| event.fact.clone());
            event.clone_from(made);
        }
        self.mirror.state = self.replay(&self.mirror, self.version, self.mirror.head, &self.aside);
    }

    /// What a commit says where it is pending.
    pub(crate) fn facts_of<'a>(&'a self, commit: &'a Committed) -> impl Iterator<Item = (u32, &'a Fact)> {
        commit.facts().map(|(id, fact)| (id, self.unredacted.get(&id).unwrap_or(fact)))
    }

    /// The server has another model, or another log.
    pub(crate) fn server_is(&mut self, version: ModelNo, mirror: Option<Mirror>) {
        if let Some(mirror) = mirror {
            self.former.push(std::mem::replace(&mut self.mirror, mirror));
        }
        self.version = version;
        self.aside = Aside::default();
        self.mirror.state = self.replay(&self.mirror, version, self.mirror.head, &self.aside);
    }

    /// What the server has set aside of its history, because it crashed on it.
    pub(crate) fn server_sets_aside(&mut self, aside: Aside) {
        if aside != self.aside {
            self.aside = aside;
            self.mirror.state = self.replay(&self.mirror, self.version, self.mirror.head, &self.aside);
        }
    }
}

impl Committed {
    pub(crate) fn author(&self) -> String {
        subject(self.author.0)
    }

    pub(crate) fn facts(&self) -> impl Iterator<Item = (u32, &Fact)> {
        self.events.iter().map(|made| (made.id, &made.fact))
    }
}

impl fmt::Display for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{} by {}", self.session, self.number, self.author)?;
        for made in &self.events {
            write!(f, " {}@{}", made.fact, made.id)?;
        }
        Ok(())
    }
}
