//! What tools ask over HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::client::{Client, Heard, TOKEN, commit};
use super::host::{Host, settings};

const ADMIN: &str = "operator";

/// The status and the body of an answer.
pub(crate) fn ask(address: SocketAddr, request: &str, token: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn host(data: &std::path::Path) -> Host {
    let mut settings = settings(data);
    settings.admin_token = Some(ADMIN.to_owned());
    Host::with(settings)
}

fn push_body(client: &str, counter: u64, text: &str) -> String {
    json!({ "client": client, "subject": client, "commits": [commit(client, counter, &[text.to_owned()])] })
        .to_string()
}

#[test]
fn a_push_over_http_is_decided_published_and_read() {
    let data = tempfile::tempdir().unwrap();
    let host = host(data.path());
    let address = host.address();
    let mut bob = Client::connect(address, "s", "bob");
    let (status, told) = ask(address, "POST /stores/s/push", TOKEN, &push_body("ann", 1, "hello"));
    assert_eq!(status, 200, "{told}");
    assert_eq!(bob.expect("entries")["entries"][0]["args"]["text"], "hello");
    assert_eq!(ask(address, "POST /stores/s/push", TOKEN, &push_body("ann", 1, "hello")), (200, told));
    let (status, log) = ask(address, "GET /stores/s/log?after=0", TOKEN, "");
    assert_eq!((status, log.matches("\"hello\"").count()), (200, 1), "{log}");
    let (status, state) = ask(address, "GET /stores/s/state", TOKEN, "");
    assert!(status == 200 && state.contains("hello"), "{state}");
    assert_eq!(ask(address, "POST /stores/s/push", "wrong", &push_body("ann", 2, "no")).0, 401);
    host.stop();
    let host = Host::start(data.path());
    assert_eq!(Client::read_all(host.address(), "s", "carl").len(), 1, "it was durable");
    host.stop();
}

#[test]
fn who_waits_for_entries_is_answered_once_they_are_there() {
    let data = tempfile::tempdir().unwrap();
    let host = host(data.path());
    let address = host.address();
    let waiting = std::thread::spawn(move || ask(address, "GET /stores/s/log?after=0&wait=20", TOKEN, ""));
    let mut ann = Client::connect(address, "s", "ann");
    ann.say("news");
    let (status, log) = waiting.join().unwrap();
    assert!(status == 200 && log.contains("news"), "{log}");
    let (status, none) = ask(address, "GET /stores/s/log?after=1&wait=1", TOKEN, "");
    assert_eq!((status, none.as_str()), (200, ""));
    host.stop();
}

#[test]
fn a_long_log_is_one_stream() {
    let data = tempfile::tempdir().unwrap();
    let host = host(data.path());
    let address = host.address();
    let mut ann = Client::connect(address, "s", "ann");
    let large = "x".repeat(100_000);
    for n in 0..30 {
        ann.say(&format!("{n}{large}"));
    }
    let (status, log) = ask(address, "GET /stores/s/log", TOKEN, "");
    assert_eq!((status, log.matches(&large).count()), (200, 30));
    let (_, part) = ask(address, "GET /stores/s/log?after=10&limit=15", TOKEN, "");
    assert_eq!(part.matches(&large).count(), 15);
    host.stop();
}

#[test]
fn an_operator_sees_redacts_and_resets_and_nobody_else_may() {
    let data = tempfile::tempdir().unwrap();
    let host = host(data.path());
    let address = host.address();
    let mut ann = Client::connect(address, "s", "ann");
    ann.say("my password");
    ann.say("fine");
    for (request, body) in [
        ("GET /stores", ""),
        ("GET /metrics", ""),
        ("GET /stores/s/info", ""),
        ("POST /stores/s/verify", ""),
        ("POST /stores/s/reset", ""),
        ("POST /stores/s/redact", r#"{"seq":1,"args":{"text":"gone"}}"#),
    ] {
        assert_eq!(ask(address, request, TOKEN, body).0, 401, "{request}");
    }
    let (_, stores) = ask(address, "GET /stores", ADMIN, "");
    let stores: Value = serde_json::from_str(&stores).unwrap();
    assert_eq!((&stores[0]["store"], stores.as_array().unwrap().len()), (&json!("s"), 1));
    assert_eq!((&stores[0]["head"], &stores[0]["connections"]), (&json!(2), &json!(1)), "{stores}");
    let (_, metrics) = ask(address, "GET /metrics", ADMIN, "");
    assert!(metrics.contains("\nsyncline_pushes_total 2\n"), "{metrics}");
    let (_, info) = ask(address, "GET /stores/s/info", ADMIN, "");
    assert!(info.contains("\"head\":2") && info.contains("\"connections\":1"), "{info}");
    let (_, sound) = ask(address, "POST /stores/s/verify", ADMIN, "");
    assert!(sound.contains("\"sound\":true"), "{sound}");
    let (status, _) = ask(address, "POST /stores/s/redact", ADMIN, r#"{"seq":1,"args":{"text":"gone"}}"#);
    assert_eq!(status, 200);
    assert_eq!(ann.expect("redacted")["entry"]["args"]["text"], "gone");
    assert_eq!(ask(address, "POST /stores/s/reset", ADMIN, "").0, 200);
    loop {
        match ann.hear() {
            Heard::Frame(_) => {}
            Heard::Closed(why) => break assert_eq!(why.unwrap().reason.as_str(), "log-diverged"),
        }
    }
    assert_eq!(Client::read_all(address, "s", "bob").len(), 0);
    host.stop();
}

#[test]
fn who_reads_a_store_that_is_not_there_makes_none() {
    let data = tempfile::tempdir().unwrap();
    let host = host(data.path());
    for path in ["log", "state"] {
        assert_eq!(ask(host.address(), &format!("GET /stores/none/{path}"), TOKEN, "").0, 200);
    }
    assert_eq!(ask(host.address(), "GET /stores/none/info", ADMIN, "").0, 200);
    assert_eq!(std::fs::read_dir(data.path().join("stores")).unwrap().count(), 0);
    host.stop();
}
