//! A push: each commit decided once, all in one transaction.

use syncline_protocol::{
    Chain, ClientId, Code, Commit, CommitDigest, Counter, Entry, ErrorFrame, Limits, Millis, Outcome, Push,
    Rejection, Seq, ServerMessage, Verdict, Verdicts, encode_entries,
};

use super::decisions::{self, DecisionRow, Kept, Memory, Runs};
use super::journal::Record;
use super::{Failure, Output, Room, connection::Greeted};
use crate::mutation::{Mutation, is_on};
use crate::promise::assert_promise;
use crate::segment::{self, Builder, Segment};
use crate::sql::nested;
use crate::state::admit_commit;
use crate::{Query, Refusal, Sql, SqlError};

/// What a push comes to, before anything of it is taken into memory or sent.
pub(super) struct Decided {
    pub(super) client: ClientId,
    verdicts: Vec<Verdict>,
    pub(super) segments: Vec<Segment>,
    pub(super) decisions: Vec<DecisionRow>,
    head: Seq,
    chain: Chain,
}

impl Decided {
    /// Why one of its commits is not in the log.
    pub(super) fn rejection(&self) -> Option<&Rejection> {
        self.verdicts.iter().find_map(|verdict| match &verdict.outcome {
            Outcome::Accepted { .. } => None,
            Outcome::Rejected(rejection) => Some(rejection),
        })
    }

    fn are_in_the_log(&self) -> bool {
        self.verdicts.iter().all(|verdict| match &verdict.outcome {
            Outcome::Accepted { first, last } => first <= last && *last <= self.head,
            Outcome::Rejected(_) => true,
        })
    }
}

impl Room {
    pub(super) fn push(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        from: &Greeted,
        push: &Push,
    ) -> Result<Vec<Output>, Failure> {
        self.refuse_while_rebuilding()?;
        self.refuse_oversized(push)?;
        refuse_disorder(&push.commits)?;
        let ready = push.commits.iter().take_while(|commit| self.undecidable(from, commit).is_none()).count();
        let (ready, waiting) = push.commits.split_at(ready);
        assert_promise!(
            ready.iter().all(|commit| commit.author == from.subject || is_on(Mutation::AuthorUnchecked)),
            "own-name: a commit is decided for who made it"
        );
        let mut outputs = Vec::new();
        let (known, copied) = recall_all(db, &from.client, ready)?;
        if copied {
            let verdicts: Vec<Verdict> = known.into_iter().flatten().collect();
            if !verdicts.is_empty() {
                let verdicts = Verdicts { head: self.head, verdicts };
                outputs.push(Output::Reply(ServerMessage::Verdicts(verdicts).encode()));
            }
            let message = "a commit under this client and counter was decided with other content";
            let error = ErrorFrame::new(Code::CommitMismatch, message);
            outputs.push(Output::Reply(ServerMessage::Error(error).encode()));
            return Ok(outputs);
        }
        if !ready.is_empty() {
            outputs = self.decide_contained(db, now, &from.client, ready, known)?;
        }
        if let Some(error) = waiting.first().and_then(|commit| self.undecidable(from, commit)) {
            outputs.push(Output::Reply(ServerMessage::Error(error).encode()));
        }
        Ok(outputs)
    }

    /// Takes into memory what is durable, and says it.
    pub(super) fn take(&mut self, mut decided: Decided) -> Vec<Output> {
        let mut outputs = Vec::new();
        assert_promise!(
            decided.segments.first().is_none_or(|segment| segment.first == self.head.next()),
            "one-order: what is published follows the head"
        );
        assert_promise!(decided.are_in_the_log(), "true-receipt: what is accepted is in the log");
        if !decided.segments.is_empty() {
            let texts: Vec<&str> = decided.segments.iter().map(|segment| segment.text.as_str()).collect();
            outputs.push(Output::Publish(encode_entries(self.head, decided.head, &texts)));
        }
        self.unmerged =
            self.unmerged.saturating_add(u32::try_from(decided.segments.len()).unwrap_or(u32::MAX));
        let before = std::mem::replace(&mut self.head, decided.head);
        self.chain = decided.chain;
        let verdicts = Verdicts { head: self.head, verdicts: std::mem::take(&mut decided.verdicts) };
        outputs.push(Output::Reply(ServerMessage::Verdicts(verdicts).encode()));
        if let Some(journal) = &mut self.journal {
            journal.extend(Record::of(&self.incarnation, before, decided));
        }
        outputs
    }

    fn refuse_oversized(&self, push: &Push) -> Result<(), Failure> {
        let events: usize = push.commits.iter().map(|commit| commit.events.len()).sum();
        let limits = &self.config.limits;
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
        if commit.author != from.subject && !is_on(Mutation::AuthorUnchecked) {
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

    /// Decides the commits that the room does not know, and answers all of them. Those that have
    /// crashed it before are not tried.
    pub(super) fn decide(
        &self,
        db: &mut dyn Sql,
        now: Millis,
        client: &ClientId,
        commits: &[Commit],
        known: Vec<Option<Verdict>>,
        crashed: Option<&Rejection>,
    ) -> Result<Decided, SqlError> {
        let fresh: Vec<&Commit> = commits
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|(commit, _)| commit)
            .collect();
        let admissions = match crashed {
            Some(why) => vec![Err(why.clone()); fresh.len()],
            None => self.admit(db, now, client, &fresh)?,
        };
        let mut admissions = admissions.into_iter();

        let mut head = self.head;
        let mut log = Builder::new(self.chain);
        let mut runs = Runs::new();
        let mut verdicts = Vec::with_capacity(commits.len());
        for (commit, known) in commits.iter().zip(known) {
            if let Some(verdict) = known {
                verdicts.push(verdict);
                continue;
            }
            let outcome = match admissions.next().expect("each fresh commit has its admission") {
                Ok(()) => {
                    let mut entries = entries(client, commit, head, now);
                    if is_on(Mutation::CommitDivided) {
                        entries.iter_mut().for_each(|entry| (entry.index, entry.of) = (0, 1));
                    }
                    log.add(&entries);
                    runs.add(commit.counter, head, Kept::Accepted(size(commit)));
                    let first = head.next();
                    head = head.plus(u64::from(size(commit)));
                    Outcome::Accepted { first, last: head }
                }
                Err(rejection) => {
                    let Rejection { code, message } = rejection.clone();
                    let digest = CommitDigest::of(commit);
                    runs.add(commit.counter, head, Kept::Rejected { code, message, digest });
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
        let decisions = runs.rows()?;
        decisions::keep(db, client, &decisions)?;
        Ok(Decided { client: client.clone(), verdicts, segments, decisions, head, chain })
    }

    /// Checks and applies each commit. Most pushes are accepted whole, so that is tried first, in one
    /// transaction; where a commit is rejected, each gets one of its own (a nested transaction costs as
    /// much as a statement, in a Durable Object).
    fn admit(
        &self,
        db: &mut dyn Sql,
        now: Millis,
        client: &ClientId,
        commits: &[&Commit],
    ) -> Result<Vec<Result<(), Rejection>>, SqlError> {
        let admit_one = |db: &mut dyn Sql, commit: &Commit| match self.refuse_shape(client, commit) {
            Some(rejection) => Err(Refusal::Rejected(rejection)),
            None => admit_commit(db, &self.rules, now, &commit.author, &commit.events),
        };
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let all = nested(db, |db| commits.iter().try_for_each(|commit| admit_one(db, commit)));
        let rejected = match all {
            Ok(()) => return Ok(vec![Ok(()); commits.len()]),
            Err(Refusal::Host(error)) => return Err(error),
            Err(Refusal::Rejected(rejection)) => rejection,
        };
        if commits.len() == 1 && !is_on(Mutation::RejectedWritesStay) {
            return Ok(vec![Err(rejected)]);
        }
        let mut admitted = Vec::with_capacity(commits.len());
        for commit in commits {
            let one = if is_on(Mutation::RejectedWritesStay) {
                admit_one(db, commit)
            } else {
                nested(db, |db| admit_one(db, commit))
            };
            admitted.push(match one {
                Ok(()) => Ok(()),
                Err(Refusal::Rejected(rejection)) => Err(rejection),
                Err(Refusal::Host(error)) => return Err(error),
            });
        }
        Ok(admitted)
    }

    /// What is wrong with the commit itself, before the rules see it.
    fn refuse_shape(&self, client: &ClientId, commit: &Commit) -> Option<Rejection> {
        if commit.events.is_empty() {
            return Some(Rejection::coded(Code::EmptyCommit, "the commit has no events"));
        }
        let bytes: usize = commit.events.iter().map(|event| event.name.len() + event.args.get().len()).sum();
        let limits = &self.config.limits;
        let commit_bytes = if client.is_livestore() { Limits::LIVESTORE_BYTES } else { limits.commit_bytes };
        if commit.events.len() > limits.commit_events || bytes > commit_bytes {
            let message = format!(
                "{} events with {bytes} bytes; the limits are {} and {commit_bytes}",
                commit.events.len(),
                limits.commit_events,
            );
            return Some(Rejection::coded(Code::CommitTooLarge, message));
        }
        let long = commit.events.iter().find(|event| event.name.len() > Limits::EVENT_NAME_BYTES);
        long.map(|event| {
            Rejection::coded(Code::UnknownEvent, format!("an event's name has {} bytes", event.name.len()))
        })
    }
}

/// The counters of a push increase. Gaps are none of the room's business: what a client skips, it has
/// seen decided, here or in another life of the log.
fn refuse_disorder(commits: &[Commit]) -> Result<(), Failure> {
    let mut before = Counter::NONE;
    for commit in commits {
        if commit.counter <= before {
            let message =
                format!("commit {} came after {before}: counters begin at 1 and increase", commit.counter);
            return Err(ErrorFrame::new(Code::CounterOrder, message).into());
        }
        before = commit.counter;
    }
    Ok(())
}

/// What the room remembers of each commit, and whether it knows one of them otherwise: then nothing of the
/// push is decided. Those after that one may be known: what two copies had in their outboxes when they parted.
fn recall_all(
    db: &dyn Query,
    client: &ClientId,
    commits: &[Commit],
) -> Result<(Vec<Option<Verdict>>, bool), SqlError> {
    let decided = decisions::decided(db, client)?;
    let (mut known, mut copied) = (Vec::with_capacity(commits.len()), false);
    for commit in commits {
        // Most are new: no question is asked about them.
        let memory =
            if commit.counter > decided { Memory::Fresh } else { decisions::recall(db, client, commit)? };
        known.push(match memory {
            Memory::Fresh => None,
            Memory::Decided(verdict) => Some(verdict),
            Memory::Another => {
                copied = true;
                None
            }
        });
    }
    Ok((known, copied))
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
            redacted: None,
        })
        .collect()
}
