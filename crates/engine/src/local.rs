//! What a session and its leader say to each other, as JSON texts between a page and its worker.

use serde::{Deserialize, Serialize};
use syncline_protocol::{
    ClientId, Commit, Counter, Entry, ModelVersion, RawEvent, Rejection, Seq, SessionId, SessionNumber,
    Subject,
};

/// From a session to the leader: commits that it has not been told are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandOver {
    /// One tab load.
    pub session: SessionId,
    /// Whose counters the commits have, where they have any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Every commit up to here is known to be taken: the leader may forget which counters they got.
    pub acknowledged: SessionNumber,
    /// In the order of their numbers.
    pub commits: Vec<HandedCommit>,
    /// Rejected commits that the app has done with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dismissed: Vec<Counter>,
}

/// A commit on its way to the leader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandedCommit {
    /// The session's number for it.
    pub number: SessionNumber,
    /// The leader gives it, unless its storage is memory: then the session does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<Counter>,
    /// Who made it.
    pub author: Subject,
    /// The model that it was made with.
    pub model_version: ModelVersion,
    /// In the order in which they apply.
    pub events: Vec<RawEvent>,
}

/// One life of a log as a client holds it: another whenever something at or below its cursor has changed,
/// because the server's log is another one, an entry was redacted, or the local copy was damaged. What was
/// made from the log before starts anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(String);

impl Epoch {
    /// The first, or the one after this. `fresh` is random, so that no database has it by chance.
    pub(crate) fn after(before: Option<&Self>, fresh: &ClientId) -> Self {
        let count = before.and_then(|Self(text)| text.rsplit('-').next()?.parse::<u64>().ok());
        Self(format!("{fresh}-{}", count.unwrap_or_default().saturating_add(1)))
    }

    /// As it was read from where it was kept.
    #[must_use]
    pub const fn kept(text: String) -> Self {
        Self(text)
    }

    /// As it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which state a session is to go on from, where the host brings it ([`crate::LeaderConfig::brings_states`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StateDue {
    /// Of which life of the log.
    pub epoch: Epoch,
    /// The last entry that is in it.
    pub seq: Seq,
}

impl StateDue {
    /// What a message of [`crate::Leader::poll_session`] asks the host for, if it does.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        // Others may be large, and are not parsed.
        let due = text.starts_with(r#"{"state":"#).then(|| serde_json::from_str(text).ok());
        match due.flatten() {
            Some(Told::State(due)) => Some(due),
            Some(_) | None => None,
        }
    }
}

/// From the leader to a session; entries are written by [`encode_entries`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Told {
    /// These commits are in the outbox, and durable.
    Taken { session: SessionId, taken: Vec<Taken> },
    /// Entries of the log, whole commits.
    Entries(Vec<Entry>),
    /// The server has rejected a commit.
    Rejected { counter: Counter, why: Rejection },
    /// A commit is in the log, at or below what the session has of it.
    Confirmed { counter: Counter, first: Seq, last: Seq },
    /// What the session has of the log is void: it starts from nothing, its pending commits on top.
    Restarted { epoch: Epoch },
    /// A part of the state at a seq, in place of the log up to there.
    Snapshot { seq: Seq, part: u32, data: String, more: bool },
    /// The state at a seq, in place of the log up to there; its host brings it.
    State(StateDue),
    /// The client has another id from here on.
    Renamed { client: ClientId },
    /// Commits of other sessions that wait; or such that wait again, although they were confirmed: their server
    /// has lost them.
    Waiting(Vec<Waiting>),
    /// All commits of other sessions that wait, and all that were rejected.
    Outbox { waiting: Vec<Waiting>, rejected: Vec<Rejected> },
    /// The app has done with these rejected commits, in another session.
    Dismissed(Vec<Counter>),
}

/// A commit of the session has its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) number: SessionNumber,
    /// None for a commit that was decided, and acknowledged, before.
    pub(crate) counter: Option<Counter>,
}

/// What a session starts from, beside the serialized state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Opened {
    pub(crate) client: ClientId,
    pub(crate) subject: Subject,
    pub(crate) epoch: Epoch,
    /// The counter of the session's first commit, where the leader's storage is memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<Counter>,
    /// The commits of this session that the leader knows: after the leader was started again.
    pub(crate) taken: Vec<Taken>,
    /// The whole outbox of the client, whichever session made it.
    pub(crate) pending: Vec<Waiting>,
    /// Rejected, and not dismissed yet.
    pub(crate) rejected: Vec<Rejected>,
    /// The seq that the serialized state stands at.
    pub(crate) state: Seq,
}

/// Whose commits those are that wait again, although they were confirmed.
pub(crate) const FORMER_SESSION: &str = "former";

/// A commit in the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) session: SessionId,
    pub(crate) number: SessionNumber,
    pub(crate) commit: Commit,
}

/// A rejected commit, kept with its events until the app dismisses it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its counter: what `dismissed` names.
    pub counter: Counter,
    /// The session that made it.
    pub session: SessionId,
    /// That session's number for it.
    pub number: SessionNumber,
    /// What it wanted.
    pub events: Vec<RawEvent>,
    /// Why not, for programs.
    pub code: String,
    /// Why not, for people.
    pub message: String,
}

/// A commit that was confirmed, and that the server's log no longer has: kept until the app dismisses it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    /// Which of them: what a dismissal names.
    pub id: u64,
    /// The client that made it.
    pub client: ClientId,
    /// That client's number for it.
    pub counter: Counter,
    /// Who made it.
    pub author: Subject,
    /// Where its first event stood; zero where it was offered again, and withdrawn.
    pub first: Seq,
    /// What it said.
    pub events: Vec<RawEvent>,
}

/// Entries of the log, as a message for a session: the segment is not encoded again.
pub(crate) fn encode_entries(segment: &str) -> String {
    format!(r#"{{"entries":[{segment}]}}"#)
}
