//! The room against bad input: every frame gets its answer, and nothing else happens.

use serde_json::json;
use syncline_engine::protocol::{Code, Millis, Outcome, ServerMessage, StoreId, Verdict};
use syncline_engine::{Connection, Grant, Output, Room, SharedToken};

use super::model::added;
use super::world::{Server, TOKEN, World, notes, reply};

pub(crate) fn hello(client: &str) -> serde_json::Value {
    json!({
        "type": "hello", "protocol": 1, "store": "store", "client": client, "subject": client,
        "modelVersion": 2, "schemaHash": "0", "token": TOKEN,
    })
}

pub(crate) fn greeted(server: &mut Server, client: &str) -> Connection {
    let mut connection = Connection::new(None);
    let outputs = server.receive(&mut connection, &hello(client).to_string());
    assert!(matches!(reply(&outputs), ServerMessage::Welcome(_)), "{outputs:?}");
    connection
}

pub(crate) fn push(commits: serde_json::Value) -> String {
    json!({ "type": "push", "commits": commits }).to_string()
}

pub(crate) fn commit(counter: u64, author: &str, id: &str) -> serde_json::Value {
    json!({ "counter": counter, "author": author, "modelVersion": 2,
        "events": [{ "name": "noteAdded", "args": { "id": id, "title": id } }] })
}

pub(crate) fn code(outputs: &[Output]) -> Code {
    let ServerMessage::Error(error) = reply(outputs) else { panic!("{outputs:?}") };
    error.code
}

pub(crate) fn verdicts(outputs: &[Output]) -> Vec<Verdict> {
    let ServerMessage::Verdicts(verdicts) = reply(outputs) else { panic!("{outputs:?}") };
    verdicts.verdicts
}

#[test]
fn a_bad_hello_is_refused_with_its_code_and_the_socket_is_closed() {
    for (field, value, expected) in [
        ("token", json!("wrong"), Code::Unauthorized),
        ("token", json!(null), Code::Unauthorized),
        ("subject", json!(null), Code::Unauthorized),
        ("protocol", json!(2), Code::UnsupportedProtocol),
        ("store", json!("other"), Code::StoreMismatch),
        ("cursor", json!({ "incarnation": "other", "seq": 1, "chain": "0".repeat(64) }), Code::LogDiverged),
        ("cursor", json!({ "incarnation": "first", "seq": 9, "chain": "0".repeat(64) }), Code::LogDiverged),
    ] {
        let mut hello = hello("ann");
        hello[field] = value;
        let outputs = Server::new().receive(&mut Connection::new(None), &hello.to_string());
        assert_eq!(code(&outputs), expected, "{field}");
        assert_eq!(outputs.last(), Some(&Output::Close(expected)));
    }
}

#[test]
fn a_token_in_a_header_needs_none_in_hello() {
    let mut hello = hello("ann");
    hello["token"] = json!(null);
    let outputs = Server::new().receive(&mut Connection::new(Some(Grant::TRUSTED)), &hello.to_string());
    assert!(matches!(reply(&outputs), ServerMessage::Welcome(_)));
}

#[test]
fn nothing_comes_before_hello_and_no_second_one_after_it() {
    let mut server = Server::new();
    for early in [push(json!([commit(1, "ann", "1")])), json!({ "type": "pull", "after": 0 }).to_string()] {
        let outputs = server.receive(&mut Connection::new(None), &early);
        assert_eq!(code(&outputs), Code::HelloExpected);
        assert_eq!(outputs.last(), Some(&Output::Close(Code::HelloExpected)));
    }
    let mut connection = greeted(&mut server, "ann");
    let outputs = server.receive(&mut connection, &hello("ann").to_string());
    assert_eq!(code(&outputs), Code::HelloExpected);
}

#[test]
fn a_frame_that_is_no_message_is_answered_and_the_socket_stays_open() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let huge = format!(r#"{{"type":"push","commits":"{}"}}"#, "x".repeat(1 << 20));
    for (bad, expected) in [
        ("", Code::BadMessage),
        ("{\"type\":\"push\",\"commits\":[", Code::BadMessage),
        (r#"{"type":"dance"}"#, Code::BadMessage),
        (r#"{"type":"pull","after":-1}"#, Code::BadMessage),
        (r#"{"type":"pull","after":9007199254740992}"#, Code::BadMessage),
        (r#"{"type":"push","commits":{}}"#, Code::BadMessage),
        (r#"{"type":"presence","value":1}"#, Code::BadMessage),
        (&huge, Code::MessageTooLarge),
    ] {
        let outputs = server.receive(&mut connection, bad);
        assert_eq!(code(&outputs), expected, "{}", &bad[..bad.len().min(60)]);
        assert_eq!(outputs.len(), 1, "not closed");
    }
    let outputs = server.receive(&mut connection, &push(json!([commit(1, "ann", "1")])));
    assert!(matches!(verdicts(&outputs)[..], [Verdict { outcome: Outcome::Accepted { .. }, .. }]));
}

#[test]
fn what_is_wrong_with_a_commit_is_a_verdict() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let with = |counter: u64, events: serde_json::Value| json!({ "counter": counter, "author": "ann", "modelVersion": 2, "events": events });
    let many: Vec<_> =
        (0..1_001).map(|n| json!({ "name": "noteRemoved", "args": { "id": n.to_string() } })).collect();
    let commits = json!([
        with(1, json!([])),
        with(2, json!([{ "name": "noteExploded", "args": {} }])),
        with(3, json!([{ "name": "noteAdded", "args": { "id": 7 } }])),
        with(
            4,
            json!([{ "name": "noteAdded", "args": { "id": "1", "title": "far too long a title for a note" } }])
        ),
        with(
            5,
            json!([{ "name": "noteAdded", "args": { "id": "1", "title": "x", "pad": "x".repeat(300_000) } }])
        ),
        with(6, json!([{ "name": "noteRemoved", "args": { "id": "nope" } }])),
        with(7, json!([{ "name": "x".repeat(200), "args": {} }])),
        with(8, json!([{ "name": "noteAdded", "args": { "id": "1", "title": "fine" } }])),
        with(9, json!([{ "name": "noteAdded", "args": { "id": "1", "title": "again" } }])),
    ]);
    let outputs = server.receive(&mut connection, &push(commits));
    let codes: Vec<_> = verdicts(&outputs)
        .into_iter()
        .map(|verdict| match verdict.outcome {
            Outcome::Accepted { first, last } => format!("{first}..{last}"),
            Outcome::Rejected(why) => why.code,
        })
        .collect();
    assert_eq!(
        codes,
        [
            "empty-commit",
            "unknown-event",
            "bad-args",
            "constraint-check",
            "commit-too-large",
            "no-such-note",
            "unknown-event",
            "1..1",
            "constraint-unique",
        ]
    );
    let outputs = server.receive(&mut connection, &push(json!([with(10, json!(many))])));
    assert!(
        matches!(&verdicts(&outputs)[0].outcome, Outcome::Rejected(why) if why.code == "commit-too-large")
    );
    assert_eq!(notes(&server.db), ["1=fine/ann"]);
}

#[test]
fn what_is_wrong_with_a_push_leaves_its_commits_undecided() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    server.receive(&mut connection, &push(json!([commit(1, "ann", "1")])));
    let many: Vec<_> = (2..1_100).map(|n| commit(n, "ann", &n.to_string())).collect();
    for (commits, expected) in [
        (json!([commit(3, "ann", "3"), commit(2, "ann", "2")]), Code::CounterOrder),
        (json!([commit(2, "ann", "2"), commit(2, "ann", "4")]), Code::CounterOrder),
        (json!([commit(0, "ann", "0")]), Code::CounterOrder),
        (json!([commit(1, "ann", "another")]), Code::CommitMismatch),
        (json!([commit(2, "bob", "2")]), Code::AuthorMismatch),
        (json!(many), Code::PushTooLarge),
    ] {
        assert_eq!(code(&server.receive(&mut connection, &push(commits))), expected);
    }
    let mut newer = commit(2, "ann", "2");
    newer["modelVersion"] = json!(3);
    assert_eq!(code(&server.receive(&mut connection, &push(json!([newer])))), Code::ServerBehind);
    assert_eq!(notes(&server.db), ["1=1/ann"]);
}

#[test]
fn a_commit_from_a_newer_model_waits_and_those_before_it_are_decided() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let mut newer = commit(2, "ann", "2");
    newer["modelVersion"] = json!(3);
    let outputs = server.receive(&mut connection, &push(json!([commit(1, "ann", "1"), newer])));
    assert_eq!(outputs.len(), 3, "published, verdicts, error");
    let Output::Reply(last) = &outputs[2] else { panic!() };
    assert!(last.contains("server-behind") && last.contains("retryAfterMs"), "{last}");
    assert_eq!(notes(&server.db), ["1=1/ann"]);
}

#[test]
fn a_push_with_old_and_new_commits_decides_only_the_new() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let first = json!([commit(1, "ann", "1"), commit(2, "ann", "1"), commit(3, "ann", "3")]);
    let before = verdicts(&server.receive(&mut connection, &push(first)));
    server.hibernate();
    let again =
        json!([commit(1, "ann", "1"), commit(2, "ann", "1"), commit(3, "ann", "3"), commit(4, "ann", "4")]);
    let after = verdicts(&server.receive(&mut connection, &push(again)));
    assert_eq!(after[..3], before[..]);
    assert_eq!(notes(&server.db), ["1=1/ann", "3=3/ann", "4=4/ann"]);
}

#[test]
fn a_counter_that_was_skipped_can_be_decided_later() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let first = json!([commit(1, "ann", "1"), commit(4, "ann", "4"), commit(7, "ann", "4")]);
    let before = verdicts(&server.receive(&mut connection, &push(first)));
    server.hibernate();
    let again =
        json!([commit(1, "ann", "1"), commit(3, "ann", "3"), commit(4, "ann", "4"), commit(7, "ann", "4")]);
    let after = verdicts(&server.receive(&mut connection, &push(again)));
    assert_eq!([&after[0], &after[2], &after[3]], [&before[0], &before[1], &before[2]], "exactly-once");
    assert_eq!(after[1].counter.get(), 3);
    assert_eq!(notes(&server.db), ["1=1/ann", "3=3/ann", "4=4/ann"]);
}

#[test]
fn a_copy_of_a_client_gets_the_verdicts_that_are_its_own_and_nothing_more() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let three = json!([commit(1, "ann", "1"), commit(2, "ann", "2"), commit(3, "ann", "3")]);
    server.receive(&mut connection, &push(three));
    let copied = json!([
        commit(1, "ann", "1"),
        commit(2, "ann", "other"),
        commit(3, "ann", "3"),
        commit(4, "ann", "4")
    ]);
    let outputs = server.receive(&mut connection, &push(copied));
    let counters: Vec<u64> = verdicts(&outputs[..1]).iter().map(|verdict| verdict.counter.get()).collect();
    assert_eq!(counters, [1, 3]);
    assert_eq!(code(&outputs[1..]), Code::CommitMismatch);
    assert_eq!(notes(&server.db), ["1=1/ann", "2=2/ann", "3=3/ann"]);
}

#[test]
fn no_other_client_notices_bad_input() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].to_server.push_back("nonsense".into());
    world.deliver(0);
    assert!(world.clients[1].to_client.is_empty());
    world.clients[1].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    assert_eq!(world.clients[1].notes(), ["1=milk/bob"]);
    assert_eq!(world.clients[1].effects.confirmed.len(), 1);
}

#[test]
fn the_archive_gets_every_entry_once_it_has_noted_the_last() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk"), added("2", "eggs")]).unwrap();
    world.settle();
    let Server { db, room, .. } = &mut world.server;
    let page = room.archive_page(db).unwrap().unwrap();
    assert_eq!(room.archive_page(db).unwrap().unwrap(), page, "the same until it is noted");
    assert_eq!((page.last.get(), page.head.get()), (2, 2));
    let rows: serde_json::Value = serde_json::from_str(&page.rows).unwrap();
    assert_eq!(rows[1][0], 2);
    assert_eq!(rows[1][7], r#"{"id":"2","title":"eggs"}"#);
    room.archived(db, &page).unwrap();
    assert_eq!(room.archive_page(db).unwrap(), None);
}

#[test]
fn a_full_disk_decides_nothing_and_the_same_push_is_decided_once_there_is_room() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    server.db.limit_size(1).unwrap();
    let big = |counter: u64| {
        let mut commit = commit(counter, "ann", &counter.to_string());
        commit["events"][0]["args"]["pad"] = json!("x".repeat(100_000));
        push(json!([commit]))
    };
    let full = (1..100).find(|counter| {
        let outputs = server.receive(&mut connection, &big(*counter));
        outputs.len() == 1 && code(&outputs) == Code::ServerFailed
    });
    let full = full.expect("the disk is full at some point");
    let before = server.room.head();
    server.hibernate();
    assert_eq!(server.room.head(), before, "together");
    server.db.limit_size(1 << 30).unwrap();
    let outputs = server.receive(&mut connection, &big(full));
    assert_eq!(outputs.len(), 2, "published, and its verdict");
    assert_eq!(server.room.head(), before.next());
}

#[test]
fn a_stranger_is_refused_without_a_room() {
    let auth = SharedToken::new(TOKEN);
    let refused = |connection: &Connection, text: &str| {
        let store = StoreId::parse("store").unwrap();
        Room::refuse_stranger(connection, &store, Millis::default(), text, &auth)
    };
    let (fresh, known) = (Connection::new(None), Connection::new(Some(Grant::TRUSTED)));
    let mut wrong = hello("ann");
    wrong["token"] = json!("wrong");
    assert_eq!(code(&refused(&fresh, &wrong.to_string()).unwrap()), Code::Unauthorized);
    assert_eq!(code(&refused(&fresh, &push(json!([]))).unwrap()), Code::HelloExpected);
    assert_eq!(code(&refused(&fresh, "{").unwrap()), Code::BadMessage);
    assert_eq!(refused(&fresh, &hello("ann").to_string()), None);
    assert_eq!(refused(&known, &wrong.to_string()), None, "its header was right");
    let greeted = greeted(&mut Server::new(), "ann");
    assert_eq!(refused(&greeted, "{"), None, "the room answers");
}

#[test]
fn a_push_with_a_rejected_commit_in_the_middle_keeps_those_around_it() {
    let mut server = Server::new();
    let mut connection = greeted(&mut server, "ann");
    let commits = json!([commit(1, "ann", "1"), commit(2, "ann", "1"), commit(3, "ann", "2")]);
    let verdicts = verdicts(&server.receive(&mut connection, &push(commits)));
    let accepted: Vec<_> =
        verdicts.iter().map(|verdict| matches!(verdict.outcome, Outcome::Accepted { .. })).collect();
    assert_eq!(accepted, [true, false, true]);
    assert_eq!(notes(&server.db), ["1=1/ann", "2=2/ann"]);
}
