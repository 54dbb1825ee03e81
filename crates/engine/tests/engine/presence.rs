//! Who is here: values of sessions, which nobody keeps.

use syncline_engine::protocol::{Args, Code, PresenceOf, SessionId};
use syncline_engine::{Connection, Leader, Output};

use super::world::World;

fn session(name: &str) -> SessionId {
    SessionId::parse(name).unwrap()
}

fn set(world: &mut World, place: usize, name: &str, value: Option<&str>) {
    let client = &mut world.clients[place];
    client.leader.set_presence(&session(name), value.map(|value| Args::parse(value).unwrap())).unwrap();
    client.pump();
    deliver(world, place);
}

/// As [`World::deliver`], for what is told to the others.
fn deliver(world: &mut World, place: usize) {
    while let Some(text) = world.clients[place].to_server.pop_front() {
        let client = &mut world.clients[place];
        let Some(connection) = client.connection.as_mut() else { return };
        for output in world.server.receive(connection, &text) {
            match output {
                Output::Reply(text) => world.clients[place].receive(&text),
                Output::Others(text) => tell(world, place, &text),
                Output::Present => {
                    let others = world.clients.iter().enumerate().filter(|(other, _)| *other != place);
                    let connections = others.filter_map(|(_, client)| client.connection.as_ref());
                    let told: Vec<String> = connections.flat_map(Connection::presence).collect();
                    told.iter().for_each(|text| world.clients[place].receive(text));
                }
                Output::Publish(_) | Output::Close(_) | Output::Released(_) => {}
            }
        }
    }
}

fn tell(world: &mut World, from: usize, text: &str) {
    for (other, client) in world.clients.iter_mut().enumerate() {
        if other != from && client.connection.as_ref().is_some_and(Connection::is_live) {
            client.receive(text);
        }
    }
}

/// The socket is closed, and the server has seen it.
fn close(world: &mut World, place: usize) {
    let gone = world.clients[place].connection.as_ref().map(Connection::gone).unwrap_or_default();
    world.clients[place].cut();
    gone.iter().for_each(|text| tell(world, place, text));
}

fn changes(leader: &mut Leader) -> Vec<String> {
    std::iter::from_fn(|| leader.poll_presence()).map(shown).collect()
}

fn present(world: &World, place: usize) -> Vec<String> {
    world.clients[place].leader.present().into_iter().map(shown).collect()
}

fn shown(PresenceOf { client, session, subject, value }: PresenceOf) -> String {
    let value = value.map_or_else(|| "gone".to_owned(), |value| value.get().to_owned());
    format!("{client}/{session}/{subject}: {value}")
}

#[test]
fn a_value_is_told_to_everybody_and_to_who_comes_later_and_goes_with_the_socket() {
    let mut world = World::new(&["ann", "bob"]);
    set(&mut world, 0, "tab-1", Some("{\"typing\":true}"));
    assert_eq!(changes(&mut world.clients[1].leader), ["ann/tab-1/ann: {\"typing\":true}"]);
    set(&mut world, 0, "tab-1", Some("{\"typing\":true}"));
    assert!(changes(&mut world.clients[1].leader).is_empty(), "nothing is new");
    set(&mut world, 0, "tab-1", Some("1"));
    set(&mut world, 0, "tab-2", Some("2"));
    assert_eq!(present(&world, 1), ["ann/tab-1/ann: 1", "ann/tab-2/ann: 2"]);

    close(&mut world, 1);
    assert!(present(&world, 1).is_empty(), "without a connection nobody knows");
    world.clients[1].connect();
    deliver(&mut world, 1);
    assert_eq!(present(&world, 1), ["ann/tab-1/ann: 1", "ann/tab-2/ann: 2"]);

    changes(&mut world.clients[1].leader);
    set(&mut world, 0, "tab-2", Some("null"));
    world.clients[0].leader.session_ended(&session("tab-1"));
    world.clients[0].pump();
    deliver(&mut world, 0);
    assert_eq!(changes(&mut world.clients[1].leader), ["ann/tab-2/ann: gone", "ann/tab-1/ann: gone"]);
    set(&mut world, 0, "tab-1", Some("3"));
    close(&mut world, 0);
    assert_eq!(present(&world, 1), [""; 0]);
}

#[test]
fn the_tabs_of_one_browser_hear_of_each_other_without_a_server() {
    let mut world = World::new(&["ann"]);
    world.clients[0].cut();
    set(&mut world, 0, "tab-1", Some("1"));
    let leader = &mut world.clients[0].leader;
    assert_eq!(changes(leader), ["ann/tab-1/ann: 1"]);
    leader.session_ended(&session("tab-1"));
    assert_eq!(changes(leader), ["ann/tab-1/ann: gone"]);
}

#[test]
fn a_client_that_connects_again_is_still_here_though_its_former_socket_ends_later() {
    let mut world = World::new(&["ann", "bob"]);
    set(&mut world, 0, "tab-1", Some("1"));
    // Half open: the server has not seen its end.
    let former = world.clients[0].connection.take().unwrap();
    world.clients[0].cut();
    world.clients[0].connect();
    deliver(&mut world, 0);
    world.settle();
    for text in former.gone() {
        world.clients.iter_mut().for_each(|client| client.receive(&text));
    }
    assert!(present(&world, 1).is_empty());
    deliver(&mut world, 0);
    assert_eq!(present(&world, 1), ["ann/tab-1/ann: 1"]);
}

#[test]
fn what_is_too_large_or_too_much_is_refused_and_changes_nothing() {
    let mut world = World::new(&["ann"]);
    let leader = &mut world.clients[0].leader;
    let value = |bytes: usize| Args::parse(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap();
    let mut set = |name: &str, bytes| leader.set_presence(&session(name), Some(value(bytes)));
    assert!(set("s", 512).is_ok());
    assert_eq!(set("s", 513).unwrap_err().code, Code::PresenceRefused);
    (1..8).for_each(|n| set(&format!("s{n}"), 2 + n).unwrap());
    assert_eq!(set("s8", 3).unwrap_err().code, Code::PresenceRefused);
    assert!(set("s1", 9).is_ok(), "one that is there may change");
    assert_eq!(leader.present().len(), 8);
}
