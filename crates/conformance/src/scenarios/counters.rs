//! A commit's identity: exactly-once.

use syncline_engine::protocol::{Code, Commit, Counter, MAX_NUMBER, Outcome};

use crate::client::{Client, message, read_log};
use crate::failure::{Done, ensure, same};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    a_push_whose_counters_do_not_increase_decides_nothing,
    counters_may_have_gaps,
    a_commit_sent_twice_gets_its_verdict_again_and_is_logged_once,
    a_commit_sent_again_on_another_socket_is_logged_once,
    a_rejected_commit_stays_rejected,
    another_commit_under_a_counter_is_refused,
    counters_are_each_clients_own,
];

fn a_push_whose_counters_do_not_increase_decides_nothing(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let (a, b) = (ann.commit([message("a", "a")])?, ann.commit([message("b", "b")])?);
    let zero = Commit { counter: Counter::NONE, ..a.clone() };
    for commits in [
        vec![b.clone(), a.clone()],
        vec![a.clone(), a.clone()],
        vec![a.clone(), b.clone(), b.clone()],
        vec![zero],
    ] {
        ann.send(commits)?;
        ann.socket.error(Code::CounterOrder)?;
    }
    let before = ann.log.head();
    let places = ann.accepted(vec![a, b])?;
    same(
        "the first place, as nothing was logged before",
        Some(before.next()),
        places.first().map(|place| place.0),
    )
}

fn counters_may_have_gaps(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut commits = Vec::new();
    for (counter, id) in [(5, "a"), (1_000, "b"), (MAX_NUMBER - 1, "c")] {
        let commit = ann.commit([message(id, "with a gap")])?;
        commits.push(Commit { counter: Counter::new(counter).map_err(own)?, ..commit });
    }
    ann.accepted(commits.clone())?;
    let last = commits.last().map(|commit| commit.counter);
    same("the last decided counter", last, Some(ann.again(server)?.welcome.decided))
}

fn a_commit_sent_twice_gets_its_verdict_again_and_is_logged_once(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut commits = Vec::new();
    for id in ["a", "b", "a"] {
        commits.push(ann.commit([message(id, "sent twice")])?);
    }
    let first = ann.push(commits.clone())?;
    let head = ann.log.head();
    for part in [&commits[..], commits.get(1..).unwrap_or_default()] {
        let again = ann.push(part.to_vec())?;
        let expected =
            first.iter().filter(|verdict| part.iter().any(|commit| commit.counter == verdict.counter));
        same("the verdicts", expected.cloned().collect::<Vec<_>>(), again)?;
    }
    let fresh = ann.commit([message("c", "fresh, after what was sent before")])?;
    let verdicts = ann.push(commits.into_iter().chain([fresh]).collect())?;
    same("the verdicts that are known", Some(&first[..]), verdicts.get(..first.len()))?;
    let read = read_log(server, &store, "ben")?;
    same("the log's head, with the fresh one alone", head.next(), read.head())?;
    same("what is logged", ann.log.entries, read.entries)
}

fn a_commit_sent_again_on_another_socket_is_logged_once(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let commit = ann.commit([message("a", "the answer to it is lost")])?;
    // The socket is broken off right after the push: whether it was decided is not known.
    ann.send(vec![commit.clone()])?;
    let mut again = ann.again(server)?;
    drop(ann);
    again.catch_up()?;
    again.send(vec![commit.clone()])?;
    let verdicts = again.decided()?;
    let accepted = verdicts.iter().all(|verdict| matches!(verdict.outcome, Outcome::Accepted { .. }));
    ensure(accepted && verdicts.len() == 1, "one verdict, accepted", &verdicts)?;
    let read = read_log(server, &store, "ben")?;
    let logged = read.entries.iter().filter(|entry| entry.counter == commit.counter).count();
    same("how often it is logged", 1, logged)
}

fn a_rejected_commit_stays_rejected(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    let early = ben.commit([message("b", "too early")])?;
    let first = ben.rejected(early.clone(), "not-a-member")?;
    let commit = ben.commit([crate::client::joined("ben"), crate::client::member()])?;
    ben.accepted(vec![commit])?;
    let again = ben.rejected(early.clone(), "not-a-member")?;
    same("the rejection", &first, &again)?;
    let mut anew = ben.again(server)?;
    same("the rejection, on another socket", &first, &anew.rejected(early, "not-a-member")?)?;
    ann.follow_to(ben.log.head())?;
    same("what is logged", ann.log.chain(), ben.log.chain())
}

fn another_commit_under_a_counter_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let (a, b) = (ann.commit([message("a", "a")])?, ann.commit([message("b", "b")])?);
    let refused = ann.commit([message("a", "an id that is taken")])?;
    let first = ann.push(vec![a.clone(), b.clone(), refused.clone()])?;
    let fresh = ann.commit([message("c", "c")])?;
    let other = |commit: &Commit, text: &str| -> Done<Commit> {
        Ok(Commit { events: vec![crate::client::raw(&message("other", text))?], ..commit.clone() })
    };
    ann.send(vec![a.clone(), other(&b, "not b")?, fresh.clone()])?;
    same("the verdict on what is known", first.first().cloned(), ann.decided()?.pop())?;
    ann.socket.error(Code::CommitMismatch)?;
    ann.send(vec![other(&refused, "not what was rejected")?, fresh.clone()])?;
    ann.socket.error(Code::CommitMismatch)?;
    ann.socket.nothing_more()?;
    let places = ann.accepted(vec![fresh])?;
    let head = ann.log.head();
    ensure(places == [(head, head)] && head.get() == 5, "its place, 5: nothing else was logged", places)
}

fn counters_are_each_clients_own(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut other = Client::join(server, &store, "ann")?;
    same("what is decided of another client of hers", Counter::NONE, other.welcome.decided)?;
    let commit = other.commit([message("a", "of the same name, with the same counter")])?;
    same("its counter", 1, commit.counter.get())?;
    other.accepted(vec![commit])?;
    ann.follow_to(other.log.head())?;
    same("their logs", ann.log.chain(), other.log.chain())
}
