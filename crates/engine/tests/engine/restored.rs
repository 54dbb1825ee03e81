//! A room that was restored from a backup, and knows it, is another log.

use serde_json::{Value, json};
use syncline_engine::protocol::{Code, Incarnation, ServerMessage};
use syncline_engine::{Connection, Output, Room};
use syncline_sqlite::Database;

use super::model::rules;
use super::room::{code, commit, greeted, hello, push, verdicts};
use super::world::{Server, notes, reply};

fn id(text: &str) -> Incarnation {
    Incarnation::parse(text).unwrap()
}

fn archive(server: &mut Server) -> u64 {
    let page = server.room.archive_page(&server.db).unwrap().unwrap();
    server.room.archived(&mut server.db, &page).unwrap();
    page.last.get()
}

/// A store with a backup of two commits, of which the archive has three.
fn restored() -> Server {
    let mut server = Server::new();
    let mut ann = greeted(&mut server, "ann");
    let mut decide = |server: &mut Server, counter: u64| {
        let outputs = server.receive(&mut ann, &push(json!([commit(counter, "ann", &counter.to_string())])));
        assert_eq!(verdicts(&outputs).len(), 1);
    };
    decide(&mut server, 1);
    decide(&mut server, 2);
    archive(&mut server);
    let backup = server.db.serialize().unwrap();
    decide(&mut server, 3);
    assert_eq!(archive(&mut server), 3);
    let mut server = Server::with(Database::deserialize(&backup).unwrap(), rules(), "unused");
    assert_eq!((server.room.head().get(), server.room.incarnation()), (2, &id("first")));
    assert_eq!(server.room.archive_page(&server.db).unwrap(), None, "as far as it knows");
    assert_eq!(Room::life(&server.db).unwrap(), Some((id("first"), server.room.head())));
    server.room.restored(&mut server.db, id("second")).unwrap();
    server
}

fn connect(server: &mut Server, cursor: Value) -> Vec<Output> {
    let mut hello = hello("bob");
    hello["cursor"] = cursor;
    server.receive(&mut Connection::new(None), &hello.to_string())
}

#[test]
fn no_client_of_the_former_life_goes_on_as_if_nothing_had_been() {
    let mut server = restored();
    for wakes in 0..2 {
        assert_eq!(server.room.incarnation(), &id("second"), "{wakes}");
        let ServerMessage::Welcome(welcome) = reply(&connect(&mut server, json!(null))) else { panic!() };
        assert_eq!((welcome.incarnation, welcome.head.get()), (id("second"), 2));
        for seq in 1..=3 {
            let cursor = json!({ "incarnation": "first", "seq": seq, "chain": "0".repeat(64) });
            assert_eq!(code(&connect(&mut server, cursor)), Code::LogDiverged);
        }
        assert_eq!(notes(&server.db), ["1=1/ann", "2=2/ann"]);
        server.hibernate();
    }
}

#[test]
fn its_author_is_asked_again_for_what_the_restored_log_does_not_have() {
    let mut server = restored();
    let mut ann = greeted(&mut server, "ann");
    let all = json!([commit(1, "ann", "1"), commit(2, "ann", "2"), commit(3, "ann", "3")]);
    assert_eq!(verdicts(&server.receive(&mut ann, &push(all))).len(), 3);
    assert_eq!(notes(&server.db), ["1=1/ann", "2=2/ann", "3=3/ann"]);
    assert_eq!(server.room.head().get(), 3);
}

#[test]
fn the_archive_gets_the_other_life_from_its_beginning() {
    let mut server = restored();
    let page = server.room.archive_page(&server.db).unwrap().unwrap();
    assert_eq!((page.incarnation.as_str(), page.last.get()), ("second", 2));
    let rows: Vec<Value> = serde_json::from_str(&page.rows).unwrap();
    assert_eq!(rows.len(), 2);
    // A page of the former life that was on its way is none of this one.
    let mut late = page.clone();
    late.incarnation = id("first");
    server.room.archived(&mut server.db, &late).unwrap();
    assert_eq!(server.room.archive_page(&server.db).unwrap(), Some(page.clone()));
    server.room.archived(&mut server.db, &page).unwrap();
    assert_eq!(server.room.archive_page(&server.db).unwrap(), None);
}

#[test]
fn a_database_without_a_room_has_no_life() {
    assert_eq!(Room::life(&Database::open_memory().unwrap()).unwrap(), None);
}

#[test]
fn an_archive_that_lost_something_gets_all_of_it_again_whatever_was_on_its_way() {
    let mut server = Server::new();
    let mut ann = greeted(&mut server, "ann");
    server.receive(&mut ann, &push(json!([commit(1, "ann", "1")])));
    let page = server.room.archive_page(&server.db).unwrap().unwrap();
    server.room.archived(&mut server.db, &page).unwrap();
    server.receive(&mut ann, &push(json!([commit(2, "ann", "2")])));
    let late = server.room.archive_page(&server.db).unwrap().unwrap();
    server.room.archive_again(&mut server.db).unwrap();
    server.room.archived(&mut server.db, &late).unwrap();
    let again = server.room.archive_page(&server.db).unwrap().unwrap();
    assert_eq!((again.after.get(), again.last.get()), (0, 2));
    server.room.archived(&mut server.db, &again).unwrap();
    assert_eq!(server.room.archive_page(&server.db).unwrap(), None);
}
