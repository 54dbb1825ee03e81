//! What becomes of commits.

use chat_model::ChatEvent;
use syncline_engine::protocol::{Code, ModelVersion, Outcome, Seq, ServerMessage, Subject, Verdict};

use crate::client::{Client, channel, joined, member, message, read_log, written};
use crate::failure::{Done, ensure, same, some};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    a_commit_that_the_rules_admit_is_logged,
    many_commits_of_one_push_are_decided_one_by_one,
    a_commit_that_the_rules_refuse_is_rejected_with_their_code,
    a_commit_that_a_constraint_refuses_is_rejected_with_its_kind,
    a_commit_is_admitted_or_rejected_as_a_whole,
    a_commit_without_events_is_rejected,
    an_event_that_the_model_does_not_know_is_rejected,
    args_that_are_not_the_events_are_rejected,
    a_commit_of_somebody_else_waits,
    a_commit_of_a_newer_model_waits,
    a_rejection_is_told_to_its_client_alone,
];

fn a_commit_that_the_rules_admit_is_logged(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::join(server, &store, "ann")?;
    let commit = ann.commit([joined("ann"), channel("general"), message("m", "Hello")])?;
    let places = ann.accepted(vec![commit])?;
    same("its place", vec![(Seq::ZERO.next(), Seq::ZERO.plus(3))], places)?;
    let read = read_log(server, &store, "ben")?;
    same("what somebody else reads", &ann.log.entries, &read.entries)?;
    let times: Vec<_> = read.entries.iter().map(|entry| entry.time).collect();
    ensure(times.windows(2).all(|pair| pair.first() <= pair.last()), "times that do not go back", times)
}

fn many_commits_of_one_push_are_decided_one_by_one(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut commits = Vec::new();
    for id in ["a", "b", "a", "c", "d"] {
        commits.push(ann.commit([message(id, "one of many")])?);
    }
    commits.push(ann.commit([ChatEvent::MessageEdited { id: "c".to_owned(), text: "after c".to_owned() }])?);
    let verdicts = ann.push(commits)?;
    let seq = |place| Seq::ZERO.plus(place);
    let places: Vec<Option<(Seq, Seq)>> = verdicts.iter().map(place).collect();
    let one = |place| Some((seq(place), seq(place)));
    same("where the commits are", vec![one(3), one(4), None, one(5), one(6), one(7)], places)?;
    same("the log of whoever reads", ann.log.chain(), read_log(server, &store, "ben")?.chain())
}

fn place(verdict: &Verdict) -> Option<(Seq, Seq)> {
    match &verdict.outcome {
        Outcome::Accepted { first, last } => Some((*first, *last)),
        Outcome::Rejected(_) => None,
    }
}

fn a_commit_that_the_rules_refuse_is_rejected_with_their_code(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    let commit = ann.commit([message("m", "of ann")])?;
    ann.accepted(vec![commit])?;
    ben.follow_to(ann.log.head())?;
    let edit = |id: &str| ChatEvent::MessageEdited { id: id.to_owned(), text: "x".to_owned() };
    let general = || "general".to_owned();
    for (event, code) in [
        (ChatEvent::ChannelJoined { channel: general() }, "not-joined"),
        (message("n", "not a member"), "not-a-member"),
        (edit("m"), "not-the-author"),
        (edit("nothing"), "no-such-message"),
        (ChatEvent::ChannelJoined { channel: "nowhere".to_owned() }, "not-joined"),
        (joined(" ben "), "bad-name"),
    ] {
        let commit = ben.commit([event])?;
        let rejection = ben.rejected(commit, code)?;
        ensure(!rejection.message.is_empty(), "a message for people", rejection)?;
    }
    let commit = ben.commit([joined("ben"), member(), message("n", "now")])?;
    ben.accepted(vec![commit]).map(drop)
}

fn a_commit_that_a_constraint_refuses_is_rejected_with_its_kind(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    for (event, code) in [
        (joined("ANN"), "constraint-unique"),
        (joined(""), "constraint-check"),
        (joined(&"n".repeat(41)), "constraint-check"),
    ] {
        let commit = ben.commit([event])?;
        let rejection = ben.rejected(commit, code)?;
        ensure(!rejection.message.is_empty(), "a message for people", rejection)?;
    }
    let commit = ann.commit([message("m", " \n ")])?;
    ann.rejected(commit, "constraint-check")?;
    let commit = ann.commit([message(&"i".repeat(65), "a long id")])?;
    ann.rejected(commit, "constraint-check")?;
    let commit = ann.commit([channel("general")])?;
    ann.rejected(commit, "constraint-unique").map(drop)
}

fn a_commit_is_admitted_or_rejected_as_a_whole(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let commit = ann.commit([message("a", "one"), message("b", "two"), message("a", "again")])?;
    ann.rejected(commit, "constraint-unique")?;
    // Nothing of it is in the state: both ids are free.
    let commit = ann.commit([message("b", "two"), message("a", "one")])?;
    ann.accepted(vec![commit])?;
    same("what is logged", ann.log.entries, read_log(server, &store, "ben")?.entries)
}

fn a_commit_without_events_is_rejected(server: &Server) -> Done {
    let mut ann = Client::join(server, &server.store()?, "ann")?;
    let commit = ann.commit([])?;
    ann.rejected(commit, "empty-commit").map(drop)
}

fn an_event_that_the_model_does_not_know_is_rejected(server: &Server) -> Done {
    let mut ann = Client::join(server, &server.store()?, "ann")?;
    let long = "n".repeat(129);
    for name in ["nothingLikeIt", "PersonJoined", "person_joined", "", long.as_str()] {
        let commit = ann.raw_commit(vec![written(name, r#"{"name":"ann"}"#)?])?;
        ann.rejected(commit, "unknown-event")?;
    }
    Ok(())
}

fn args_that_are_not_the_events_are_rejected(server: &Server) -> Done {
    let mut ann = Client::join(server, &server.store()?, "ann")?;
    for args in
        ["null", "{}", "[]", "1", "\"ann\"", r#"{"name":1}"#, r#"{"name":null}"#, r#"{"name":"\ud800"}"#]
    {
        let commit = ann.raw_commit(vec![written("personJoined", args)?])?;
        ann.rejected(commit, "bad-args")?;
    }
    for posted_at in ["-1", "1.5", "9007199254740992", "\"0\""] {
        let args = format!(r#"{{"id":"m","channel":"c","text":"t","postedAt":{posted_at}}}"#);
        let commit = ann.raw_commit(vec![written("messagePosted", args)?])?;
        ann.rejected(commit, "bad-args")?;
    }
    Ok(())
}

fn a_commit_of_somebody_else_waits(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mine = ann.commit([message("a", "mine")])?;
    let mut other = ann.commit([message("b", "of ben")])?;
    other.author = Subject::parse("ben").map_err(own)?;
    let after = ann.commit([message("c", "mine again")])?;
    ann.send(vec![mine.clone(), other, after])?;
    let verdicts = ann.decided()?;
    same(
        "what is decided, before the other's",
        vec![mine.counter],
        verdicts.iter().map(|v| v.counter).collect(),
    )?;
    ann.socket.error(Code::AuthorMismatch)?;
    ann.socket.nothing_more()?;
    same("the last decided counter", mine.counter, ann.again(server)?.welcome.decided)
}

fn a_commit_of_a_newer_model_waits(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let first = ann.commit([message("a", "of this model")])?;
    let mut newer = ann.commit([message("b", "of the next")])?;
    newer.model_version = ModelVersion(newer.model_version.0 + 1);
    ann.send(vec![first.clone(), newer.clone()])?;
    let verdicts = ann.decided()?;
    same("what is decided", vec![first.counter], verdicts.iter().map(|verdict| verdict.counter).collect())?;
    let error = ann.socket.error(Code::ServerBehind)?;
    some(error.retry_after_ms.filter(|ms| *ms > 0), "server-behind says when to try again")?;
    same("the last decided counter", first.counter, ann.again(server)?.welcome.decided)?;
    newer.model_version = server.model_version();
    ann.accepted(vec![newer]).map(drop)
}

fn a_rejection_is_told_to_its_client_alone(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    let commit = ben.commit([message("m", "not a member")])?;
    ben.rejected(commit, "not-a-member")?;
    ann.socket.nothing_more()?;
    let commit = ann.commit([message("m", "a member")])?;
    ann.accepted(vec![commit])?;
    let came = ben.socket.message("the entries of ann")?;
    ensure(matches!(came, ServerMessage::Entries(_)), "the entries of ann, without verdicts", came)?;
    ben.socket.nothing_more()
}
