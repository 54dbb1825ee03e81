//! A server that speaks TLS.

use std::path::Path;

use super::{command, finish, text};
use crate::client::TOKEN;
use crate::host::Process;

#[test]
fn commands_speak_tls_with_a_server_whose_certificate_is_trusted() {
    let data = tempfile::tempdir().unwrap();
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/tls");
    let (certificate, key) = (keys.join("certificate.pem"), keys.join("key.pem"));
    let server = Process::start(data.path(), &["--tls-cert", text(&certificate), "--tls-key", text(&key)]);
    let url = format!("https://localhost:{}", server.address.port());
    let run = |args: &[&str], trusted: bool| {
        let mut command = command(&[args, &["--url", &url, "--token", TOKEN]].concat());
        if trusted {
            command.env("SSL_CERT_FILE", &certificate);
        } else {
            command.env_remove("SSL_CERT_FILE");
        }
        finish(command.spawn().unwrap())
    };
    run(&["bench", "--store", "s", "--seconds", "1", "--clients", "1"], true).refused_nothing();
    assert!(!run(&["log", "s", "--limit", "1"], true).lines().is_empty());
    assert_eq!(run(&["tail", "s", "-n", "1", "--count", "1", "--json"], true).lines().len(), 1);
    run(&["log", "s"], false).refused(6, "server-unreachable");
    run(&["tail", "s"], false).refused(6, "server-unreachable");
    server.kill();
}
