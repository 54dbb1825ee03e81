//! Load on a server that is running: what it acknowledges in a time. For `cargo run --release --example load`.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Writers that push and wait for their verdicts.
#[derive(Clone, Parser)]
struct Load {
    /// Where the server listens
    #[arg(long, default_value = "127.0.0.1:8787")]
    address: String,
    /// The shared token
    #[arg(long, default_value = "secret")]
    token: String,
    /// Writers
    #[arg(long, default_value_t = 1)]
    clients: usize,
    /// Stores that they are spread over
    #[arg(long, default_value_t = 1)]
    stores: usize,
    /// Commits in a push
    #[arg(long, default_value_t = 1)]
    commits: u64,
    /// Events in a commit
    #[arg(long, default_value_t = 1)]
    events: u64,
    /// Pushes that a writer has in flight
    #[arg(long, default_value_t = 1)]
    window: u64,
    /// For so many seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Readers beside the writers, of the first store
    #[arg(long, default_value_t = 0)]
    readers: usize,
    /// Whether writers get what the others write
    #[arg(long)]
    live: bool,
}

type Socket = WebSocket<TcpStream>;

fn open(load: &Load, store: &str, client: &str, cursor: bool) -> Socket {
    let stream = TcpStream::connect(&load.address).expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    let url = format!("ws://{}/stores/{store}/sync", load.address);
    let (mut socket, _) = tungstenite::client(url, stream).expect("a handshake");
    let hello = json!({ "type": "hello", "protocol": 1, "store": store, "client": client, "subject": client,
        "modelVersion": 1, "schemaHash": "h", "token": load.token });
    socket.send(Message::text(hello.to_string())).expect("it is open");
    let welcome = read(&mut socket);
    assert!(welcome.contains("\"welcome\""), "{welcome}");
    if cursor {
        let at: Value = serde_json::from_str(&welcome).expect("JSON");
        let head = at.get("head").and_then(Value::as_u64).expect("a head");
        let mut after = 0;
        while after < head {
            let page: Value = serde_json::from_str(&read(&mut socket)).expect("JSON");
            after = page
                .get("entries")
                .and_then(Value::as_array)
                .and_then(|all| all.last())
                .and_then(|e| e.get("seq")?.as_u64())
                .unwrap_or(after);
            socket
                .send(Message::text(json!({ "type": "pull", "after": after }).to_string()))
                .expect("it is open");
        }
    }
    socket
}

fn read(socket: &mut Socket) -> String {
    loop {
        if let Message::Text(text) = socket.read().expect("the server answers") {
            return text.as_str().to_owned();
        }
    }
}

fn push(client: &str, first: u64, load: &Load, salt: &str) -> String {
    let commits: Vec<Value> = (0..load.commits)
        .map(|n| {
            let counter = first + n;
            let events: Vec<Value> = (0..load.events)
                .map(|e| {
                    json!({ "name": "messagePosted", "args": { "id": format!("{salt}-{client}-{counter}-{e}"),
                        "channel": "general", "text": "Has anybody seen the report that was to be here today?",
                        "postedAt": 1_700_000_000_000_u64 + counter, "replyTo": null } })
                })
                .collect();
            json!({ "counter": counter, "author": client, "modelVersion": 1, "events": events })
        })
        .collect();
    json!({ "type": "push", "commits": commits }).to_string()
}

/// The chat wants a channel, and its members.
fn prepare(socket: &mut Socket, client: &str) {
    for (counter, name, args) in [
        (1, "personJoined", json!({ "name": client, "avatar": null })),
        (2, "channelCreated", json!({ "id": "general", "name": "general", "topic": null })),
        (3, "channelJoined", json!({ "channel": "general" })),
    ] {
        let push = json!({ "type": "push", "commits": [{ "counter": counter, "author": client, "modelVersion": 1,
            "events": [{ "name": name, "args": args }] }] });
        socket.send(Message::text(push.to_string())).expect("it is open");
        while !read(socket).contains("\"verdicts\"") {}
    }
}

fn write(load: &Load, place: usize, salt: &str, mut socket: Socket) -> (u64, Vec<Duration>) {
    let client = format!("w{place}-{salt}");
    let frames: Vec<String> = (0..60_000 / (load.clients as u64 * load.commits * load.events).clamp(1, 60))
        .map(|n| push(&client, 4 + n * load.commits, load, salt))
        .collect();
    let (mut events, mut waits, mut sent) = (0, Vec::new(), std::collections::VecDeque::new());
    let began = Instant::now();
    let mut frames = frames.into_iter();
    loop {
        while sent.len() < load.window as usize && began.elapsed() < Duration::from_secs(load.seconds) {
            let Some(frame) = frames.next() else { break };
            sent.push_back(Instant::now());
            socket.send(Message::text(frame)).expect("it is open");
        }
        let Some(since) = sent.pop_front() else { return (events, waits) };
        let told = loop {
            let text = read(&mut socket);
            if text.starts_with("{\"type\":\"verdicts\"") {
                break text;
            }
            assert!(!text.contains("\"type\":\"error\""), "{text}");
        };
        assert!(!told.contains("rejected") && !told.contains("code"), "{told}");
        waits.push(since.elapsed());
        events += load.commits * load.events;
    }
}

fn main() {
    let load = Load::parse();
    let salt = format!("{:x}", std::process::id());
    for n in 0..load.readers {
        let load = load.clone();
        std::thread::spawn(move || {
            let mut socket = open(&load, "load-0", &format!("r{n}"), true);
            loop {
                read(&mut socket);
            }
        });
    }
    let sockets: Vec<Socket> = (0..load.clients)
        .map(|place| {
            let client = format!("w{place}-{salt}");
            let mut socket = open(&load, &format!("load-{}", place % load.stores), &client, load.live);
            prepare(&mut socket, &client);
            socket
        })
        .collect();
    let began = Instant::now();
    let writers: Vec<_> = sockets
        .into_iter()
        .enumerate()
        .map(|(place, socket)| {
            let (load, salt) = (load.clone(), salt.clone());
            std::thread::spawn(move || write(&load, place, &salt, socket))
        })
        .collect();
    let (mut events, mut waits) = (0, Vec::new());
    for writer in writers {
        let (of, more) = writer.join().expect("it writes");
        events += of;
        waits.extend(more);
    }
    let seconds = began.elapsed().as_secs_f64();
    waits.sort();
    let at = |part: f64| waits.get((waits.len() as f64 * part) as usize).copied().unwrap_or_default();
    println!("{:.0} events/s; acks p50 {:?} p99 {:?}", events as f64 / seconds, at(0.5), at(0.99));
}
