//! Who is let in, over a socket. What makes a token good is tested in crates/auth.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Sender, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use syncline_auth::{SigningKey, header, sign};
use syncline_engine::protocol::{Args, Code, Commit, ErrorFrame, Millis, StoreId, Subject};
use syncline_engine::{Authorize, Grant, HookContext, Hooks, Rejection};
use syncline_server::{AuthMode, Config, ConfigError, Policy, Settings};

use super::client::{Client, TOKEN, commit, hello, open, push};
use super::host::{Host, settings};

const P256: &str = include_str!("../../../auth/tests/auth/keys/p256.pem");
const JWKS: &str = include_str!("../../../auth/tests/auth/keys/jwks.json");
const SECRET: &str = "a secret of the issuer and the server";

fn token(key: &SigningKey, id: Option<&str>, stores: &Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({ "sub": "ann", "exp": now + 600, "syncline": stores });
    sign(key, &header(key, id), &claims).unwrap()
}

fn jwt(more: &str) -> Settings {
    let algorithms = if more.contains("jwks-url") { "\"HS256\", \"ES256\"" } else { "\"HS256\"" };
    let text = format!("[auth]\nmode = \"jwt\"\nalgorithms = [{algorithms}]\nsecret = \"{SECRET}\"\n{more}");
    toml::from_str(&text).unwrap()
}

fn start(data: &std::path::Path, auth: Settings) -> Host {
    Host::with(auth.or(Settings { token: None, ..settings(data) }))
}

fn connect(address: SocketAddr, store: &str, token: &str) -> Client {
    let mut client = Client { socket: open(address, store), name: "ann".to_owned(), counter: 0 };
    client.send(&hello(store, "ann", token));
    client
}

/// An issuer that answers with its keys once it is told to; how often it was asked is what comes back.
fn issuer() -> (SocketAddr, Sender<()>, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (publish, published) = channel::<()>();
    let asked = std::thread::spawn(move || {
        let mut asked = 0;
        while published.recv().is_ok() {
            let (mut stream, _) = listener.accept().unwrap();
            asked += 1;
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).unwrap() > 0);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", JWKS.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(JWKS.as_bytes()).unwrap();
        }
        asked
    });
    (address, publish, asked)
}

#[test]
fn a_token_waits_for_the_keys_of_its_issuer_and_nobody_else_does() {
    let data = tempfile::tempdir().unwrap();
    let (address, publish, asked) = issuer();
    let host = start(data.path(), jwt(&format!("jwks-url = \"http://{address}/keys\"")));
    let key = SigningKey::from_pem(P256).unwrap();
    let of_issuer = token(&key, Some("p256"), &json!({ "write": ["*"] }));
    let mut waits = connect(host.address(), "team", &of_issuer);
    waits.send(&json!({ "type": "pull", "after": 0 }).to_string());
    let of_secret = token(&SigningKey::Secret(SECRET.into()), None, &json!({ "write": ["*"] }));
    let mut other = connect(host.address(), "team", &of_secret);
    other.expect("welcome");
    publish.send(()).unwrap();
    waits.expect("welcome");
    waits.expect("entries");
    connect(host.address(), "another", &of_issuer).expect("welcome");
    drop(publish);
    assert_eq!(asked.join().unwrap(), 1, "the keys are there for all");
    host.stop();
}

#[test]
fn an_issuer_that_is_down_is_no_fault_of_its_tokens_and_holds_up_nobody_else() {
    let data = tempfile::tempdir().unwrap();
    let gone = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let issuer = jwt(&format!("jwks-url = \"http://{gone}/keys\""));
    let host = start(data.path(), Settings { admin_token: Some("operator".to_owned()), ..issuer });
    let key = SigningKey::from_pem(P256).unwrap();
    let mut ann = connect(host.address(), "team", &token(&key, None, &json!({ "write": ["*"] })));
    let refused = ann.frame();
    assert_eq!(refused["code"], "server-failed", "nobody can say that it is a wrong one");
    assert!(refused["retryAfterMs"].as_u64().unwrap() > 0);
    let of_secret = token(&SigningKey::Secret(SECRET.into()), None, &json!({ "write": ["*"] }));
    connect(host.address(), "team", &of_secret).expect("welcome");
    let (_, metrics) = super::routes::ask(host.address(), "GET /metrics", "operator", "");
    assert!(metrics.contains("\nsyncline_keys_failures_total 1\n"), "{metrics}");
    host.stop();
}

#[test]
fn a_token_opens_the_stores_that_it_names_to_read_or_to_write() {
    let data = tempfile::tempdir().unwrap();
    let host = start(data.path(), jwt(""));
    let key = SigningKey::Secret(SECRET.into());
    let reads = token(&key, None, &json!({ "read": ["news"], "write": ["team-*"] }));
    connect(host.address(), "team-1", &reads).expect("welcome");
    let mut ann = connect(host.address(), "news", &reads);
    ann.expect("welcome");
    ann.send(&push(&[commit("ann", 1, &["hello".to_owned()])]));
    assert_eq!(ann.expect("error")["code"], "read-only");
    assert_eq!(connect(host.address(), "other", &reads).frame()["code"], "forbidden");
    let mut mallory =
        Client { socket: open(host.address(), "team-1"), name: "mallory".to_owned(), counter: 0 };
    mallory.send(&hello("team-1", "mallory", &reads));
    assert_eq!(mallory.frame()["code"], "unauthorized", "the token names the subject");
    host.stop();
}

struct Own;

impl Authorize for Own {
    fn authorize(&self, _: &StoreId, token: Option<&str>, _: Millis) -> Result<Grant, ErrorFrame> {
        match token {
            Some("open sesame") => {
                Ok(Grant { subject: Some(Subject::parse("ann").unwrap()), ..Grant::TRUSTED })
            }
            Some(_) | None => Err(ErrorFrame::new(Code::Unauthorized, "say the word")),
        }
    }
}

impl Hooks for Own {
    fn connect(&self, cx: &HookContext<'_>, _: Option<&Args>) -> Result<(), Rejection> {
        if cx.store.as_str() == "closed" { Err(Rejection::new("closed", "for today")) } else { Ok(()) }
    }

    fn push(&self, _: &HookContext<'_>, commits: &[Commit]) -> Result<(), Rejection> {
        if commits.len() > 1 { Err(Rejection::new("one-at-a-time", "please")) } else { Ok(()) }
    }
}

#[test]
fn an_app_says_by_its_own_code_who_may_connect_and_what_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let policy = Policy { authorize: Some(&Own), hooks: &Own };
    let host = Host::with_policy(settings(data.path()), &policy);
    assert_eq!(connect(host.address(), "s", TOKEN).frame()["message"], "say the word");
    let refused = connect(host.address(), "closed", "open sesame").frame();
    assert_eq!(
        (&refused["code"], &refused["message"]),
        (&json!("connect-refused"), &json!("closed: for today"))
    );
    let mut ann = connect(host.address(), "s", "open sesame");
    ann.expect("welcome");
    let commits: Vec<Value> = (1..=2).map(|counter| commit("ann", counter, &["hi".to_owned()])).collect();
    ann.send(&push(&commits));
    assert_eq!(ann.expect("error")["code"], "push-refused");
    ann.send(&push(&commits[..1]));
    assert_eq!(ann.expect("verdicts")["verdicts"][0]["status"], "accepted");
    host.stop();
}

#[test]
fn a_file_says_all_that_the_docs_name() {
    let settings: Settings = toml::from_str(include_str!("syncline.toml")).unwrap();
    let config = Config::new(settings, &Policy::default(), |_| None).unwrap();
    assert!(config.auth.has_issuer());
    assert_eq!((config.room.limits.message_bytes, config.room.rates.client_events), (2 << 20, 100));
    assert_eq!((config.room.upkeep.snapshot_every, config.connections), (1_000, 500));
}

#[test]
fn who_may_connect_is_said_in_one_place_and_whole() {
    let new = |settings: Settings, vars: &[(&str, &str)]| {
        let var =
            |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::new(settings, &Policy::default(), var)
    };
    let token = |token: &str| Settings { token: Some(token.to_owned()), ..Settings::default() };
    assert!(matches!(new(Settings::default(), &[]), Err(ConfigError::NoAuth)));
    assert!(matches!(new(token(""), &[]), Err(ConfigError::NoAuth)));
    assert!(matches!(new(jwt("").or(token("secret")), &[]), Err(ConfigError::TwoAuths)));
    let mode = || Settings { auth_mode: Some(AuthMode::Jwt), ..Settings::default() };
    assert!(matches!(new(mode(), &[]), Err(ConfigError::Auth(_))));
    let vars = [("SYNCLINE_JWT_ALGORITHMS", "HS256"), ("SYNCLINE_JWT_SECRET", SECRET)];
    assert!(new(mode(), &vars).is_ok());
    let room = [("SYNCLINE_RATES", "{ \"client-events\": \"many\" }")];
    assert!(matches!(new(token("secret"), &room), Err(ConfigError::Room(_))));
    assert!(toml::from_str::<Settings>("token = \"in the file\"").is_err(), "a table `auth` says it there");
}
