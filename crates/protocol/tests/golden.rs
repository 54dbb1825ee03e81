//! Every message, as it stands on the wire: the files in `golden/` decode to the values here, and the
//! values encode to the files, byte for byte.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};

use syncline_protocol::*;

const DIGEST_OF_ABC: &[u8] = b"abc";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn frame(name: &str) -> String {
    let text = std::fs::read_to_string(golden().join(name).with_extension("json")).unwrap();
    text.strip_suffix('\n').expect("a golden file ends with a line break").to_owned()
}

fn seq(n: u64) -> Seq {
    Seq::new(n).unwrap()
}

fn counter(n: u64) -> Counter {
    Counter::new(n).unwrap()
}

fn args(text: &str) -> Args {
    Args::parse(text).unwrap()
}

fn chain() -> Chain {
    (0..32).map(|byte| format!("{byte:02x}")).collect::<String>().parse().unwrap()
}

fn schema_hash() -> SchemaHash {
    SchemaHash::parse("0123456789abcdef").unwrap()
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL_VERSION,
        store: StoreId::parse("team-1").unwrap(),
        client: ClientId::parse("client-A").unwrap(),
        subject: Some(Subject::parse("ada").unwrap()),
        model_version: ModelVersion(3),
        schema_hash: schema_hash(),
        token: Some("secret".to_owned()),
        cursor: Some(Cursor {
            incarnation: Incarnation::parse("life-1").unwrap(),
            seq: seq(41),
            chain: chain(),
        }),
        snapshots: false,
        redactions: RedactionNumber::NONE,
        payload: None,
    }
}

fn event(name: &str, text: &str) -> RawEvent {
    RawEvent { name: name.to_owned(), args: args(text) }
}

fn commit(n: u64, events: Vec<RawEvent>) -> Commit {
    Commit {
        counter: counter(n),
        author: Subject::parse("ada").unwrap(),
        model_version: ModelVersion(3),
        events,
    }
}

const POSTED: &str = r#"{"id":"m1","text":"Grüße 👋"}"#;
const AS_WRITTEN: &str = r#"{ "title" : "as written" }"#;

fn client_messages() -> Vec<(&'static str, ClientMessage)> {
    let first = Hello { subject: None, token: None, cursor: None, ..hello() };
    let many = vec![event("listCleared", "null"), event("todoAdded", AS_WRITTEN)];
    vec![
        ("client-hello", ClientMessage::Hello(hello())),
        ("client-hello-first", ClientMessage::Hello(first)),
        (
            "client-push",
            ClientMessage::Push(Push { commits: vec![commit(7, vec![event("messagePosted", POSTED)])] }),
        ),
        ("client-push-many", ClientMessage::Push(Push { commits: vec![commit(7, many), commit(8, vec![])] })),
        (
            "client-hello-redactions",
            ClientMessage::Hello(Hello { redactions: RedactionNumber::new(3).unwrap(), ..hello() }),
        ),
        ("client-hello-snapshots", ClientMessage::Hello(Hello { snapshots: true, ..hello() })),
        ("client-pull", ClientMessage::Pull(Pull { after: seq(41), part: None })),
        ("client-pull-part", ClientMessage::Pull(Pull { after: seq(42), part: Some(1) })),
        ("client-ack", ClientMessage::Ack(Ack { seq: seq(MAX_NUMBER) })),
        ("client-presence", client_presence(Some(args(r#"{"typing":true}"#)))),
        ("client-presence-gone", client_presence(None)),
        ("client-auth", ClientMessage::Auth(Auth { token: "secret-2".to_owned() })),
    ]
}

fn entry(at: u64, n: u64, place: (u32, u32), time: u64, name: &str, text: &str) -> Entry {
    Entry {
        seq: seq(at),
        client: ClientId::parse("client-A").unwrap(),
        counter: counter(n),
        index: place.0,
        of: place.1,
        author: Subject::parse("ada").unwrap(),
        time: Millis::new(time).unwrap(),
        name: name.to_owned(),
        args: args(text),
        redacted: None,
    }
}

fn entries(after: u64, head: u64, entries: Vec<Entry>) -> ServerMessage {
    ServerMessage::Entries(Entries { after: seq(after), head: seq(head), entries })
}

fn accepted(n: u64, first: u64, last: u64) -> Verdict {
    Verdict { counter: counter(n), outcome: Outcome::Accepted { first: seq(first), last: seq(last) } }
}

fn rejected(n: u64, rejection: Rejection) -> Verdict {
    Verdict { counter: counter(n), outcome: Outcome::Rejected(rejection) }
}

fn client_presence(value: Option<Args>) -> ClientMessage {
    ClientMessage::Presence(Presence { session: SessionId::parse("tab-1").unwrap(), value })
}

fn presence(value: Option<Args>) -> ServerMessage {
    ServerMessage::Presence(PresenceOf {
        client: ClientId::parse("client-B").unwrap(),
        session: SessionId::parse("tab-1").unwrap(),
        subject: Subject::parse("grace").unwrap(),
        value,
    })
}

fn redacted() -> Entry {
    let posted = entry(42, 7, (0, 1), 1_800_000_000_000, "messagePosted", POSTED);
    posted.redact(args(r#"{"id":"m1","text":""}"#))
}

fn of_one_commit() -> Vec<Entry> {
    let time = 1_800_000_000_001;
    vec![
        entry(43, 8, (0, 3), time, "listCleared", "null"),
        entry(44, 8, (1, 3), time, "todoAdded", AS_WRITTEN),
        entry(45, 8, (2, 3), time, "todoAdded", r#"{"size":1e400}"#),
    ]
}

fn of_both_kinds() -> Vec<Verdict> {
    let unique = Rejection::coded(Code::ConstraintUnique, "UNIQUE constraint failed: people.name");
    vec![
        accepted(7, 42, 42),
        accepted(8, 43, 45),
        rejected(9, Rejection::new("not-a-member", "Only members of the channel can do that.")),
        rejected(10, unique),
    ]
}

fn server_messages() -> Vec<(&'static str, ServerMessage)> {
    let welcome = Welcome {
        incarnation: Incarnation::parse("life-1").unwrap(),
        head: seq(42),
        decided: counter(6),
        model_version: ModelVersion(3),
        limits: Limits::DEFAULT,
        snapshot: None,
    };
    let digest = Digest::of(DIGEST_OF_ABC);
    let offer = SnapshotOffer { seq: seq(42), chain: chain(), digest, parts: 2 };
    let offering = Welcome { snapshot: Some(offer), ..welcome.clone() };
    let snapshot = Snapshot {
        seq: seq(42),
        chain: chain(),
        schema_hash: schema_hash(),
        digest: Digest::of(DIGEST_OF_ABC),
        part: 0,
        of: 2,
        data: "U1FMaXRl".to_owned(),
    };
    let verdicts = |head, verdicts| ServerMessage::Verdicts(Verdicts { head: seq(head), verdicts });
    let retry = ErrorFrame {
        retry_after_ms: Some(1500),
        ..ErrorFrame::new(Code::ServerFailed, "the storage failed: disk I/O error")
    };
    let number = RedactionNumber::new(4).unwrap();
    let last =
        entry(43, 8, (0, 1), 1_800_000_000_001, "messagePosted", r#"{"id":"m2","text":"still there"}"#);
    let posted = entry(42, 7, (0, 1), 1_800_000_000_000, "messagePosted", POSTED);
    vec![
        ("server-welcome", ServerMessage::Welcome(welcome)),
        ("server-welcome-snapshot", ServerMessage::Welcome(offering)),
        ("server-entries", entries(41, 42, vec![posted])),
        ("server-entries-redacted", entries(41, 43, vec![redacted(), last])),
        ("server-redacted", ServerMessage::Redacted(Redacted { number, entry: redacted() })),
        ("server-entries-none", entries(42, 42, vec![])),
        ("server-entries-of-one-commit", entries(42, 50, of_one_commit())),
        ("server-verdicts", verdicts(42, vec![accepted(7, 42, 42)])),
        ("server-verdicts-of-both-kinds", verdicts(45, of_both_kinds())),
        ("server-snapshot", ServerMessage::Snapshot(snapshot)),
        ("server-presence", presence(Some(args(r#"{"typing":true}"#)))),
        ("server-presence-gone", presence(None)),
        (
            "server-error",
            ServerMessage::Error(ErrorFrame::new(Code::Unauthorized, "the token is missing or wrong")),
        ),
        ("server-error-retry", ServerMessage::Error(retry)),
    ]
}

#[test]
fn a_clients_message_stands_on_the_wire_as_its_golden_file() {
    for (name, message) in client_messages() {
        let text = frame(name);
        assert_eq!(decode_client(&text, text.len()).unwrap(), message, "{name}");
        assert_eq!(message.encode(), text, "{name}");
    }
}

#[test]
fn a_servers_message_stands_on_the_wire_as_its_golden_file() {
    for (name, message) in server_messages() {
        let text = frame(name);
        assert_eq!(decode_server(&text).unwrap(), message, "{name}");
        assert_eq!(message.encode(), text, "{name}");
    }
}

#[test]
fn every_golden_file_is_read_by_a_test() {
    let mut tested: Vec<_> = client_messages().into_iter().map(|(name, _)| name).collect();
    tested.extend(server_messages().into_iter().map(|(name, _)| name));
    tested.sort_unstable();
    let mut files: Vec<_> = std::fs::read_dir(golden())
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort_unstable();
    assert_eq!(tested, files);
}

#[test]
fn every_kind_of_message_has_a_golden_file() {
    for kind in ["hello", "push", "pull", "ack", "presence", "auth"] {
        assert!(frame(&format!("client-{kind}")).starts_with(&format!(r#"{{"type":"{kind}","#)));
    }
    for kind in ["welcome", "entries", "verdicts", "snapshot", "redacted", "presence", "error"] {
        assert!(frame(&format!("server-{kind}")).starts_with(&format!(r#"{{"type":"{kind}","#)));
    }
}

#[test]
fn the_short_way_to_a_frame_writes_the_same_bytes() {
    assert_eq!(hello().encode(), ClientMessage::Hello(hello()).encode());
    let pull = Pull { after: seq(41), part: None };
    assert_eq!(pull.encode(), ClientMessage::Pull(pull.clone()).encode());
}
