//! What broke a promise once, as simulation and fuzzing found it.

use syncline_engine::protocol::{Args, Seq};
use syncline_engine::{Flow, HostFailure, Param, Query, Row, Rules, Sql, SqlError, load_state, nested};
use syncline_sqlite::Database;

use super::model::{KeenNotes, added, renamed, rules};
use super::world::{Client, World, notes};

#[test]
fn what_was_committed_since_waits_until_the_former_log_is_sorted() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[0].adopt(Rules::of::<KeenNotes>());
    world.reconnect();
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.replace_server(Database::open_memory().unwrap(), "second");
    // The new log has begun before ann sees it: she has to read it first.
    world.clients[1] = Client::new("carl");
    world.clients[1].commit(&[added("2", "eggs")]).unwrap();
    world.clients[1].connect();
    world.settle();
    world.clients[0].commit(&[renamed("1", "oat milk")]).unwrap();
    world.reconnect();
    world.assert_together();
    assert!(world.clients[0].effects.rejected.is_empty(), "there is what the commit builds on");
    assert_eq!(notes(&world.server.db), ["1=oat milk/ann", "2=eggs/carl"]);
}

/// A database that fails to keep its next outermost transaction.
struct Failing<'a>(&'a mut Database);

impl Query for Failing<'_> {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.0.query(sql, params)
    }
}

impl Sql for Failing<'_> {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        self.0.execute(sql, params)
    }

    fn run_script(&mut self, script: &str) -> Result<(), SqlError> {
        self.0.run_script(script)
    }

    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        self.0.in_transaction(&mut |db| {
            body(db);
            Flow::Undo
        })?;
        Err(SqlError::Host { failure: HostFailure::Full, message: "no room".to_owned() })
    }
}

#[test]
fn a_replica_that_could_not_begin_anew_stands_where_it_stood() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.clients[0].advance();
    world.replace_server(Database::open_memory().unwrap(), "second");
    world.reconnect();
    let ann = &mut world.clients[0];
    let failed = ann.leader.advance(&mut ann.log, &mut ann.replica, &mut Failing(&mut ann.state));
    assert!(failed.unwrap_err().is_host());
    assert_eq!((ann.replica.seq().get(), notes(&ann.state)), (1, vec!["1=milk/ann".to_owned()]));
    ann.advance();
    assert_eq!(notes(&ann.state), notes(&world.server.db));
}

/// Ann knows of a snapshot at the head of her log, and has not compared her state with it yet.
fn to_be_compared() -> World {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk"), added("2", "eggs")]).unwrap();
    world.settle();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.reconnect();
    world
}

#[test]
fn the_state_of_one_log_is_not_compared_with_that_of_another() {
    let mut world = to_be_compared();
    world.replace_server(Database::open_memory().unwrap(), "second");
    world.clients.push(Client::new("carl"));
    world.clients[1].commit(&[added("3", "rice"), added("4", "tea")]).unwrap();
    world.clients[1].connect();
    world.settle();
    world.reconnect();
    world.clients[0].advance();
    assert_eq!(world.clients[0].notice(), None);
    assert_eq!(world.clients[0].leader.cursor().get(), 2);
}

#[test]
fn a_state_without_what_was_redacted_is_not_compared_with_one_that_has_it() {
    let mut world = to_be_compared();
    let args = Args::parse(r#"{"id":"1","title":"erased"}"#).unwrap();
    let seq = Seq::new(1).unwrap();
    let outputs = world.server.room.redact(&mut world.server.db, seq, args).unwrap();
    world.publish(&outputs);
    world.settle();
    world.clients[0].advance();
    assert_eq!(notes(&world.clients[0].state), ["1=erased/ann", "2=eggs/ann"]);
    assert_eq!(world.clients[0].notice(), None);
}

#[test]
fn who_has_not_heard_of_a_redaction_is_not_offered_the_state_without_it() {
    let mut world = to_be_compared();
    world.clients[0].cut();
    let args = Args::parse(r#"{"id":"1","title":"erased"}"#).unwrap();
    world.server.room.redact(&mut world.server.db, Seq::new(1).unwrap(), args).unwrap();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients[0].connect();
    assert!(world.deliver(0), "hello");
    let welcome = world.clients[0].to_client.pop_front().unwrap();
    world.clients[0].receive(&welcome);
    // Before the redaction is here.
    world.clients[0].advance();
    assert_eq!(world.clients[0].notice(), None);
    world.reconnect();
    world.clients[0].advance();
    world.assert_together();
    assert_eq!(notes(&world.clients[0].state), notes(&world.server.db));
    assert_eq!(world.clients[0].notice(), None);
}

#[test]
fn what_waits_in_copies_of_a_copy_is_logged_once_and_rejected_to_nobody() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    let mut copy = world.clients[0].copy("copy");
    copy.commit(&[added("2", "eggs")]).unwrap();
    let copy_of_copy = copy.copy("copy-of-copy");
    world.clients.extend([copy, copy_of_copy]);
    // Her own next commit takes the counter of theirs.
    world.clients[0].commit(&[added("3", "rice")]).unwrap();
    world.settle();
    world.reconnect();
    world.reconnect();
    world.assert_together();
    assert_eq!(notes(&world.server.db), ["1=milk/ann", "2=eggs/ann", "3=rice/ann"]);
    assert_eq!(world.log().len(), 3, "exactly-once");
    assert!(world.clients.iter().all(|client| client.effects.rejected.is_empty()));
}

#[test]
fn a_snapshot_writes_nothing_but_the_state() {
    let mut db = Database::open_memory().unwrap();
    db.run_script("CREATE TABLE syncline_attempts (who TEXT, place INTEGER, tries INTEGER) STRICT").unwrap();
    let forged =
        "{\"table\":\"syncline_attempts\",\"columns\":[\"who\",\"place\",\"tries\"]}\n[\"*history\",1,9]\n";
    let loaded = nested(&mut db, |db| load_state(db, &rules(), &[forged]));
    assert!(matches!(loaded, Err(SqlError::Refused(_))), "{loaded:?}");
    assert!(db.query("SELECT * FROM syncline_attempts", &[]).unwrap().is_empty());
}
