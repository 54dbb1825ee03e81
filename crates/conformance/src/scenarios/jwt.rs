//! A server whose tokens say who, what and until when.

use std::time::Instant;

use syncline_engine::protocol::{
    Auth, ClientMessage, Code, Hello, Pull, Seq, ServerMessage, StoreId, Subject,
};
use tungstenite::http::StatusCode;

use crate::client::{Client, message, read_log};
use crate::failure::{Done, Failure, ensure, same, some};
use crate::jwt::{Access, Claims, encode, now};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Jwt, Server, Tokens, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Jwt;
    the_token_says_who_a_client_is,
    a_hello_of_another_subject_than_its_token_is_refused,
    a_token_of_another_store_is_forbidden,
    a_token_that_only_reads_does_not_write,
    a_token_that_is_not_signed_as_it_must_is_refused,
    a_token_that_expires_on_a_live_socket_is_renewed_and_nothing_is_lost,
    a_fresh_token_of_another_subject_closes_the_socket,
];

fn jwt(server: &Server) -> Done<&Jwt> {
    match &server.setup.tokens {
        Tokens::Jwt(jwt) => Ok(jwt),
        Tokens::None | Tokens::Shared(_) => some(None, "a server with JWTs"),
    }
}

fn ann() -> Done<Subject> {
    Subject::parse("ann").map_err(own)
}

/// A greeting of Ann with a token that says this.
fn hello(server: &Server, store: &StoreId, claims: &Claims) -> Done<Hello> {
    let token = Some(jwt(server)?.sign(claims)?);
    Ok(Hello { token, ..server.hello(store, "ann")? })
}

/// A greeting that closes the socket.
fn refused(server: &Server, hello: Hello, code: Code) -> Done {
    let mut socket = server.socket(&hello.store)?;
    socket.send(&ClientMessage::Hello(hello))?;
    socket.refusal(code).map(drop)
}

fn the_token_says_who_a_client_is(server: &Server) -> Done {
    let store = server.store()?;
    let named = server.hello(&store, "ann")?;
    let mut socket = server.socket(&store)?;
    socket.greet(Hello { subject: None, ..named.clone() })?;
    let mut ann = Client::greet(server, named)?;
    ann.socket = socket;
    let commit = ann.commit([crate::client::joined("ann")])?;
    ann.accepted(vec![commit])?;
    let mut commit = ann.commit([crate::client::joined("ben")])?;
    commit.author = Subject::parse("ben").map_err(own)?;
    ann.send(vec![commit])?;
    ann.socket.error(Code::AuthorMismatch).map(drop)
}

fn a_hello_of_another_subject_than_its_token_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    let claims = Claims { sub: "ben".to_owned(), ..Claims::of(&store, &ann()?)? };
    refused(server, hello(server, &store, &claims)?, Code::Unauthorized)
}

fn a_token_of_another_store_is_forbidden(server: &Server) -> Done {
    let (store, other) = (server.store()?, server.store()?);
    let longer = format!("{store}x");
    let shorter = store.as_str().get(1..).unwrap_or_default().to_owned();
    for names in [vec![other.to_string()], vec![longer], vec![shorter], Vec::new()] {
        let syncline = Access { read: names.clone(), write: names };
        let claims = Claims { syncline, ..Claims::of(&store, &ann()?)? };
        refused(server, hello(server, &store, &claims)?, Code::Forbidden)?;
        let header = format!("Bearer {}", jwt(server)?.sign(&claims)?);
        match server.socket_at(&format!("/stores/{store}/sync"), Some(&header))? {
            Ok(_) => return Err(Failure::new("403", "a socket")),
            Err(status) => same("the status", StatusCode::FORBIDDEN, status)?,
        }
    }
    let prefix = store.as_str().rsplit_once('-').map(|(prefix, _)| format!("{prefix}-*"));
    let syncline = Access { write: prefix.into_iter().collect(), ..Access::default() };
    let claims = Claims { syncline, ..Claims::of(&store, &ann()?)? };
    server.socket(&store)?.greet(hello(server, &store, &claims)?).map(drop)
}

fn a_token_that_only_reads_does_not_write(server: &Server) -> Done {
    let store = server.store()?;
    let mut writer = Client::founder(server, &store, "ben")?;
    let syncline = Access { read: vec![store.to_string()], ..Access::default() };
    let claims = Claims { syncline, ..Claims::of(&store, &ann()?)? };
    let mut reader = Client::greet(server, hello(server, &store, &claims)?)?;
    reader.catch_up()?;
    let commit = reader.commit([crate::client::joined("ann")])?;
    reader.send(vec![commit.clone()])?;
    reader.socket.error(Code::ReadOnly)?;
    let live = writer.commit([message("m", "to whoever reads")])?;
    writer.accepted(vec![live])?;
    reader.follow_to(writer.log.head())?;
    // Undecided: with a token that may write, it is taken.
    let token = some(server.token(&store, &ann()?)?, "a token")?;
    reader.socket.send(&ClientMessage::Auth(Auth { token }))?;
    reader.accepted(vec![commit]).map(drop)
}

fn a_token_that_is_not_signed_as_it_must_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    let (jwt, claims) = (jwt(server)?, Claims::of(&store, &ann()?)?);
    let right = jwt.sign(&claims)?;
    let (signed, signature) = some(right.rsplit_once('.'), "a signature")?;
    let (header, body) = some(signed.split_once('.'), "a header")?;
    let other = Jwt { secret: format!("{}!", jwt.secret), ..jwt.clone() }.sign(&claims)?;
    let raised = Claims { sub: "admin".to_owned(), ..claims.clone() };
    let raised = encode(serde_json::to_string(&raised).map_err(own)?.as_bytes());
    let expired = Claims { exp: Some(now()?.saturating_sub(jwt.leeway + 60)), ..claims.clone() };
    let none = encode(br#"{"alg":"none","typ":"JWT"}"#);
    for token in [
        other,
        format!("{signed}."),
        signed.to_owned(),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{header}.{raised}.{signature}"),
        format!("{right}.{signature}"),
        jwt.sign(&expired)?,
        jwt.sign(&Claims { exp: None, ..claims.clone() })?,
        "..".to_owned(),
    ] {
        let hello = Hello { token: Some(token), ..server.hello(&store, "ann")? };
        refused(server, hello, Code::Unauthorized)?;
    }
    Ok(())
}

fn a_token_that_expires_on_a_live_socket_is_renewed_and_nothing_is_lost(server: &Server) -> Done {
    let store = server.store()?;
    let leeway = jwt(server)?.leeway;
    let mut writer = Client::founder(server, &store, "ben")?;
    let claims = Claims { exp: Some(now()? + 3 - leeway), ..Claims::of(&store, &ann()?)? };
    let mut ann = Client::greet(server, hello(server, &store, &claims)?)?;
    ann.catch_up()?;
    let deadline = Instant::now() + server.setup.patience;
    for number in 0.. {
        ensure(Instant::now() < deadline, "needs-auth, once the token has expired", number)?;
        let commit = writer.commit([message(&format!("m{number}"), "is it still live?")])?;
        writer.accepted(vec![commit])?;
        let came = ann.socket.message("entries, or needs-auth")?;
        if let ServerMessage::Entries(entries) = &came {
            ensure(!ann.log.take(entries)?, "no gap", entries.after)?;
            continue;
        }
        let told = matches!(&came, ServerMessage::Error(frame) if frame.code == Code::NeedsAuth);
        ensure(told, "entries, or needs-auth", came.encode())?;
        break;
    }
    let commit = ann.commit([crate::client::joined("ann")])?;
    ann.send(vec![commit.clone()])?;
    ann.socket.error(Code::NeedsAuth)?;
    ann.socket.send(&ClientMessage::Pull(Pull { after: Seq::ZERO, part: None }))?;
    ann.socket.error(Code::NeedsAuth)?;
    let token = some(server.token(&store, &ann.subject)?, "a token")?;
    ann.socket.send(&ClientMessage::Auth(Auth { token }))?;
    ann.follow_to(writer.log.head())?;
    ann.accepted(vec![commit])?;
    same("what is logged", ann.log.entries, read_log(server, &store, "cat")?.entries)
}

fn a_fresh_token_of_another_subject_closes_the_socket(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let other = Subject::parse("ben").map_err(own)?;
    let token = some(server.token(&store, &other)?, "a token")?;
    ann.socket.send(&ClientMessage::Auth(Auth { token }))?;
    ann.socket.refusal(Code::Unauthorized).map(drop)
}
