//! Small segments become larger ones, and nobody who reads the log can tell.

use serde_json::json;
use syncline_engine::protocol::{Outcome, Seq};
use syncline_engine::{Query, RoomConfig, Upkeep};

use super::room::{commit, greeted, push, verdicts};
use super::world::Server;

fn rows(server: &Server) -> i64 {
    let db: &dyn Query = &server.db;
    db.value("SELECT count(*) FROM syncline_log", &[]).unwrap().unwrap()
}

fn log(server: &Server, after: u64) -> String {
    server.room.log_lines(&server.db, Seq::new(after).unwrap(), usize::MAX, 1 << 30).unwrap().text
}

fn filled(commits: u64) -> Server {
    let mut server = Server::new();
    let mut ann = greeted(&mut server, "ann");
    for counter in 1..=commits {
        server.receive(&mut ann, &push(json!([commit(counter, "ann", &counter.to_string())])));
    }
    server
}

#[test]
fn a_merged_log_reads_as_before_from_every_place() {
    let mut server = filled(2_500);
    let places = [0, 1, 777, 2_499];
    let before = places.map(|after| log(&server, after));
    assert_eq!(rows(&server), 2_500);
    assert!(server.room.compact(&mut server.db).unwrap(), "a step is bounded");
    assert!(!server.room.compact(&mut server.db).unwrap());
    assert!(rows(&server) < 10, "{}", rows(&server));
    assert_eq!(places.map(|after| log(&server, after)), before);
    let verified = server.room.verify(&server.db, None).unwrap();
    assert!(verified.sound, "{verified:?}");

    let again = push(json!([commit(1_234, "ann", "1234")]));
    let mut ann = greeted(&mut server, "ann");
    let seq = Seq::new(1_234).unwrap();
    let verdicts = verdicts(&server.receive(&mut ann, &again));
    assert_eq!(verdicts[0].outcome, Outcome::Accepted { first: seq, last: seq }, "it is still known");
}

#[test]
fn what_comes_later_is_merged_with_what_is_there_by_each_life_of_the_room() {
    let mut server = filled(10);
    while server.room.compact(&mut server.db).unwrap() {}
    assert_eq!(rows(&server), 1);
    server.hibernate();
    let mut ann = greeted(&mut server, "ann");
    for counter in 11..=12 {
        server.receive(&mut ann, &push(json!([commit(counter, "ann", &counter.to_string())])));
    }
    assert_eq!(rows(&server), 3);
    while server.room.compact(&mut server.db).unwrap() {}
    assert_eq!(rows(&server), 1);
    assert_eq!(log(&server, 0).lines().count(), 12);
}

#[test]
fn a_room_merges_by_itself_when_there_is_enough() {
    let mut server = Server::new();
    let upkeep = Upkeep { merge_every: 3, ..Upkeep::default() };
    server.room.configure(RoomConfig { upkeep, ..RoomConfig::default() });
    let mut ann = greeted(&mut server, "ann");
    for counter in 1..=3 {
        assert!(!server.room.is_maintenance_due());
        server.receive(&mut ann, &push(json!([commit(counter, "ann", &counter.to_string())])));
    }
    assert!(server.room.is_maintenance_due());
    server.room.maintain(&mut server.db).unwrap();
    assert_eq!((rows(&server), server.room.is_maintenance_due()), (1, false));
}
