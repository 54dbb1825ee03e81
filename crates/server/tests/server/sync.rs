//! What clients see of each other.

use serde_json::json;

use super::client::{Client, Heard, commit, push};
use super::host::{Host, Process};

#[test]
fn a_commit_is_accepted_and_published_to_the_others() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| Client::connect(host.address(), "s", name));
    let verdict = ann.say("hello");
    assert_eq!(verdict["counter"], 1, "{verdict}");
    let entries = bob.expect("entries");
    assert_eq!(entries["entries"][0]["args"], json!({ "text": "hello" }));
    let refused = ann.say("rude");
    assert!(refused.to_string().contains("\"rude\""), "{refused}");
    ann.say("again");
    assert_eq!(bob.expect("entries")["entries"][0]["seq"], 2);
    host.stop();
    let host = Host::start(data.path());
    assert_eq!(Client::read_all(host.address(), "s", "carl").len(), 2);
    host.stop();
}

#[test]
fn many_clients_at_once_get_an_order_without_a_gap() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let address = host.address();
    std::thread::scope(|scope| {
        for writer in 0..16 {
            scope.spawn(move || {
                let mut client = Client::connect(address, &format!("s{}", writer % 3), &format!("w{writer}"));
                for n in 0..50 {
                    client.say(&format!("{writer}/{n}"));
                }
            });
        }
    });
    let counts = ["s0", "s1", "s2"].map(|store| Client::read_all(address, store, "reader").len());
    assert_eq!(counts, [300, 250, 250]);
    host.stop();
}

#[test]
fn pushes_that_wait_together_are_decided_in_their_order() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| Client::connect(host.address(), "s", name));
    ann.say("first");
    for n in 2..=20 {
        ann.send(&push(&[commit("ann", n, &[format!("{n}")])]));
    }
    for n in 2..=20 {
        let verdicts = ann.expect("verdicts");
        assert_eq!(verdicts["verdicts"][0]["counter"], n);
    }
    let mut read = 0;
    while read < 20 {
        for entry in bob.expect("entries")["entries"].as_array().unwrap() {
            read += 1;
            assert_eq!(entry["seq"], read, "one-order: as one frame, or as many");
        }
    }
    host.stop();
}

#[test]
fn presence_is_told_to_those_who_are_here_and_to_those_who_come() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| Client::connect(host.address(), "s", name));
    ann.send(&json!({ "type": "presence", "session": "tab", "value": { "typing": true } }).to_string());
    assert_eq!(bob.expect("presence")["value"], json!({ "typing": true }));
    let mut carl = Client::connect(host.address(), "s", "carl");
    assert_eq!(carl.expect("presence")["client"], "ann");
    drop(ann);
    assert_eq!(bob.expect("presence")["value"], json!(null));
    host.stop();
}

#[test]
fn a_server_that_stops_says_goodbye_and_has_everything() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(data.path(), &[]);
    let mut ann = Client::connect(server.address, "s", "ann");
    ann.say("hello");
    ann.send(&push(&[commit("ann", 2, &["taken".to_owned()])]));
    // It was received once its answer, or the end, is heard.
    let stopping = std::thread::spawn(move || server.terminate());
    let goodbye = loop {
        match ann.hear() {
            Heard::Frame(_) => {}
            Heard::Closed(frame) => break frame.unwrap(),
        }
    };
    assert_eq!(u16::from(goodbye.code), 1001);
    drop(ann);
    let (code, log) = stopping.join().unwrap();
    assert_eq!(code, Some(0), "{log:#?}");
    let server = Process::start(data.path(), &[]);
    assert!(!Client::read_all(server.address, "s", "bob").is_empty());
    let log = server.kill();
    let replayed: Vec<_> =
        log.iter().filter(|line| line.contains("replayed=") && !line.contains("records=0")).collect();
    assert!(replayed.is_empty(), "nothing was left in the journals: {replayed:?}");
}
