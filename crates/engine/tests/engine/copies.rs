//! Two databases with one client id: a copied profile, a restored machine.

use syncline_engine::protocol::{Code, Seq, SessionId};
use syncline_engine::{Epoch, Rules};
use syncline_sqlite::Database;

use super::model::{KeenNotes, added};
use super::world::{Client, World, notes};

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

/// The next leader goes on with the session of the copy's page.
fn resume(copy: &mut Client, cursor: Seq, epoch: &Epoch) {
    copy.adopt(super::model::rules());
    copy.leader.resumed(&copy.log, &SessionId::parse("ann-2").unwrap(), cursor, epoch).unwrap();
    copy.pump();
}

#[test]
fn a_session_that_missed_the_new_id_is_told_what_was_confirmed_under_the_old_one() {
    let mut world = World::new(&["ann"]);
    world.clients[0].cut();
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    let copy = world.clients[0].copy("copy");
    world.clients.push(copy);
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.clients[0].connect();
    world.settle();
    let copy = &mut world.clients[1];
    let (cursor, epoch) = (copy.session.cursor(), copy.session.epoch().clone());
    copy.commit(&[added("3", "rice")]).unwrap();
    copy.connect();
    world.settle_leader_alone(1);
    assert_eq!(world.clients[1].stopped(), Some(Code::CommitMismatch));
    let copy = &mut world.clients[1];
    resume(copy, cursor, &epoch);
    assert_eq!(copy.pending(), 1, "of the two that waited, one is in the log");
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=milk/ann", "2=eggs/ann", "3=rice/ann"]);
}

#[test]
fn what_a_copy_committed_under_a_counter_that_was_not_given_here_is_not_confirmed_to_this_page() {
    let mut world = World::new(&["ann"]);
    let copy = world.clients[0].copy("copy");
    world.clients.push(copy);
    world.clients[1].connect();
    world.settle();
    for (place, id) in [(0, "1"), (0, "2"), (1, "3")] {
        world.clients[place].commit(&[added(id, id)]).unwrap();
        world.settle();
    }
    assert_eq!(world.clients[1].stopped(), Some(Code::CommitMismatch), "under its first counter");
    world.clients[1].cut();
    world.clients[1].commit(&[added("4", "4")]).unwrap();
    world.clients[0].commit(&[added("5", "4")]).unwrap();
    world.settle();
    let copy = &mut world.clients[1];
    let (cursor, epoch) = (copy.session.cursor(), copy.session.epoch().clone());
    copy.connect();
    world.settle_leader_alone(1);
    let copy = &mut world.clients[1];
    resume(copy, cursor, &epoch);
    let rejected: Vec<_> = copy.effects.rejected.iter().map(|rejected| rejected.counter.get()).collect();
    assert_eq!(rejected, [2], "and the log has a second commit of the other");
    assert_eq!(copy.effects.confirmed.len(), 1);
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=1/ann", "2=2/ann", "3=3/ann", "5=4/ann"]);
}

/// Two copies of one client that have read what one of them has committed as their second; then the server is
/// reset, and only the other has seen that.
fn copies_of_a_reset_server() -> World {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let copy = world.clients[0].copy("copy");
    world.clients.push(copy);
    for client in &mut world.clients {
        client.adopt(Rules::of::<KeenNotes>());
    }
    world.reconnect();
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.settle();
    world.replace_server(Database::open_memory().unwrap(), "second");
    world
}

/// The copy hears that the log is another one, connects again, and is welcomed.
fn welcome_copy(world: &mut World) {
    for _ in 0..2 {
        world.clients[1].connect();
        world.deliver(1);
        while let Some(text) = world.clients[1].to_client.pop_front() {
            world.clients[1].receive(&text);
        }
    }
}

#[test]
fn a_copy_counts_on_from_what_it_offers_again_although_the_other_has_counted_it() {
    let mut world = copies_of_a_reset_server();
    welcome_copy(&mut world);
    assert_eq!(world.clients[1].pending(), 2, "offered again");
    world.clients[1].commit(&[added("3", "rice")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=milk/ann", "2=eggs/ann", "3=rice/ann"]);
    assert_eq!(world.log().len(), 3, "exactly-once");
}

#[test]
fn what_is_offered_again_under_a_counter_that_the_copy_has_used_otherwise_is_reported_lost() {
    let mut world = copies_of_a_reset_server();
    world.clients[1].commit(&[added("3", "rice")]).unwrap();
    welcome_copy(&mut world);
    let eggs = [r#"{"id":"2","title":"eggs"}"#];
    assert_eq!(world.clients[1].lost(), eggs, "the copy has its own second commit");
    world.reconnect();
    // The other is refused, and takes another id, under which it may not offer what it made under the first.
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=milk/ann", "3=rice/ann"]);
    assert_eq!(world.clients[0].lost(), eggs);
    assert_ne!(world.clients[0].leader.client(), world.clients[1].leader.client());
}
