//! A client's database that is damaged: nothing of it is believed, and nothing that can be read is lost.

use syncline_engine::protocol::{Code, SessionId};
use syncline_engine::{Query, Salvage, Sql};
use syncline_sqlite::Database;

use super::model::{added, renamed};
use super::world::{Client, World, notes};

#[test]
fn a_segment_that_is_not_what_was_written_is_read_again_from_the_server() {
    let mut world = World::new(&["ann", "bob"]);
    for n in 0..5 {
        world.clients[1].commit(&[added(&n.to_string(), &format!("note {n}"))]).unwrap();
        world.settle();
    }
    world.clients[0].cut();
    world.clients[0].commit(&[added("mine", "mine")]).unwrap();
    for forged in [
        "UPDATE syncline_log SET entries = replace(entries, 'note 2', 'forged') WHERE first = 3",
        "UPDATE syncline_log SET entries = substr(entries, 9) WHERE first = 3",
        "DELETE FROM syncline_log WHERE first = 2",
    ] {
        world.clients[0].log.execute(forged, &[]).unwrap();
        world.clients[0] = reload(&mut world);
        assert_eq!(world.clients[0].notice(), Some(Code::StorageDamaged), "{forged}");
        world.reconnect();
        world.assert_together();
        world.clients[0].advance();
        assert_eq!(super::world::notes(&world.clients[0].state).len(), 6);
    }
    assert_eq!(world.log().len(), 6, "exactly-once");
}

fn reload(world: &mut World) -> Client {
    let name = world.clients[0].name().to_owned();
    let mut ann = std::mem::replace(&mut world.clients[0], Client::new(&name));
    // The state is derived: a host may delete it at any time.
    ann.state = syncline_sqlite::Database::open_memory().unwrap();
    ann.reload()
}

#[test]
fn what_can_be_read_of_a_damaged_database_goes_on_in_a_new_one() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    // Accepted, but ann does not know it yet; then one that the server has not seen.
    world.clients[0].commit(&[renamed("1", "oat milk")]).unwrap();
    world.deliver(0);
    world.clients[0].cut();
    world.clients[0].commit(&[added("2", "eggs")]).unwrap();
    let salvage = Salvage::read(&world.clients[0].log).unwrap();
    world.clients[0].reopen_in_place(Some(salvage));
    assert_eq!(world.clients[0].notice(), Some(Code::StorageDamaged));
    assert_eq!(world.clients[0].pending(), 2, "the outbox is saved");
    world.reconnect();
    world.assert_together();
    assert_eq!(world.log().len(), 3, "exactly-once");
    world.clients[0].commit(&[added("3", "rice")]).unwrap();
    world.settle();
    world.assert_together();
}

#[test]
fn a_session_that_outlives_a_damaged_database_is_told_what_was_confirmed() {
    let mut world = World::new(&["ann"]);
    world.commit_untold(0, &[added("1", "milk")]);
    let ann = &mut world.clients[0];

    // Its entries may never come again: below a snapshot, or not in a server that was restored.
    let salvage = Salvage::read(&ann.log).unwrap();
    ann.replace_log(Some(salvage));
    let (id, cursor) = (SessionId::parse("ann-1").unwrap(), ann.session.cursor());
    let epoch = ann.session.epoch().clone();
    ann.leader.resumed(&ann.log, &id, cursor, &epoch).unwrap();
    ann.pump();
    assert_eq!(ann.pending(), 0);
    assert_eq!(ann.effects.confirmed.len(), 1);
}

#[test]
fn what_was_reported_lost_is_reported_after_a_damage_too() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.replace_server(Database::open_memory().unwrap(), "second");
    world.reconnect();
    let lost = world.clients[0].lost();
    assert_eq!(lost.len(), 1);
    let salvage = Salvage::read(&world.clients[0].log).unwrap();
    world.clients[0].reopen_in_place(Some(salvage));
    assert_eq!(world.clients[0].lost(), lost, "nothing-silent");
    world.reconnect();
    assert_eq!(world.clients[0].lost(), lost);
}

#[test]
fn a_part_that_cannot_be_read_is_named_and_the_rest_is_saved() {
    let mut world = World::new(&["ann"]);
    world.clients[0].cut();
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.clients[0].log.execute("DROP TABLE syncline_rejected", &[]).unwrap();
    let salvage = Salvage::read(&world.clients[0].log).unwrap();
    world.clients[0].reopen_in_place(Some(salvage));
    let notice = world.clients[0].leader.status(&world.clients[0].log).unwrap().notice.unwrap();
    assert!(notice.message.contains("the rejected commits could not be read"), "{}", notice.message);
    assert_eq!(world.clients[0].pending(), 1);
}

#[test]
fn without_the_clients_id_nothing_is_offered_as_it_may_be_in_the_log_already() {
    let mut world = World::new(&["ann"]);
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.clients[0].log.execute("DELETE FROM syncline_leader", &[]).unwrap();
    assert!(Salvage::read(&world.clients[0].log).is_none());
    world.clients[0].reopen_in_place(None);
    let log: &dyn Query = &world.clients[0].log;
    assert_eq!(log.value::<i64>("SELECT count(*) FROM syncline_outbox", &[]).unwrap(), Some(0));
    assert_eq!(world.clients[0].notice(), Some(Code::StorageDamaged));
    world.reconnect();
    world.assert_together();
}

#[test]
fn after_a_loss_of_power_a_state_that_is_ahead_of_its_log_is_made_anew() {
    let mut world = World::new(&["ann"]);
    let as_synced = world.clients[0].log.serialize().unwrap();
    world.clients[0].commit(&[added("1", "milk")]).unwrap();
    world.settle();
    world.clients[0].advance();
    world.clients[0].log = Database::deserialize(&as_synced).unwrap();
    let ann = world.clients.pop().unwrap().reload();
    assert!(ann.notes().is_empty(), "as its log is");
    world.clients.push(ann);
    world.replace_server(Database::open_memory().unwrap(), "second");
    world.reconnect();
    world.assert_together();
    world.clients[0].advance();
    assert!(notes(&world.clients[0].state).is_empty());
}
