//! What client and server say to each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Args, Chain, ClientId, Code, Commit, Counter, Digest, Entry, Incarnation, Limits, ModelVersion,
    RedactionNumber, SchemaHash, Seq, SessionId, StoreId, Subject, Verdict,
};

/// From client to server.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ClientMessage {
    /// The first message on a socket.
    Hello(Hello),
    /// Commits to be decided.
    Push(Push),
    /// A page of the log.
    Pull(Pull),
    /// Entries that the client has stored.
    Ack(Ack),
    /// An ephemeral value of this session.
    Presence(Presence),
    /// A fresh token on the live socket.
    Auth(Auth),
}

/// From server to client.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ServerMessage {
    /// The answer to `hello`.
    Welcome(Welcome),
    /// Entries of the log, in order, without gaps.
    Entries(Entries),
    /// Decisions on commits of a push.
    Verdicts(Verdicts),
    /// One part of a state snapshot.
    Snapshot(Snapshot),
    /// An entry whose args were replaced.
    Redacted(Redacted),
    /// Ephemeral values of others.
    Presence(PresenceOf),
    /// What went wrong with the connection; never with a commit.
    Error(ErrorFrame),
}

/// A place in one life of a log: what a client has followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// Which life of the log.
    pub incarnation: Incarnation,
    /// The last entry that the client has.
    pub seq: Seq,
    /// The fingerprint of the log up to there.
    pub chain: Chain,
}

/// Who connects, to what, and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// The protocol version; see [`crate::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The store, as in the URL.
    pub store: StoreId,
    /// The client whose outbox it is.
    pub client: ClientId,
    /// Who is signed in, where the token does not say it (a shared token: trusted clients).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The client's model.
    pub model_version: ModelVersion,
    /// The client's tables.
    pub schema_hash: SchemaHash,
    /// The token, where it was not in the `Authorization` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where the client has come to; absent on its first connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Whether the client asks by itself for the first page, or for a snapshot in its place, where one is
    /// offered.
    #[serde(default, skip_serializing_if = "is_false")]
    pub snapshots: bool,
    /// The number of the last redaction that the client has made its own.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub redactions: RedactionNumber,
    /// What the app's own hook wants to know at connect; any JSON value of at most 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Args>,
}

fn is_false(yes: &bool) -> bool {
    !yes
}

fn is_none_yet(number: &RedactionNumber) -> bool {
    *number == RedactionNumber::NONE
}

/// Commits to be decided, in the order of their counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Push {
    /// At least one.
    pub commits: Vec<Commit>,
}

/// Asks for the page of the log after a seq. A client that is behind pulls page after page, at its
/// own pace; the page that reaches the head makes the socket live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pull {
    /// The last entry that the client has.
    pub after: Seq,
    /// In place of the log: this part, from 0, of the snapshot at `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
}

/// Entries up to `seq` are stored by the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ack {
    /// The last stored entry.
    pub seq: Seq,
}

/// An ephemeral value of a session: never logged, gone with the socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// Which of the sessions behind this socket.
    pub session: SessionId,
    /// Any JSON value of at most 512 bytes; absent when the session is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Args>,
}

/// A fresh token on the live socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Auth {
    /// The token.
    pub token: String,
}

/// The server's side of the greeting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// Which life of the log this is.
    pub incarnation: Incarnation,
    /// The last entry of the log.
    pub head: Seq,
    /// The client's last decided commit; 0 where none is.
    pub decided: Counter,
    /// The server's model.
    pub model_version: ModelVersion,
    /// The limits in force.
    pub limits: Limits,
    /// A snapshot of the state, where there is one for the client's tables: to start from, or to compare
    /// with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotOffer>,
}

/// A snapshot of the state that can be had in parts, by `pull`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotOffer {
    /// The last entry that the state holds.
    pub seq: Seq,
    /// The chain there.
    pub chain: Chain,
    /// Of the state: of all parts, one after the other.
    pub digest: Digest,
    /// How many parts.
    pub parts: u32,
}

/// Entries of the log, in order, without gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entries {
    /// The seq before the first of them. A client skips what it already has.
    pub after: Seq,
    /// The head of the log: a client that does not reach it with this message pulls.
    pub head: Seq,
    /// Whole commits.
    pub entries: Vec<Entry>,
}

/// Decisions on the commits of one push, after the entries that they led to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdicts {
    /// The head that the decisions follow.
    pub head: Seq,
    /// In the order of the counters.
    pub verdicts: Vec<Verdict>,
}

/// One part of the state at a seq.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The last entry that the state holds.
    pub seq: Seq,
    /// The chain there.
    pub chain: Chain,
    /// Whose tables they are.
    pub schema_hash: SchemaHash,
    /// Of the whole snapshot.
    pub digest: Digest,
    /// Which part, from 0.
    pub part: u32,
    /// How many parts.
    pub of: u32,
    /// About 1 MiB of it: whole lines, each a JSON value. An object names a table and its columns, an array
    /// is one of its rows.
    pub data: String,
}

/// An entry whose args were replaced, after it was logged: to be stored in place of the one with its seq,
/// if the client has that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Redacted {
    /// Redactions are numbered in the order in which they were made; `hello` names the last one known.
    pub number: RedactionNumber,
    /// The entry as it is now.
    pub entry: Entry,
}

/// The ephemeral value of another session; absent when it is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceOf {
    /// Whose client.
    pub client: ClientId,
    /// Which of its sessions.
    pub session: SessionId,
    /// Whose name.
    pub subject: Subject,
    /// The value, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Args>,
}

/// What went wrong with the connection, the load, the token or the version. It decides no commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorFrame {
    /// Stable, for programs.
    pub code: Code,
    /// For people.
    pub message: String,
    /// When trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
}

impl ErrorFrame {
    /// An error without a time to wait.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None }
    }
}
