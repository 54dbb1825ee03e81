//! Chains and digests: what they tell apart, and what they must not depend on.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use proptest::prelude::*;
use proptest::sample::Index;
use syncline_protocol::*;

/// Few letters, so that neighbouring texts can be confused where a boundary between them is not kept.
fn text() -> impl Strategy<Value = String> {
    "[ab]{1,4}"
}

fn event() -> impl Strategy<Value = RawEvent> {
    (text(), "[12]{1,4}").prop_map(|(name, args)| RawEvent { name, args: Args::parse(args).unwrap() })
}

fn commit() -> impl Strategy<Value = Commit> {
    (text(), prop::collection::vec(event(), 1..4), 1_u64..9, 0_u32..9).prop_map(
        |(author, events, counter, version)| Commit {
            counter: Counter::new(counter).unwrap(),
            author: Subject::parse(author).unwrap(),
            model_version: ModelVersion(version),
            events,
        },
    )
}

/// The log of some commits, as a room writes it.
fn log() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec((commit(), "[cd]{1,3}", 0_u64..9), 1..8).prop_map(|commits| {
        let mut log: Vec<Entry> = Vec::new();
        for (commit, client, time) in commits {
            let of = u32::try_from(commit.events.len()).unwrap();
            for (index, event) in (0..of).zip(commit.events) {
                log.push(Entry {
                    seq: Seq::new(log.len() as u64 + 1).unwrap(),
                    client: ClientId::parse(client.as_str()).unwrap(),
                    counter: commit.counter,
                    index,
                    of,
                    author: commit.author.clone(),
                    time: Millis::new(time).unwrap(),
                    name: event.name,
                    args: event.args,
                    redacted: None,
                });
            }
        }
        log
    })
}

fn chain(from: Chain, entries: &[Entry]) -> Chain {
    entries.iter().fold(from, |chain, entry| chain.after(entry, &entry.args_digest()))
}

/// The entry with one thing about it changed.
fn changed(entry: &Entry, what: u8) -> Entry {
    let mut other = entry.clone();
    let longer = |text: &str| format!("{text}x");
    match what {
        0 => other.seq = entry.seq.plus(1),
        1 => other.client = ClientId::parse(longer(entry.client.as_str())).unwrap(),
        2 => other.counter = entry.counter.plus(1),
        3 => other.index += 1,
        4 => other.of += 1,
        5 => other.author = Subject::parse(longer(entry.author.as_str())).unwrap(),
        6 => other.time = entry.time.plus(1),
        7 => other.name = longer(&entry.name),
        _ => other.args = Args::parse(format!("{}0", entry.args.get())).unwrap(),
    }
    other
}

/// Everything that a commit's digest stands for.
fn says(commit: &Commit) -> (String, Vec<(String, String)>) {
    let events = commit.events.iter().map(|event| (event.name.clone(), event.args.get().to_owned()));
    (commit.author.to_string(), events.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_chain_is_the_same_wherever_a_log_is_divided(log in log(), at in any::<Index>()) {
        let (head, tail) = log.split_at(at.index(log.len() + 1));
        prop_assert_eq!(chain(chain(Chain::GENESIS, head), tail), chain(Chain::GENESIS, &log));
        let stored = decode_entries(&encode_segment(&log)).unwrap();
        prop_assert_eq!(chain(Chain::GENESIS, &stored), chain(Chain::GENESIS, &log), "stored and read again");
    }

    #[test]
    fn no_two_prefixes_of_a_log_have_the_same_chain(log in log()) {
        let mut chains: Vec<_> = (0..=log.len())
            .map(|end| chain(Chain::GENESIS, log.get(..end).unwrap()).to_string())
            .collect();
        chains.sort_unstable();
        chains.dedup();
        prop_assert_eq!(chains.len(), log.len() + 1);
    }

    #[test]
    fn whatever_changes_about_an_entry_changes_the_chain_from_there_on(
        log in log(), at in any::<Index>(), what in 0_u8..9,
    ) {
        let at = at.index(log.len());
        let mut other = log.clone();
        let entry = other.get_mut(at).unwrap();
        *entry = changed(entry, what);
        for end in 0..=log.len() {
            let [ours, theirs] = [&log, &other].map(|log| chain(Chain::GENESIS, log.get(..end).unwrap()));
            prop_assert_eq!(ours == theirs, end <= at, "at {}", end);
        }
    }

    #[test]
    fn entries_that_change_places_change_the_chain(log in log(), places in any::<[Index; 2]>()) {
        let [a, b] = places.map(|place| place.index(log.len()));
        let mut other = log.clone();
        other.swap(a, b);
        prop_assert_eq!(chain(Chain::GENESIS, &other) == chain(Chain::GENESIS, &log), a == b);
    }

    #[test]
    fn the_chain_runs_over_the_digest_of_args_so_that_they_can_be_erased(log in log(), at in any::<Index>()) {
        let at = at.index(log.len());
        let digests: Vec<_> = log.iter().map(|entry| Digest::of(entry.args.get().as_bytes())).collect();
        let mut erased = log.clone();
        erased.get_mut(at).unwrap().args = Args::parse("null").unwrap();
        let after = erased.iter().zip(&digests).fold(Chain::GENESIS, |chain, (entry, args)| chain.after(entry, args));
        prop_assert_eq!(after, chain(Chain::GENESIS, &log));
    }

    #[test]
    fn two_commits_have_the_same_digest_exactly_if_they_say_the_same(a in commit(), b in commit()) {
        prop_assert_eq!(CommitDigest::of(&a) == CommitDigest::of(&b), says(&a) == says(&b));
    }

    #[test]
    fn where_one_text_of_a_commit_ends_and_the_next_begins_matters(
        letters in "[ab]{4,12}", cuts in any::<[[Index; 2]; 2]>(),
    ) {
        // The same letters, divided into an author and two names in two ways.
        let [a, b] = cuts.map(|cuts| {
            let mut cuts = cuts.map(|cut| 1 + cut.index(letters.len() - 2));
            cuts.sort_unstable();
            let [first, second] = cuts;
            let second = second.max(first + 1).min(letters.len() - 1);
            [letters.get(..first).unwrap(), letters.get(first..second).unwrap(), letters.get(second..).unwrap()]
        });
        let of = |[author, one, two]: [&str; 3]| {
            let mut digest = CommitDigest::by(&Subject::parse(author).unwrap());
            [one, two].iter().for_each(|name| digest.add(name, &Digest::of(b"{}")));
            digest.finish()
        };
        prop_assert_eq!(of(a) == of(b), a == b);
    }

    #[test]
    fn the_order_of_events_is_part_of_a_commit(commit in commit(), places in any::<[Index; 2]>()) {
        let [a, b] = places.map(|place| place.index(commit.events.len()));
        let mut other = commit.clone();
        other.events.swap(a, b);
        prop_assert_eq!(CommitDigest::of(&other) == CommitDigest::of(&commit), says(&other) == says(&commit));
    }

    #[test]
    fn what_a_commit_was_numbered_and_made_with_is_not_what_it_says(commit in commit()) {
        let other = Commit { counter: commit.counter.plus(1), model_version: ModelVersion(99), ..commit.clone() };
        prop_assert_eq!(CommitDigest::of(&other), CommitDigest::of(&commit));
    }

    #[test]
    fn a_commits_entries_have_the_digest_of_the_commit(log in log()) {
        for entries in log.chunk_by(|entry, _| !entry.ends_commit()) {
            let first = entries.first().unwrap();
            let mut digest = CommitDigest::by(&first.author);
            entries.iter().for_each(|entry| digest.add(&entry.name, &entry.args_digest()));
            let commit = Commit {
                counter: first.counter,
                author: first.author.clone(),
                model_version: ModelVersion(1),
                events: entries.iter().map(Entry::event).collect(),
            };
            prop_assert_eq!(digest.finish(), CommitDigest::of(&commit));
        }
    }

    #[test]
    fn redacted_args_leave_the_chain_and_every_commit_as_they_were(log in log(), place in any::<Index>(), again in any::<bool>()) {
        let mut other = log.clone();
        let entry = place.get(&log);
        let mut redacted = entry.redact(Args::parse("null").unwrap());
        if again {
            redacted = redacted.redact(Args::parse("[]").unwrap());
        }
        prop_assert_eq!(redacted.args_digest(), entry.args_digest());
        let text = encode_segment(std::slice::from_ref(&redacted));
        prop_assert_eq!(&decode_entries(&text).unwrap(), std::slice::from_ref(&redacted));
        other[place.index(log.len())] = redacted;
        prop_assert_eq!(chain(Chain::GENESIS, &other), chain(Chain::GENESIS, &log));
    }

    #[test]
    fn a_digest_reads_back_as_it_was_written(bytes in any::<Vec<u8>>()) {
        let digest = Digest::of(&bytes);
        prop_assert_eq!(Digest::try_from(digest.to_string()), Ok(digest));
        prop_assert_eq!(digest.to_string().len(), 64);
    }
}
