//! The server as it speaks TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use syncline_server::{Config, Policy, Server, Settings, StartError};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::Message;

use super::client::{TOKEN, commit, hello, push};
use super::host::{Host, Process, settings};
use super::model::Sayings;

/// Of `localhost`, for a hundred years.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/tls").join(name)
}

fn encrypted(data: &Path) -> Settings {
    let (tls_cert, tls_key) = (Some(file("certificate.pem")), Some(file("key.pem")));
    Settings { tls_cert, tls_key, head_ms: Some(200), ..settings(data) }
}

fn tls(host: &Host) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("certificate.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let stream = TcpStream::connect(host.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    StreamOwned::new(connection, stream)
}

#[test]
fn a_socket_and_a_request_are_served_over_tls() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(encrypted(data.path()));
    let url = "wss://localhost/stores/s/sync";
    let (mut socket, _) = tungstenite::client(url, tls(&host)).unwrap();
    let mut hear = |text: String| -> Value {
        socket.send(Message::text(text)).unwrap();
        serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap()
    };
    assert_eq!(hear(hello("s", "ann", TOKEN))["type"], "welcome");
    // More than one record of TLS holds.
    let large = "x".repeat(100_000);
    let decided = hear(push(&[commit("ann", 1, &[large])]));
    assert!(["verdicts", "entries"].contains(&decided["type"].as_str().unwrap()), "{decided}");
    let mut stream = tls(&host);
    let head = "GET /stores/s/log?after=0 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    write!(stream, "{head}authorization: Bearer {TOKEN}\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 ") && said.len() > 100_000, "{} bytes", said.len());
    host.stop();
}

#[test]
fn who_agrees_on_no_keys_is_cut_and_learns_nothing() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::with(encrypted(data.path()));
    let mut silent = TcpStream::connect(host.address()).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(silent.read(&mut [0; 64]).unwrap_or(0), 0);
    let mut plain = TcpStream::connect(host.address()).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(plain, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut said = Vec::new();
    // It is reset where the request was not read to its end.
    drop(plain.read_to_end(&mut said));
    assert!(!String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
    host.stop();
}

#[test]
fn a_certificate_and_a_key_that_do_not_go_together_are_refused_by_name() {
    let data = tempfile::tempdir().unwrap();
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../auth/tests/auth/keys/p256.pem");
    for (key, why) in [(other, "the certificate and the key"), (file("certificate.pem"), "certificate.pem")] {
        let settings = Settings { tls_key: Some(key), ..encrypted(data.path()) };
        let config = Config::new(settings, &Policy::default(), |_| None).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let Err(error) = runtime.block_on(Server::start::<Sayings>(config)) else { panic!("it starts") };
        assert!(matches!(error, StartError::Tls(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    let paths = [file("certificate.pem"), file("key.pem")].map(|path| path.display().to_string());
    let server = Process::start(data.path(), &["--tls-cert", &paths[0], "--tls-key", &paths[1]]);
    assert!(server.kill().join("\n").contains("tls=true"));
}
