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

/// Answers every delivery with the status that it is told; none while that is 0.
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
            let mut unanswered = Vec::new();
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
                match answer.load(Ordering::SeqCst) {
                    0 => unanswered.push(stream),
                    status => {
                        let head =
                            format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        stream.get_mut().write_all(head.as_bytes()).unwrap();
                    }
                }
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
fn a_server_that_is_killed_while_the_webhook_takes_a_delivery_sends_it_again_and_in_order() {
    let (data, hook) = (tempfile::tempdir().unwrap(), Hook::start());
    let url = hook.url();
    let flags = ["--webhook-secret", SECRET, "--webhook-url", &url];
    let server = Process::start(data.path(), &flags);
    let mut ann = Client::connect(server.address, "s", "ann");
    ann.say("one");
    assert_eq!(hook.next().seqs(), [1]);
    hook.status.store(0, Ordering::SeqCst);
    ann.say("two");
    assert_eq!(hook.next().seqs(), [2], "it is on its way");
    ann.say("three");
    server.kill();
    hook.status.store(200, Ordering::SeqCst);
    let server = Process::start(data.path(), &flags);
    // The first may not have been noted as taken before the end: at least once.
    let (mut came, mut seqs) = (Vec::new(), Vec::new());
    while seqs.last() != Some(&3) {
        came.push(hook.next());
        seqs.extend(came.last().unwrap().seqs());
    }
    assert!(seqs.ends_with(&[2, 3]) && seqs.is_sorted(), "{seqs:?}");
    server.terminate();
}

#[test]
fn a_webhook_that_is_gone_waits_for_an_operator_who_lets_it_go_on_or_leave_entries_out() {
    let (data, hook) = (tempfile::tempdir().unwrap(), Hook::start());
    let (webhook_url, webhook_secret) = (Some(hook.url()), Some(SECRET.to_owned()));
    let admin_token = Some("operator".to_owned());
    let host = Host::with(Settings { webhook_url, webhook_secret, admin_token, ..settings(data.path()) });
    let ask = |request: &str, body: &str| -> Value {
        let (status, told) = super::routes::ask(host.address(), request, "operator", body);
        assert_eq!(status, 200, "{told}");
        serde_json::from_str(&told).unwrap()
    };
    let mut ann = Client::connect(host.address(), "s", "ann");
    hook.status.store(410, Ordering::SeqCst);
    ann.say("one");
    assert_eq!(hook.next().seqs(), [1]);
    let stopped = loop {
        let status = ask("GET /stores/s/webhook", "");
        if status["stopped"] == true {
            break status;
        }
    };
    assert_eq!(stopped["seq"], 0, "{stopped}");
    assert!(stopped["failure"].as_str().unwrap().contains("410"), "{stopped}");
    hook.status.store(200, Ordering::SeqCst);
    for text in ["two", "three", "four"] {
        ann.say(text);
    }
    assert!(hook.is_silent(), "nobody has let it go on");
    assert_eq!(ask("POST /stores/s/resume-webhook", "{\"after\":2}")["stopped"], false);
    let mut seqs = Vec::new();
    while seqs.last() != Some(&4) {
        seqs.extend(hook.next().seqs());
    }
    assert_eq!(seqs, [3, 4], "what the operator has left out does not come");
    let (status, _) = super::routes::ask(host.address(), "GET /stores/s/webhook", super::client::TOKEN, "");
    assert_eq!(status, 401, "it is the operator's");
    let (_, metrics) = super::routes::ask(host.address(), "GET /metrics", "operator", "");
    assert!(metrics.contains("\nsyncline_webhook_refused_total 1\n"), "{metrics}");
    host.stop();
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
