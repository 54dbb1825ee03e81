//! A store with sockets, for the tests: what a host does, in memory.

#![allow(dead_code, reason = "not every test uses all of it")]
#![allow(unreachable_pub, reason = "each test is a crate of its own")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use syncline_engine::protocol::{Incarnation, Millis, Seq, StoreId};
use syncline_engine::{Grant, Model, Output, Room, Rules, Schemaless, SharedToken};
use syncline_livestore::{Connection, LiveStore, Peer};
use syncline_sqlite::Database;

pub struct World {
    pub db: Database,
    pub room: Room,
    pub livestore: LiveStore,
    pub now: Millis,
    /// What an input needed of what is in the archive alone.
    pub missing: Option<Seq>,
    sockets: Vec<Peer>,
    inboxes: Vec<Vec<String>>,
}

pub const BACKEND: &str = "oBwQsGEm97iChn5hxyqdL";

impl World {
    pub fn new() -> Self {
        Self::of::<Schemaless>()
    }

    pub fn of<M: Model>() -> Self {
        let mut db = Database::open_memory().unwrap();
        let store = StoreId::parse("demo").unwrap();
        let room =
            Room::open(&mut db, Rules::of::<M>(), store, Incarnation::parse(BACKEND).unwrap()).unwrap();
        let now = Millis::of_iso("2026-11-22T11:54:26.606Z").unwrap();
        let (livestore, sockets, inboxes) = (LiveStore::default(), Vec::new(), Vec::new());
        Self { db, room, livestore, now, missing: None, sockets, inboxes }
    }

    pub fn socket(&mut self) -> usize {
        self.open(Peer::LiveStore(Connection::new(Grant::TRUSTED)))
    }

    pub fn syncline(&mut self) -> usize {
        self.open(Peer::Syncline(syncline_engine::Connection::new(Some(Grant::TRUSTED))))
    }

    pub fn open(&mut self, peer: Peer) -> usize {
        self.sockets.push(peer);
        self.inboxes.push(Vec::new());
        self.sockets.len() - 1
    }

    /// Everything in memory is lost, and sockets live on by what is attached to them.
    pub fn hibernate(&mut self) {
        self.livestore = LiveStore::default();
        let store = self.room.store().clone();
        let incarnation = self.room.incarnation().clone();
        self.room = Room::open(&mut self.db, self.room.rules(), store, incarnation).unwrap();
        for socket in &mut self.sockets {
            *socket = serde_json::from_str(&serde_json::to_string(socket).unwrap()).unwrap();
        }
    }

    /// A host that was away has to know the numbers before it publishes.
    fn publish(&mut self, frame: &str) {
        let _ = self.livestore.catch_up(&self.room, &mut self.db);
        let chunks = self.livestore.published(&self.room, frame);
        for (socket, inbox) in
            self.sockets.iter_mut().zip(&mut self.inboxes).filter(|(peer, _)| peer.is_live())
        {
            match (socket, &chunks) {
                (Peer::Syncline(_), _) => inbox.push(frame.to_owned()),
                (Peer::LiveStore(connection), Some(chunks)) => inbox.extend(connection.published(chunks)),
                (Peer::LiveStore(_), None) => {}
            }
        }
    }

    pub fn send_text(&mut self, from: usize, text: &str) {
        let auth = SharedToken::new("");
        let before = self.sockets[from].clone();
        let outputs = self.sockets[from].receive(
            (&mut self.room, &mut self.livestore),
            &mut self.db,
            self.now,
            text,
            &auth,
        );
        for output in outputs {
            match output {
                Output::Reply(text) => self.inboxes[from].push(text),
                Output::Publish(frame) => self.publish(&frame),
                Output::Close(code) => self.inboxes[from].push(format!("closed: {}", code.as_str())),
                Output::Released(first) => {
                    self.missing = Some(first);
                    self.sockets[from] = before.clone();
                }
                Output::Others(_) | Output::Present => {}
            }
        }
    }

    pub fn send(&mut self, from: usize, frame: &Value) {
        self.send_text(from, &frame.to_string());
    }

    /// What has come since it was last asked, acknowledging nothing.
    pub fn texts(&mut self, at: usize) -> Vec<String> {
        std::mem::take(&mut self.inboxes[at])
    }

    pub fn frames(&mut self, at: usize) -> Vec<Value> {
        self.texts(at)
            .iter()
            .map(|text| serde_json::from_str(text).unwrap_or(Value::from(text.as_str())))
            .collect()
    }

    /// Pulls live from a cursor, and acknowledges until nothing comes: the events.
    pub fn pull(&mut self, at: usize, id: &Value, cursor: Option<u64>) -> Vec<Value> {
        self.send(at, &pull(id, cursor, true));
        self.drain(at, id)
    }

    /// Acknowledges until nothing comes: the events of one pull.
    pub fn drain(&mut self, at: usize, id: &Value) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let frames = self.frames(at);
            if frames.is_empty() {
                return events;
            }
            for frame in frames {
                assert_eq!(frame["_tag"], "Chunk", "{frame}");
                assert_eq!(frame["requestId"], *id);
                events.extend(events_of(&frame));
                self.send(at, &json!({ "_tag": "Ack", "requestId": id }));
            }
        }
    }

    /// Pushes events: how the request ended, with all that came before it.
    pub fn push(&mut self, at: usize, batch: &[Value]) -> (Vec<Value>, Value) {
        self.send(at, &push(&json!("p"), batch));
        let mut frames = self.frames(at);
        let exit = frames.pop().unwrap();
        assert_eq!(exit["_tag"], "Exit", "{exit}");
        (frames, exit["exit"].clone())
    }

    pub fn ok(&mut self, at: usize, batch: &[Value]) {
        let (_, exit) = self.push(at, batch);
        assert_eq!(exit["_tag"], "Success", "{exit}");
    }
}

pub fn events_of(chunk: &Value) -> Vec<Value> {
    let batch = chunk["values"][0]["batch"].as_array().unwrap();
    batch.iter().map(|each| each["eventEncoded"].clone()).collect()
}

pub fn numbers(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seqNum"].as_u64().unwrap()).collect()
}

pub fn pull(id: &Value, cursor: Option<u64>, live: bool) -> Value {
    let cursor = match cursor {
        None => json!({ "_tag": "None" }),
        Some(number) => {
            json!({ "_tag": "Some", "value": { "backendId": BACKEND, "eventSequenceNumber": number } })
        }
    };
    json!({ "_tag": "Request", "id": id, "tag": "SyncWsRpc.Pull", "headers": [],
        "payload": { "storeId": "demo", "live": live, "cursor": cursor } })
}

pub fn push(id: &Value, batch: &[Value]) -> Value {
    json!({ "_tag": "Request", "id": id, "tag": "SyncWsRpc.Push", "headers": [],
        "payload": { "storeId": "demo", "batch": batch, "backendId": { "_tag": "None" } } })
}

/// An event of a client, on a parent.
pub fn event(client: &str, number: u64, parent: u64) -> Value {
    json!({ "name": "v1.ItemCreated", "args": { "id": format!("{client}{number}") },
        "seqNum": number, "parentSeqNum": parent, "clientId": client, "sessionId": "static" })
}

/// So many, one after the other.
pub fn events(client: &str, from: u64, count: u64) -> Vec<Value> {
    (from..from + count).map(|number| event(client, number, number - 1)).collect()
}
