//! Too much, too large, too slow.

use serde_json::json;
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;

use super::client::{Client, Heard, commit, hello, open, push};
use super::host::{Host, settings};

#[test]
fn what_is_no_message_is_answered_and_the_socket_stays() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let mut ann = Client::connect(host.address(), "s", "ann");
    ann.send("ping");
    assert_eq!(ann.frame(), json!("pong"));
    ann.socket.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(ann.frame()["code"], "bad-message");
    ann.send("{");
    assert_eq!(ann.frame()["code"], "bad-message");
    ann.send(&"x".repeat((1 << 20) + 1));
    assert_eq!(ann.frame()["code"], "message-too-large");
    assert_eq!(ann.say("still here")["counter"], 1);
    ann.send(&"x".repeat(5 << 20));
    assert_eq!(ann.frame()["code"], "message-too-large");
    let Heard::Closed(Some(why)) = ann.hear() else { panic!("it stays open") };
    assert_eq!(u16::from(why.code), 1009);
    host.stop();
}

#[test]
fn a_stranger_is_told_so_and_makes_no_store() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    for (first, code) in [(hello("s", "ann", "wrong"), "unauthorized"), (push(&[]), "hello-expected")] {
        let mut ann = Client { socket: open(host.address(), "s"), name: "ann".to_owned(), counter: 0 };
        ann.send(&first);
        assert_eq!(ann.frame()["code"], code);
        let Heard::Closed(Some(why)) = ann.hear() else { panic!("it stays open") };
        assert_eq!((u16::from(why.code), why.reason.as_str()), (1008, code));
    }
    assert_eq!(std::fs::read_dir(data.path().join("stores")).unwrap().count(), 0);
    host.stop();
}

#[test]
fn a_store_has_as_many_connections_as_it_may_have() {
    let data = tempfile::tempdir().unwrap();
    let mut few = settings(data.path());
    few.connections = Some(2);
    let host = Host::with(few);
    let mut ann = Client::connect(host.address(), "s", "ann");
    let bob = Client::connect(host.address(), "s", "bob");
    let mut carl = Client { socket: open(host.address(), "s"), name: "carl".to_owned(), counter: 0 };
    assert_eq!(carl.frame()["code"], "too-many-connections");
    Client::connect(host.address(), "another", "carl");
    drop((bob, carl));
    // Its place is free once the server has heard of it.
    loop {
        let mut dora = Client { socket: open(host.address(), "s"), name: "dora".to_owned(), counter: 0 };
        dora.send(&hello("s", "dora", super::client::TOKEN));
        if dora.frame()["type"] == "welcome" {
            break;
        }
    }
    assert_eq!(ann.say("still here")["counter"], 1);
    host.stop();
}

#[test]
fn a_reader_that_is_slow_goes_back_to_catch_up_and_misses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut narrow = settings(data.path());
    narrow.unsent_kib = Some(64);
    let host = Host::with(narrow);
    let mut slow = Client::connect(host.address(), "s", "slow");
    let mut ann = Client::connect(host.address(), "s", "ann");
    let large = "x".repeat(50_000);
    // More than the buffers of both ends of the socket hold.
    let count = 400;
    for n in 0..count {
        ann.counter += 1;
        let text = format!("{n}{large}");
        ann.send(&push(&[commit("ann", ann.counter, &[text])]));
        ann.expect("verdicts");
    }
    let (mut read, mut pulled) = (0, 0);
    while read < count {
        let page = slow.expect("entries");
        let entries = page["entries"].as_array().unwrap();
        for entry in entries {
            let seq = entry["seq"].as_u64().unwrap();
            assert_eq!(seq, read + 1, "one-order");
            read = seq;
        }
        if entries.is_empty() || pulled > 0 {
            pulled += 1;
            slow.send(&json!({ "type": "pull", "after": read }).to_string());
        }
    }
    assert!(pulled > 0, "it was published to all the time");
    host.stop();
}

#[test]
fn a_server_that_has_too_much_to_do_says_so() {
    let data = tempfile::tempdir().unwrap();
    let mut none = settings(data.path());
    none.backlog = Some(0);
    let host = Host::with(none);
    let mut ann = Client { socket: open(host.address(), "s"), name: "ann".to_owned(), counter: 0 };
    ann.send(&hello("s", "ann", super::client::TOKEN));
    let told = ann.frame();
    assert_eq!(told["code"], "overloaded", "{told}");
    assert!(told["retryAfterMs"].as_u64().unwrap() > 0);
    host.stop();
}

#[test]
fn more_stores_than_may_be_open_at_once_are_served_in_turn() {
    let data = tempfile::tempdir().unwrap();
    let mut few = settings(data.path());
    few.open_stores = Some(2);
    let host = Host::with(few);
    let mut clients: Vec<Client> =
        (0..12).map(|n| Client::connect(host.address(), &format!("s{n}"), "ann")).collect();
    for round in 1..=3 {
        for client in &mut clients {
            assert_eq!(client.say("hello")["counter"], round);
        }
    }
    host.stop();
}

#[test]
fn who_closes_a_socket_is_answered_with_a_close() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    for code in [1000, 4321] {
        let mut ann = Client::connect(host.address(), "s", "ann");
        let why = CloseFrame { code: code.into(), reason: "".into() };
        ann.socket.close(Some(why)).unwrap();
        let Heard::Closed(Some(answered)) = ann.hear() else { panic!("it breaks off") };
        assert_eq!(u16::from(answered.code), code);
    }
    host.stop();
}
