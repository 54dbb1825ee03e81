//! The webhook, with a receiver that is real. How long it waits, and when it stops, is tested in the engine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use syncline_engine::protocol::Millis;
use syncline_server::Settings;

use super::client::Client;
use super::host::{Host, Process, settings};

const SECRET: &str = "the-secret-of-the-webhook";

/// A delivery as it came.
#[derive(Debug)]
struct Came {
    id: String,
    signature: String,
    body: String,
}

impl Came {
    fn store(&self) -> String {
        self.json()["store"].as_str().unwrap().to_owned()
    }

    fn seqs(&self) -> Vec<u64> {
        let entries = self.json()["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Answers every delivery with the status that it is told.
struct Hook {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    came: Mutex<Receiver<Came>>,
}

impl Hook {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, status) = (listener.local_addr().unwrap(), Arc::new(AtomicU16::new(200)));
        let (send, came) = channel();
        let answer = Arc::clone(&status);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut id, mut signature, mut length) = (String::new(), String::new(), 0);
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).unwrap();
                    let Some((name, value)) = line.trim_end().split_once(": ") else {
                        if line.trim().is_empty() { break } else { continue }
                    };
                    match name.to_lowercase().as_str() {
                        "syncline-delivery" => id = value.to_owned(),
                        "syncline-signature" => signature = value.to_owned(),
                        "content-length" => length = value.parse().unwrap(),
                        _ => {}
                    }
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let status = answer.load(Ordering::SeqCst);
                let head = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.get_mut().write_all(head.as_bytes()).unwrap();
                if send.send(Came { id, signature, body: String::from_utf8(body).unwrap() }).is_err() {
                    return;
                }
            }
        });
        Self { address, status, came: Mutex::new(came) }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn next(&self) -> Came {
        self.came.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap()
    }

    fn is_silent(&self) -> bool {
        self.came.lock().unwrap().try_recv().is_err()
    }
}

fn hooked(data: &std::path::Path, hook: &Hook) -> Host {
    let (webhook_url, webhook_secret) = (Some(hook.url()), Some(SECRET.to_owned()));
    Host::with(Settings { webhook_url, webhook_secret, ..settings(data) })
}

#[test]
fn every_entry_comes_in_order_and_signed() {
    let (data, hook) = (tempfile::tempdir().unwrap(), Hook::start());
    let host = hooked(data.path(), &hook);
    let mut ann = Client::connect(host.address(), "s", "ann");
    for text in ["one", "two", "three"] {
        ann.say(text);
    }
    let mut seqs = Vec::new();
    while seqs.len() < 3 {
        let came = hook.next();
        let (time, _) = came.signature.strip_prefix("t=").unwrap().split_once(',').unwrap();
        let time = Millis::new(time.parse().unwrap()).unwrap();
        assert_eq!(came.signature, syncline_http::signature(SECRET, time, &came.body));
        seqs.extend(came.seqs());
    }
    assert_eq!(seqs, [1, 2, 3]);
    host.stop();
}

#[test]
fn what_is_not_taken_comes_again_under_the_same_id_and_holds_up_no_other_store() {
    let (data, hook) = (tempfile::tempdir().unwrap(), Hook::start());
    let host = hooked(data.path(), &hook);
    hook.status.store(503, Ordering::SeqCst);
    Client::connect(host.address(), "s", "ann").say("hello");
    let first = hook.next();
    Client::connect(host.address(), "other", "ann").say("hello");
    assert_eq!(hook.next().store(), "other");
    hook.status.store(200, Ordering::SeqCst);
    let mut again = [hook.next(), hook.next()];
    again.sort_by_key(Came::store);
    assert_eq!((&again[1].id, again[1].store()), (&first.id, "s".to_owned()));
    host.stop();
    assert!(hook.is_silent(), "what was taken does not come again");
}

#[test]
fn what_a_killed_server_has_not_delivered_its_successor_does_though_nobody_asks_for_the_store() {
    let (data, hook) = (tempfile::tempdir().unwrap(), Hook::start());
    let flags = ["--webhook-secret", SECRET, "--webhook-url"];
    let server = Process::start(data.path(), &[&flags[..], &["http://127.0.0.1:1/nobody"]].concat());
    Client::connect(server.address, "s", "ann").say("hello");
    server.kill();
    let server = Process::start(data.path(), &[&flags[..], &[&hook.url()]].concat());
    let came = hook.next();
    assert_eq!((came.store(), came.seqs()), ("s".to_owned(), vec![1]));
    server.kill();
}

#[test]
fn who_only_asks_for_a_store_makes_none_for_the_webhook() {
    let (data, hook) = (tempfile::tempdir().unwrap(), Hook::start());
    let host = hooked(data.path(), &hook);
    let mut stranger =
        Client { socket: super::client::open(host.address(), "s"), name: "x".to_owned(), counter: 0 };
    stranger.send(&super::client::hello("s", "x", "wrong"));
    assert_eq!(stranger.frame()["code"], "unauthorized");
    host.stop();
    assert_eq!(std::fs::read_dir(data.path().join("stores")).unwrap().count(), 0);
}
