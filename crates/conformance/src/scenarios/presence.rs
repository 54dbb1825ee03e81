//! Presence: told to those who are there, and never logged.

use syncline_engine::protocol::{
    Args, ClientMessage, Code, Limits, Presence, PresenceOf, ServerMessage, SessionId,
};

use crate::client::{Client, message};
use crate::failure::{Done, Failure, ensure, same};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    presence_is_told_to_the_others_and_not_to_oneself,
    presence_is_told_to_whoever_comes,
    presence_goes_with_its_socket,
    presence_of_a_session_can_be_taken_back,
    presence_is_never_logged,
    presence_has_bounds,
    presence_that_comes_too_fast_is_refused_for_a_while,
];

fn send(client: &mut Client, session: &str, value: Option<&str>) -> Done {
    let session = SessionId::parse(session).map_err(own)?;
    let value = value.map(Args::parse).transpose().map_err(own)?;
    client.socket.send(&ClientMessage::Presence(Presence { session, value }))
}

/// What a client is told of another.
fn told(to: &mut Client, of: &Client, session: &str, value: Option<&str>) -> Done {
    let expected = PresenceOf {
        client: of.hello.client.clone(),
        session: SessionId::parse(session).map_err(own)?,
        subject: of.subject.clone(),
        value: value.map(Args::parse).transpose().map_err(own)?,
    };
    let came = to.socket.message("presence")?;
    let ServerMessage::Presence(presence) = came else {
        return Err(Failure::new(format!("{expected:?}"), came.encode()));
    };
    same("presence", expected, presence)
}

fn presence_is_told_to_the_others_and_not_to_oneself(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::join(server, &store, "ann")?;
    let mut others = [Client::join(server, &store, "ben")?, Client::join(server, &store, "ann")?];
    let mut elsewhere = Client::join(server, &server.store()?, "ben")?;
    for value in [r#"{ "typing" : true }"#, "false", "[1,2]", "\"é\""] {
        send(&mut ann, "tab-1", Some(value))?;
        ann.socket.nothing_more()?;
        for other in &mut others {
            told(other, &ann, "tab-1", Some(value))?;
        }
    }
    elsewhere.socket.nothing_more()
}

fn presence_is_told_to_whoever_comes(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    send(&mut ann, "tab-1", Some("1"))?;
    send(&mut ann, "tab-2", Some("2"))?;
    send(&mut ann, "tab-1", Some("3"))?;
    ann.socket.nothing_more()?;
    let mut ben = Client::join(server, &store, "ben")?;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let came = ben.socket.message("presence")?;
        let ServerMessage::Presence(PresenceOf { session, value, .. }) = came else {
            return Err(Failure::new("presence", came.encode()));
        };
        heard.push((session.to_string(), value.map(|value| value.get().to_owned())));
    }
    heard.sort();
    let last = |session: &str, value: &str| (session.to_owned(), Some(value.to_owned()));
    same("the last value of each session", vec![last("tab-1", "3"), last("tab-2", "2")], heard)?;
    ben.socket.nothing_more()
}

fn presence_goes_with_its_socket(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::join(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    send(&mut ann, "tab-1", Some("1"))?;
    told(&mut ben, &ann, "tab-1", Some("1"))?;
    let (hello, subject) = (ann.hello.clone(), ann.subject.clone());
    ann.socket.close(1000)?;
    let mut again = Client::greet(server, hello)?;
    same("who comes again", &subject, &again.subject)?;
    told(&mut ben, &again, "tab-1", None)?;
    // A socket that breaks off without a word, too.
    send(&mut again, "tab-1", Some("2"))?;
    told(&mut ben, &again, "tab-1", Some("2"))?;
    let last = Client::join(server, &server.store()?, "ann")?;
    let gone = std::mem::replace(&mut again.socket, last.socket);
    drop(gone);
    told(&mut ben, &again, "tab-1", None)?;
    let mut cat = Client::join(server, &store, "cat")?;
    cat.socket.nothing_more()
}

fn presence_of_a_session_can_be_taken_back(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::join(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    send(&mut ann, "tab-1", Some("1"))?;
    told(&mut ben, &ann, "tab-1", Some("1"))?;
    send(&mut ann, "tab-1", None)?;
    told(&mut ben, &ann, "tab-1", None)?;
    send(&mut ann, "tab-1", None)?;
    ann.socket.nothing_more()?;
    ben.socket.nothing_more()?;
    // `null` is as nothing.
    send(&mut ann, "tab-1", Some("2"))?;
    told(&mut ben, &ann, "tab-1", Some("2"))?;
    send(&mut ann, "tab-1", Some("null"))?;
    told(&mut ben, &ann, "tab-1", None)?;
    Client::join(server, &store, "cat")?.socket.nothing_more()
}

fn presence_is_never_logged(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let head = ann.log.head();
    send(&mut ann, "tab-1", Some("{\"typing\":true}"))?;
    ann.socket.nothing_more()?;
    let mut ben = Client::join(server, &store, "ben")?;
    same("the head", head, ben.welcome.head)?;
    told(&mut ben, &ann, "tab-1", Some("{\"typing\":true}"))?;
    let commit = ann.commit([message("m", "after it")])?;
    let places = ann.accepted(vec![commit])?;
    ensure(places == [(head.next(), head.next())], "the next place", places)
}

fn presence_has_bounds(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::join(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    let of = |bytes: usize| format!("\"{}\"", "v".repeat(bytes - 2));
    let largest = of(Limits::PRESENCE_BYTES);
    send(&mut ann, "tab-1", Some(&largest))?;
    told(&mut ben, &ann, "tab-1", Some(&largest))?;
    send(&mut ann, "tab-1", Some(&of(Limits::PRESENCE_BYTES + 1)))?;
    ann.socket.error(Code::PresenceRefused)?;
    for number in 2..=Limits::PRESENCE_SESSIONS {
        send(&mut ann, &format!("tab-{number}"), Some("1"))?;
        told(&mut ben, &ann, &format!("tab-{number}"), Some("1"))?;
    }
    send(&mut ann, "one-too-many", Some("1"))?;
    ann.socket.error(Code::PresenceRefused)?;
    send(&mut ann, "tab-1", None)?;
    told(&mut ben, &ann, "tab-1", None)?;
    send(&mut ann, "in-its-place", Some("1"))?;
    told(&mut ben, &ann, "in-its-place", Some("1"))
}

fn presence_that_comes_too_fast_is_refused_for_a_while(server: &Server) -> Done {
    const MANY: usize = 300;
    let mut ann = Client::founder(server, &server.store()?, "ann")?;
    for number in 0..MANY {
        send(&mut ann, "tab-1", Some(&number.to_string()))?;
    }
    let frame = ann.socket.error(Code::PresenceRefused)?;
    ensure(frame.retry_after_ms.is_some_and(|ms| ms > 0), "when to try again", &frame)?;
    // Commits are not held up by it; what else was refused is read on the way.
    let commit = ann.commit([message("m", "meanwhile")])?;
    ann.send(vec![commit])?;
    while let Err(frame) = ann.answer()? {
        same("what else comes", Code::PresenceRefused, frame.code)?;
    }
    Ok(())
}
