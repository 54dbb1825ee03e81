//! What clients send: the chat's events, as texts that are made before the clock starts.

use chat_model::Chat;
use serde_json::{Value, json};
use syncline_engine::Rules;
use tokio_tungstenite::tungstenite::Utf8Bytes;

const POSTED_AT: u64 = 1_704_067_200_000;

/// The texts of one client, whose commits are numbered from 1 on.
pub(crate) struct Texts {
    name: String,
    version: u32,
    counter: u64,
    messages: u64,
    random: u64,
    /// Whether the ids of its messages are in no order.
    scattered: bool,
}

impl Texts {
    pub(crate) fn new(name: &str) -> Self {
        let random = name.bytes().fold(7, |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        Self {
            name: name.to_owned(),
            version: Rules::of::<Chat>().version().0,
            counter: 0,
            messages: 0,
            random,
            scattered: false,
        }
    }

    /// From now on the ids of messages are in no order: each goes to another page of SQLite's.
    pub(crate) const fn scatter(&mut self) {
        self.scattered = true;
    }

    /// `hello`, from the beginning of the log.
    pub(crate) fn hello(&self, store: &str, token: &str, snapshots: bool) -> anyhow::Result<Utf8Bytes> {
        let hello = json!({ "type": "hello", "protocol": 1, "store": store, "client": self.name,
            "subject": self.name, "modelVersion": self.version,
            "schemaHash": Rules::of::<Chat>().schema_hash()?, "token": token, "snapshots": snapshots });
        Ok(hello.to_string().into())
    }

    /// The first client of a store opens a channel; the others come into it.
    pub(crate) fn arrive(&mut self, first: bool) -> Utf8Bytes {
        let person = json!({ "name": "personJoined", "args": { "name": self.name, "avatar": null } });
        let channel = if first {
            json!({ "name": "channelCreated", "args": { "id": "c", "name": "general", "topic": null } })
        } else {
            json!({ "name": "channelJoined", "args": { "channel": "c" } })
        };
        let commit = self.commit(&[person, channel]);
        push(&[commit])
    }

    /// A push of so many commits, of so many messages each.
    pub(crate) fn messages(&mut self, commits: usize, events: usize) -> Utf8Bytes {
        let commits: Vec<Value> = (0..commits)
            .map(|_| {
                let events: Vec<Value> = (0..events).map(|_| self.message()).collect();
                self.commit(&events)
            })
            .collect();
        push(&commits)
    }

    fn commit(&mut self, events: &[Value]) -> Value {
        self.counter += 1;
        json!({ "counter": self.counter, "author": self.name, "modelVersion": self.version, "events": events })
    }

    /// Ids begin with the time, as those that the chat makes do.
    fn message(&mut self) -> Value {
        self.messages += 1;
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = mixed ^ (mixed >> 27);
        let time = if self.scattered { mixed >> 16 } else { POSTED_AT + self.messages };
        let id = format!("{time:012x}{mixed:016x}{}", self.name);
        json!({ "name": "messagePosted", "args": { "id": id, "channel": "c",
            "text": "About as long as one is in a chat.", "postedAt": POSTED_AT, "replyTo": null } })
    }
}

fn push(commits: &[Value]) -> Utf8Bytes {
    json!({ "type": "push", "commits": commits }).to_string().into()
}
