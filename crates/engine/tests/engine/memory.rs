//! Without OPFS: the leader's database ends with the page, and the page's journal is all that is left.

use serde_json::{Value, json};
use syncline_engine::protocol::Code;

use super::model::{added, event};
use super::world::{Client, Server, World};

/// A browser without OPFS, and one with it that looks on. The first commit is a note, confirmed.
fn world() -> World {
    let mut world =
        World { server: Server::new(), clients: vec![Client::in_memory("ann"), Client::new("bob")] };
    world.clients.iter_mut().for_each(Client::connect);
    world.settle();
    world.clients[0].commit(&[added("note", "title 0")]).unwrap();
    world.settle();
    world
}

/// A commit as the page journals it, before the leader hears of it. A note can be renamed again and
/// again: no constraint would hide that a commit was logged twice.
fn journaled(client: &mut Client, title: u32) -> String {
    let renamed = event("noteRenamed", json!({ "id": "note", "title": format!("title {title}") }));
    client.commit_in_page(&[renamed]).unwrap();
    client.session.take_hand_over().unwrap()
}

fn hand_over(client: &mut Client, message: &str) {
    client.leader.hand_over(&mut client.log, message).unwrap();
    client.pump();
}

/// The client id that the journals name, or a fresh one.
fn client_of(journals: &[String], fresh: &str) -> String {
    let named = journals.iter().find_map(|message| {
        let message: Value = serde_json::from_str(message).unwrap();
        message["client"].as_str().map(str::to_owned)
    });
    named.unwrap_or_else(|| fresh.to_owned())
}

fn reload(world: &mut World, journals: &[String]) {
    let client = client_of(journals, "another");
    let ann = world.clients.remove(0).reload_in_memory(&client, journals);
    world.clients.insert(0, ann);
    world.clients[0].connect();
}

fn titles(world: &World) -> Vec<String> {
    world.log().iter().map(|entry| entry.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[test]
fn a_commit_that_was_admitted_but_not_confirmed_before_a_reload_is_logged_once() {
    let mut world = world();
    let message = journaled(&mut world.clients[0], 1);
    hand_over(&mut world.clients[0], &message);
    assert!(world.deliver(0), "the room has decided it");
    reload(&mut world, &[message]);
    world.settle();
    world.assert_together();
    assert_eq!(titles(&world), ["1 ann 1", "2 ann 2"]);
}

#[test]
fn a_commit_that_no_leader_had_before_a_reload_is_logged_once() {
    let mut world = world();
    let message = journaled(&mut world.clients[0], 1);
    reload(&mut world, &[message]);
    world.settle();
    world.assert_together();
    assert_eq!(world.log().len(), 2);
}

#[test]
fn of_commits_of_which_the_room_has_some_the_others_follow_in_their_order() {
    let mut world = world();
    let journals = [1, 2, 3, 4, 5].map(|title| journaled(&mut world.clients[0], title));
    for message in &journals[..3] {
        hand_over(&mut world.clients[0], message);
    }
    // One in flight, decided; then the two that waited for it, decided; nobody hears of these.
    assert!(world.deliver(0));
    while let Some(text) = world.clients[0].to_client.pop_front() {
        world.clients[0].receive(&text);
    }
    assert!(world.deliver(0));
    // The first is confirmed, and its journal gone.
    reload(&mut world, &journals[1..]);
    assert_eq!(world.clients[0].pending(), 4);
    world.clients[0].commit(&[added("other", "another note")]).unwrap();
    world.settle();
    world.assert_together();
    let log: Vec<_> = (1..=7).map(|n| format!("{n} ann {n}")).collect();
    assert_eq!(titles(&world), log);
    assert_eq!(world.clients[0].notes(), ["note=title 5/ann", "other=another note/ann"]);
    assert_eq!(world.clients[0].effects.confirmed.len(), 1, "what this page made");
}

#[test]
fn what_was_journaled_before_storage_was_memory_gets_a_counter_once_and_keeps_it() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("note", "title 0")]).unwrap();
    world.settle();
    let message = journaled(&mut world.clients[0], 1);
    assert!(!message.contains("counter"), "on a disk the leader gives it");

    // The same browser, without OPFS now, thrice.
    let mut ann = Client::in_memory("ann").reload_in_memory("memory", &[message]);
    let (session, number) = {
        let view = ann.session.pending().next().unwrap();
        (view.session.clone(), view.number)
    };
    let message = ann.session.journal_entry(&session, number).unwrap();
    ann.connect();
    world.clients[0] = ann;
    world.settle();
    for _ in 0..2 {
        reload(&mut world, std::slice::from_ref(&message));
        world.settle();
    }
    world.assert_together();
    assert_eq!(titles(&world), ["1 ann 1", "2 memory 1"]);
}

#[test]
fn a_leader_that_replaces_one_in_memory_is_given_every_pending_commit_under_its_identity() {
    let mut world = world();
    for title in 1..=3 {
        let message = journaled(&mut world.clients[0], title);
        hand_over(&mut world.clients[0], &message);
    }
    assert!(world.deliver(0), "the room has decided the first");
    let again = world.clients[0].session.hand_over_again().unwrap();
    reload(&mut world, &[again]);
    world.settle();
    world.assert_together();
    assert_eq!(titles(&world), ["1 ann 1", "2 ann 2", "3 ann 3", "4 ann 4"]);
}

#[test]
fn a_commit_of_another_client_is_neither_sent_under_a_new_counter_nor_lost() {
    let mut world = world();
    let message = journaled(&mut world.clients[0], 1);
    hand_over(&mut world.clients[0], &message);
    world.deliver(0);
    // This browser's database is of another client, and has commits of its own.
    let mut ann = Client::in_memory("ann").reload_in_memory("another", &[]);
    let error = ann.leader.hand_over(&mut ann.log, &message).unwrap_err();
    assert_eq!(error.code(), Code::AnotherClient);
    ann.connect();
    world.clients[0] = ann;
    world.settle();
    world.assert_together();
    assert_eq!(titles(&world), ["1 ann 1", "2 ann 2"]);
    // The journal is offered again at the next open, where its own client id is free to be used.
    reload(&mut world, &[message]);
    world.settle();
    world.assert_together();
    assert_eq!(world.log().len(), 2);
}

#[test]
fn a_commit_of_a_former_page_whose_turn_has_passed_is_refused() {
    let mut world = world();
    let [first, second] = [1, 2].map(|title| journaled(&mut world.clients[0], title));
    let second = second.replace("ann-1", "ann-0");
    let mut ann = Client::in_memory("ann").reload_in_memory("ann", &[second]);
    let error = ann.leader.hand_over(&mut ann.log, &first).unwrap_err();
    assert_eq!(error.code(), Code::AnotherClient);
    let ann = Client::in_memory("ann").reload_in_memory("ann", &[first]);
    assert_eq!(ann.pending(), 1, "in its turn it is taken");
}

#[test]
fn a_page_that_counts_from_too_early_is_told_its_counters_before_they_are_used_twice() {
    let mut world = world();
    for title in 1..=3 {
        let message = journaled(&mut world.clients[0], title);
        hand_over(&mut world.clients[0], &message);
    }
    world.settle();
    // The journal could not be written: the page after it knows the client id, and no counter.
    let ann = world.clients.remove(0).reload_in_memory("ann", &[]);
    world.clients.insert(0, ann);
    world.clients[0].connect();
    world.settle();
    let message = journaled(&mut world.clients[0], 4);
    hand_over(&mut world.clients[0], &message);
    let ann = &world.clients[0];
    let pending = ann.session.pending().next().unwrap();
    let entry = ann.session.journal_entry(pending.session, pending.number).unwrap();
    assert!(message.contains(r#""counter":1,"#) && entry.contains(r#""counter":5,"#), "{entry}");
    world.settle();
    world.assert_together();
    assert_eq!(world.log().len(), 5);
}
