//! Who holds a connection and does nothing with it: each is cut, and nobody else notices.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;
use syncline_server::Settings;

use super::client::{Client, Heard, TOKEN, commit, hello, open, push};
use super::host::{Host, settings};

/// Longer than anything takes that is not broken.
const LONG: Duration = Duration::from_secs(20);

/// As long as any of it takes in these tests.
const SHORT_MS: u64 = 200;

fn impatient(data: &std::path::Path) -> Settings {
    Settings {
        head_ms: Some(SHORT_MS),
        body_ms: Some(SHORT_MS),
        silence_ms: Some(SHORT_MS),
        patience_ms: Some(SHORT_MS),
        ..settings(data)
    }
}

fn raw(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// All that comes until the other side is gone, and how long that took.
fn until_cut(mut stream: TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
}

/// Sends byte after byte until nobody takes them any more.
fn drip(mut stream: TcpStream, byte: u8) {
    let began = Instant::now();
    while stream.write_all(&[byte]).is_ok() {
        assert!(began.elapsed() < LONG, "it is never cut");
        std::thread::sleep(Duration::from_millis(SHORT_MS / 10));
    }
}

#[test]
fn who_says_nothing_at_all_or_a_head_byte_by_byte_is_cut() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(impatient(data.path()));
    let (_, took) = until_cut(raw(host.address()));
    assert!(took >= Duration::from_millis(SHORT_MS), "it was given time");
    let mut stream = raw(host.address());
    write!(stream, "GET /health HTTP/1.1\r\nx: ").unwrap();
    drip(stream, b'x');
    host.stop();
}

#[test]
fn a_body_that_comes_byte_by_byte_is_answered_and_cut() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(impatient(data.path()));
    let mut stream = raw(host.address());
    let head = "POST /stores/s/push HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1000\r\n";
    write!(stream, "{head}authorization: Bearer {TOKEN}\r\n\r\n").unwrap();
    let dripping = stream.try_clone().unwrap();
    let drips = std::thread::spawn(move || drip(dripping, b' '));
    let (said, _) = until_cut(stream);
    assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("the body does not come"), "{said}");
    drips.join().unwrap();
    host.stop();
}

#[test]
fn a_socket_is_asked_for_a_word_and_stays_as_long_as_it_answers() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(impatient(data.path()));
    let mut ann = Client::connect(host.address(), "s", "ann");
    let mut quiet = Client::connect(host.address(), "s", "quiet");
    // Its library answers a ping while it reads, and says nothing else: for several silences.
    quiet.socket.get_ref().set_read_timeout(Some(Duration::from_millis(SHORT_MS * 6))).unwrap();
    let waits = std::thread::spawn(move || match quiet.socket.read() {
        Ok(tungstenite::Message::Ping(_)) => loop {
            match quiet.socket.read() {
                Ok(tungstenite::Message::Text(text)) => return text.to_string(),
                Ok(_) => {}
                Err(error) => return error.to_string(),
            }
        },
        other => format!("{other:?}"),
    });
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(SHORT_MS * 5) {
        ann.send("ping");
        assert_eq!(ann.frame(), json!("pong"));
        std::thread::sleep(Duration::from_millis(SHORT_MS / 4));
    }
    ann.say("are you there?");
    let heard = waits.join().unwrap();
    assert!(heard.contains("are you there?"), "{heard}");
    host.stop();
}

#[test]
fn a_socket_whose_other_side_is_gone_without_a_word_is_cut_and_the_others_hear_of_it() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(impatient(data.path()));
    let (mut ann, mut bob) =
        (Client::connect(host.address(), "s", "ann"), Client::connect(host.address(), "s", "bob"));
    bob.send(&json!({ "type": "presence", "session": "tab", "value": { "typing": true } }).to_string());
    let here = ann.expect("presence");
    assert_eq!(here["value"]["typing"], true, "{here}");
    // It takes and answers nothing any more, pings least of all; the connection is open as far as TCP knows.
    let asleep = bob.socket.get_ref().try_clone().unwrap();
    let gone = loop {
        ann.send("ping");
        match ann.frame() {
            frame if frame["type"] == "presence" => break frame,
            _ => std::thread::sleep(Duration::from_millis(SHORT_MS / 10)),
        }
    };
    assert_eq!(gone["value"], json!(null), "{gone}");
    drop(asleep);
    host.stop();
}

#[test]
fn a_socket_that_is_half_closed_is_at_its_end() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(impatient(data.path()));
    let mut ann = Client::connect(host.address(), "s", "ann");
    ann.socket.get_ref().shutdown(Shutdown::Write).unwrap();
    let Heard::Closed(_) = ann.hear() else { panic!("it stays open") };
    host.stop();
}

#[test]
fn a_reader_that_does_not_read_is_cut_whatever_it_was_sent() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(impatient(data.path()));
    let mut ann = Client::connect(host.address(), "s", "ann");
    let large = "x".repeat(200_000);
    for _ in 0..100 {
        ann.say(&large);
    }
    // By a socket that pulls on and on, and over HTTP: 20 MB each are more than what lies between the two.
    let mut reader = Client { socket: open(host.address(), "s"), name: "bob".to_owned(), counter: 0 };
    reader.send(&hello("s", "bob", TOKEN));
    reader.expect("welcome");
    let mut stream = raw(host.address());
    let head = "GET /stores/s/log?after=0 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    write!(stream, "{head}authorization: Bearer {TOKEN}\r\n\r\n").unwrap();
    let began = Instant::now();
    let pull = json!({ "type": "pull", "after": 0 }).to_string();
    while reader.socket.send(tungstenite::Message::text(pull.as_str())).is_ok() {
        assert!(began.elapsed() < LONG, "it is never cut");
        ann.send("ping");
        ann.frame();
    }
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    drip(stream, b' ');
    ann.send(&push(&[commit("ann", 101, &["and on".to_owned()])]));
    assert_eq!(ann.expect("verdicts")["verdicts"][0]["status"], "accepted");
    host.stop();
}
