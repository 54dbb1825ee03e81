//! Two databases with one client id: a copied profile, a restored machine.

use syncline_engine::protocol::Code;

use super::model::added;
use super::world::{World, notes};

#[test]
fn a_copied_client_takes_a_new_id_and_loses_nothing() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.clients[0].cut();
    // One commit is in both, unsent; then each goes on by itself.
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    let copy = world.clients[0].copy("copy");
    world.clients.push(copy);
    world.clients[0].commit(&[added("3", "rice")]).unwrap();
    world.clients[1].commit(&[added("4", "tea")]).unwrap();
    world.clients[0].connect();
    world.settle();
    assert_eq!(world.log().len(), 3);
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=milk/ann", "2=eggs/ann", "3=rice/ann", "4=tea/ann"]);
    assert_eq!(world.log().len(), 4, "exactly-once");
    let ids: Vec<_> = world.clients.iter().map(|client| client.leader.client().clone()).collect();
    assert_eq!(ids[0].as_str(), "ann");
    assert_ne!(ids[1], ids[0]);
    // Both go on, also after a restart.
    let copy = world.clients.remove(1).reload();
    world.clients.push(copy);
    world.clients[0].commit(&[added("5", "salt")]).unwrap();
    world.clients[1].commit(&[added("6", "oil")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert_eq!(world.clients[1].leader.client(), &ids[1]);
    assert_eq!(world.log().len(), 6);
}

#[test]
fn two_copies_that_are_online_together_part_at_their_first_collision() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let copy = world.clients[0].copy("copy");
    world.clients.push(copy);
    world.clients[1].connect();
    world.settle();
    for round in 0..3 {
        for place in [0, 1] {
            let id = format!("{round}-{place}");
            world.clients[place].commit(&[added(&id, &id)]).unwrap();
        }
        world.settle();
        world.reconnect();
    }
    world.assert_together();
    assert_eq!(world.log().len(), 7, "exactly-once");
    assert_ne!(world.clients[0].leader.client(), world.clients[1].leader.client());
}

#[test]
fn a_machine_restored_from_an_older_image_offers_its_new_work_under_a_new_id() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let image = world.clients[0].copy("image");
    for n in 2..5 {
        world.clients[0].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
    }
    world.settle();
    world.clients[0] = image;
    world.clients[0].commit(&[added("9", "made offline")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert_eq!(world.log().len(), 5);
}

#[test]
fn in_memory_where_journals_name_the_client_a_copy_is_reported_and_waits() {
    let mut world = World { server: super::world::Server::new(), clients: Vec::new() };
    world.clients.push(super::world::Client::in_memory("ann"));
    world.clients.push(super::world::Client::in_memory("ann"));
    world.clients[0].connect();
    world.settle();
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.clients[1].commit(&[added("2", "eggs")]).unwrap();
    world.clients[1].connect();
    world.settle();
    assert_eq!(world.clients[1].stopped(), Some(Code::CommitMismatch));
    assert_eq!(world.clients[1].pending(), 1, "nothing is lost");
    assert_eq!(world.log().len(), 1, "nothing is doubled");
}
