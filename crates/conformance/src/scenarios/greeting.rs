//! `hello` and `welcome`.

use syncline_engine::protocol::{
    Ack, ClientMessage, Code, Counter, Limits, ModelVersion, PROTOCOL_VERSION, Pull, Seq, ServerMessage,
};

use crate::client::{Client, read_log};
use crate::failure::{Done, ensure, same};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::Server;
use crate::socket::Came;

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    a_hello_is_welcomed_with_the_limits_in_force,
    the_life_of_a_log_keeps_its_name,
    the_first_message_has_to_be_hello,
    a_second_hello_closes_the_socket,
    another_version_of_the_protocol_is_refused,
    a_hello_that_names_another_store_is_refused,
    fields_that_nobody_knows_are_skipped,
    a_client_may_be_older_or_newer_than_the_server_and_read,
    a_payload_that_is_too_large_is_refused,
    a_client_that_closes_gets_a_close,
];

fn a_hello_is_welcomed_with_the_limits_in_force(server: &Server) -> Done {
    let store = server.store()?;
    let mut socket = server.socket(&store)?;
    let welcome = socket.greet(server.hello(&store, "ann")?)?;
    same("the head of a new store", Seq::ZERO, welcome.head)?;
    same("the last decided counter of a new client", Counter::NONE, welcome.decided)?;
    same("the server's model", server.model_version(), welcome.model_version)?;
    ensure(welcome.snapshot.is_none(), "no snapshot of nothing", welcome.snapshot)?;
    let Limits { message_bytes, commit_bytes, commit_events, push_commits, push_events } = welcome.limits;
    let least = [message_bytes, commit_bytes, commit_events, push_commits, push_events];
    ensure(!least.contains(&0), "limits that let something pass", welcome.limits)?;
    ensure(commit_bytes < message_bytes, "limits by which a commit fits a message", welcome.limits)?;
    socket.nothing_more()
}

fn the_life_of_a_log_keeps_its_name(server: &Server) -> Done {
    let (store, other) = (server.store()?, server.store()?);
    let first = Client::join(server, &store, "ann")?;
    let second = Client::join(server, &store, "ben")?;
    same("the incarnation of one store", &first.welcome.incarnation, &second.welcome.incarnation)?;
    let third = Client::join(server, &other, "ann")?;
    ensure(
        third.welcome.incarnation != first.welcome.incarnation,
        "another incarnation for another store",
        &third.welcome.incarnation,
    )
}

fn the_first_message_has_to_be_hello(server: &Server) -> Done {
    let store = server.store()?;
    let mut client = Client::join(server, &store, "ann")?;
    let push = syncline_engine::protocol::Push { commits: vec![client.commit([])?] };
    for message in [
        ClientMessage::Push(push),
        ClientMessage::Pull(Pull { after: Seq::ZERO, part: None }),
        ClientMessage::Ack(Ack { seq: Seq::ZERO }),
    ] {
        let mut socket = server.socket(&store)?;
        socket.send(&message)?;
        socket.refusal(Code::HelloExpected)?;
    }
    Ok(())
}

fn a_second_hello_closes_the_socket(server: &Server) -> Done {
    let store = server.store()?;
    let mut client = Client::join(server, &store, "ann")?;
    client.socket.send(&ClientMessage::Hello(client.hello.clone()))?;
    client.socket.refusal(Code::HelloExpected).map(drop)
}

fn another_version_of_the_protocol_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    for protocol in [0, PROTOCOL_VERSION + 1, u32::MAX] {
        let mut hello = server.hello(&store, "ann")?;
        hello.protocol = protocol;
        let mut socket = server.socket(&store)?;
        socket.send(&ClientMessage::Hello(hello))?;
        socket.refusal(Code::UnsupportedProtocol)?;
    }
    Ok(())
}

fn a_hello_that_names_another_store_is_refused(server: &Server) -> Done {
    let (store, other) = (server.store()?, server.store()?);
    let mut hello = server.hello(&store, "ann")?;
    hello.store = other;
    let mut socket = server.socket(&store)?;
    socket.send(&ClientMessage::Hello(hello))?;
    socket.refusal(Code::StoreMismatch).map(drop)
}

fn fields_that_nobody_knows_are_skipped(server: &Server) -> Done {
    let store = server.store()?;
    let mut socket = server.socket(&store)?;
    let hello = ClientMessage::Hello(server.hello(&store, "ann")?).encode();
    socket.send_text(hello.replacen('{', r#"{"later":{"type":"push","a":[1,null,"é"]},"#, 1))?;
    let came = socket.message("welcome")?;
    ensure(matches!(came, ServerMessage::Welcome(_)), "welcome", came)
}

fn a_client_may_be_older_or_newer_than_the_server_and_read(server: &Server) -> Done {
    let store = server.store()?;
    Client::founder(server, &store, "ann")?;
    for version in [0, server.model_version().0 + 1] {
        let mut hello = server.hello(&store, "ben")?;
        hello.model_version = ModelVersion(version);
        let mut client = Client::greet(server, hello)?;
        client.catch_up()?;
        same("what it reads", read_log(server, &store, "cat")?.chain(), client.log.chain())?;
    }
    Ok(())
}

fn a_payload_that_is_too_large_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    let greeting = |bytes: usize| -> Done<_> {
        let mut hello = server.hello(&store, "ann")?;
        let text = format!("\"{}\"", "p".repeat(bytes - 2));
        hello.payload = Some(syncline_engine::protocol::Args::parse(text).map_err(crate::server::own)?);
        Ok(hello)
    };
    server.socket(&store)?.greet(greeting(Limits::PAYLOAD_BYTES)?)?;
    let mut socket = server.socket(&store)?;
    socket.send(&ClientMessage::Hello(greeting(Limits::PAYLOAD_BYTES + 1)?))?;
    socket.refusal(Code::ConnectRefused).map(drop)
}

fn a_client_that_closes_gets_a_close(server: &Server) -> Done {
    let store = server.store()?;
    for code in [1000, 1001, 4321] {
        let client = Client::join(server, &store, "ann")?;
        let answered = client.socket.close(code)?;
        same("the code of the server's close", Some(code), answered)?;
    }
    let mut other = Client::join(server, &store, "ben")?;
    other.socket.nothing_more()?;
    match other.socket.next_within(std::time::Duration::ZERO)? {
        Came::Nothing => Ok(()),
        came @ (Came::Text(_) | Came::Closed(_)) => ensure(false, "the others do not notice", came),
    }
}
