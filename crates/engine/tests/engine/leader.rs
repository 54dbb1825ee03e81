//! The leader and its connection: resume, resend, gaps.

use syncline_engine::LeaderError;
use syncline_engine::protocol::Code;

use super::model::added;
use super::world::{Client, Server, World};

#[test]
fn a_push_whose_verdict_was_lost_is_sent_again_and_decided_once() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    assert!(world.deliver(0), "the room has decided it");
    world.clients[0].cut();
    world.clients[0].connect();
    world.settle();
    world.assert_together();
    assert_eq!(world.log(), ["1 ann 1 noteAdded"]);
    assert_eq!(world.clients[0].effects.confirmed.len(), 1);
}

#[test]
fn a_rejection_that_was_lost_is_told_again() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("a", "milk")]).unwrap();
    world.deliver(0);
    world.clients[1].commit(&[added("b", "milk")]).unwrap();
    world.deliver(1);
    world.clients[1].cut();
    world.clients[1].connect();
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[1].effects.rejected.len(), 1);
}

#[test]
fn what_is_published_while_a_client_is_away_comes_with_its_hello() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[1].cut();
    for n in 0..10 {
        world.clients[0].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
        world.settle();
    }
    world.clients[1].connect();
    world.settle();
    world.assert_together();
}

#[test]
fn a_lost_publication_is_noticed_at_the_next_and_pulled() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.deliver(0);
    world.clients[1].to_client.clear();
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.settle();
    world.assert_together();
}

#[test]
fn one_push_carries_all_that_waits() {
    let mut world = World::new(&["ann"]);
    for n in 0..100 {
        world.clients[0].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
    }
    assert_eq!(world.clients[0].to_server.len(), 1, "one in flight");
    world.deliver(0);
    while let Some(text) = world.clients[0].to_client.pop_front() {
        world.clients[0].receive(&text);
    }
    assert_eq!(world.clients[0].to_server.len(), 1, "and one with the other 99");
    world.settle();
    world.assert_together();
    let segments: i64 = {
        let db: &dyn syncline_engine::Query = &world.server.db;
        db.value("SELECT count(*) FROM syncline_log", &[]).unwrap().unwrap()
    };
    assert_eq!(segments, 2);
}

#[test]
fn a_welcome_to_another_log_than_the_one_that_was_asked_for_is_refused() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let ann = &mut world.clients[0];
    let welcome = r#"{"type":"welcome","incarnation":"second","head":1,"decided":1,"modelVersion":2,
        "limits":{"messageBytes":1048576,"commitBytes":262144,"commitEvents":1000,"pushCommits":1000,"pushEvents":2000}}"#;
    for _ in 0..2 {
        let error = ann.leader.receive(&mut ann.log, welcome).unwrap_err();
        assert!(matches!(error, LeaderError::AnotherLog), "{error}");
        ann.cut();
        ann.connect();
    }
    world.settle();
    world.assert_together();
}

#[test]
fn a_client_with_commits_but_without_entries_follows_a_new_log() {
    let mut world = World { server: Server::new(), clients: vec![Client::new("ann")] };
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.clients[0].connect();
    world.settle();
    world.assert_together();
    assert_eq!(world.log(), ["1 ann 1 noteAdded"]);
}

#[test]
fn entries_that_leave_a_gap_or_divide_a_commit_are_refused_whole() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let entry = |seq: u64, rest: &str| {
        format!(
            r#"{{"seq":{seq},"client":"x","counter":1,{rest}"author":"x","time":1,"name":"noteRemoved","args":{{}}}}"#
        )
    };
    let frame = |entries: &[String]| {
        format!(r#"{{"type":"entries","after":0,"head":9,"entries":[{}]}}"#, entries.join(","))
    };
    for bad in [
        frame(&[entry(1, ""), entry(3, "")]),
        frame(&[entry(1, r#""index":0,"of":2,"#)]),
        frame(&[entry(1, r#""index":1,"of":2,"#)]),
    ] {
        let error = ann.leader.receive(&mut ann.log, &bad).unwrap_err();
        assert!(matches!(error, LeaderError::OutOfOrder(_)), "{bad}");
        assert_eq!(ann.leader.cursor().get(), 0);
    }
    for bad in ["", "{", "[]", r#"{"type":"entries"}"#, r#"{"type":"what"}"#] {
        let error = ann.leader.receive(&mut ann.log, bad).unwrap_err();
        assert_eq!(error.code(), Code::BadMessage, "{bad}");
    }
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    ann.log.limit_size(1).unwrap();
    let mut refused = None;
    for n in 0..100 {
        let title = format!("{n}");
        let pad = "x".repeat(2_000);
        let event =
            super::model::event("noteAdded", serde_json::json!({ "id": title, "title": title, "pad": pad }));
        ann.commit_in_page(&[event]).unwrap();
        let message = ann.session.take_hand_over().unwrap();
        if let Err(error) = ann.leader.hand_over(&mut ann.log, &message) {
            refused = Some((message, error));
            break;
        }
    }
    let (message, error) = refused.expect("the disk is full at some point");
    assert_eq!(error.code(), Code::StorageFull);
    ann.log.limit_size(1 << 30).unwrap();
    ann.leader.hand_over(&mut ann.log, &message).unwrap();
    ann.pump();
    world.settle();
    world.assert_together();
}
