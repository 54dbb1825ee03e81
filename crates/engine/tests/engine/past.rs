//! The state as it was at a seq, made from a client's own log.

use syncline_engine::protocol::{Entry, RawEvent, Seq};
use syncline_engine::{Past, Rules};
use syncline_sqlite::Database;

use super::model::{Notes, added};
use super::world::{Client, World, notes};

fn seq(seq: u64) -> Seq {
    Seq::new(seq).unwrap()
}

fn part(client: &Client, after: Seq) -> Vec<Entry> {
    serde_json::from_str(&client.leader.log_part(&client.log, after).unwrap()).unwrap()
}

/// The state that a client's log leads to, and where it stands.
fn state_at(client: &Client, at: Seq) -> (Vec<String>, Seq) {
    let mut db = Database::open_memory().unwrap();
    let mut past = client.leader.past(&client.log, Rules::of::<Notes>(), &mut db).unwrap();
    while past.follow(&mut db, part(client, past.seq()), at).unwrap() {}
    (notes(&db), past.seq())
}

#[test]
fn each_state_that_there_was_can_be_made_again() {
    let mut world = World::new(&["ann"]);
    let mut seen = vec![notes(&world.server.db)];
    for title in ["milk", "bread", "salt"] {
        world.clients[0].commit(&[added(title, title)]).unwrap();
        world.settle();
        seen.push(notes(&world.server.db));
    }
    for (at, expected) in (0..).zip(&seen) {
        assert_eq!(state_at(&world.clients[0], seq(at)), (expected.clone(), seq(at)));
    }
}

#[test]
fn a_seq_within_a_commit_stands_for_the_end_of_the_one_before_it() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.clients[0].commit(&[added("2", "bread"), added("3", "salt")]).unwrap();
    world.settle();
    assert_eq!(state_at(&world.clients[0], seq(2)).1, seq(1));
    assert_eq!(state_at(&world.clients[0], seq(3)).1, seq(3));
}

#[test]
fn what_is_pending_is_in_no_state_that_was() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.clients[0].cut();
    world.clients[0].commit(&[added("2", "bread")]).unwrap();
    assert_eq!(state_at(&world.clients[0], seq(2)), (notes(&world.server.db), seq(1)));
}

#[test]
fn a_log_that_begins_with_a_snapshot_is_followed_from_there() {
    let mut world = World::new(&["ann"]);
    for commit in 0..11 {
        let event = |n: u32| added(&format!("{commit}-{n}"), &format!("note {commit}-{n}"));
        world.clients[0].commit(&(0..100).map(event).collect::<Vec<RawEvent>>()).unwrap();
    }
    world.settle();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    let at_snapshot = notes(&world.server.db);
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    world.settle();
    world.clients[0].commit(&[added("later", "later")]).unwrap();
    world.settle();

    let bob = &world.clients[1];
    assert_eq!(bob.leader.log_start(&bob.log).unwrap(), seq(1_100), "below that, the server is asked");
    assert_eq!(state_at(bob, seq(1_100)), (at_snapshot, seq(1_100)));
    assert_eq!(state_at(bob, seq(1_101)), (notes(&world.server.db), seq(1_101)));
    // Ann has the whole log: entries of hers are what the server sends for what bob has not.
    let mut db = Database::open_memory().unwrap();
    let mut past = Past::begin(&mut db, Rules::of::<Notes>()).unwrap();
    while past.follow(&mut db, part(&world.clients[0], past.seq()), seq(300)).unwrap() {}
    assert_eq!(state_at(&world.clients[0], seq(300)), (notes(&db), seq(300)));
}

#[test]
fn entries_that_do_not_follow_are_refused_and_nothing_of_them_is_applied() {
    let mut world = World::new(&["ann"]);
    for title in ["milk", "bread"] {
        world.clients[0].commit(&[added(title, title)]).unwrap();
    }
    world.settle();
    let mut db = Database::open_memory().unwrap();
    let mut past = Past::begin(&mut db, Rules::of::<Notes>()).unwrap();
    let mut entries = part(&world.clients[0], Seq::ZERO);
    entries.remove(0);
    assert!(past.follow(&mut db, entries, seq(2)).is_err());
    assert_eq!((notes(&db).len(), past.seq()), (0, Seq::ZERO));
}
