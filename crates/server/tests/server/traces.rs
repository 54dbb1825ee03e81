//! What a collector is sent: spans without a token or anything of what was said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use syncline_server::Settings;

use super::client::{Client, TOKEN};
use super::host::{Host, settings};

const SAID: &str = "nobody's business";

fn traced(data: &Path, url: String) -> Host {
    Host::with(Settings { otlp_url: Some(url), ..settings(data) })
}

#[test]
fn a_push_and_a_request_are_traced_to_a_collector_without_tokens_or_payloads() {
    let collector = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/v1/traces", collector.local_addr().unwrap());
    let taken = std::thread::spawn(move || {
        let mut all = Vec::new();
        // Both spans may come in one batch, or in two.
        while !(contains(&all, b"push") && contains(&all, b"/stores/s/log")) {
            let (stream, _) = collector.accept().unwrap();
            let mut stream = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            assert!(
                head.starts_with("POST /v1/traces ") && head.contains("application/x-protobuf"),
                "{head}"
            );
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            all.extend(body);
            write!(stream.get_mut(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
        all
    });
    let data = tempfile::tempdir().unwrap();
    let host = traced(data.path(), url);
    Client::connect(host.address(), "s", "ann").say(SAID);
    assert_eq!(super::routes::ask(host.address(), "GET /stores/s/log?after=0", TOKEN, "").0, 200);
    // What was not sent yet is sent now.
    host.stop();
    let all = taken.join().unwrap();
    for text in ["syncline", "syncline.store", "syncline.accepted", "syncline.subject", "ann", "request"] {
        assert!(contains(&all, text.as_bytes()), "{text}: {}", String::from_utf8_lossy(&all));
    }
    for secret in [TOKEN, SAID] {
        assert!(!contains(&all, secret.as_bytes()), "{}", String::from_utf8_lossy(&all));
    }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_collector_that_is_not_there_is_in_nobodys_way() {
    let data = tempfile::tempdir().unwrap();
    let gone = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let host = traced(data.path(), format!("http://{gone}/v1/traces"));
    let mut ann = Client::connect(host.address(), "s", "ann");
    // More than are kept for it.
    for _ in 0..3_000 {
        ann.say("on");
    }
    let began = Instant::now();
    host.stop();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
