//! From the page to the outbox: exactly once, through reloads and restarts of the leader.

use super::model::added;
use super::world::World;

#[test]
fn commits_that_the_leader_has_taken_survive_a_reload_and_are_sent_after_it() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].cut();
    for n in 1..=3 {
        world.clients[0].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
    }
    let ann = world.clients.remove(0).reload();
    assert_eq!(ann.notes().len(), 3, "the new page shows what waits");
    assert_eq!(ann.pending(), 3);
    world.clients.insert(0, ann);
    world.clients[0].connect();
    world.settle();
    world.assert_together();
    assert_eq!(world.log().len(), 3);
}

#[test]
fn a_commit_handed_over_twice_enters_the_outbox_once() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    ann.commit_in_page(&[added("1", "milk")]).unwrap();
    let message = ann.session.take_hand_over().unwrap();
    ann.leader.hand_over(&mut ann.log, &message).unwrap();
    ann.leader.hand_over(&mut ann.log, &message).unwrap();
    ann.pump();
    world.settle();
    world.assert_together();
    assert_eq!(world.log(), ["1 ann 1 noteAdded"]);
    // Even after the verdict, and after the leader may have forgotten the counter.
    let ann = &mut world.clients[0];
    ann.commit(&[added("2", "eggs")]).unwrap();
    ann.leader.hand_over(&mut ann.log, &message).unwrap();
    world.settle();
    assert_eq!(world.log().len(), 2);
}

#[test]
fn a_journal_of_a_dead_session_is_taken_by_the_leader_of_the_next() {
    let mut world = World::new(&["ann"]);
    let mut journal = Vec::new();
    for n in 1..=50 {
        world.clients[0].commit_in_page(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
        journal.push(world.clients[0].session.take_hand_over().unwrap());
    }
    // The page is reloaded before its leader heard of any of them.
    let mut ann = world.clients.remove(0).reload();
    assert!(ann.notes().is_empty());
    for message in &journal {
        ann.leader.hand_over(&mut ann.log, message).unwrap();
    }
    let mut ann = ann.reload();
    assert_eq!(ann.notes().len(), 50);
    ann.connect();
    world.clients.push(ann);
    world.settle();
    world.assert_together();
    assert_eq!(world.log().len(), 50);
}

#[test]
fn after_a_restart_of_the_leader_the_living_session_goes_on_from_its_cursor() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit_in_page(&[added("1", "milk")]).unwrap();
    let lost = world.clients[0].session.take_hand_over();
    assert!(lost.is_some(), "the worker died with it");
    world.clients[1].commit(&[added("2", "eggs")]).unwrap();
    world.settle();

    let ann = &mut world.clients[0];
    let (id, cursor) = (syncline_engine::protocol::SessionId::parse("ann-1").unwrap(), ann.session.cursor());
    ann.leader.opened(&ann.log, &id, cursor).unwrap();
    let again = ann.session.hand_over_again().unwrap();
    ann.leader.hand_over(&mut ann.log, &again).unwrap();
    ann.connect();
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[0].effects.confirmed.len(), 1);
}

#[test]
fn a_commit_whose_taking_and_confirming_died_with_the_worker_is_confirmed_by_the_next_leader() {
    let mut world = World::new(&["ann"]);
    world.commit_untold(0, &[added("1", "milk")]);
    let ann = &mut world.clients[0];

    // Its disk is full: what the session hands over again has to wait.
    let (id, cursor) = (syncline_engine::protocol::SessionId::parse("ann-1").unwrap(), ann.session.cursor());
    let epoch = ann.session.epoch().clone();
    ann.leader.resumed(&ann.log, &id, cursor, &epoch).unwrap();
    ann.pump();
    assert_eq!(ann.pending(), 0);
    assert_eq!(ann.effects.persisted.len(), 1);
    assert_eq!(ann.effects.confirmed.len(), 1);
}

#[test]
fn a_rejected_commit_is_kept_with_its_events_until_the_app_dismisses_it() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("a", "milk")]).unwrap();
    world.clients[1].commit(&[added("b", "milk")]).unwrap();
    world.settle();
    let mut bob = world.clients.remove(1).reload();
    assert_eq!(bob.session.rejections().len(), 1);
    assert_eq!(bob.session.rejections()[0].events, [added("b", "milk")]);
    bob.session.dismiss(bob.session.rejections()[0].counter);
    let message = bob.session.take_hand_over().unwrap();
    bob.leader.hand_over(&mut bob.log, &message).unwrap();
    assert!(bob.reload().session.rejections().is_empty());
}

#[test]
fn a_commit_of_another_subject_is_never_taken_under_this_name() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit_in_page(&[added("1", "milk")]).unwrap();
    let message = world.clients[0].session.take_hand_over().unwrap();
    let bob = &mut world.clients[1];
    let error = bob.leader.hand_over(&mut bob.log, &message).unwrap_err();
    assert_eq!(error.code().as_str(), "author-mismatch");
    world.settle();
    assert!(world.log().is_empty(), "own-name");
}

#[test]
fn a_rejection_that_died_with_the_worker_is_told_to_the_living_session_by_the_next() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("a", "milk")]).unwrap();
    world.deliver(0);
    world.clients[1].commit(&[added("b", "milk")]).unwrap();
    world.deliver(1);
    let bob = &mut world.clients[1];
    while let Some(text) = bob.to_client.pop_front() {
        bob.leader.receive(&mut bob.log, &text).unwrap();
    }
    while bob.leader.poll_session(bob.session.id()).is_some() {}
    assert_eq!(bob.pending(), 1, "the session heard of nothing");

    let (id, cursor) = (syncline_engine::protocol::SessionId::parse("bob-1").unwrap(), bob.session.cursor());
    bob.leader.opened(&bob.log, &id, cursor).unwrap();
    bob.pump();
    assert_eq!(bob.pending(), 0);
    assert_eq!(bob.effects.rejected.len(), 1);
    assert_eq!(bob.notes(), ["a=milk/ann"]);
}

#[test]
fn what_is_taken_of_a_dead_session_is_not_credited_to_the_living_one() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit_in_page(&[added("1", "milk")]).unwrap();
    let journal = world.clients[0].session.take_hand_over().unwrap();
    let mut ann = world.clients.remove(0).reload();
    ann.commit_in_page(&[added("2", "eggs")]).unwrap();
    ann.leader.hand_over(&mut ann.log, &journal).unwrap();
    ann.pump();
    assert!(ann.effects.persisted.is_empty(), "true-receipt");
}

#[test]
fn a_commit_is_journaled_by_itself_and_handed_over_with_others_and_is_the_same() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let numbers = ["a", "b"].map(|id| ann.commit_in_page(&[added(id, id)]).unwrap());
    let journal = numbers.map(|number| ann.session.hand_over_of(number).unwrap());
    let message = ann.session.take_hand_over().unwrap();
    ann.leader.hand_over(&mut ann.log, &message).unwrap();
    journal.iter().for_each(|message| ann.leader.hand_over(&mut ann.log, message).unwrap());
    ann.pump();
    world.settle();
    assert_eq!(world.log().len(), 2, "exactly-once");
    assert_eq!(world.clients[0].session.hand_over_of(numbers[1]), None, "it is decided");
    world.assert_together();
}
