//! What the room remembers of its decisions, so that a commit sent again gets the verdict that it had
//! (exactly-once).

use serde::{Deserialize, Serialize};
use syncline_protocol::{ClientId, Commit, CommitDigest, Counter, Digest, Outcome, Rejection, Seq, Verdict};

use crate::mutation::{Mutation, is_on};
use crate::promise::assert_promise;
use crate::segment;
use crate::{HostFailure, Query, Sql, SqlError};

/// What is kept of a decision. An accepted commit needs only its size: its place follows from those
/// before it, and its digest from its entries.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Kept {
    Accepted(u32),
    Rejected { code: String, message: String, digest: Digest },
}

/// What the room knows of a commit that it is sent.
pub(super) enum Memory {
    /// Nothing: it is to be decided.
    Fresh,
    /// It was decided.
    Decided(Verdict),
    /// A commit under its client and counter was decided, with other content: two databases share one
    /// client id.
    Another,
}

/// Verdicts in the making, in runs of counters without a gap.
pub(super) struct Runs {
    done: Vec<Run>,
}

/// Decisions of counters without a gap, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DecisionRow {
    first: Counter,
    last: Counter,
    after: Seq,
    outcomes: String,
}

struct Run {
    first: Counter,
    last: Counter,
    after: Seq,
    kept: Vec<Kept>,
}

impl Runs {
    pub(super) const fn new() -> Self {
        Self { done: Vec::new() }
    }

    /// One more decision; `after` is the head before it.
    pub(super) fn add(&mut self, counter: Counter, after: Seq, kept: Kept) {
        match self.done.last_mut() {
            Some(run) if run.last.next() == counter => {
                run.last = counter;
                run.kept.push(kept);
            }
            before => {
                assert_promise!(
                    before.is_none_or(|run| run.last < counter),
                    "exactly-once: a counter is decided once in a push"
                );
                self.done.push(Run { first: counter, last: counter, after, kept: vec![kept] });
            }
        }
    }

    pub(super) fn rows(self) -> Result<Vec<DecisionRow>, SqlError> {
        let rows = self.done.into_iter().map(|Run { first, last, after, kept }| {
            let outcomes = serde_json::to_string(&kept).map_err(damaged)?;
            Ok(DecisionRow { first, last, after, outcomes })
        });
        rows.collect()
    }
}

pub(super) fn keep(db: &mut dyn Sql, client: &ClientId, rows: &[DecisionRow]) -> Result<(), SqlError> {
    rows.iter().try_for_each(|DecisionRow { first, last, after, outcomes }| {
        db.execute(
            "INSERT INTO syncline_decisions (client, last, first, after, outcomes) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[client.as_str().into(), (*last).into(), (*first).into(), (*after).into(), outcomes.into()],
        )
    })
}

/// Whether these decisions were stored: then all of them were, and what they are about.
pub(super) fn are_known(db: &dyn Query, client: &ClientId, rows: &[DecisionRow]) -> Result<bool, SqlError> {
    let Some(last) = rows.last() else { return Ok(true) };
    let sql = "SELECT 1 FROM syncline_decisions WHERE client = ?1 AND last >= ?2 AND first <= ?2 LIMIT 1";
    db.exists(sql, &[client.as_str().into(), last.last.into()])
}

/// The last decided counter of a client; none for one that the room has not heard of.
pub(super) fn decided(db: &dyn Query, client: &ClientId) -> Result<Counter, SqlError> {
    let sql = "SELECT last FROM syncline_decisions WHERE client = ?1 ORDER BY last DESC LIMIT 1";
    Ok(db.value(sql, &[client.as_str().into()])?.unwrap_or_default())
}

/// What is remembered of a commit.
pub(super) fn recall(db: &dyn Query, client: &ClientId, commit: &Commit) -> Result<Memory, SqlError> {
    let row = db.first(
        "SELECT first, after, outcomes FROM syncline_decisions WHERE client = ?1 AND last >= ?2 AND first <= ?2
            ORDER BY last LIMIT 1",
        &[client.as_str().into(), commit.counter.into()],
    )?;
    let Some(row) = row.filter(|_| !is_on(Mutation::VerdictForgotten)) else {
        return Ok(Memory::Fresh);
    };
    let (mut counter, mut at): (Counter, Seq) = (row.get(0)?, row.get(1)?);
    let kept: Vec<Kept> = serde_json::from_str(&row.get::<String>(2)?).map_err(damaged)?;
    for kept in kept {
        let first = at.next();
        if let Kept::Accepted(size) = &kept {
            at = at.plus(u64::from(*size));
        }
        if counter == commit.counter {
            let (outcome, digest) = match kept {
                Kept::Accepted(_) => (Outcome::Accepted { first, last: at }, logged_digest(db, first, at)?),
                Kept::Rejected { code, message, digest } => {
                    (Outcome::Rejected(Rejection { code, message }), digest)
                }
            };
            let same = digest == CommitDigest::of(commit) || is_on(Mutation::CopyNotNoticed);
            return Ok(if same { Memory::Decided(Verdict { counter, outcome }) } else { Memory::Another });
        }
        counter = counter.next();
    }
    Err(damaged("a decision names a counter that it does not hold"))
}

/// The digest of the commit whose entries stand at these seqs.
fn logged_digest(db: &dyn Query, first: Seq, last: Seq) -> Result<Digest, SqlError> {
    let segment =
        segment::holding(db, first)?.ok_or_else(|| damaged("a decided commit is not in the log"))?;
    let entries = segment::decode(&segment)?;
    let mut commit = entries.iter().filter(|entry| (first..=last).contains(&entry.seq)).peekable();
    let author = commit.peek().map(|entry| &entry.author);
    let mut digest = CommitDigest::by(author.ok_or_else(|| damaged("a decided commit has no entries"))?);
    for entry in commit {
        digest.add(&entry.name, &entry.args_digest());
    }
    Ok(digest.finish())
}

fn damaged(why: impl ToString) -> SqlError {
    SqlError::Host { failure: HostFailure::Corrupt, message: why.to_string() }
}
