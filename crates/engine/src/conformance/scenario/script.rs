//! What the clients of the scenario do: their commits, as frames for the room and as messages for a
//! leader.

use serde_json::{Value, json};
use syncline_protocol::{
    Args, ClientId, ClientMessage, Commit, Counter, Cursor, Hello, ModelVersion, PROTOCOL_VERSION, Push,
    RawEvent, RedactionNumber, SessionId, SessionNumber, StoreId, Subject,
};

use super::Result;
use crate::{HandOver, HandedCommit, Rules};

pub(super) const TOKEN: &str = "secret";

pub(super) fn store() -> Result<StoreId> {
    Ok(StoreId::parse("shelf")?)
}

pub(super) fn session() -> Result<SessionId> {
    Ok(SessionId::parse("ann-1")?)
}

pub(super) fn event(name: &str, args: &Value) -> Result<RawEvent> {
    Ok(RawEvent { name: name.to_owned(), args: Args::parse(args.to_string())? })
}

pub(super) fn added(id: &str, title: &str, count: i64) -> Result<RawEvent> {
    let args = json!({ "id": id, "title": title, "count": count, "weight": 0.1, "picture": "00ff" });
    event("itemAdded", &args)
}

pub(super) fn taken(id: &str, n: i64) -> Result<RawEvent> {
    event("itemTaken", &json!({ "id": id, "n": n }))
}

pub(super) fn joined() -> Result<RawEvent> {
    event("joined", &json!({}))
}

/// What Ann commits before she has heard of Bob's clock: the third is whole or not at all.
pub(super) fn anns() -> Result<Vec<Vec<RawEvent>>> {
    Ok(vec![
        vec![joined()?],
        vec![
            added("a1", "lamp", 30)?,
            event("itemAdded", &json!({ "id": "a2", "title": "pen", "count": 1 }))?,
        ],
        vec![added("a3", "vase", 1)?, added("a4", "clock", 1)?],
        vec![event("allWeighed", &json!({ "factor": 1.1 }))?],
    ])
}

pub(super) fn commit(counter: u64, author: &str, version: u32, events: Vec<RawEvent>) -> Result<Commit> {
    let author = Subject::parse(author)?;
    Ok(Commit { counter: Counter::new(counter)?, author, model_version: ModelVersion(version), events })
}

/// Commits of one client, numbered from a counter on.
pub(super) fn commits(from: u64, author: &str, all: Vec<Vec<RawEvent>>) -> Result<Vec<Commit>> {
    (from..).zip(all).map(|(counter, events)| commit(counter, author, 1, events)).collect()
}

pub(super) fn push(commits: Vec<Commit>) -> ClientMessage {
    ClientMessage::Push(Push { commits })
}

pub(super) fn hello(name: &str, rules: &Rules, token: &str, cursor: Option<Cursor>) -> Result<ClientMessage> {
    Ok(ClientMessage::Hello(Hello {
        protocol: PROTOCOL_VERSION,
        store: store()?,
        client: ClientId::parse(name)?,
        subject: Some(Subject::parse(name)?),
        model_version: rules.version(),
        schema_hash: rules.schema_hash()?,
        token: Some(token.to_owned()),
        cursor,
        snapshots: false,
        redactions: RedactionNumber::NONE,
        payload: None,
    }))
}

/// Ann's commits as her session hands them over.
pub(super) fn hand_over() -> Result<String> {
    let commits = (1..).zip(anns()?).map(|(number, events)| {
        Ok(HandedCommit {
            number: SessionNumber::new(number)?,
            counter: None,
            author: Subject::parse("ann")?,
            model_version: ModelVersion(1),
            events,
        })
    });
    Ok(serde_json::to_string(&HandOver {
        session: session()?,
        client: None,
        acknowledged: SessionNumber::default(),
        commits: commits.collect::<Result<_>>()?,
        dismissed: Vec::new(),
    })?)
}
