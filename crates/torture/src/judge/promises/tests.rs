//! The judge finds each kind of wrong: one that finds nothing would pass everything.

use syncline_engine::protocol::{Args, ClientId, Counter, Incarnation, Millis, Subject};

use super::*;

fn entry(seq: u64, tag: &str) -> Entry {
    Entry {
        seq: Seq::new(seq).unwrap(),
        client: ClientId::parse("c1").unwrap(),
        counter: Counter::new(seq).unwrap(),
        index: 0,
        of: 1,
        author: Subject::parse("ann").unwrap(),
        time: Millis::new(1).unwrap(),
        name: "messagePosted".into(),
        args: Args::parse(format!(r#"{{"id":"{tag}","text":"says {tag}"}}"#)).unwrap(),
        redacted: None,
    }
}

fn log_of(entries: Vec<Entry>) -> Log {
    let mut chain = Chain::GENESIS;
    let mut chains = Vec::new();
    for entry in &entries {
        chain = chain.after(entry, &entry.args_digest());
        chains.push(chain);
    }
    Log { incarnation: Incarnation::parse("i").unwrap(), entries, chains, violations: Vec::new() }
}

fn receipts(seq: u64, tag: &str) -> Vec<Receipt> {
    let entry = entry(seq, tag);
    let digest = fingerprint([(entry.name.as_str(), entry.args.get())]);
    let tag = tag.to_owned();
    vec![
        Receipt::Made { tag: tag.clone(), digest },
        Receipt::Persisted { tag: tag.clone() },
        Receipt::Confirmed { tag, first: entry.seq, last: entry.seq },
    ]
}

/// Two commits in the log, one that was rejected, and all is well.
fn sound() -> Evidence {
    let log = log_of(vec![entry(1, "a"), entry(2, "b")]);
    let mut ann = receipts(1, "a");
    ann.extend(receipts(2, "b"));
    ann.push(Receipt::Made { tag: "no".into(), digest: String::new() });
    ann.push(Receipt::Persisted { tag: "no".into() });
    ann.push(Receipt::Rejected { tag: "no".into(), code: "not-a-member".into() });
    let report = Report {
        round: 1,
        client: "c1".into(),
        drained: true,
        outbox: 0,
        pending: 0,
        stopped: None,
        cursor: Seq::new(2).unwrap(),
        chain: log.chains[1].to_string(),
        lost: 0,
        quarantined: 0,
        session: "state".into(),
        replica: "state".into(),
    };
    Evidence {
        receipts: BTreeMap::from([("ann".to_owned(), ann)]),
        reports: BTreeMap::from([("ann".to_owned(), report)]),
        room: RoomFile {
            entries: log.entries.clone(),
            released: Vec::new(),
            state: "state".into(),
            quarantined: 0,
        },
        archive: Some(log.entries.iter().map(ArchivedEntry::from).collect()),
        before: (Seq::new(1).unwrap(), log.chains[0]),
        log,
    }
}

/// What is found once the evidence was changed so.
fn found(change: impl FnOnce(&mut Evidence)) -> String {
    let mut evidence = sound();
    change(&mut evidence);
    violations(&evidence).1.join("\n")
}

fn relog(evidence: &mut Evidence, entries: Vec<Entry>) {
    evidence.log = log_of(entries);
    evidence.room.entries = evidence.log.entries.clone();
}

fn ann(evidence: &mut Evidence) -> &mut Vec<Receipt> {
    evidence.receipts.get_mut("ann").unwrap()
}

fn report(evidence: &mut Evidence) -> &mut Report {
    evidence.reports.get_mut("ann").unwrap()
}

#[test]
fn what_is_as_promised_is_counted_and_not_reported() {
    let (counts, found) = violations(&sound());
    assert_eq!(found, Vec::<String>::new());
    let expected =
        Counts { made: 3, refused: 0, persisted: 3, confirmed: 2, rejected: 1, entries: 2, released: 0 };
    assert_eq!(counts, expected);
}

#[test]
fn a_persisted_commit_without_a_verdict_is_lost() {
    let text = found(|evidence| drop(ann(evidence).pop()));
    assert!(text.contains("persisted, and lost: 1 (no)"), "{text}");
}

#[test]
fn a_confirmed_commit_that_is_elsewhere_has_moved() {
    let text = found(|evidence| relog(evidence, vec![entry(1, "b"), entry(2, "a")]));
    assert!(text.contains("confirmed, and lost or moved: 2 (a, b)"), "{text}");
}

#[test]
fn a_commit_that_is_logged_twice_is_found_by_its_name_and_by_its_counter() {
    let text = found(|evidence| relog(evidence, vec![entry(1, "a"), entry(2, "b"), entry(3, "a")]));
    assert!(text.contains("in the log twice: 1 (a)"), "{text}");
    let again = Entry { counter: Counter::new(1).unwrap(), ..entry(2, "b") };
    let text = found(|evidence| relog(evidence, vec![entry(1, "a"), again]));
    assert!(text.contains("exactly-once: c1 1 is in the log twice"), "{text}");
}

#[test]
fn what_was_rejected_or_refused_must_not_be_logged() {
    let rejected = Receipt::Rejected { tag: "a".into(), code: "x".into() };
    let text = found(|evidence| ann(evidence).push(rejected));
    assert!(text.contains("rejected, and in the log: 1 (a)"), "{text}");
    let refused = Receipt::Refused { tag: "a".into(), code: "x".into() };
    let text = found(|evidence| ann(evidence).push(refused));
    assert!(text.contains("refused here, and in the log: 1 (a)"), "{text}");
}

#[test]
fn two_verdicts_on_one_commit_are_one_too_many() {
    let other = Receipt::Rejected { tag: "no".into(), code: "another".into() };
    let text = found(|evidence| ann(evidence).push(other));
    assert!(text.contains("no was rejected as not-a-member and as another"), "{text}");
    let one = Seq::new(1).unwrap();
    let other = Receipt::Confirmed { tag: "b".into(), first: one, last: one };
    let text = found(|evidence| ann(evidence).push(other));
    assert!(text.contains("b was confirmed at two places"), "{text}");
}

#[test]
fn a_stranger_another_name_and_other_content_are_found() {
    let text = found(|evidence| drop(ann(evidence).drain(..3)));
    assert!(text.contains("made by nobody: 1 (a)"), "{text}");
    let foreign = Entry { author: Subject::parse("bob").unwrap(), ..entry(1, "a") };
    let text = found(|evidence| relog(evidence, vec![foreign, entry(2, "b")]));
    assert!(text.contains("own-name: in the log under another name: 1 (a)"), "{text}");
    let changed = Entry { name: "messageEdited".into(), ..entry(1, "a") };
    let text = found(|evidence| relog(evidence, vec![changed, entry(2, "b")]));
    assert!(text.contains("with other content: 1 (a)"), "{text}");
}

#[test]
fn a_divided_commit_is_found() {
    let half = Entry { of: 2, ..entry(2, "b") };
    let text = found(|evidence| relog(evidence, vec![entry(1, "a"), half]));
    assert!(text.contains("whole-commits: the commit at 2 is divided"), "{text}");
}

#[test]
fn another_state_chain_log_or_archive_is_found() {
    let text = found(|evidence| report(evidence).session = "other".into());
    assert!(text.contains("the session of ann differs"), "{text}");
    let text = found(|evidence| report(evidence).chain = "other".into());
    assert!(text.contains("another chain"), "{text}");
    let text = found(|evidence| report(evidence).drained = false);
    assert!(text.contains("ann has not drained"), "{text}");
    let text = found(|evidence| report(evidence).quarantined = 1);
    assert!(text.contains("ann has quarantined 1"), "{text}");
    let text = found(|evidence| drop(evidence.room.entries.pop()));
    assert!(text.contains("the room's file has another log"), "{text}");
    let text = found(|evidence| drop(evidence.archive.as_mut().unwrap().pop()));
    assert!(text.contains("differs from the log after 1 entries; it has 1 of 2"), "{text}");
    let text = found(|evidence| evidence.before.1 = Chain::GENESIS);
    assert!(text.contains("the log is another one at 1"), "{text}");
}

#[test]
fn what_only_the_replaced_files_had_is_no_loss_and_what_was_confirmed_is() {
    let restored = Receipt::Restored { receipts: 7 };
    let text = found(|evidence| *ann(evidence).last_mut().unwrap() = restored);
    assert_eq!(text, "", "`no` was persisted after the image");
    let restored = Receipt::Restored { receipts: 8 };
    let text = found(|evidence| *ann(evidence).last_mut().unwrap() = restored);
    assert!(text.contains("persisted, and lost: 1 (no)"), "{text}");
    let text = found(|evidence| {
        ann(evidence).push(Receipt::Restored { receipts: 0 });
        relog(evidence, vec![entry(1, "a")]);
    });
    assert!(text.contains("confirmed, and lost or moved: 1 (b)"), "{text}");
}

#[test]
fn trouble_that_a_client_met_is_told() {
    let trouble = Receipt::Trouble { code: "bad-message".into(), message: "seq 3".into() };
    let text = found(|evidence| ann(evidence).push(trouble));
    assert!(text.contains("ann met bad-message: seq 3"), "{text}");
    let copied = || Receipt::Trouble { code: COPIED.into(), message: String::new() };
    let text = found(|evidence| ann(evidence).push(copied()));
    assert!(text.contains("ann met commit-mismatch"), "{text}");
    let text = found(|evidence| ann(evidence).extend([Receipt::Restored { receipts: 10 }, copied()]));
    assert_eq!(text, "");
}
