//! LiveStore's protocol as its clients speak it: frames that were captured, and what has to come back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod world;

use serde_json::{Value, json};
use syncline_engine::Grant;
use syncline_engine::protocol::Subject;
use world::{BACKEND, World, event, events, events_of, numbers, pull, push};

#[test]
fn the_captured_first_minutes_of_a_client_come_out_as_captured() {
    let mut world = World::new();
    let socket = world.socket();
    world.send_text(socket, r#"{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","traceId":"livestore-noop-trace-idcmwrs4eos001qgz7d4d6egh0i","payload":{"storeId":"demo","payload":{"authToken":"tok-clientA"},"live":true,"cursor":{"_tag":"None"}},"spanId":"livestore-noop-span-idcmwrs4eos001rgz7dg4bu8gsr","sampled":false,"headers":[]}"#);
    assert_eq!(
        world.texts(socket),
        [
            r#"{"_tag":"Chunk","requestId":"0","values":[{"batch":[],"pageInfo":{"_tag":"NoMore"},"backendId":"oBwQsGEm97iChn5hxyqdL"}]}"#
        ]
    );
    world.send_text(socket, r#"{"_tag":"Ack","requestId":"0"}"#);
    world.send_text(socket, r#"{"_tag":"Request","id":"1","tag":"SyncWsRpc.Push","payload":{"storeId":"demo","payload":{"authToken":"tok-clientA"},"batch":[{"name":"v1.ItemCreated","args":{"id":"1","note":"one"},"seqNum":1,"parentSeqNum":0,"clientId":"clientA","sessionId":"static"}],"backendId":{"_tag":"None"}},"traceId":"livestore-noop-trace-idcmwrs4eqy002qgz7devjx6lxl","spanId":"livestore-noop-span-idcmwrs4eqy002rgz7dbqzfgjko","sampled":false,"headers":[]}"#);
    assert_eq!(
        world.texts(socket),
        [
            r#"{"_tag":"Chunk","requestId":"0","values":[{"batch":[{"eventEncoded":{"name":"v1.ItemCreated","args":{"id":"1","note":"one"},"seqNum":1,"parentSeqNum":0,"clientId":"clientA","sessionId":"static"},"metadata":{"_tag":"Some","value":{"_tag":"SyncMessage.SyncMetadata","createdAt":"2026-11-22T11:54:26.606Z"}}}],"pageInfo":{"_tag":"NoMore"},"backendId":"oBwQsGEm97iChn5hxyqdL"}]}"#,
            r#"{"_tag":"Exit","requestId":"1","exit":{"_tag":"Success","value":{}}}"#,
        ]
    );
    // An interrupt follows finished pushes, too: nothing answers for what has ended.
    world.send_text(socket, r#"{"_tag":"Interrupt","requestId":"1"}"#);
    world.send_text(socket, r#"{"_tag":"Ack","requestId":"0"}"#);
    assert!(world.texts(socket).is_empty());
    world.send_text(socket, r#"{"_tag":"Ping"}"#);
    assert_eq!(world.texts(socket), [r#"{"_tag":"Pong"}"#]);
}

#[test]
fn each_request_is_answered_in_the_dialect_of_its_id() {
    let mut world = World::new();
    let (v3, v4) = (world.socket(), world.socket());
    for (socket, id) in [(v3, json!("0")), (v4, json!(0))] {
        world.send(socket, &pull(&id, None, false));
    }
    assert_eq!(world.texts(v3)[1], r#"{"_tag":"Exit","requestId":"0","exit":{"_tag":"Success"}}"#);
    assert_eq!(world.texts(v4)[1], r#"{"_tag":"Exit","requestId":0,"exit":{"_tag":"Success","value":null}}"#);
    for (socket, id) in [(v3, json!("1")), (v4, json!(1))] {
        world.send(socket, &push(&id, &[event("a", 8, 7)]));
    }
    let ahead = json!({ "_tag": "Fail", "error":
        { "_tag": "ServerAheadError", "minimumExpectedNum": 0, "providedNum": 7 } });
    assert_eq!(world.frames(v3)[0]["exit"], json!({ "_tag": "Failure", "cause": ahead }));
    assert_eq!(world.frames(v4)[0]["exit"], json!({ "_tag": "Failure", "cause": [ahead] }));
    for (socket, id) in [(v3, json!("2")), (v4, json!(2))] {
        world.send(socket, &pull(&id, None, true));
        world.send(socket, &json!({ "_tag": "Interrupt", "requestId": id }));
    }
    let interrupted = json!({ "_tag": "Interrupt", "fiberId": { "_tag": "None" } });
    assert_eq!(world.frames(v3)[1]["exit"]["cause"], interrupted);
    assert_eq!(world.frames(v4)[1]["exit"]["cause"], json!([{ "_tag": "Interrupt" }]));
}

#[test]
fn the_echo_comes_to_all_and_to_the_pusher_before_its_ack() {
    let mut world = World::new();
    let (ann, bob) = (world.socket(), world.socket());
    world.pull(ann, &json!("0"), None);
    world.pull(bob, &json!(7), None);
    let (echo, exit) = world.push(ann, &events("ann", 1, 3));
    assert_eq!(exit, json!({ "_tag": "Success", "value": {} }));
    assert_eq!(numbers(&events_of(&echo[0])), [1, 2, 3]);
    assert_eq!(events_of(&world.frames(bob)[0]), events("ann", 1, 3));
}

#[test]
fn every_push_is_echoed_however_long_the_log_grows() {
    let mut world = World::new();
    let ann = world.socket();
    world.pull(ann, &json!("0"), None);
    for part in 0..30 {
        let batch = events("ann", part * 100 + 1, 100);
        let (echo, _) = world.push(ann, &batch);
        assert_eq!(events_of(&echo[0]), batch);
    }
}

#[test]
fn of_those_who_push_on_one_parent_exactly_one_wins() {
    let mut world = World::new();
    let all: Vec<usize> = (0..8).map(|_| world.socket()).collect();
    for socket in &all {
        world.pull(*socket, &json!("0"), None);
    }
    let won = all.iter().filter(|socket| {
        let name = format!("c{socket}");
        world.push(**socket, &[event(&name, 1, 0)]).1["_tag"] == "Success"
    });
    assert_eq!(won.count(), 1);
    let last = *all.last().unwrap();
    world.texts(last);
    let (_, refused) = world.push(last, &[event("late", 1, 0)]);
    let error = &refused["cause"]["error"];
    assert_eq!((&error["minimumExpectedNum"], &error["providedNum"]), (&json!(1), &json!(0)));
    world.ok(last, &[event("late", 2, 1)]);
}

#[test]
fn numbers_may_leap_and_a_cursor_in_between_goes_on_after_it() {
    let mut world = World::new();
    let ann = world.socket();
    world.ok(ann, &[event("ann", 3, 0), event("ann", 4, 3), event("ann", 9, 4)]);
    world.ok(ann, &events("ann", 10, 1_000));
    world.ok(ann, &[event("ann", 5_000, 1_009)]);
    world.hibernate();
    for (cursor, first) in [(0, 3), (2, 3), (3, 4), (4, 9), (8, 9), (9, 10), (1_009, 5_000), (4_999, 5_000)] {
        let socket = world.socket();
        let got = world.pull(socket, &json!("0"), Some(cursor));
        assert_eq!(
            (got[0]["seqNum"].as_u64(), got.last().unwrap()["seqNum"].as_u64()),
            (Some(first), Some(5_000))
        );
        // Each follows the one before it.
        assert!(got.windows(2).all(|pair| pair[1]["parentSeqNum"] == pair[0]["seqNum"]), "from {cursor}");
    }
    let socket = world.socket();
    assert!(world.pull(socket, &json!("0"), Some(5_000)).is_empty());
}

#[test]
fn a_long_log_comes_in_chunks_that_count_down_as_they_are_acknowledged() {
    let mut world = World::new();
    let ann = world.socket();
    for part in 0..30 {
        world.ok(ann, &events("ann", part * 100 + 1, 100));
    }
    let bob = world.socket();
    world.send(bob, &pull(&json!("0"), None, true));
    let (mut have, mut chunks, mut most) = (Vec::new(), 0, 0);
    loop {
        let frames = world.frames(bob);
        most = most.max(frames.len());
        let Some(last) = frames.last().cloned() else { break };
        for frame in &frames {
            have.extend(events_of(frame));
            chunks += 1;
            let page = &frame["values"][0]["pageInfo"];
            let remaining = page["remaining"].as_u64().unwrap_or(0);
            assert_eq!(remaining, 3_000 - have.len() as u64, "{page}");
        }
        for _ in &frames {
            world.send(bob, &json!({ "_tag": "Ack", "requestId": "0" }));
        }
        drop(last);
    }
    assert_eq!(numbers(&have), (1..=3_000).collect::<Vec<_>>());
    assert!(chunks >= 6 && most < chunks, "{chunks} chunks, {most} at once");
}

#[test]
fn what_is_published_while_a_pull_catches_up_comes_once() {
    let mut world = World::new();
    let (ann, bob) = (world.socket(), world.socket());
    for part in 0..40 {
        world.ok(ann, &events("ann", part * 100 + 1, 100));
    }
    world.send(bob, &pull(&json!("0"), None, true));
    world.ok(ann, &events("ann", 4_001, 5));
    let got = world.drain(bob, &json!("0"));
    assert_eq!(numbers(&got), (1..=4_005).collect::<Vec<_>>());
    world.ok(ann, &events("ann", 4_006, 1));
    assert_eq!(numbers(&world.drain(bob, &json!("0"))), [4_006]);
}

#[test]
fn a_socket_that_hibernates_with_its_room_goes_on() {
    let mut world = World::new();
    let (ann, bob) = (world.socket(), world.socket());
    world.pull(ann, &json!("0"), None);
    world.pull(bob, &json!("0"), None);
    world.ok(ann, &events("ann", 1, 2));
    world.drain(bob, &json!("0"));
    world.hibernate();
    world.ok(bob, &events("bob", 3, 2));
    assert_eq!(numbers(&world.drain(ann, &json!("0"))), [3, 4]);
}

#[test]
fn a_change_of_the_backend_id_is_told_to_pulls_and_pushes() {
    let mut world = World::new();
    let ann = world.socket();
    let mut other = pull(&json!("0"), Some(1), true);
    other["payload"]["cursor"]["value"]["backendId"] = json!("nope");
    world.send(ann, &other);
    let mismatch = json!({ "_tag": "BackendIdMismatchError", "expected": BACKEND, "received": "nope" });
    assert_eq!(world.frames(ann)[0]["exit"]["cause"]["error"], mismatch);
    let mut other = push(&json!("1"), &events("ann", 1, 1));
    other["payload"]["backendId"] = json!({ "_tag": "Some", "value": "nope" });
    world.send(ann, &other);
    assert_eq!(world.frames(ann)[0]["exit"]["cause"]["error"], mismatch);
}

#[test]
fn args_that_are_missing_stay_missing_and_null_stays_null() {
    let mut world = World::new();
    let ann = world.socket();
    let mut batch = events("ann", 1, 3);
    batch[0].as_object_mut().unwrap().remove("args");
    batch[1]["args"] = Value::Null;
    batch[2]["args"] = json!({ "z": 1, "a": [1.50, "\u{1F600}"] });
    world.ok(ann, &batch);
    let bob = world.socket();
    let got = world.pull(bob, &json!("0"), None);
    assert_eq!(got, batch);
    assert!(got[0].get("args").is_none() && got[1].get("args").is_some());
}

#[test]
fn the_sessions_of_a_client_and_odd_names_come_back_as_they_were() {
    let mut world = World::new();
    let ann = world.socket();
    let mut batch = events("machine.example_1 ü", 1, 4);
    batch[1]["sessionId"] = json!("V1StGXR8_Z5jdHi6B-myT");
    batch[3]["sessionId"] = json!("__");
    world.ok(ann, &batch);
    let bob = world.socket();
    assert_eq!(world.pull(bob, &json!("0"), None), batch);
    let mut long = event(&"c".repeat(200), 5, 4);
    let (_, exit) = world.push(ann, std::slice::from_ref(&long));
    assert_eq!(exit["cause"]["error"]["cause"]["name"], "bad-message", "{exit}");
    long["clientId"] = json!("c");
    world.ok(ann, &[long]);
}

#[test]
fn an_http_request_is_answered_with_an_array_of_frames() {
    let mut world = World::new();
    let answer = |world: &mut World, frame: &Value| -> Value {
        let World { db, room, livestore, now, .. } = world;
        let (text, published) = livestore.answer(room, db, *now, Grant::TRUSTED, &frame.to_string());
        assert!(published.len() <= 1);
        serde_json::from_str(&text).unwrap()
    };
    let request = |id: &str, tag: &str, payload: Value| json!({ "_tag": "Request", "id": id, "tag": tag, "payload": payload });
    let cursor = json!({ "storeId": "demo", "cursor": { "_tag": "None" } });
    let empty = answer(&mut world, &request("2", "SyncHttpRpc.Pull", cursor.clone()));
    assert_eq!(
        empty,
        json!([
            { "_tag": "Chunk", "requestId": "2", "values": [
                { "batch": [], "pageInfo": { "_tag": "NoMore" }, "backendId": BACKEND }] },
            { "_tag": "Exit", "requestId": "2", "exit": { "_tag": "Success" } },
        ])
    );
    let batch = json!({ "storeId": "demo", "batch": events("a", 1, 2), "backendId": { "_tag": "None" } });
    let pushed = answer(&mut world, &request("3", "SyncHttpRpc.Push", batch.clone()));
    assert_eq!(
        pushed,
        json!([{ "_tag": "Exit", "requestId": "3", "exit": { "_tag": "Success", "value": {} } }])
    );
    let again = answer(&mut world, &request("4", "SyncHttpRpc.Push", batch));
    assert_eq!(again[0]["exit"]["cause"]["error"]["_tag"], "ServerAheadError");
    let pulled = answer(&mut world, &request("5", "SyncHttpRpc.Pull", cursor));
    assert_eq!(numbers(&events_of(&pulled[0])), [1, 2]);
    let ping = answer(&mut world, &request("6", "SyncHttpRpc.Ping", json!({})));
    assert_eq!(ping[0]["exit"]["value"]["_tag"], "SyncMessage.Pong");
    for bad in [json!([]), json!({}), json!({ "_tag": "Request", "id": "7", "tag": "Nope.Nope" })] {
        assert_eq!(answer(&mut world, &bad)[0]["_tag"], "Defect", "{bad}");
    }
}

#[test]
fn what_is_no_frame_gets_a_defect_and_what_does_not_decode_dies() {
    let mut world = World::new();
    let ann = world.socket();
    for text in [
        "hello",
        "[]",
        "{}",
        r#"{"_tag":"Request","id":{},"tag":"SyncWsRpc.Pull"}"#,
        r#"{"_tag":"Request","id":"1","tag":"Nope.Nope"}"#,
    ] {
        world.send_text(ann, text);
        assert_eq!(world.frames(ann)[0]["_tag"], "Defect", "{text}");
    }
    for tag in ["SyncWsRpc.Pull", "SyncWsRpc.Push"] {
        for payload in [json!(null), json!({}), json!({ "cursor": 1, "batch": [{}] })] {
            world.send(ann, &json!({ "_tag": "Request", "id": "1", "tag": tag, "payload": payload }));
            assert_eq!(world.frames(ann)[0]["exit"]["cause"]["_tag"], "Die", "{tag} {payload}");
        }
    }
    world.send_text(ann, &format!("\"{}\"", "x".repeat(2 << 20)));
    assert_eq!(world.frames(ann)[0]["_tag"], "Defect");
}

#[test]
fn whoever_may_only_read_pushes_nothing() {
    let mut world = World::new();
    let grant = Grant { subject: Some(Subject::parse("ann").unwrap()), write: false, expires: None };
    let reader = world.open(syncline_livestore::Peer::LiveStore(syncline_livestore::Connection::new(grant)));
    world.pull(reader, &json!("0"), None);
    let (_, exit) = world.push(reader, &events("ann", 1, 1));
    assert_eq!(exit["cause"]["error"]["cause"]["name"], "read-only", "{exit}");
}

#[test]
fn a_token_that_has_expired_closes_the_socket() {
    let mut world = World::new();
    let grant = Grant { subject: None, write: true, expires: Some(world.now) };
    let late = world.open(syncline_livestore::Peer::LiveStore(syncline_livestore::Connection::new(grant)));
    world.send(late, &push(&json!("0"), &events("ann", 1, 1)));
    let frames = world.frames(late);
    assert_eq!(frames[0]["exit"]["cause"]["error"]["cause"]["name"], "needs-auth");
    assert_eq!(frames[1], "closed: needs-auth");
}
