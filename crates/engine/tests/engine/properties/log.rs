//! A log is stored as segments, and read as pages from anywhere: both must be invisible.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use syncline_engine::protocol::{
    Chain, ClientId, ClientMessage, Code, Commit, Counter, Cursor, Entry, Hello, ModelVersion, Outcome, Pull,
    Push, RawEvent, SchemaHash, Seq, ServerMessage, Subject, Verdict, decode_server,
};
use syncline_engine::{Connection, Output, Query};

use crate::model::event;
use crate::world::{Server, TOKEN, reply, store};

/// Pushes of commits, each of events with this many bytes of padding. Some pages hold many commits, some
/// commits are larger than a page, and some pushes than a segment would be with the next.
type Sizes = Vec<Vec<Vec<usize>>>;

fn sizes() -> impl Strategy<Value = Sizes> {
    let size = prop_oneof![6 => 0_usize..200, 2 => 10_000_usize..40_000, 1 => 60_000_usize..120_000];
    let commit = prop::collection::vec(size, 1..3);
    prop::collection::vec(prop::collection::vec(commit, 1..6), 1..7)
}

/// A room, the socket of the client that filled it, and what it was told.
struct Filled {
    server: Server,
    connection: Connection,
    pushes: Vec<Push>,
    verdicts: Vec<Vec<Verdict>>,
    /// What was published, entry by entry: the naive log.
    log: Vec<Entry>,
}

fn hello(cursor: Option<Cursor>) -> String {
    let hello = Hello {
        protocol: syncline_engine::protocol::PROTOCOL_VERSION,
        store: store(),
        client: ClientId::parse("ann").unwrap(),
        subject: Some(Subject::parse("ann").unwrap()),
        model_version: ModelVersion(2),
        schema_hash: SchemaHash::parse("any").unwrap(),
        token: Some(TOKEN.to_owned()),
        cursor,
        snapshots: false,
        redactions: Default::default(),
        payload: None,
    };
    ClientMessage::Hello(hello).encode()
}

fn filled(sizes: &Sizes, cold: bool) -> Filled {
    let mut server = if cold { Server::cold() } else { Server::new() };
    let mut connection = Connection::new(None);
    server.receive(&mut connection, &hello(None));
    let (mut counter, mut note) = (Counter::NONE, 0);
    let mut filled = Filled { server, connection, pushes: vec![], verdicts: vec![], log: vec![] };
    for commits in sizes {
        let commits = commits.iter().map(|events| {
            counter = counter.next();
            let events = events.iter().map(|bytes| {
                note += 1;
                let pad = "x".repeat(*bytes);
                event(
                    "noteAdded",
                    json!({ "id": format!("n{note}"), "title": format!("t{note}"), "pad": pad }),
                )
            });
            commit(counter, events.collect())
        });
        filled.push(Push { commits: commits.collect() });
    }
    filled
}

fn commit(counter: Counter, events: Vec<RawEvent>) -> Commit {
    Commit { counter, author: Subject::parse("ann").unwrap(), model_version: ModelVersion(2), events }
}

impl Filled {
    fn push(&mut self, push: Push) {
        let outputs = self.server.receive(&mut self.connection, &ClientMessage::Push(push.clone()).encode());
        for output in &outputs {
            if let Output::Publish(text) = output {
                let ServerMessage::Entries(entries) = decode_server(text).unwrap() else {
                    panic!("{text:.80}")
                };
                assert_eq!(entries.after, seq(self.log.len()), "one-order");
                self.log.extend(entries.entries);
            }
        }
        let ServerMessage::Verdicts(verdicts) = reply(&outputs) else { panic!("no verdicts") };
        self.verdicts.push(verdicts.verdicts);
        self.pushes.push(push);
    }

    /// Pulls from a seq until the head.
    fn pages(&mut self, mut after: Seq) -> Vec<Vec<Entry>> {
        let mut pages = Vec::new();
        loop {
            let outputs = self
                .server
                .receive(&mut self.connection, &ClientMessage::Pull(Pull { after, part: None }).encode());
            let ServerMessage::Entries(page) = reply(&outputs) else { panic!("no page") };
            assert_eq!(page.head, seq(self.log.len()));
            assert!(page.after <= after, "no gap");
            let reached = page.entries.last().map_or(page.after, |entry| entry.seq);
            assert_eq!(self.connection.is_live(), reached == page.head, "live exactly at the head");
            let done = reached == page.head;
            assert!(done || reached > after, "each page leads on");
            after = reached;
            pages.push(page.entries);
            if done {
                return pages;
            }
        }
    }
}

fn seq(n: usize) -> Seq {
    Seq::new(n as u64).unwrap()
}

/// The chain after each entry, by the definition.
fn chains(log: &[Entry]) -> Vec<Chain> {
    let mut chains = vec![Chain::GENESIS];
    for entry in log {
        chains.push(chains.last().unwrap().after(entry, &entry.args_digest()));
    }
    chains
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(80) })]

    #[test]
    fn pages_from_anywhere_make_the_log_from_there_on_in_whole_commits(
        sizes in sizes(), starts in prop::collection::vec(any::<Index>(), 4), hibernates in any::<bool>(),
        cold in any::<bool>(),
    ) {
        let mut filled = filled(&sizes, cold);
        if hibernates {
            filled.server.hibernate();
        }
        for start in starts {
            let after = start.index(filled.log.len() + 1);
            let pages = filled.pages(seq(after));
            let bounds: Vec<_> = pages.iter().filter_map(|page| Some((page.first()?, page.last()?))).collect();
            prop_assert!(bounds.iter().all(|(first, last)| first.index == 0 && last.ends_commit()), "whole-commits");
            let got: Vec<_> = pages.concat().into_iter().filter(|entry| entry.seq > seq(after)).collect();
            prop_assert_eq!(&got, &filled.log.get(after..).unwrap());
            if pages.len() > 1 {
                // A page is at most 256 KiB, unless one segment alone is larger.
                let size = |page: &Vec<Entry>| page.iter().map(|entry| entry.args.get().len()).sum::<usize>();
                let rows: i64 = (&filled.server.db as &dyn Query)
                    .value("SELECT max(octet_length(entries)) FROM syncline_log", &[]).unwrap().unwrap();
                let most = if cold { 1 << 20 } else { usize::try_from(rows).unwrap().max(256 << 10) };
                prop_assert!(pages.iter().all(|page| size(page) <= most));
            }
        }
        prop_assert_eq!(filled.pages(seq(filled.log.len() + 7)).concat(), []);
    }

    #[test]
    fn a_cursor_resumes_exactly_where_its_chain_is_that_of_the_log(
        sizes in sizes(), places in prop::collection::vec(any::<[Index; 2]>(), 6), cold in any::<bool>(),
    ) {
        let mut filled = filled(&sizes, cold);
        let chains = chains(&filled.log);
        let incarnation = filled.server.room.incarnation().clone();
        for [at, other] in places {
            let (at, other) = (at.index(chains.len()), other.index(chains.len()));
            let chain = chains.get(other).unwrap();
            let cursor = Cursor { incarnation: incarnation.clone(), seq: seq(at), chain: *chain };
            let outputs = filled.server.receive(&mut Connection::new(None), &hello(Some(cursor)));
            let answer = reply(&outputs);
            let resumed = matches!(answer, ServerMessage::Welcome(_));
            if let ServerMessage::Error(error) = &answer {
                prop_assert_eq!(error.code, Code::LogDiverged);
            }
            // A client without entries may follow any log, whatever it says about it.
            prop_assert_eq!(resumed, at == other || at == 0);
        }
        let beyond = Cursor { incarnation, seq: seq(chains.len()), chain: *chains.last().unwrap() };
        let outputs = filled.server.receive(&mut Connection::new(None), &hello(Some(beyond)));
        prop_assert!(matches!(reply(&outputs), ServerMessage::Error(error) if error.code == Code::LogDiverged));
    }

    #[test]
    fn a_resend_of_any_part_of_what_was_pushed_gets_the_same_verdicts_and_logs_nothing(
        sizes in sizes(), parts in prop::collection::vec(any::<[Index; 2]>(), 4), hibernates in any::<bool>(),
        cold in any::<bool>(),
    ) {
        let mut filled = filled(&sizes, cold);
        // A commit in the middle that is rejected, and one after it.
        let next = Counter::new(sizes.iter().map(Vec::len).sum::<usize>() as u64 + 1).unwrap();
        let double = event("noteAdded", json!({ "id": "n1", "title": "another" }));
        let last = event("noteRenamed", json!({ "id": "n1", "title": "another" }));
        filled.push(Push { commits: vec![commit(next, vec![double]), commit(next.next(), vec![last])] });
        if hibernates {
            filled.server.hibernate();
        }
        let commits: Vec<_> = filled.pushes.iter().flat_map(|push| push.commits.clone()).collect();
        let verdicts = filled.verdicts.concat();
        let rejected = verdicts.iter().filter(|verdict| matches!(verdict.outcome, Outcome::Rejected(_)));
        prop_assert_eq!(rejected.count(), 1);
        let head = filled.log.len();
        for part in parts {
            let mut ends = part.map(|end| end.index(commits.len()));
            ends.sort_unstable();
            let (start, end) = (ends[0], ends[1].max(ends[0]) + 1);
            // As many as fit into one message.
            let mut bytes = 0;
            let fits = commits[start..end].iter().take_while(|commit| {
                bytes += commit.events.iter().map(|event| event.args.get().len() + 200).sum::<usize>();
                bytes < 1 << 20
            });
            let end = start + fits.count();
            filled.push(Push { commits: commits[start..end].to_vec() });
            prop_assert_eq!(filled.verdicts.last().unwrap(), &verdicts[start..end]);
            prop_assert_eq!(filled.log.len(), head, "exactly-once");
        }
    }
}
