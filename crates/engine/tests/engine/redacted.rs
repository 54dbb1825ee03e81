//! Redaction, as clients see it: what was erased on the server is erased here.

use syncline_engine::protocol::{Args, Seq};
use syncline_engine::{Query, Sql};

use super::model::added;
use super::world::{Client, World, notes};

fn redact(world: &mut World, seq: u64, title: &str) {
    let id: String = {
        let rows = world.server.db.query("SELECT id FROM notes ORDER BY id LIMIT 1", &[]).unwrap();
        rows[0].get(0).unwrap()
    };
    let args = Args::parse(format!(r#"{{"id":"{id}","title":"{title}"}}"#)).unwrap();
    let outputs = world.server.room.redact(&mut world.server.db, Seq::new(seq).unwrap(), args).unwrap();
    while world.server.room.is_rebuilding() {
        world.server.room.rebuild_step(&mut world.server.db).unwrap();
    }
    world.publish(&outputs);
}

/// What is in a database, in whatever table.
fn holds(db: &dyn Query, word: &str) -> bool {
    let tables = db.query("SELECT name FROM sqlite_master WHERE type = 'table'", &[]).unwrap();
    tables.iter().any(|row| {
        let sql = format!("SELECT * FROM {}", row.get::<String>(0).unwrap());
        let rows = db.query(&sql, &[]).unwrap();
        rows.iter().any(|row| format!("{row:?}").contains(word))
    })
}

#[test]
fn whoever_is_connected_forgets_at_once_and_whoever_is_not_when_it_connects() {
    let mut world = World::new(&["ann", "bob", "eve"]);
    world.clients[0].commit(&[added("1", "secret")]).unwrap();
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.settle();
    world.clients.iter_mut().for_each(Client::advance);
    world.clients[1].cut();
    world.clients[1].commit(&[added("3", "offline")]).unwrap();
    redact(&mut world, 1, "erased");
    world.settle();
    assert_eq!(world.clients[0].notes(), ["1=erased/ann", "2=eggs/ann"]);
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=erased/ann", "2=eggs/ann", "3=offline/bob"]);
    for client in &mut world.clients {
        client.advance();
        assert!(!holds(&client.log, "secret") && !holds(&client.state, "secret"), "{}", client.name());
    }
    // A new client reads the same log, with the same chain; and everybody goes on.
    world.clients.push(Client::new("new"));
    world.clients[3].connect();
    world.settle();
    world.clients[0].commit(&[added("4", "tea")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert!(world.clients.iter().all(|client| client.lost().is_empty()));
}

#[test]
fn a_commit_that_was_redacted_before_its_client_saw_it_confirmed_is_confirmed_all_the_same() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "secret")]).unwrap();
    let number = world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    world.deliver(0);
    world.clients[0].cut();
    redact(&mut world, 1, "erased");
    world.reconnect();
    world.assert_together();
    assert_eq!(world.log().len(), 2, "exactly-once");
    let confirmed: Vec<_> = world.clients[0].effects.confirmed.iter().map(|commit| commit.number).collect();
    assert_eq!(confirmed.len(), 2);
    assert_eq!(confirmed[1], number);
    assert_eq!(world.clients[0].notes(), ["1=erased/ann", "2=eggs/ann"]);
}

#[test]
fn an_entry_whose_first_args_came_back_is_kept_as_the_redacted_one_that_it_is() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.clients[0].cut();
    redact(&mut world, 1, "erased");
    redact(&mut world, 1, "milk");
    world.reconnect();
    world.assert_together();
    let log = |db: &dyn Query| -> String {
        let rows = db.query("SELECT entries FROM syncline_log", &[]).unwrap();
        rows[0].get(0).unwrap()
    };
    assert_eq!(log(&world.clients[0].log), log(&world.server.db));
}

#[test]
fn a_page_that_comes_redacted_is_not_compared_with_the_snapshot_that_was_offered_before() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "secret")]).unwrap();
    world.settle();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    world.deliver(1);
    let welcome = world.clients[1].to_client.pop_front().unwrap();
    assert!(welcome.contains("snapshot"));
    world.clients[1].receive(&welcome);
    // The page is read after the redaction, and comes before that is told.
    world.clients[1].to_client.clear();
    redact(&mut world, 1, "erased");
    world.deliver(1);
    let page = world.clients[1].to_client.pop_front().unwrap();
    assert!(page.contains("entries") && page.contains("erased"));
    world.clients[1].receive(&page);
    world.clients[1].advance();
    assert_eq!(world.clients[1].notice(), None, "nothing has diverged");
    world.settle();
    world.reconnect();
    world.assert_together();
}

#[test]
fn what_is_no_redaction_of_the_entry_here_changes_nothing() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let ann = &mut world.clients[0];
    let forged = format!(
        r#"{{"type":"redacted","number":1,"entry":{{"seq":1,"client":"ann","counter":1,"author":"ann","time":1,"name":"noteAdded","args":{{"id":"1","title":"forged"}},"digest":"{}"}}}}"#,
        "0".repeat(64)
    );
    assert!(ann.leader.receive(&mut ann.log, &forged).is_err());
    assert_eq!(ann.notes(), ["1=milk/ann"]);
}

/// A snapshot that holds what ann's first commit says, and bob, who will start from it.
fn snapshot_below_bob() -> World {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("0", "secret")]).unwrap();
    for commit in 0..11 {
        let event = |n: u32| added(&format!("{commit}-{n}"), &format!("note {commit}-{n}"));
        world.clients[0].commit(&(0..100).map(event).collect::<Vec<_>>()).unwrap();
    }
    world.settle();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients.push(Client::new("bob"));
    world
}

fn below_a_snapshot() -> World {
    let mut world = snapshot_below_bob();
    world.clients[1].connect();
    world.settle();
    assert!(holds(&world.clients[1].log, "secret"), "in the snapshot");
    world
}

#[test]
fn an_entry_below_a_clients_snapshot_is_forgotten_with_the_snapshot() {
    let mut world = below_a_snapshot();
    redact(&mut world, 1, "erased");
    world.settle();
    world.assert_together();
    assert!(!holds(&world.clients[1].log, "secret"));
    assert!(world.clients[1].notes().contains(&"0=erased/ann".to_owned()));
}

#[test]
fn a_snapshot_that_came_with_what_was_redacted_meanwhile_is_not_compared_with() {
    let mut world = snapshot_below_bob();
    world.clients[1].connect();
    assert!(world.deliver(1), "hello");
    let welcome = world.clients[1].to_client.pop_front().unwrap();
    world.clients[1].receive(&welcome);
    assert!(world.deliver(1), "it asks for the part");
    redact(&mut world, 1, "erased");
    world.settle();
    world.clients[1].advance();
    world.assert_together();
    assert_eq!(world.clients[1].notice(), None);
}

#[test]
fn a_redaction_whose_snapshot_could_not_be_dropped_comes_again() {
    let mut world = below_a_snapshot();
    let trigger = "CREATE TRIGGER broken BEFORE DELETE ON syncline_log BEGIN SELECT RAISE(ABORT, 'no'); END";
    world.clients[1].log.execute(trigger, &[]).unwrap();
    redact(&mut world, 1, "erased");
    let bob = &mut world.clients[1];
    let frame = bob.to_client.pop_front().unwrap();
    bob.leader.receive(&mut bob.log, &frame).unwrap_err();
    bob.log.execute("DROP TRIGGER broken", &[]).unwrap();
    // Neither this leader nor the next says that it knows of it.
    bob.connect();
    assert!(!bob.to_server[0].contains("\"redactions\":1"));
    let bob = world.clients.pop().unwrap().reload();
    world.clients.push(bob);
    world.reconnect();
    world.assert_together();
    assert!(!holds(&world.clients[1].log, "secret"));
}
