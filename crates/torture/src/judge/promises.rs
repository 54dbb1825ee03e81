//! Each promise, checked against the evidence of a round. Knows nothing of processes and files.

use std::collections::{BTreeMap, BTreeSet};

use syncline_engine::protocol::{Chain, Entry, RawEvent, Seq};

use super::{ArchivedEntry, Log, Logged, RoomFile};
use crate::receipt::fingerprint;
use crate::{Receipt, Report, tag_of};

/// What a server says to a client that it knows to have gone on otherwise.
const COPIED: &str = "commit-mismatch";

/// As many of a kind are told one by one.
const TOLD: usize = 5;

/// All that a round has left behind.
pub struct Evidence {
    pub log: Log,
    /// Of each client, by its subject, in the order in which they were written.
    pub receipts: BTreeMap<String, Vec<Receipt>>,
    /// Of each client, by its subject; and of a fresh one.
    pub reports: BTreeMap<String, Report>,
    pub room: RoomFile,
    /// Where the server has one.
    pub archive: Option<Vec<ArchivedEntry>>,
    /// Where the log of the round before ended.
    pub before: (Seq, Chain),
}

/// What was promised, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub made: usize,
    pub refused: usize,
    pub persisted: usize,
    pub confirmed: usize,
    pub rejected: usize,
    pub entries: usize,
    /// Those of the entries that were in the archive alone when the faults had ended.
    pub released: usize,
}

/// Everything that is not as promised; empty when all is well.
#[must_use]
pub fn violations(evidence: &Evidence) -> (Counts, Vec<String>) {
    let mut found = evidence.log.violations.clone();
    let logged = commits(&evidence.log.entries, &mut found);
    let mut counts = Counts { entries: evidence.log.entries.len(), ..Counts::default() };
    let mut known = BTreeSet::new();
    for (name, receipts) in &evidence.receipts {
        client(name, receipts, &logged, &mut counts, &mut found);
        known.extend(receipts.iter().filter_map(|receipt| match receipt {
            Receipt::Made { tag, .. } => Some(tag.as_str()),
            Receipt::Refused { .. }
            | Receipt::Persisted { .. }
            | Receipt::Confirmed { .. }
            | Receipt::Rejected { .. }
            | Receipt::Restored { .. }
            | Receipt::Trouble { .. } => None,
        }));
    }
    let strangers = logged.by_tag.keys().filter(|tag| !known.contains(tag.as_str()));
    report(&mut found, "in the log, made by nobody", strangers);
    report(&mut found, "exactly-once: in the log twice", logged.doubled.iter());
    report(&mut found, "in the log, without a name", logged.unnamed.iter());
    replicas(evidence, &mut found);
    (counts, found)
}

/// Cuts the log into commits, and looks at each: whole, and under its own counter.
fn commits<'a>(entries: &'a [Entry], found: &mut Vec<String>) -> Logged<'a> {
    let mut logged = Logged::default();
    let mut counters = BTreeSet::new();
    for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
        let Some(first) = commit.first() else { continue };
        let whole = (0..).zip(commit).all(|(index, entry)| {
            (entry.index, entry.of as usize) == (index, commit.len())
                && (&entry.client, entry.counter, &entry.author)
                    == (&first.client, first.counter, &first.author)
        });
        if !whole {
            found.push(format!("whole-commits: the commit at {} is divided", first.seq));
        }
        if !counters.insert((first.client.as_str(), first.counter)) {
            found.push(format!("exactly-once: {} {} is in the log twice", first.client, first.counter));
        }
        match tag_of(&commit.iter().map(Entry::event).collect::<Vec<RawEvent>>()) {
            None => logged.unnamed.push(first.seq.to_string()),
            Some(tag) => {
                if logged.by_tag.insert(tag.clone(), commit).is_some() {
                    logged.doubled.push(tag);
                }
            }
        }
    }
    logged
}

/// What one client was told.
#[derive(Default)]
struct Promised<'a> {
    made: BTreeMap<&'a str, &'a str>,
    refused: BTreeSet<&'a str>,
    persisted: BTreeSet<&'a str>,
    /// Persisted in files that were replaced by an older image.
    replaced: BTreeSet<&'a str>,
    confirmed: BTreeMap<&'a str, (Seq, Seq)>,
    rejected: BTreeMap<&'a str, &'a str>,
}

fn client(
    name: &str,
    receipts: &[Receipt],
    logged: &Logged<'_>,
    counts: &mut Counts,
    found: &mut Vec<String>,
) {
    let mut promised = Promised::default();
    let restored = receipts.iter().any(|receipt| matches!(receipt, Receipt::Restored { .. }));
    for (place, receipt) in receipts.iter().enumerate() {
        match receipt {
            Receipt::Made { tag, digest } => drop(promised.made.insert(tag, digest)),
            Receipt::Refused { tag, .. } => drop(promised.refused.insert(tag)),
            Receipt::Persisted { tag } => drop(promised.persisted.insert(tag)),
            Receipt::Confirmed { tag, first, last } => {
                let before = promised.confirmed.insert(tag, (*first, *last));
                if before.is_some_and(|before| before != (*first, *last)) {
                    found.push(format!("true-receipt: {tag} was confirmed at two places"));
                }
            }
            Receipt::Rejected { tag, code } => {
                let before = promised.rejected.insert(tag, code);
                if let Some(before) = before.filter(|before| before != code) {
                    found.push(format!("exactly-once: {tag} was rejected as {before} and as {code}"));
                }
            }
            Receipt::Restored { receipts: from } => {
                for receipt in receipts.get(*from..place).unwrap_or_default() {
                    if let Receipt::Persisted { tag } = receipt {
                        promised.replaced.insert(tag);
                    }
                }
            }
            // The client that it was goes on under another id.
            Receipt::Trouble { code, .. } if restored && code == COPIED => {}
            Receipt::Trouble { code, message } => found.push(format!("{name} met {code}: {message}")),
        }
    }
    counts.made += promised.made.len();
    counts.refused += promised.refused.len();
    counts.persisted += promised.persisted.len();
    counts.confirmed += promised.confirmed.len();
    counts.rejected += promised.rejected.len();

    let is_logged = |tag: &&&str| logged.by_tag.contains_key(**tag);
    let is_rejected = |tag: &&&str| promised.rejected.contains_key(**tag);
    let lost =
        promised.persisted.difference(&promised.replaced).filter(|tag| !is_logged(tag) && !is_rejected(tag));
    report(found, "true-receipt: persisted, and lost", lost);
    let both = promised.rejected.keys().filter(is_logged);
    report(found, "exactly-once: rejected, and in the log", both);
    let refused = promised.refused.iter().filter(is_logged);
    report(found, "refused here, and in the log", refused);
    let moved = promised.confirmed.iter().filter(|(tag, place)| {
        let commit = logged.by_tag.get(**tag);
        let at = commit.and_then(|commit| Some((commit.first()?.seq, commit.last()?.seq)));
        at != Some(**place)
    });
    report(found, "true-receipt: confirmed, and lost or moved", moved.map(|(tag, _)| tag));
    let changed = promised.made.iter().filter(|(tag, digest)| {
        let commit = logged.by_tag.get(**tag);
        commit.is_some_and(|commit| {
            fingerprint(commit.iter().map(|entry| (entry.name.as_str(), entry.args.get()))) != **digest
        })
    });
    report(found, "in the log, with other content", changed.map(|(tag, _)| tag));
    let foreign = promised.made.keys().filter(|tag| {
        let commit = logged.by_tag.get(**tag);
        commit.is_some_and(|commit| commit.iter().any(|entry| entry.author.as_str() != name))
    });
    report(found, "own-name: in the log under another name", foreign);
}

/// one-order, for everybody who has followed the log.
fn replicas(evidence: &Evidence, found: &mut Vec<String>) {
    let Evidence { log, reports, room, archive, before, .. } = evidence;
    let head = log.entries.last().map_or(Seq::ZERO, |entry| entry.seq);
    let chain = log.chain_at(head).map(|chain| chain.to_string()).unwrap_or_default();
    if log.chain_at(before.0) != Some(before.1) {
        found.push(format!("one-order: the log is another one at {}, where a round ended before", before.0));
    }
    let let_go =
        |entry: &&Entry| room.released.iter().any(|(first, last)| (first..=last).contains(&&entry.seq));
    if !room.entries.iter().eq(log.entries.iter().filter(|entry| !let_go(entry))) {
        found.push("together: the room's file has another log than the server handed out".to_owned());
    }
    if room.quarantined > 0 {
        found.push(format!("rules-hold: the room has quarantined {}", room.quarantined));
    }
    for (name, report) in reports {
        if !report.drained {
            found.push(format!("{name} has not drained: {report:?}"));
            continue;
        }
        if (report.cursor, &report.chain) != (head, &chain) && head > Seq::ZERO {
            found.push(format!("one-order: {name} stands at {} with another chain", report.cursor));
        }
        if report.lost > 0 {
            found.push(format!("true-receipt: {name} misses {} confirmed commits", report.lost));
        }
        if report.quarantined > 0 {
            found.push(format!("rules-hold: {name} has quarantined {}", report.quarantined));
        }
        for (what, state) in [("session", &report.session), ("replica", &report.replica)] {
            if *state != room.state {
                found.push(format!("one-order: the {what} of {name} differs from the room's state"));
            }
        }
    }
    let expected: Vec<ArchivedEntry> = log.entries.iter().map(ArchivedEntry::from).collect();
    if let Some(archive) = archive
        && *archive != expected
    {
        let same = archive.iter().zip(&expected).take_while(|(one, other)| one == other).count();
        let (has, of) = (archive.len(), expected.len());
        found.push(format!("the archive differs from the log after {same} entries; it has {has} of {of}"));
    }
}

fn report(found: &mut Vec<String>, what: &str, which: impl Iterator<Item = impl std::fmt::Display>) {
    let all: Vec<String> = which.map(|one| one.to_string()).collect();
    if !all.is_empty() {
        let told: Vec<&str> = all.iter().take(TOLD).map(String::as_str).collect();
        let more = if all.len() > TOLD { ", …" } else { "" };
        found.push(format!("{what}: {} ({}{more})", all.len(), told.join(", ")));
    }
}

#[cfg(test)]
mod tests;
