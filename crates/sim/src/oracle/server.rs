//! What the server does with a push: each verdict must be that of the reference, and the log must have
//! what was accepted, and nothing else.

use syncline_engine::protocol::{
    ClientMessage, Counter, Entry, Outcome, Push, Seq, ServerMessage, Verdict, decode_client, decode_entries,
    decode_server,
};
use syncline_engine::{Output, Query, SqlError};

use super::{CommitNo, Decided, Oracle, Violation, promise};
use crate::disk::Disk;
use crate::model::Fact;
use crate::tally::{Event, Tally};

impl Oracle {
    /// Checks what became of a frame that the server has taken from a client; `log` has what lies in it after a seq.
    pub(crate) fn served(
        &mut self,
        frame: &str,
        subject: &str,
        outputs: &[Output],
        now: u64,
        log: &dyn Fn(Seq) -> Result<Vec<Entry>, Violation>,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        if !frame.starts_with("{\"type\":\"push\"") {
            return Ok(());
        }
        let Ok(ClientMessage::Push(push)) = decode_client(frame, usize::MAX) else {
            return Err(Violation::new("nothing-silent", format!("a leader sent what is no push: {frame}")));
        };
        let fresh = log(self.mirror.head)?;
        let mut commits = fresh.chunk_by(|entry, _| !entry.ends_commit());
        for verdict in verdicts(outputs) {
            let commit = push.commits.iter().find(|commit| commit.counter == verdict.counter);
            let author = commit.map_or(subject, |commit| commit.author.as_str());
            promise!("own-name", author == subject, "a commit by {author} was decided for {subject}");
            self.decided(&push, &verdict, &mut commits, now, tally)?;
        }
        let left = commits.next();
        promise!("true-receipt", left.is_none(), "logged without a verdict: {left:?}");
        Ok(())
    }

    fn decided<'a>(
        &mut self,
        push: &Push,
        verdict: &Verdict,
        fresh: &mut impl Iterator<Item = &'a [Entry]>,
        now: u64,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        let Some(no) = self.pushed(push, verdict.counter) else {
            let what = format!("a verdict on {}, which was not pushed", verdict.counter);
            return Err(Violation::new("true-receipt", what));
        };
        let outcome = match &verdict.outcome {
            Outcome::Accepted { first, last } => Decided::Accepted { first: *first, last: *last },
            Outcome::Rejected(why) => Decided::Rejected(why.code.clone()),
        };
        if let Some(before) = self.mirror.decided.get(&no) {
            promise!(
                "exactly-once",
                *before == outcome,
                "{} was decided {before:?}, and now {outcome:?}",
                self.name(no)
            );
            tally.add(Event::AnsweredFromMemory);
            return Ok(());
        }
        self.judge(no, &outcome, now, tally)?;
        if let Decided::Accepted { first, last } = outcome {
            let Some(entries) = fresh.next() else {
                let what = format!("{} was accepted, and is not in the log", self.name(no));
                return Err(Violation::new("true-receipt", what));
            };
            self.logged(no, first, last, entries, verdict.counter)?;
        }
        self.mirror.decided.insert(no, outcome);
        Ok(())
    }

    /// The commit that a push has under a counter.
    fn pushed(&self, push: &Push, counter: Counter) -> Option<CommitNo> {
        let commit = push.commits.iter().find(|commit| commit.counter == counter)?;
        self.commit_of_event(commit.events.first()?.args.get())
    }

    /// rules-hold: the reference decides alike.
    fn judge(
        &mut self,
        no: CommitNo,
        outcome: &Decided,
        now: u64,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        let Some(commit) = self.commits.get(no.0) else { return Ok(()) };
        if *outcome == Decided::Rejected("crashed".to_owned()) {
            tally.add(Event::Crashed);
            let crashes = tally.count(Event::Kills);
            // Once with others, and then twice alone; a backup may have the marks of some of it.
            let may = commit.events.iter().any(|made| made.fact == Fact::Crash)
                || crashes > 2 * tally.count(Event::Crashed);
            promise!(
                "rules-hold",
                may,
                "{commit} is said to crash a server that has crashed {crashes} times"
            );
            return Ok(());
        }
        let expected = self.mirror.state.admit(self.version, now, &commit.author(), commit.facts());
        match (outcome, expected) {
            (Decided::Accepted { .. }, Ok(())) => tally.add(Event::Accepted),
            (Decided::Rejected(code), Err(why)) if code == why => tally.add(Event::Rejected),
            (_, expected) => {
                let what = format!("{commit} was decided {outcome:?}, and the rules say {expected:?}");
                return Err(Violation::new("rules-hold", what));
            }
        }
        Ok(())
    }

    fn logged(
        &mut self,
        no: CommitNo,
        first: Seq,
        last: Seq,
        entries: &[Entry],
        counter: Counter,
    ) -> Result<(), Violation> {
        let Some(commit) = self.commits.get(no.0) else { return Ok(()) };
        promise!(
            "one-order",
            first == self.mirror.head.next(),
            "{commit} at {first} after {}",
            self.mirror.head
        );
        promise!(
            "whole-commits",
            entries.len() == commit.events.len() && last.get() + 1 - first.get() == entries.len() as u64,
            "{commit} is logged as {entries:?}"
        );
        let mut seq = self.mirror.head;
        for (entry, made) in entries.iter().zip(&commit.events) {
            seq = seq.next();
            promise!("one-order", entry.seq == seq, "{commit}: {entry:?} at the place of {seq}");
            promise!(
                "exactly-once",
                entry.name == made.raw.name && entry.args == made.raw.args && entry.counter == counter,
                "{commit} is logged as {entry:?}"
            );
            promise!(
                "own-name",
                entry.author.as_str() == commit.author(),
                "{commit} is logged as by {}",
                entry.author
            );
        }
        self.mirror.head = last;
        self.mirror.log.push((no, last));
        Ok(())
    }

    /// together: the state moves with the log. The trail is what every event leaves in the state.
    pub(crate) fn same_trail(&self, disk: &Disk) -> Result<(), Violation> {
        let seen = crate::reference::trail(disk.look())
            .map_err(|error| Violation::new("always-boots", error.to_string()))?;
        let expected = self.mirror.state.trail();
        promise!("together", seen == expected, "the server's state has the trail {seen:?}, not {expected:?}");
        Ok(())
    }
}

/// The entries of a server's log after a seq.
pub(crate) fn entries_after(disk: &Disk, head: Seq) -> Result<Vec<Entry>, Violation> {
    let lost = |error: SqlError| Violation::new("always-boots", error.to_string());
    let db: &dyn Query = disk.look();
    let rows = db.query("SELECT entries FROM syncline_log WHERE last > ?1 ORDER BY first", &[head.into()]);
    let mut entries = Vec::new();
    for row in rows.map_err(lost)? {
        let decoded = decode_entries(&row.get::<String>(0).map_err(lost)?);
        entries.extend(decoded.map_err(|error| Violation::new("always-boots", error.to_string()))?);
    }
    entries.retain(|entry| entry.seq > head);
    Ok(entries)
}

fn verdicts(outputs: &[Output]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for output in outputs {
        if let Output::Reply(text) = output
            && text.starts_with("{\"type\":\"verdicts\"")
            && let Ok(ServerMessage::Verdicts(decided)) = decode_server(text)
        {
            verdicts.extend(decided.verdicts);
        }
    }
    verdicts
}
