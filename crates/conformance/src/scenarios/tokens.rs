//! Whom a server with tokens lets in.

use syncline_engine::protocol::{Auth, ClientMessage, Code, Seq};
use tungstenite::http::StatusCode;

use crate::client::Client;
use crate::failure::{Done, Failure, ensure, same, some};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::Server;

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Tokens;
    a_wrong_token_in_hello_closes_the_socket,
    a_wrong_token_in_the_header_opens_no_socket,
    a_token_in_the_header_is_enough,
    a_stranger_learns_nothing_about_a_store,
    a_fresh_token_on_a_live_socket_changes_nothing_else,
    a_wrong_token_on_a_live_socket_closes_it,
];

pub(super) const OF_A_SHARED_TOKEN: &[Scenario] = scenarios![Needs::SharedToken;
    with_a_shared_token_hello_names_the_subject,
];

fn with_a_shared_token_hello_names_the_subject(server: &Server) -> Done {
    let store = server.store()?;
    let mut hello = server.hello(&store, "ann")?;
    hello.subject = None;
    let mut socket = server.socket(&store)?;
    socket.send(&ClientMessage::Hello(hello))?;
    socket.refusal(Code::Unauthorized).map(drop)
}

fn a_wrong_token_in_hello_closes_the_socket(server: &Server) -> Done {
    let store = server.store()?;
    let right = server.hello(&store, "ann")?.token.unwrap_or_default();
    let cut = right.get(1..).unwrap_or_default().to_owned();
    for token in [None, Some(String::new()), Some("wrong".to_owned()), Some(format!("{right} ")), Some(cut)] {
        let mut hello = server.hello(&store, "ann")?;
        hello.token = token;
        let mut socket = server.socket(&store)?;
        socket.send(&ClientMessage::Hello(hello))?;
        socket.refusal(Code::Unauthorized)?;
    }
    Ok(())
}

fn a_wrong_token_in_the_header_opens_no_socket(server: &Server) -> Done {
    let store = server.store()?;
    let path = format!("/stores/{store}/sync");
    for authorization in ["Bearer wrong", "Bearer ", "Basic d3Jvbmc=", "wrong"] {
        match server.socket_at(&path, Some(authorization))? {
            Ok(_) => return Err(Failure::new(format!("{authorization}: 401"), "a socket")),
            Err(status) => same(authorization, StatusCode::UNAUTHORIZED, status)?,
        }
        let answer = server.request("GET", &path, &[("authorization", authorization)])?;
        answer.refuses(authorization, 401, &["unauthorized"])?;
        same("www-authenticate", Some("Bearer"), answer.header("www-authenticate"))?;
    }
    Ok(())
}

fn a_token_in_the_header_is_enough(server: &Server) -> Done {
    let store = server.store()?;
    let mut hello = server.hello(&store, "ann")?;
    let token = some(hello.token.take(), "a token")?;
    let opened = server.socket_at(&format!("/stores/{store}/sync"), Some(&format!("Bearer {token}")))?;
    let mut socket = opened.map_err(|status| Failure::new("101", status.to_string()))?;
    socket.greet(hello)?;
    socket.nothing_more()
}

/// Neither whether its hello fits, nor what is in it, before the token was right.
fn a_stranger_learns_nothing_about_a_store(server: &Server) -> Done {
    let store = server.store()?;
    Client::founder(server, &store, "ann")?;
    let mut hello = server.hello(&store, "ann")?;
    (hello.token, hello.protocol, hello.store) = (Some("wrong".to_owned()), 99, server.store()?);
    let mut socket = server.socket(&store)?;
    socket.send(&ClientMessage::Hello(hello))?;
    socket.refusal(Code::Unauthorized).map(drop)
}

fn a_fresh_token_on_a_live_socket_changes_nothing_else(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let token = some(server.token(&store, &ann.subject)?, "a token")?;
    ann.socket.send(&ClientMessage::Auth(Auth { token }))?;
    ann.socket.nothing_more()?;
    let commit = ann.commit([crate::client::message("m", "after")])?;
    let places = ann.accepted(vec![commit])?;
    let next = Seq::new(3).map_err(crate::server::own)?;
    ensure(places == [(next, next)], "the commit's place, 3", places)
}

fn a_wrong_token_on_a_live_socket_closes_it(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    ann.socket.send(&ClientMessage::Auth(Auth { token: "wrong".to_owned() }))?;
    ann.socket.refusal(Code::Unauthorized).map(drop)
}
