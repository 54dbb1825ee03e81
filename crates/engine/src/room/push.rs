//! A push: each commit decided once, all in one transaction.

use serde::{Deserialize, Serialize};
use syncline_protocol::{
    Chain, ClientId, Code, Commit, CommitDigest, Counter, Digest, Entry, ErrorFrame, Limits, Millis, Outcome,
    Push, Rejection, Seq, ServerMessage, Verdict, Verdicts, encode_entries,
};

use super::{Failure, Output, Room, connection::Greeted};
use crate::segment::{self, Builder, Segment};
use crate::sql::nested;
use crate::state::admit_commit;
use crate::{HostFailure, Query, Refusal, Sql, SqlError};

/// What is kept of a decision. An accepted commit needs only its size: its place follows from those
/// before it, and its digest from its entries.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Accepted(u32),
    Rejected { code: String, message: String, digest: Digest },
}

/// What a push comes to, before anything of it is taken into memory or sent.
struct Decided {
    verdicts: Vec<Verdict>,
    segments: Vec<Segment>,
    head: Seq,
    chain: Chain,
}

impl Room {
    pub(super) fn push(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        from: &Greeted,
        push: &Push,
    ) -> Result<Vec<Output>, Failure> {
        self.refuse_oversized(push)?;
        let decided = decided(db, &from.client)?;
        refuse_gap(&push.commits, decided)?;

        let ready = push.commits.iter().take_while(|commit| self.undecidable(from, commit).is_none()).count();
        let (ready, waiting) = push.commits.split_at(ready);
        let mut outputs = Vec::new();
        if !ready.is_empty() {
            let outcome = nested(db, |db| self.decide(db, now, &from.client, ready, decided))?;
            if !outcome.segments.is_empty() {
                let texts: Vec<&str> = outcome.segments.iter().map(|segment| segment.text.as_str()).collect();
                outputs.push(Output::Publish(encode_entries(self.head, outcome.head, &texts)));
            }
            self.head = outcome.head;
            self.chain = outcome.chain;
            let verdicts = Verdicts { head: self.head, verdicts: outcome.verdicts };
            outputs.push(Output::Reply(ServerMessage::Verdicts(verdicts).encode()));
        }
        if let Some(error) = waiting.first().and_then(|commit| self.undecidable(from, commit)) {
            outputs.push(Output::Reply(ServerMessage::Error(error).encode()));
        }
        Ok(outputs)
    }

    fn refuse_oversized(&self, push: &Push) -> Result<(), Failure> {
        let events: usize = push.commits.iter().map(|commit| commit.events.len()).sum();
        let limits = &self.limits;
        // One commit with too many events is a matter for its verdict: it must not wedge the outbox.
        if push.commits.len() > limits.push_commits || (push.commits.len() > 1 && events > limits.push_events)
        {
            let message = format!(
                "{} commits with {events} events; the limits are {} and {}",
                push.commits.len(),
                limits.push_commits,
                limits.push_events
            );
            return Err(ErrorFrame::new(Code::PushTooLarge, message).into());
        }
        Ok(())
    }

    /// Why a commit cannot be decided now: it stays in the outbox.
    fn undecidable(&self, from: &Greeted, commit: &Commit) -> Option<ErrorFrame> {
        if commit.author != from.subject {
            let message = format!("commit {} is by {}, not {}", commit.counter, commit.author, from.subject);
            return Some(ErrorFrame::new(Code::AuthorMismatch, message));
        }
        if commit.model_version > self.rules.version() {
            let message = format!(
                "commit {} was made with model version {}, the server has {}",
                commit.counter,
                commit.model_version.0,
                self.rules.version().0
            );
            return Some(ErrorFrame {
                retry_after_ms: Some(30_000),
                ..ErrorFrame::new(Code::ServerBehind, message)
            });
        }
        None
    }

    fn decide(
        &self,
        db: &mut dyn Sql,
        now: Millis,
        client: &ClientId,
        commits: &[Commit],
        decided: Counter,
    ) -> Result<Decided, Failure> {
        let fresh = commits.iter().take_while(|commit| commit.counter <= decided).count();
        let (known, fresh) = commits.split_at(fresh);
        let mut verdicts =
            known.iter().map(|commit| remembered(db, client, commit)).collect::<Result<Vec<_>, _>>()?;

        let mut head = self.head;
        let mut log = Builder::new(self.chain);
        let mut kept = Vec::with_capacity(fresh.len());
        let admissions = self.admit(db, now, fresh)?;
        for (commit, admitted) in fresh.iter().zip(admissions) {
            assert!(commit.counter > decided, "exactly-once: a decided commit is not decided again");
            let outcome = match admitted {
                Ok(()) => {
                    let entries = entries(client, commit, head, now);
                    log.add(&entries);
                    kept.push(Kept::Accepted(size(commit)));
                    let first = head.next();
                    head = head.plus(u64::from(size(commit)));
                    Outcome::Accepted { first, last: head }
                }
                Err(rejection) => {
                    let Rejection { code, message } = rejection.clone();
                    kept.push(Kept::Rejected { code, message, digest: CommitDigest::of(commit) });
                    Outcome::Rejected(rejection)
                }
            };
            verdicts.push(Verdict { counter: commit.counter, outcome });
        }

        let chain = log.chain();
        let segments = log.finish();
        for segment in &segments {
            segment::append(db, segment)?;
        }
        if let (Some(first), Some(last)) = (fresh.first(), fresh.last()) {
            keep(db, client, first.counter, last.counter, self.head, &kept)?;
        }
        Ok(Decided { verdicts, segments, head, chain })
    }

    /// Checks and applies each commit. Most pushes are accepted whole, so that is tried first, in one
    /// transaction; where a commit is rejected, each gets one of its own (a nested transaction costs as
    /// much as a statement, in a Durable Object).
    fn admit(
        &self,
        db: &mut dyn Sql,
        now: Millis,
        commits: &[Commit],
    ) -> Result<Vec<Result<(), Rejection>>, SqlError> {
        let admit_one = |db: &mut dyn Sql, commit: &Commit| match self.refuse_shape(commit) {
            Some(rejection) => Err(Refusal::Rejected(rejection)),
            None => admit_commit(db, &self.rules, now, &commit.author, &commit.events),
        };
        let all = nested(db, |db| commits.iter().try_for_each(|commit| admit_one(db, commit)));
        let rejected = match all {
            Ok(()) => return Ok(vec![Ok(()); commits.len()]),
            Err(Refusal::Host(error)) => return Err(error),
            Err(Refusal::Rejected(rejection)) => rejection,
        };
        if commits.len() == 1 {
            return Ok(vec![Err(rejected)]);
        }
        let mut admitted = Vec::with_capacity(commits.len());
        for commit in commits {
            admitted.push(match nested(db, |db| admit_one(db, commit)) {
                Ok(()) => Ok(()),
                Err(Refusal::Rejected(rejection)) => Err(rejection),
                Err(Refusal::Host(error)) => return Err(error),
            });
        }
        Ok(admitted)
    }

    /// What is wrong with the commit itself, before the rules see it.
    fn refuse_shape(&self, commit: &Commit) -> Option<Rejection> {
        if commit.events.is_empty() {
            return Some(Rejection::coded(Code::EmptyCommit, "the commit has no events"));
        }
        let bytes: usize = commit.events.iter().map(|event| event.name.len() + event.args.get().len()).sum();
        if commit.events.len() > self.limits.commit_events || bytes > self.limits.commit_bytes {
            let message = format!(
                "{} events with {bytes} bytes; the limits are {} and {}",
                commit.events.len(),
                self.limits.commit_events,
                self.limits.commit_bytes
            );
            return Some(Rejection::coded(Code::CommitTooLarge, message));
        }
        let long = commit.events.iter().find(|event| event.name.len() > Limits::EVENT_NAME_BYTES);
        long.map(|event| {
            Rejection::coded(Code::UnknownEvent, format!("an event's name has {} bytes", event.name.len()))
        })
    }
}

/// The last decided counter of a client; none for one that the room has not heard of.
pub(super) fn decided(db: &dyn Query, client: &ClientId) -> Result<Counter, SqlError> {
    let sql = "SELECT last FROM syncline_decisions WHERE client = ?1 ORDER BY last DESC LIMIT 1";
    Ok(db.value(sql, &[client.as_str().into()])?.unwrap_or_default())
}

/// A client that the room has not heard of may begin anywhere: the log may be younger than the client.
fn refuse_gap(commits: &[Commit], decided: Counter) -> Result<(), Failure> {
    let mut expected = if decided == Counter::NONE { None } else { Some(decided.next()) };
    for commit in commits {
        let gap = match expected {
            _ if commit.counter == Counter::NONE => true,
            Some(expected) => commit.counter > expected,
            None => false,
        };
        if gap {
            let message = match expected {
                Some(expected) => format!("commit {} came where {expected} was expected", commit.counter),
                None => "counters begin at 1".to_owned(),
            };
            return Err(ErrorFrame::new(Code::CounterGap, message).into());
        }
        expected = Some(commit.counter.next().max(expected.unwrap_or_default()));
    }
    Ok(())
}

fn size(commit: &Commit) -> u32 {
    u32::try_from(commit.events.len()).unwrap_or(u32::MAX)
}

fn entries(client: &ClientId, commit: &Commit, head: Seq, now: Millis) -> Vec<Entry> {
    (0..)
        .zip(&commit.events)
        .map(|(index, event)| Entry {
            seq: head.plus(u64::from(index) + 1),
            client: client.clone(),
            counter: commit.counter,
            index,
            of: size(commit),
            author: commit.author.clone(),
            time: now,
            name: event.name.clone(),
            args: event.args.clone(),
        })
        .collect()
}

fn keep(
    db: &mut dyn Sql,
    client: &ClientId,
    first: Counter,
    last: Counter,
    after: Seq,
    kept: &[Kept],
) -> Result<(), SqlError> {
    let outcomes = serde_json::to_string(kept).map_err(damaged)?;
    db.execute(
        "INSERT INTO syncline_decisions (client, last, first, after, outcomes) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[client.as_str().into(), last.into(), first.into(), after.into(), (&outcomes).into()],
    )
}

/// The verdict on a commit that was decided before (exactly-once).
fn remembered(db: &dyn Query, client: &ClientId, commit: &Commit) -> Result<Verdict, Failure> {
    let row = db.first(
        "SELECT first, after, outcomes FROM syncline_decisions WHERE client = ?1 AND last >= ?2 AND first <= ?2
            ORDER BY last LIMIT 1",
        &[client.as_str().into(), commit.counter.into()],
    )?;
    // Below the first counter that the room has heard of: another life of the log decided it.
    let Some(row) = row else {
        return Err(mismatch(commit));
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
                Kept::Accepted(_) => {
                    (Outcome::Accepted { first, last: at }, Some(logged_digest(db, first, at)?))
                }
                Kept::Rejected { code, message, digest } => {
                    (Outcome::Rejected(Rejection { code, message }), Some(digest))
                }
            };
            if digest != Some(CommitDigest::of(commit)) {
                return Err(mismatch(commit));
            }
            return Ok(Verdict { counter, outcome });
        }
        counter = counter.next();
    }
    Err(mismatch(commit))
}

fn mismatch(commit: &Commit) -> Failure {
    let message = format!("commit {} was decided with other content", commit.counter);
    ErrorFrame::new(Code::CommitMismatch, message).into()
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
        digest.add(&entry.name, &Digest::of(entry.args.get().as_bytes()));
    }
    Ok(digest.finish())
}

fn damaged(why: impl ToString) -> SqlError {
    SqlError::Host { failure: HostFailure::Corrupt, message: why.to_string() }
}
