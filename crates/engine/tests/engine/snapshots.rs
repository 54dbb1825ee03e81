//! A state as of a seq: what a new client starts from, and what a client compares its own with.

use syncline_engine::protocol::{ClientId, Code, Incarnation, Millis, RawEvent, Seq, SessionId, Subject};
use syncline_engine::{
    Connection, Leader, LeaderConfig, Making, Output, Query, Replica, Room, RoomConfig, Session, Sql,
    StateDue, state_digest,
};
use syncline_sqlite::Database;

use super::model::{NotesAndMore, added};
use super::world::{Client, World, notes, store};
use super::zoo::{came, left, zoo};

/// A log of `commits` times 100 notes, and a snapshot of it.
fn long_world(commits: u32) -> World {
    let mut world = World::new(&["ann"]);
    for commit in 0..commits {
        let event = |n: u32| added(&format!("{commit}-{n}"), &format!("note {commit}-{n}"));
        let events: Vec<RawEvent> = (0..100).map(event).collect();
        world.clients[0].commit(&events).unwrap();
    }
    world.settle();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world
}

/// The seqs of the entries that a client's log holds.
fn log_of(client: &Client) -> Vec<i64> {
    let rows = client.log.query("SELECT first FROM syncline_log WHERE entries <> '' ORDER BY first", &[]);
    rows.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

fn assert_same_digests(world: &mut World) {
    let truth = state_digest(&world.server.db).unwrap();
    for client in &mut world.clients {
        client.advance();
        assert_eq!(state_digest(&client.state).unwrap(), truth, "the replica of {}", client.name());
        assert_eq!(state_digest(&client.db).unwrap(), truth, "the session of {}", client.name());
    }
}

#[test]
fn a_new_client_starts_from_a_snapshot_and_the_tail() {
    let mut world = long_world(11);
    world.clients[0].commit(&[added("later", "later")]).unwrap();
    world.settle();
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    world.settle();
    world.assert_together();
    assert_eq!(log_of(&world.clients[1]), [1_101], "what the snapshot holds is not sent");
    assert_same_digests(&mut world);
    // Both write on, and a reload starts from the same.
    world.clients[1].commit(&[added("mine", "mine")]).unwrap();
    world.settle();
    let bob = world.clients.remove(1).reload();
    world.clients.push(bob);
    world.reconnect();
    world.assert_together();
    assert_eq!(world.clients[1].leader.cursor().get(), 1_102);
    assert_eq!(world.clients[1].notice(), None);
}

#[test]
fn a_commit_that_the_snapshot_holds_is_confirmed_though_its_verdict_came_before_the_last_part() {
    let mut world = World::new(&["ann", "bob"]);
    world.clients[1].commit(&[added("bob's", "bob's"), added("more", "of bob's")]).unwrap();
    assert!(world.deliver(1), "the server has it, and bob hears of nothing");
    world.clients[1].cut();
    for commit in 0..11 {
        let event = |n: u32| added(&format!("{commit}-{n}"), &format!("note {commit}-{n}"));
        let events: Vec<RawEvent> = (0..100).map(event).collect();
        world.clients[0].commit(&events).unwrap();
    }
    world.settle();
    world.server.room.configure(RoomConfig { part_bytes: 10_000, ..RoomConfig::default() });
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients[1].connect();
    world.settle();
    assert!(log_of(&world.clients[1]).is_empty(), "it starts from the snapshot");
    world.assert_together();
    let confirmed = &world.clients[1].effects.confirmed;
    assert_eq!(confirmed.iter().map(|one| (one.first.get(), one.last.get())).collect::<Vec<_>>(), [(1, 2)]);
    assert_same_digests(&mut world);
}

/// The server takes a frame of a leader that stands alone, and the leader the answers.
fn exchange(
    world: &mut World,
    connection: &mut Connection,
    frame: &str,
    leader: &mut Leader,
    log: &mut Database,
) {
    for output in world.server.receive(connection, frame) {
        if let Output::Reply(text) = output {
            leader.receive(log, &text).unwrap();
        }
    }
}

/// The parts that a client asks for, in the order in which it does.
fn parts_asked(client: &Client) -> Vec<u64> {
    let frames = client.to_server.iter().map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap());
    frames.filter_map(|frame| frame.get("part").and_then(serde_json::Value::as_u64)).collect()
}

#[test]
fn parts_are_asked_for_ahead_and_after_a_cut_only_those_that_are_missing() {
    let mut world = long_world(11);
    world.server.room.configure(RoomConfig { part_bytes: 5_000, ..RoomConfig::default() });
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    assert!(world.deliver(1), "hello");
    world.clients[1].hear();
    assert_eq!(parts_asked(&world.clients[1]), [0, 1, 2]);

    // The frames of the server may come in another order.
    for _ in 0..2 {
        assert!(world.deliver(1));
    }
    world.clients[1].to_client.swap(0, 1);
    world.clients[1].hear();
    assert_eq!(parts_asked(&world.clients[1]), [2, 3, 4]);
    world.clients[1].cut();
    world.clients[1].connect();
    assert!(world.deliver(1), "hello");
    world.clients[1].hear();
    assert_eq!(parts_asked(&world.clients[1]), [2, 3, 4], "0 and 1 are here");
    world.settle();
    world.assert_together();
    assert!(log_of(&world.clients[1]).is_empty(), "it starts from the snapshot");
    assert_same_digests(&mut world);
}

#[test]
fn a_host_that_brings_states_has_its_session_go_on_from_a_copy() {
    let mut world = long_world(11);
    world.server.room.configure(RoomConfig { part_bytes: 5_000, ..RoomConfig::default() });
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    let [mut log, mut db] = [(); 2].map(|()| Database::open_memory().unwrap());
    let (subject, id) = (Subject::parse("bob").unwrap(), SessionId::parse("bob-1").unwrap());
    let rules = super::model::rules();
    let config = LeaderConfig::new(&rules, store(), subject, ClientId::parse("bob").unwrap()).unwrap();
    let config = LeaderConfig { brings_states: true, ..config };
    let mut leader = Leader::open(&mut log, config).unwrap();
    let opened = leader.opened(&log, &id, Seq::ZERO).unwrap();
    let mut session = Session::open(&mut db, rules, id.clone(), Millis::default(), &opened).unwrap();
    session.commit(&mut db, Millis::default(), vec![added("bob's", "bob's")]).unwrap();
    let mut connection = Connection::new(None);
    leader.connected(Some(super::world::TOKEN.to_owned()));
    let mut scratch = Database::open_scratch().unwrap();
    let mut making: Option<Making> = None;
    let mut ahead = 0;
    while let Some(text) = leader.poll_server() {
        exchange(&mut world, &mut connection, &text, &mut leader, &mut log);
        // The state is made while parts are on their way.
        if let Some(snapshot) = leader.incoming() {
            let making = making.get_or_insert_with(|| Making::begin(&mut scratch, rules, snapshot).unwrap());
            making.take(&mut scratch, &log).unwrap();
            ahead = ahead.max(notes(&scratch).len());
        }
    }
    assert!(
        ahead > 0 && ahead < notes(&world.server.db).len(),
        "{ahead} rows were there before the last part"
    );

    let told: Vec<String> = std::iter::from_fn(|| leader.poll_session(&id)).collect();
    assert_eq!(told.iter().filter(|text| text.contains("note 3-3")).count(), 0, "no row is in a message");
    let mut refused = None;
    for text in &told {
        let Some(due) = StateDue::of(text) else {
            session.receive(&mut db, Millis::default(), text).unwrap();
            continue;
        };
        // Without the state, the message is refused.
        refused = session.receive(&mut db, Millis::default(), text).err().map(|error| error.code());
        assert!(leader.is_due(&log, &due).unwrap());
        assert_eq!(leader.base(&log).unwrap(), making.as_ref().map(Making::snapshot));
        let replica = making.take().unwrap().finish(&mut scratch, &log, &due).unwrap();
        scratch.check_references().unwrap();
        assert_eq!((replica.seq(), replica.epoch()), (due.seq, Some(&due.epoch)));
        db = Database::deserialize(&scratch.serialize().unwrap()).unwrap();
        session.adopt(&mut db, Millis::default(), &due).unwrap();
    }
    assert_eq!(refused, Some(Code::LeaderFailed));
    assert_eq!(session.cursor(), leader.cursor());
    let mut expected = notes(&world.server.db);
    expected.push(notes(&db).into_iter().find(|note| !expected.contains(note)).unwrap());
    expected.sort();
    let mut here = notes(&db);
    here.sort();
    assert_eq!(here, expected, "all that the server has, and the pending commit on top");
}

#[test]
fn after_an_upgrade_the_snapshot_of_the_former_tables_is_not_used() {
    let mut world = long_world(11);
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    world.settle();
    let bob = &mut world.clients[1];
    assert!(log_of(bob).is_empty());
    // The same tables, and another meaning of `apply`.
    let rules = syncline_engine::Rules::of::<super::model::NotesAndMore>();
    let config = LeaderConfig::new(
        &rules,
        store(),
        Subject::parse("bob").unwrap(),
        ClientId::parse("another-run").unwrap(),
    )
    .unwrap();
    let leader = Leader::open(&mut bob.log, config).unwrap();
    assert_eq!(leader.cursor(), Seq::ZERO, "the log is read again, or a snapshot of the new tables");
    assert_eq!(leader.client(), bob.leader.client());
}

#[test]
fn a_client_that_is_not_far_behind_reads_the_log() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    world.settle();
    assert_eq!(log_of(&world.clients[1]), [1]);
    world.assert_together();
    assert_same_digests(&mut world);
}

#[test]
fn a_snapshot_that_is_not_what_its_digest_says_is_not_used() {
    let mut world = long_world(11);
    let sql = "UPDATE syncline_snapshot_part SET data = replace(data, 'note 3-3\"', 'forged\"')";
    world.server.db.execute(sql, &[]).unwrap();
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    world.settle();
    world.assert_together();
    assert_eq!(world.clients[1].notice(), Some(Code::SnapshotDamaged));
    assert_eq!(log_of(&world.clients[1])[0], 1, "the whole log was read");
    assert_same_digests(&mut world);
}

#[test]
fn a_snapshot_that_makes_no_state_is_given_up_for_the_log() {
    let mut world = long_world(11);
    let digest = state_digest(&world.server.db).unwrap();
    let (good, bad) = (digest.to_string(), {
        let row = world.server.db.query("SELECT data FROM syncline_snapshot_part", &[]).unwrap();
        let text: String = row[0].get(0).unwrap();
        text.replace("\"author\"", "\"nobody\"")
    });
    let forged = syncline_engine::protocol::Digest::of(bad.as_bytes()).to_string();
    let db = &mut world.server.db;
    db.execute("UPDATE syncline_snapshot_part SET data = ?1", &[(&bad).into()]).unwrap();
    db.execute(
        "UPDATE syncline_snapshot SET digest = ?1 WHERE digest = ?2",
        &[(&forged).into(), (&good).into()],
    )
    .unwrap();
    // The session is told it at once: this page cannot go on, the next one can.
    let [mut log, mut state] = [(); 2].map(|()| Database::open_memory().unwrap());
    let [subject, id] = ["bob", "bob"].map(str::to_owned);
    let config = LeaderConfig::new(
        &super::model::rules(),
        store(),
        Subject::parse(subject).unwrap(),
        ClientId::parse(id).unwrap(),
    )
    .unwrap();
    let mut leader = Leader::open(&mut log, config).unwrap();
    let mut replica = Replica::open(&mut state, super::model::rules()).unwrap();
    let mut connection = Connection::new(None);
    leader.connected(Some(super::world::TOKEN.to_owned()));
    while let Some(text) = leader.poll_server() {
        exchange(&mut world, &mut connection, &text, &mut leader, &mut log);
        leader.advance(&mut log, &mut replica, &mut state).unwrap();
    }
    assert_eq!(notes(&state), notes(&world.server.db));
    let status = leader.status(&log).unwrap();
    assert_eq!(status.notice.unwrap().code, Code::SnapshotDamaged);
    assert!(status.live);
}

#[test]
fn a_snapshot_that_was_replaced_meanwhile_is_given_up_for_the_log() {
    let mut world = long_world(11);
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    assert!(world.deliver(1), "hello");
    while let Some(text) = world.clients[1].to_client.pop_front() {
        world.clients[1].receive(&text);
    }
    assert!(world.clients[1].to_server[0].contains("\"part\":0"));
    world.clients[0].commit(&[added("later", "later")]).unwrap();
    world.deliver(0);
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.settle();
    world.assert_together();
    assert_eq!(log_of(&world.clients[1])[0], 1);
}

#[test]
fn a_commit_whose_entries_lie_below_the_snapshot_is_confirmed_by_its_verdict() {
    let mut world = long_world(11);
    world.clients.push(Client::new("bob"));
    let number = world.clients[1].commit(&[added("mine", "mine")]).unwrap();
    world.clients[1].connect();
    world.settle();
    // The same client, as it was before it had heard of anything: its commit is in the log already.
    world.clients[1] = Client::new("bob");
    assert_eq!(world.clients[1].commit(&[added("mine", "mine")]).unwrap(), number);
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients[1].connect();
    world.settle();
    world.assert_together();
    let confirmed = &world.clients[1].effects.confirmed;
    assert_eq!((confirmed.len(), confirmed[0].number, confirmed[0].first.get()), (1, number, 1_101));
    assert_eq!(world.log().len(), 1_101, "exactly-once");
}

#[test]
fn a_newer_snapshot_on_its_way_leaves_the_one_that_the_log_begins_with() {
    let mut world = long_world(11);
    world.clients.push(Client::new("bob"));
    world.clients[1].connect();
    world.settle();
    world.clients[1].cut();
    for commit in 20..31 {
        let event = |n: u32| added(&format!("{commit}-{n}"), &format!("note {commit}-{n}"));
        world.clients[0].commit(&(0..100).map(event).collect::<Vec<_>>()).unwrap();
    }
    world.settle();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients[1].connect();
    assert!(world.deliver(1), "hello");
    while let Some(text) = world.clients[1].to_client.pop_front() {
        world.clients[1].receive(&text);
    }
    assert!(world.clients[1].to_server[0].contains("\"part\":0"));
    // The state was not made yet: it is made from the one that is there.
    world.clients[1].advance();
    assert_eq!(notes(&world.clients[1].state).len(), 1_100);
    world.settle();
    world.assert_together();
    assert_same_digests(&mut world);
}

#[test]
fn a_confirmation_that_died_with_the_worker_is_told_by_the_next() {
    let mut world = long_world(11);
    world.clients.push(Client::new("bob"));
    let number = world.clients[1].commit(&[added("mine", "mine")]).unwrap();
    world.clients[1].connect();
    world.settle();
    world.clients[1] = Client::new("bob");
    world.clients[1].commit(&[added("mine", "mine")]).unwrap();
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.clients[1].connect();
    // Until the verdict, which the leader takes without telling anybody.
    loop {
        world.deliver(1);
        let bob = &mut world.clients[1];
        let Some(text) = bob.to_client.pop_front() else { continue };
        if text.contains("\"accepted\"") {
            bob.leader.receive(&mut bob.log, &text).unwrap();
            break;
        }
        bob.receive(&text);
    }
    let bob = &mut world.clients[1];
    assert_eq!(bob.pending(), 1);
    let (cursor, epoch) = (bob.session.cursor(), bob.session.epoch().clone());
    bob.adopt(super::model::rules());
    bob.leader.resumed(&bob.log, &SessionId::parse("bob-1").unwrap(), cursor, &epoch).unwrap();
    bob.pump();
    assert_eq!(bob.pending(), 0);
    assert_eq!(bob.effects.confirmed.iter().filter(|commit| commit.number == number).count(), 1);
    world.reconnect();
    world.assert_together();
}

#[test]
fn a_state_that_differs_from_the_servers_is_reported_with_both_digests_and_made_anew() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk"), added("2", "eggs")]).unwrap();
    world.settle();
    world.clients[0].advance();
    world.clients[0].state.execute("UPDATE notes SET title = 'forged' WHERE id = '1'", &[]).unwrap();
    let [ours, theirs] = [&world.clients[0].state, &world.server.db].map(|db| state_digest(db).unwrap());
    world.server.room.make_snapshot(&mut world.server.db).unwrap();
    world.reconnect();
    world.clients[0].advance();
    let notice = world.clients[0].leader.status(&world.clients[0].log).unwrap().notice.unwrap();
    assert_eq!(notice.code, Code::StateDiverged);
    assert!(notice.message.contains(&ours.to_string()) && notice.message.contains(&theirs.to_string()));
    world.settle();
    world.assert_together();
    assert_same_digests(&mut world);
}

#[test]
fn a_room_makes_a_snapshot_by_itself_when_the_log_has_grown() {
    let mut world = World::new(&["ann"]);
    let has = |world: &World| {
        let db: &dyn Query = &world.server.db;
        db.value::<Seq>("SELECT seq FROM syncline_snapshot", &[]).unwrap()
    };
    world.server.room.maintain(&mut world.server.db).unwrap();
    assert_eq!(has(&world), None);
    for commit in 0..5 {
        let event = |n: u32| added(&format!("{commit}-{n}"), &format!("note {commit}-{n}"));
        world.clients[0].commit(&(0..1_000).map(event).collect::<Vec<_>>()).unwrap();
    }
    world.settle();
    world.server.room.maintain(&mut world.server.db).unwrap();
    assert_eq!(has(&world).unwrap().get(), 5_000);
}

#[test]
fn tables_of_every_kind_come_through_a_snapshot_as_they_are() {
    let mut server = Database::open_memory().unwrap();
    let mut room = Room::open(&mut server, zoo(), store(), Incarnation::parse("first").unwrap()).unwrap();
    let mut client = ZooClient::new("ann");
    let big = "x".repeat(30_000);
    for n in 0..60_u32 {
        // A child's id sorts before its parent's, so that its row comes first.
        let (id, parent) = (format!("z{:03}", 900 - n), n.checked_sub(1).map(|n| format!("z{:03}", 900 - n)));
        client.commit(&[came(&id, parent.as_deref(), &big)]);
    }
    client.commit(&[left("z841"), came("last", None, "odd")]);
    client.sync(&mut server, &mut room);
    room.make_snapshot(&mut server).unwrap();
    let db: &dyn Query = &server;
    assert!(db.value::<i64>("SELECT count(*) FROM syncline_snapshot_part", &[]).unwrap().unwrap() > 1);

    let mut replica = Database::open_memory().unwrap();
    let mut parts = Vec::new();
    for row in server.query("SELECT data FROM syncline_snapshot_part ORDER BY part", &[]).unwrap() {
        parts.push(row.get::<String>(0).unwrap());
    }
    let objects = |db: &Database| {
        let sql = "SELECT type || name || sql FROM sqlite_master
            WHERE name NOT GLOB 'syncline_*' AND sql IS NOT NULL ORDER BY type, name";
        let rows = db.query(sql, &[]).unwrap();
        rows.iter().map(|row| row.get(0).unwrap()).collect::<Vec<String>>()
    };
    syncline_engine::load_state(&mut replica, &zoo(), &parts).unwrap();
    let mut made = made_of_parts(&mut server, &mut room);
    for db in [&replica, &made] {
        assert_eq!(objects(db), objects(&server), "indexes and triggers are there, too");
        assert_eq!(state_digest(db).unwrap(), state_digest(&server).unwrap());
    }
    let all = "SELECT a.*, v.number, c.rowid FROM animals a JOIN visits v ON v.animal = a.id
        JOIN counts c ON c.what = a.id ORDER BY a.id";
    assert_eq!(replica.query(all, &[]).unwrap(), server.query(all, &[]).unwrap());
    // And all go on alike: the trigger, the sequence and the places of rows are there.
    for db in [&mut replica, &mut made, &mut server] {
        let next = "INSERT INTO animals (id, weight, text) VALUES ('next', 1.5, '')";
        db.execute(next, &[]).unwrap();
        db.execute("INSERT INTO visits (animal) VALUES ('next')", &[]).unwrap();
    }
    for db in [&replica, &made] {
        assert_eq!(db.query(all, &[]).unwrap(), server.query(all, &[]).unwrap());
        assert_eq!(state_digest(db).unwrap(), state_digest(&server).unwrap());
    }
}

/// The state that a client makes of the snapshot which its log begins with, a part after the other.
fn made_of_parts(server: &mut Database, room: &mut Room) -> Database {
    let mut bob = ZooClient::new("bob");
    bob.sync(server, room);
    let snapshot = bob.leader.base(&bob.log).unwrap().expect("the log begins with a snapshot");
    let mut scratch = Database::open_scratch().unwrap();
    let making = Making::begin(&mut scratch, zoo(), snapshot).unwrap();
    let due = StateDue { epoch: bob.leader.epoch().clone(), seq: bob.leader.cursor() };
    making.finish(&mut scratch, &bob.log, &due).unwrap();
    scratch.check_references().unwrap();
    scratch
}

/// A leader and a session without a page around them.
struct ZooClient {
    log: Database,
    leader: Leader,
    db: Database,
    session: Session,
}

impl ZooClient {
    fn new(name: &str) -> Self {
        let [mut log, mut db] = [(); 2].map(|()| Database::open_memory().unwrap());
        let (subject, fresh) = (Subject::parse(name).unwrap(), ClientId::parse(name).unwrap());
        let config = LeaderConfig::new(&zoo(), store(), subject, fresh).unwrap();
        let config = LeaderConfig { snapshot_worth: 1, ..config };
        let mut leader = Leader::open(&mut log, config).unwrap();
        let id = SessionId::parse(name).unwrap();
        let opened = leader.opened(&log, &id, Seq::ZERO).unwrap();
        let now = syncline_engine::protocol::Millis::default();
        let session = Session::open(&mut db, zoo(), id, now, &opened).unwrap();
        Self { log, leader, db, session }
    }

    fn commit(&mut self, events: &[RawEvent]) {
        let now = syncline_engine::protocol::Millis::default();
        self.session.commit(&mut self.db, now, events.to_vec()).unwrap();
        self.leader.hand_over(&mut self.log, &self.session.take_hand_over().unwrap()).unwrap();
    }

    fn sync(&mut self, server: &mut Database, room: &mut Room) {
        let mut connection = Connection::new(Some(syncline_engine::Grant::TRUSTED));
        let token = syncline_engine::SharedToken::new("");
        self.leader.connected(None);
        while let Some(text) = self.leader.poll_server() {
            let now = syncline_engine::protocol::Millis::default();
            for output in room.receive(server, now, &mut connection, &text, &token) {
                if let syncline_engine::Output::Reply(text) | syncline_engine::Output::Publish(text) = output
                {
                    self.leader.receive(&mut self.log, &text).unwrap();
                }
            }
        }
    }
}

#[test]
fn what_the_host_keeps_beside_the_state_is_neither_in_its_digest_nor_lost_in_a_rebuild() {
    // workerd, and miniflare around it, have tables of their own in an object's database.
    const HOSTS: [&str; 2] = ["_cf_METADATA", "__miniflare_do_name"];
    let mut world = long_world(1);
    for table in HOSTS {
        let script = format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO {table} VALUES (1, 'x')"
        );
        world.server.db.run_script(&script).unwrap();
    }
    assert_same_digests(&mut world);
    let unused = Incarnation::parse("unused").unwrap();
    let db = &mut world.server.db;
    let mut room = Room::open(db, syncline_engine::Rules::of::<NotesAndMore>(), store(), unused).unwrap();
    while !room.rebuild_step(db).unwrap() {}
    let db: &dyn Query = db;
    for table in HOSTS {
        assert!(db.exists(&format!("SELECT 1 FROM {table}"), &[]).unwrap(), "{table}");
    }
}
