//! Pending commits on moving ground.

use super::model::{added, removed, renamed};
use super::world::World;

#[test]
fn pending_commits_are_applied_again_on_what_others_did_first() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.clients[1].commit(&[added("2", "eggs")]).unwrap();
    world.clients[1].commit(&[renamed("2", "six eggs")]).unwrap();
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[1].notes(), ["1=milk/ann", "2=six eggs/bob"]);
}

#[test]
fn a_pending_commit_that_no_longer_applies_is_conflicted_and_out_of_view_until_its_verdict() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[1].cut();
    world.clients[1].commit(&[added("b", "milk")]).unwrap();
    world.clients[1].commit(&[added("c", "eggs")]).unwrap();
    world.clients[0].commit(&[added("a", "milk")]).unwrap();
    world.settle();

    let bob = &mut world.clients[1];
    bob.connect();
    // hello arrives; bob's commits do not, yet.
    world.deliver(1);
    for _ in 0..2 {
        let text = world.clients[1].to_client.pop_front().unwrap();
        world.clients[1].receive(&text);
    }
    let bob = &world.clients[1];
    assert_eq!(bob.notes(), ["a=milk/ann", "c=eggs/bob"]);
    let pending: Vec<_> = bob.session.pending().collect();
    assert_eq!(pending[0].conflicted.unwrap().code, "constraint-unique");
    assert!(pending[1].conflicted.is_none());
    assert!(bob.effects.rejected.is_empty(), "conflicted is provisional: no verdict yet");

    world.settle();
    world.assert_together();
    assert_eq!(world.clients[1].effects.rejected.len(), 1);
    assert_eq!(world.clients[1].effects.confirmed.len(), 1);
}

#[test]
fn what_was_conflicted_here_may_still_be_accepted_there() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    // While bob's note of the same title is on its way, ann removes hers: the server sees both in order.
    world.clients[0].commit(&[removed("1")]).unwrap();
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.settle();
    world.clients[1].commit(&[added("3", "milk")]).unwrap();
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[1].notes(), ["2=eggs/ann", "3=milk/bob"]);
}

#[test]
fn commits_confirmed_in_order_are_not_replayed_and_still_end_in_the_same_state() {
    let mut world = World::new(&["ann", "bob"]);
    // More than the bound on confirmed commits above the point, with something always pending.
    for n in 0..1_200 {
        world.clients[0].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
        world.deliver(0);
        if n % 3 == 0 {
            while let Some(text) = world.clients[0].to_client.pop_front() {
                world.clients[0].receive(&text);
            }
        }
    }
    world.clients[1].commit(&[added("b", "between")]).unwrap();
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[0].effects.confirmed.len(), 1_200);
}

#[test]
fn a_commit_rejected_by_the_server_is_taken_back_with_what_was_built_on_it() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[1].commit(&[added("b", "milk")]).unwrap();
    world.clients[1].commit(&[renamed("b", "oat milk")]).unwrap();
    world.clients[0].commit(&[added("b", "eggs")]).unwrap();
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[1].notes(), ["b=eggs/ann"]);
    let codes: Vec<_> =
        world.clients[1].effects.rejected.iter().map(|rejected| rejected.code.as_str()).collect();
    assert_eq!(codes, ["constraint-unique", "not-the-author"]);
}
