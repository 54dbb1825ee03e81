//! A webhook: every commit in its order, at least once, and what happens when nobody takes it.

use serde_json::{Value, json};
use syncline_engine::Webhook;
use syncline_engine::protocol::{Millis, Seq};

use super::room::{commit, greeted, push};
use super::world::Server;

fn at(ms: u64) -> Millis {
    Millis::new(ms).unwrap()
}

fn filled(commits: u64) -> Server {
    let mut server = Server::new();
    let mut ann = greeted(&mut server, "ann");
    for counter in 1..=commits {
        server.receive(&mut ann, &push(json!([commit(counter, "ann", &counter.to_string())])));
    }
    server
}

fn due(server: &Server, now: u64) -> syncline_engine::Delivery {
    let Webhook::Send(delivery) = server.room.webhook(&server.db, at(now)).unwrap() else {
        panic!("none is due")
    };
    delivery
}

#[test]
fn what_is_taken_is_not_sent_again_and_what_is_not_is() {
    let mut server = filled(3);
    let first = due(&server, 1);
    assert_eq!(due(&server, 1), first, "nobody has said that it was taken");
    let body: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!(
        (&body["store"], &body["after"], body["entries"].as_array().unwrap().len()),
        (&json!("store"), &json!(0), 3)
    );
    assert_eq!(first.id, "first-0-3");
    server.room.webhook_taken(&mut server.db, &first).unwrap();
    assert_eq!(server.room.webhook(&server.db, at(1)).unwrap(), Webhook::Idle);
    let mut bob = greeted(&mut server, "bob");
    server.receive(&mut bob, &push(json!([commit(1, "bob", "b")])));
    server.hibernate();
    let body: Value = serde_json::from_str(&due(&server, 1).body).unwrap();
    assert_eq!((&body["after"], &body["entries"][0]["author"]), (&json!(3), &json!("bob")));
}

#[test]
fn what_is_not_taken_is_tried_later_each_time_and_stops_in_the_end() {
    let mut server = filled(1);
    let mut now = 1_000_000;
    let mut waits = Vec::new();
    while let Webhook::Send(delivery) = server.room.webhook(&server.db, at(now)).unwrap() {
        server.room.webhook_failed(&mut server.db, at(now), &delivery, "HTTP 500", false).unwrap();
        server.hibernate();
        if let Webhook::Wait(until) = server.room.webhook(&server.db, at(now)).unwrap() {
            waits.push(until.get() - now);
            now = until.get();
        }
    }
    assert_eq!(waits[..4], [1_000, 2_000, 4_000, 8_000]);
    assert_eq!((waits.len(), waits.last()), (23, Some(&3_600_000)));
    assert_eq!(server.room.webhook(&server.db, at(u64::MAX >> 12)).unwrap(), Webhook::Stopped);
    let status = server.room.webhook_status(&server.db).unwrap();
    assert_eq!((status.stopped, status.failure.as_deref()), (true, Some("HTTP 500")));

    server.room.webhook_resume(&mut server.db, status.seq).unwrap();
    let delivery = due(&server, now);
    assert_eq!(delivery.last, Seq::new(1).unwrap(), "an operator lets it go on");
    server.room.webhook_failed(&mut server.db, at(now), &delivery, "HTTP 410", true).unwrap();
    assert_eq!(server.room.webhook(&server.db, at(now)).unwrap(), Webhook::Stopped, "the receiver is gone");
}

#[test]
fn another_life_of_the_log_begins_from_its_first_entry() {
    let mut server = filled(2);
    let sent = due(&server, 1);
    let fresh = syncline_engine::protocol::Incarnation::parse("second").unwrap();
    server.room.reset(&mut server.db, fresh).unwrap();
    let mut ann = greeted(&mut server, "ann");
    server.receive(&mut ann, &push(json!([commit(1, "ann", "again")])));
    server.room.webhook_taken(&mut server.db, &sent).unwrap();
    assert_eq!(due(&server, 1).id, "second-0-1", "what was taken meanwhile was of the first life");
    server.room.webhook_failed(&mut server.db, at(1), &sent, "HTTP 410", true).unwrap();
    assert_eq!(due(&server, 1).id, "second-0-1", "and so was what was not");
}
