//! A client that is only a socket.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

pub(crate) const TOKEN: &str = "secret";

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    pub(crate) socket: WebSocket<TcpStream>,
    pub(crate) name: String,
    pub(crate) counter: u64,
}

/// What came last: a frame, or the end.
#[derive(Debug)]
pub(crate) enum Heard {
    Frame(Value),
    Closed(Option<CloseFrame>),
}

/// A bare socket, no hello said.
pub(crate) fn open(address: SocketAddr, store: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    tungstenite::client(format!("ws://{address}/stores/{store}/sync"), stream).unwrap().0
}

pub(crate) fn hello(store: &str, name: &str, token: &str) -> String {
    hello_as(store, name, name, token)
}

fn hello_as(store: &str, name: &str, subject: &str, token: &str) -> String {
    json!({ "type": "hello", "protocol": 1, "store": store, "client": name, "subject": subject,
        "modelVersion": 1, "schemaHash": "h", "token": token })
    .to_string()
}

pub(crate) fn commit(name: &str, counter: u64, texts: &[String]) -> Value {
    let events: Vec<_> =
        texts.iter().map(|text| json!({ "name": "said", "args": { "text": text } })).collect();
    json!({ "counter": counter, "author": name, "modelVersion": 1, "events": events })
}

pub(crate) fn push(commits: &[Value]) -> String {
    json!({ "type": "push", "commits": commits }).to_string()
}

impl Client {
    /// Connected, and greeted.
    pub(crate) fn connect(address: SocketAddr, store: &str, name: &str) -> Self {
        Self::connect_as(address, store, name, name)
    }

    /// The same, as one of the clients of a subject.
    pub(crate) fn connect_as(address: SocketAddr, store: &str, name: &str, subject: &str) -> Self {
        let mut client = Self { socket: open(address, store), name: name.to_owned(), counter: 0 };
        client.send(&hello_as(store, name, subject, TOKEN));
        let welcome = client.expect("welcome");
        client.counter = welcome["decided"].as_u64().unwrap();
        client
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// The next frame, or how the socket has ended.
    pub(crate) fn hear(&mut self) -> Heard {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let text = text.as_str();
                    return Heard::Frame(serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
                }
                Ok(Message::Close(frame)) => return Heard::Closed(frame),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => {}
                Err(tungstenite::Error::Io(error))
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    panic!("{} has heard nothing for too long", self.name)
                }
                Err(_) => return Heard::Closed(None),
            }
        }
    }

    pub(crate) fn frame(&mut self) -> Value {
        match self.hear() {
            Heard::Frame(frame) => frame,
            Heard::Closed(why) => panic!("{} was closed: {why:?}", self.name),
        }
    }

    /// The next frame of a type; what comes before it is of others.
    pub(crate) fn expect(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame();
            if frame["type"] == kind {
                return frame;
            }
            assert_ne!(frame["type"], "error", "{frame}");
        }
    }

    /// Commits one event, and waits for its verdict.
    pub(crate) fn say(&mut self, text: &str) -> Value {
        self.counter += 1;
        let commit = commit(&self.name, self.counter, &[text.to_owned()]);
        self.send(&push(&[commit]));
        self.expect("verdicts")["verdicts"][0].clone()
    }

    /// Reads the whole log.
    pub(crate) fn read_all(address: SocketAddr, store: &str, name: &str) -> Vec<Value> {
        let mut client = Self { socket: open(address, store), name: name.to_owned(), counter: 0 };
        client.send(&hello(store, name, TOKEN));
        let head = client.expect("welcome")["head"].as_u64().unwrap();
        let mut entries: Vec<Value> = Vec::new();
        while (entries.len() as u64) < head {
            let page = client.expect("entries");
            entries.extend(page["entries"].as_array().unwrap().iter().cloned());
            let after = entries.len();
            client.send(&json!({ "type": "pull", "after": after }).to_string());
        }
        for (place, entry) in entries.iter().enumerate() {
            assert_eq!(entry["seq"].as_u64(), Some(place as u64 + 1), "one-order: no gap, nothing twice");
        }
        entries
    }
}
