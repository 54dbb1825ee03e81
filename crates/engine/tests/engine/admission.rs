//! Who may come, how much, and what else an app refuses: tokens, rates, hooks, presence.

use serde_json::json;
use syncline_engine::protocol::{
    Args, Code, Commit, ErrorFrame, Limits, Millis, PresenceOf, Seq, ServerMessage, StoreId, Subject,
    decode_server,
};
use syncline_engine::{
    Authorize, Connection, Grant, HookContext, Hooks, Output, Rates, Rejection, RoomConfig,
};

use super::room::{code, commit, hello, push, verdicts};
use super::world::{Client, Server, World, notes, reply};

/// A token is `subject/rights/expiry`, with `r` or `rw` for rights.
struct Claims;

impl Authorize for Claims {
    fn authorize(&self, store: &StoreId, token: Option<&str>, now: Millis) -> Result<Grant, ErrorFrame> {
        let refuse = |code| Err(ErrorFrame::new(code, "no"));
        let parts: Vec<&str> = token.unwrap_or_default().split('/').collect();
        let [subject, rights, expires] = parts[..] else { return refuse(Code::Unauthorized) };
        let expires = Millis::new(expires.parse().unwrap()).unwrap();
        if expires <= now {
            return refuse(Code::NeedsAuth);
        }
        if store.as_str() != "store" {
            return refuse(Code::Forbidden);
        }
        let subject = Some(Subject::parse(subject).unwrap());
        Ok(Grant { subject, write: rights == "rw", expires: Some(expires) })
    }
}

fn at(ms: u64) -> Millis {
    Millis::new(ms).unwrap()
}

fn send(server: &mut Server, now: u64, connection: &mut Connection, text: &str) -> Vec<Output> {
    server.room.receive(&mut server.db, at(now), connection, text, &Claims)
}

fn greet(server: &mut Server, now: u64, token: &str) -> (Connection, Vec<Output>) {
    let mut connection = Connection::new(None);
    let mut hello = hello("ann");
    hello["token"] = json!(token);
    let outputs = send(server, now, &mut connection, &hello.to_string());
    (connection, outputs)
}

fn one(counter: u64) -> String {
    push(json!([commit(counter, "ann", &counter.to_string())]))
}

fn auth(token: &str) -> String {
    json!({ "type": "auth", "token": token }).to_string()
}

#[test]
fn a_token_that_expires_stops_writes_and_news_until_a_fresh_one_comes() {
    let mut server = Server::new();
    let (mut ann, outputs) = greet(&mut server, 10, "ann/rw/1000");
    assert!(matches!(reply(&outputs), ServerMessage::Welcome(_)), "{outputs:?}");
    assert_eq!(verdicts(&send(&mut server, 999, &mut ann, &one(1))).len(), 1);
    assert_eq!(ann.expire(at(999)), None);

    assert_eq!(code(&send(&mut server, 1_000, &mut ann, &one(2))), Code::NeedsAuth);
    assert_eq!(server.room.head(), Seq::new(1).unwrap(), "it is undecided");
    let told = decode_server(&ann.expire(at(1_000)).unwrap()).unwrap();
    assert!(matches!(told, ServerMessage::Error(ErrorFrame { code: Code::NeedsAuth, .. })));
    assert!(!ann.is_live(), "it hears of nothing more");
    assert_eq!(ann.expire(at(1_000)), None, "it is told once");
    assert_eq!(code(&send(&mut server, 1_000, &mut ann, r#"{"type":"pull","after":0}"#)), Code::NeedsAuth);

    let outputs = send(&mut server, 1_001, &mut ann, &auth("ann/rw/2000"));
    let ServerMessage::Entries(entries) = reply(&outputs) else { panic!("{outputs:?}") };
    assert_eq!((entries.head, entries.entries.len()), (server.room.head(), 0), "it pulls what it has missed");
    send(&mut server, 1_001, &mut ann, r#"{"type":"pull","after":1}"#);
    assert!(ann.is_live());
    assert_eq!(verdicts(&send(&mut server, 1_001, &mut ann, &one(2))).len(), 1);
}

#[test]
fn a_fresh_token_is_of_the_same_subject_and_right() {
    for (fresh, expected) in [
        ("bob/rw/2000", Code::Unauthorized),
        ("nonsense", Code::Unauthorized),
        ("ann/rw/5", Code::Unauthorized),
    ] {
        let mut server = Server::new();
        let (mut ann, _) = greet(&mut server, 10, "ann/rw/1000");
        let outputs = send(&mut server, 20, &mut ann, &auth(fresh));
        assert_eq!(code(&outputs), expected, "{fresh}");
        assert_eq!(outputs.last(), Some(&Output::Close(expected)));
    }
}

#[test]
fn a_token_says_who_somebody_is_and_what_they_may() {
    let mut server = Server::new();
    for (token, expected) in
        [("", Code::Unauthorized), ("bob/rw/1000", Code::Unauthorized), ("ann/rw/10", Code::Unauthorized)]
    {
        let (_, outputs) = greet(&mut server, 10, token);
        assert_eq!(code(&outputs), expected, "{token}");
    }
    let (mut reader, outputs) = greet(&mut server, 10, "ann/r/1000");
    assert!(matches!(reply(&outputs), ServerMessage::Welcome(_)));
    assert_eq!(code(&send(&mut server, 11, &mut reader, &one(1))), Code::ReadOnly);
    assert_eq!(server.room.head(), Seq::ZERO);
    assert!(matches!(
        reply(&send(&mut server, 11, &mut reader, r#"{"type":"pull","after":0}"#)),
        ServerMessage::Entries(_)
    ));
}

#[test]
fn a_client_that_is_signed_out_keeps_its_commits_and_goes_on_with_a_fresh_token() {
    let mut server = Server::new();
    let Client { mut log, mut leader, mut session, mut db, .. } = World::new(&["ann"]).clients.remove(0);
    let mut socket = Connection::new(None);
    let mut exchange = |log: &mut syncline_sqlite::Database, leader: &mut syncline_engine::Leader, now| {
        while let Some(text) = leader.poll_server() {
            for output in send(&mut server, now, &mut socket, &text) {
                if let Output::Reply(text) | Output::Publish(text) = output {
                    leader.receive(log, &text).unwrap();
                }
            }
        }
    };
    let subject = "ann";
    leader.disconnected();
    leader.connected(Some(format!("{subject}/rw/1000")));
    exchange(&mut log, &mut leader, 10);
    assert!(leader.status(&log).unwrap().live);
    session.commit(&mut db, at(2), vec![super::model::added("1", "late")]).unwrap();
    leader.hand_over(&mut log, &session.take_hand_over().unwrap()).unwrap();
    exchange(&mut log, &mut leader, 1_000);
    let status = leader.status(&log).unwrap();
    assert_eq!((status.held.unwrap().code, status.pending), (Code::NeedsAuth, 1));
    leader.sign_in(&log, format!("{subject}/rw/2000")).unwrap();
    exchange(&mut log, &mut leader, 1_001);
    let status = leader.status(&log).unwrap();
    assert_eq!((status.held, status.pending, status.live), (None, 0, true));
    assert_eq!(notes(&server.db).len(), 1);
}

#[test]
fn who_pushes_more_than_its_rate_is_told_when_to_come_again() {
    let mut server = Server::new();
    let rates = Rates { client_events: 2, ..Rates::default() };
    server.room.configure(RoomConfig { rates, ..RoomConfig::default() });
    let (mut ann, _) = greet(&mut server, 10, "ann/rw/9000");
    for counter in 1..=4 {
        assert_eq!(
            verdicts(&send(&mut server, 10, &mut ann, &one(counter))).len(),
            1,
            "a burst of two seconds"
        );
    }
    let outputs = send(&mut server, 10, &mut ann, &one(5));
    let ServerMessage::Error(error) = reply(&outputs) else { panic!("{outputs:?}") };
    assert_eq!((error.code, error.retry_after_ms), (Code::RateLimited, Some(1)));
    assert_eq!(outputs.len(), 1, "the socket stays open");
    assert_eq!(server.room.head(), Seq::new(4).unwrap(), "it is undecided");
    assert_eq!(verdicts(&send(&mut server, 11, &mut ann, &one(5))).len(), 1);
}

#[test]
fn limits_are_those_that_the_host_has_set() {
    let mut server = Server::new();
    let limits = Limits { push_commits: 1, ..Limits::DEFAULT };
    server.room.configure(RoomConfig { limits, ..RoomConfig::default() });
    let (mut ann, outputs) = greet(&mut server, 10, "ann/rw/9000");
    let ServerMessage::Welcome(welcome) = reply(&outputs) else { panic!() };
    assert_eq!(welcome.limits, limits);
    let two = push(json!([commit(1, "ann", "1"), commit(2, "ann", "2")]));
    assert_eq!(code(&send(&mut server, 10, &mut ann, &two)), Code::PushTooLarge);
}

struct Closing;

impl Hooks for Closing {
    fn connect(&self, _: &HookContext<'_>, payload: Option<&Args>) -> Result<(), Rejection> {
        match payload.map(Args::get) {
            Some(r#"{"plan":"free"}"#) => Err(Rejection::new("plan", "free plans have no sync")),
            Some(_) | None => Ok(()),
        }
    }

    fn push(&self, cx: &HookContext<'_>, commits: &[Commit]) -> Result<(), Rejection> {
        let late = cx.now > at(100) && commits.len() == 1;
        if late { Err(Rejection::new("closed", "it is late")) } else { Ok(()) }
    }

    fn pull(&self, _: &HookContext<'_>, after: Seq) -> Result<(), Rejection> {
        if after > Seq::new(100).unwrap() { Err(Rejection::new("far", "no")) } else { Ok(()) }
    }
}

#[test]
fn a_hook_may_refuse_a_connection_a_push_and_a_pull() {
    let mut server = Server::new();
    server.room.configure(RoomConfig { hooks: &Closing, ..RoomConfig::default() });
    let mut refused = hello("ann");
    refused["token"] = json!("ann/rw/9000");
    refused["payload"] = json!({ "plan": "free" });
    let outputs = send(&mut server, 10, &mut Connection::new(None), &refused.to_string());
    let ServerMessage::Error(error) = reply(&outputs) else { panic!() };
    assert_eq!((error.code, error.message.as_str()), (Code::ConnectRefused, "plan: free plans have no sync"));
    refused["payload"] = json!("x".repeat(Limits::PAYLOAD_BYTES));
    let outputs = send(&mut server, 10, &mut Connection::new(None), &refused.to_string());
    assert_eq!(code(&outputs), Code::ConnectRefused, "it is too large");

    let (mut ann, _) = greet(&mut server, 10, "ann/rw/9000");
    assert_eq!(verdicts(&send(&mut server, 100, &mut ann, &one(1))).len(), 1);
    let outputs = send(&mut server, 101, &mut ann, &one(2));
    assert_eq!((code(&outputs), outputs.len()), (Code::PushRefused, 1), "the socket stays open");
    assert_eq!(
        code(&send(&mut server, 101, &mut ann, r#"{"type":"pull","after":101}"#)),
        Code::ConnectRefused
    );
}

fn present(session: &str, value: serde_json::Value) -> String {
    json!({ "type": "presence", "session": session, "value": value }).to_string()
}

fn told(outputs: &[Output]) -> PresenceOf {
    let [Output::Others(text)] = outputs else { panic!("{outputs:?}") };
    let ServerMessage::Presence(presence) = decode_server(text).unwrap() else { panic!("{text}") };
    presence
}

#[test]
fn presence_goes_to_the_others_and_goes_with_the_socket() {
    let mut server = Server::new();
    let (mut ann, outputs) = greet(&mut server, 10, "ann/r/9000");
    assert_eq!(outputs.last(), Some(&Output::Present), "it hears who is here");
    assert!(!ann.is_present());
    let presence = told(&send(&mut server, 10, &mut ann, &present("tab", json!({ "typing": true }))));
    assert_eq!((presence.subject.as_str(), presence.session.as_str()), ("ann", "tab"));
    assert_eq!(presence.value.unwrap().get(), r#"{"typing":true}"#);

    // An object hibernates: the attachment has it.
    let mut ann: Connection = serde_json::from_str(&serde_json::to_string(&ann).unwrap()).unwrap();
    send(&mut server, 10, &mut ann, &present("tab-2", json!(1)));
    assert_eq!(ann.presence().len(), 2);
    send(&mut server, 10, &mut ann, &present("tab-2", json!(2)));
    assert_eq!(ann.presence().len(), 2, "the last value counts");
    assert_eq!(told(&send(&mut server, 10, &mut ann, &present("tab", json!(null)))).value, None);
    let none_left = send(&mut server, 10, &mut ann, &present("tab", json!(null)));
    assert!(none_left.is_empty(), "it was gone already");
    let gone = ann.gone();
    assert_eq!(gone.len(), 1);
    let ServerMessage::Presence(gone) = decode_server(&gone[0]).unwrap() else { panic!() };
    assert_eq!((gone.session.as_str(), gone.value), ("tab-2", None));
    assert_eq!(server.room.head(), Seq::ZERO, "nothing is logged");
}

#[test]
fn presence_is_bounded() {
    let mut server = Server::new();
    let (mut ann, _) = greet(&mut server, 10, "ann/rw/9000");
    let fits = "x".repeat(Limits::PRESENCE_BYTES - 2);
    assert_eq!(told(&send(&mut server, 10, &mut ann, &present("0", json!(fits)))).subject.as_str(), "ann");
    let large = present("0", json!(format!("{fits}x")));
    let outputs = send(&mut server, 10, &mut ann, &large);
    assert_eq!((code(&outputs), outputs.len()), (Code::PresenceRefused, 1), "the socket stays open");
    for session in 1..Limits::PRESENCE_SESSIONS {
        told(&send(&mut server, 10, &mut ann, &present(&session.to_string(), json!(1))));
    }
    assert_eq!(code(&send(&mut server, 10, &mut ann, &present("more", json!(1)))), Code::PresenceRefused);

    let refused = (0..100)
        .map(|_| send(&mut server, 10, &mut ann, &present("1", json!(2))))
        .find(|outputs| !matches!(outputs[0], Output::Others(_)))
        .expect("a flood is stopped");
    let ServerMessage::Error(error) = reply(&refused) else { panic!() };
    assert!(error.code == Code::PresenceRefused && error.retry_after_ms.is_some(), "{error:?}");
    told(&send(&mut server, 10, &mut ann, &present("1", json!(null))));
}
