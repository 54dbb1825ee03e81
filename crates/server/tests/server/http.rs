//! What is answered before there is a socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::client::TOKEN;
use super::host::Host;

/// Sends a request, and reads all of the answer.
fn ask(address: SocketAddr, request: &str, more: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn each_request_has_its_status_and_code() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let upgrade = "upgrade: websocket\r\n";
    let wrong = format!("authorization: Bearer wrong\r\n{upgrade}");
    let right = format!("authorization: Bearer {TOKEN}\r\n");
    for (request, more, status, said) in [
        ("GET /health", "", 200, "\"ok\""),
        ("GET /ready", "", 200, "\"ok\""),
        ("OPTIONS /health", "", 204, "access-control-allow-origin: *"),
        ("POST /health", "", 405, "method-not-allowed"),
        ("GET /", "", 404, "not-found"),
        ("GET /stores/s/sync/", "", 404, "not-found"),
        ("GET /stores/s/sync", "", 426, "upgrade-expected"),
        ("GET /stores/s/sync", right.as_str(), 426, "upgrade-expected"),
        ("GET /stores/s/sync", wrong.as_str(), 401, "unauthorized"),
        ("GET /stores/s/sync", "authorization: Basic eDp5\r\n", 401, "www-authenticate: Bearer"),
        ("GET /stores/s/sync", upgrade, 400, "bad-request"),
        ("GET /stores/a.b/sync", upgrade, 404, "bad-store-id"),
        ("GET /stores/%2e%2e/sync", upgrade, 404, "bad-store-id"),
        ("GET /stores/..%2f..%2fetc/sync", upgrade, 404, "bad-store-id"),
        ("GET /stores/a%00/sync", upgrade, 404, "bad-store-id"),
        ("GET /stores/a'%3bDROP/sync", upgrade, 404, "bad-store-id"),
        ("GET /stores/../sync", upgrade, 404, "bad-store-id"),
        ("GET /stores/../../lock/sync", upgrade, 404, "not-found"),
    ] {
        let answer = ask(host.address(), request, more);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.contains(said), "{request}: {answer}");
    }
    let files: Vec<_> = std::fs::read_dir(data.path().join("stores")).unwrap().collect();
    assert!(files.is_empty(), "whoever has no token makes no store: {files:?}");
    host.stop();
}

#[test]
fn a_server_that_stops_ends_its_streams_of_events_and_does_not_wait_for_them() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let mut stream = TcpStream::connect(host.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET /stores/s/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\r\n")
        .unwrap();
    let (mut said, mut bytes) = (String::new(), [0; 1_024]);
    while !said.contains("retry: 1000") {
        let read = stream.read(&mut bytes).unwrap();
        assert!(read > 0, "{said}");
        said.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    let began = Instant::now();
    host.stop();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "it ends as an answer does: {rest:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "nothing comes for fifteen seconds, and nobody waits");
}
