//! No store can be read or written from another.

use syncline_engine::protocol::{
    Ack, ClientMessage, Commit, Cursor, Presence, Pull, Push, Seq, ServerMessage, SessionId, StoreId,
};

use crate::client::{Client, message, raw, read_log};
use crate::failure::{Done, Failure, ensure, same};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};
use crate::socket::{Came, Socket};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    no_field_of_a_message_reaches_another_store,
    nothing_in_the_url_but_the_path_names_a_store,
    the_same_client_is_another_one_in_another_store,
    what_is_published_stays_in_its_store,
];

const SECRET: &str = "the-secret-of-the-other-store";

/// A store with something that nobody outside may see.
fn secret(server: &Server) -> Done<(StoreId, Client)> {
    let store = server.store()?;
    let mut owner = Client::founder(server, &store, "ann")?;
    let commit = owner.commit([message("secret", SECRET)])?;
    owner.accepted(vec![commit])?;
    Ok((store, owner))
}

/// Reads all that has come of what was sent; none of it is of the other store.
fn nothing_leaks(socket: &mut Socket, of: &Client) -> Done {
    socket.send_text(r#"{"type":"the-end-of-the-scenario"}"#)?;
    loop {
        match socket.next()? {
            Came::Text(text) => {
                let incarnation = of.welcome.incarnation.as_str();
                let leaks = text.contains(SECRET) || (text.contains(incarnation) && text.contains("welcome"));
                ensure(!leaks, "nothing of the other store", &text)?;
                if text.contains("the-end-of-the-scenario") {
                    return Ok(());
                }
            }
            Came::Closed(_) => return Ok(()),
            Came::Nothing => return Err(Failure::new("an answer, or a close", "nothing")),
        }
    }
}

fn no_field_of_a_message_reaches_another_store(server: &Server) -> Done {
    let (other, owner) = secret(server)?;
    let store = server.store()?;
    // In hello: the store, and a cursor of the other log.
    let mut hello = server.hello(&store, "ann")?;
    hello.store = other.clone();
    let mut socket = server.socket(&store)?;
    socket.send(&ClientMessage::Hello(hello))?;
    nothing_leaks(&mut socket, &owner)?;
    let cursors = [
        owner.log.cursor(&owner.welcome.incarnation),
        Cursor { seq: Seq::ZERO, ..owner.log.cursor(&owner.welcome.incarnation) },
    ];
    for cursor in cursors {
        let mut hello = server.hello(&store, "ann")?;
        hello.cursor = Some(cursor);
        hello.client = owner.hello.client.clone();
        let mut socket = server.socket(&store)?;
        socket.send(&ClientMessage::Hello(hello))?;
        nothing_leaks(&mut socket, &owner)?;
    }
    // In everything that may follow a hello, with fields that name the other store beside.
    let mut socket = server.socket(&store)?;
    let mut hello = server.hello(&store, "ann")?;
    hello.client = owner.hello.client.clone();
    let welcome = socket.greet(hello)?;
    same("what is decided here of a client of another store", 0, welcome.decided.get())?;
    for message in messages(&owner)? {
        let text = message.encode();
        socket.send_text(text.clone())?;
        for name in ["store", "storeId", "room"] {
            socket.send_text(text.replacen('{', &format!("{{\"{name}\":\"{other}\","), 1))?;
        }
    }
    nothing_leaks(&mut socket, &owner)?;
    same("the other store's log", owner.log.chain(), read_log(server, &other, "ben")?.chain())
}

fn messages(owner: &Client) -> Done<Vec<ClientMessage>> {
    let mut messages = Vec::new();
    for seq in 0..=owner.log.head().get() + 1 {
        let after = Seq::new(seq).map_err(own)?;
        messages.push(ClientMessage::Pull(Pull { after, part: None }));
        messages.push(ClientMessage::Pull(Pull { after, part: Some(0) }));
        messages.push(ClientMessage::Ack(Ack { seq: after }));
    }
    let session = SessionId::parse("s").map_err(own)?;
    messages.push(ClientMessage::Presence(Presence { session, value: None }));
    let commit = Commit {
        counter: syncline_engine::protocol::Counter::NONE.next(),
        author: owner.subject.clone(),
        model_version: owner.hello.model_version,
        events: vec![raw(&message("in", "from another store"))?],
    };
    messages.push(ClientMessage::Push(Push { commits: vec![commit] }));
    Ok(messages)
}

fn nothing_in_the_url_but_the_path_names_a_store(server: &Server) -> Done {
    let (other, owner) = secret(server)?;
    let store = server.store()?;
    for tail in [format!("?store={other}"), format!("?/stores/{other}/sync"), format!("?id={other}#{other}")]
    {
        let opened = server.socket_at(&format!("/stores/{store}/sync{tail}"), None)?;
        let Ok(mut socket) = opened else { continue };
        let mut hello = server.hello(&other, "ben")?;
        socket.send(&ClientMessage::Hello(hello.clone()))?;
        nothing_leaks(&mut socket, &owner)?;
        let opened = server.socket_at(&format!("/stores/{store}/sync{tail}"), None)?;
        let Ok(mut socket) = opened else { continue };
        hello.store = store.clone();
        hello.token = server.hello(&store, "ben")?.token;
        let welcome = socket.greet(hello)?;
        same("the head of the store that the path names", Seq::ZERO, welcome.head)?;
    }
    Ok(())
}

fn the_same_client_is_another_one_in_another_store(server: &Server) -> Done {
    let (_, owner) = secret(server)?;
    let store = server.store()?;
    let mut hello = server.hello(&store, "ann")?;
    hello.client = owner.hello.client;
    let mut client = Client::greet(server, hello)?;
    same("what is decided here", 0, client.welcome.decided.get())?;
    let commit = client.commit([crate::client::joined("ann")])?;
    client.accepted(vec![commit]).map(drop)
}

fn what_is_published_stays_in_its_store(server: &Server) -> Done {
    let (_, mut owner) = secret(server)?;
    let mut outside = Client::founder(server, &server.store()?, "ann")?;
    let commit = owner.commit([message("published", SECRET)])?;
    owner.accepted(vec![commit])?;
    outside.socket.send(&ClientMessage::Pull(Pull { after: Seq::ZERO, part: None }))?;
    let came = outside.socket.message("entries of its own store")?;
    let ServerMessage::Entries(entries) = came else {
        return Err(Failure::new("entries of its own store", came.encode()));
    };
    same("entries of its own store", outside.log.entries, entries.entries)?;
    nothing_leaks(&mut outside.socket, &owner)
}
