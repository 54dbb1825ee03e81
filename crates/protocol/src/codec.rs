//! Text frames to messages and back.
//!
//! Serde's internally tagged enums buffer what they read, which costs time and re-encodes raw JSON;
//! so a decoder here reads the `type` first, then the one struct that it names. What a decoder does
//! not know in an object it skips: fields can be added without a new protocol version.

use std::borrow::Cow;

use schemars::Schema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::{
    Auth, ClientMessage, Code, Entry, ErrorFrame, Hello, Presence, PresenceOf, Pull, Redacted, Seq,
    ServerMessage, Snapshot, Verdicts, Welcome,
};

/// A frame that is not a message.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Larger than allowed.
    #[error("the message has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit in force.
        limit: usize,
    },
    /// Not JSON, without a `type`, or with a field that is missing or wrong.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
    /// An array in place of an object.
    #[error("a message is a JSON object")]
    NoObject,
    /// A `type` that this version does not know.
    #[error("there is no message of type {0:?}")]
    UnknownType(String),
}

impl DecodeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::MessageTooLarge,
            Self::Malformed(_) | Self::NoObject | Self::UnknownType(_) => Code::BadMessage,
        }
    }

    /// As the frame that tells the sender.
    #[must_use]
    pub fn frame(&self) -> ErrorFrame {
        ErrorFrame::new(self.code(), excerpt(&self.to_string()))
    }
}

/// The beginning of a text that may quote what somebody sent, at whatever length: serde's errors do.
#[must_use]
pub fn excerpt(text: &str) -> String {
    const CHARS: usize = 300;
    let mut chars = text.chars();
    let mut start: String = chars.by_ref().take(CHARS).collect();
    if chars.next().is_some() {
        start.push('…');
    }
    start
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

macro_rules! decode {
    ($text:ident as $message:ident: $($tag:literal $variant:ident)*) => {{
        match tag($text)?.as_ref() {
            $($tag => Ok($message::$variant(serde_json::from_str($text)?)),)*
            other => Err(unknown(other)),
        }
    }};
}

fn unknown(tag: &str) -> DecodeError {
    DecodeError::UnknownType(tag.chars().take(64).collect())
}

/// Reads a client's frame.
///
/// # Errors
/// [`DecodeError`]; it never panics, whatever the text.
pub fn decode_client(text: &str, limit: usize) -> Result<ClientMessage, DecodeError> {
    if text.len() > limit {
        return Err(DecodeError::TooLarge { bytes: text.len(), limit });
    }
    decode!(text as ClientMessage:
        "hello" Hello "push" Push "pull" Pull "ack" Ack "presence" Presence "auth" Auth)
}

/// The token that a client's frame brings, where it brings one: what a host has to know before a room is
/// asked.
#[must_use]
pub fn token_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Bearer {
        token: Option<String>,
    }
    let brings = matches!(tag(text).ok()?.as_ref(), "hello" | "auth");
    brings.then(|| serde_json::from_str::<Bearer>(text).ok()?.token).flatten()
}

/// Reads a server's frame.
///
/// # Errors
/// [`DecodeError`]; it never panics, whatever the text.
pub fn decode_server(text: &str) -> Result<ServerMessage, DecodeError> {
    decode!(text as ServerMessage:
        "welcome" Welcome "entries" Entries "verdicts" Verdicts "snapshot" Snapshot
        "redacted" Redacted "presence" Presence "error" Error)
}

/// The `type` of a frame, which must be an object: serde would take an array for one, too.
fn tag(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    if let Some(tag) = leading_tag(text) {
        return Ok(tag.into());
    }
    if text.trim_start().starts_with('[') {
        return Err(DecodeError::NoObject);
    }
    Ok(serde_json::from_str::<Tag<'_>>(text)?.kind)
}

/// The `type` where it comes first, as it does in everything that we write: saves reading twice.
fn leading_tag(text: &str) -> Option<&str> {
    let (tag, _) = text.strip_prefix(r#"{"type":""#)?.split_once('"')?;
    (!tag.contains('\\')).then_some(tag)
}

impl ClientMessage {
    /// The frame.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }
}

impl Hello {
    /// The frame, as [`ClientMessage::encode`] writes it, without the code for all the others: a page
    /// downloads it.
    #[must_use]
    pub fn encode(&self) -> String {
        tagged("hello", self)
    }
}

impl Auth {
    /// The frame, as [`ClientMessage::encode`] writes it.
    #[must_use]
    pub fn encode(&self) -> String {
        tagged("auth", self)
    }
}

impl Pull {
    /// The frame, as [`ClientMessage::encode`] writes it.
    #[must_use]
    pub fn encode(&self) -> String {
        tagged("pull", self)
    }
}

impl Presence {
    /// The frame, as [`ClientMessage::encode`] writes it.
    #[must_use]
    pub fn encode(&self) -> String {
        tagged("presence", self)
    }
}

fn tagged<T: Serialize>(tag: &str, message: &T) -> String {
    let fields = encode(message);
    format!(r#"{{"type":"{tag}",{}"#, fields.strip_prefix('{').unwrap_or_default())
}

impl ServerMessage {
    /// The frame.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }
}

fn encode<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("a message has text keys and no failing serializer")
}

/// The text of a segment: its entries as they go on the wire, between commas. What a room stores is
/// what it sends.
#[must_use]
pub fn encode_segment(entries: &[Entry]) -> String {
    let mut array = encode(&entries);
    array.pop();
    array.split_off(1.min(array.len()))
}

/// An `entries` frame made of stored segments, without reading them.
#[must_use]
pub fn encode_entries<S: AsRef<str>>(after: Seq, head: Seq, segments: &[S]) -> String {
    let size = segments.iter().map(|segment| segment.as_ref().len() + 1).sum::<usize>();
    let mut frame = String::with_capacity(size + 80);
    frame.push_str(&format!(r#"{{"type":"entries","after":{after},"head":{head},"entries":["#));
    for (place, segment) in segments.iter().enumerate() {
        if place > 0 {
            frame.push(',');
        }
        frame.push_str(segment.as_ref());
    }
    frame.push_str("]}");
    frame
}

/// An `entries` frame whose entries are not decoded: to be stored as they came.
#[derive(Debug, Deserialize)]
pub struct EntriesFrame<'a> {
    /// The seq before the first of them.
    pub after: Seq,
    /// The head of the log.
    pub head: Seq,
    #[serde(borrow, deserialize_with = "array")]
    entries: &'a RawValue,
}

/// Anything else would read as a segment without entries.
fn array<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<&'a RawValue, D::Error> {
    let value = <&RawValue>::deserialize(deserializer)?;
    if value.get().starts_with('[') { Ok(value) } else { Err(D::Error::custom("entries are an array")) }
}

impl<'a> EntriesFrame<'a> {
    /// The entries as a segment holds them.
    #[must_use]
    pub fn segment(&self) -> &'a str {
        let array = self.entries.get();
        array.strip_prefix('[').and_then(|array| array.strip_suffix(']')).unwrap_or_default().trim()
    }
}

/// A server's frame as a leader takes it: entries not decoded yet, and not a word of what it has no use
/// for. Code that every browser downloads.
#[derive(Debug)]
pub enum LeaderFrame<'a> {
    /// The answer to `hello`.
    Welcome(Welcome),
    /// Entries of the log.
    Entries(EntriesFrame<'a>),
    /// Decisions on commits of a push.
    Verdicts(Verdicts),
    /// One part of a state snapshot.
    Snapshot(Snapshot),
    /// An entry whose args were replaced.
    Redacted(Redacted),
    /// What went wrong with the connection.
    Error(ErrorFrame),
    /// Who else is here.
    Presence(PresenceOf),
}

impl<'a> LeaderFrame<'a> {
    /// Reads a server's frame.
    ///
    /// # Errors
    /// [`DecodeError`]; it never panics, whatever the text.
    pub fn decode(text: &'a str) -> Result<Self, DecodeError> {
        Ok(match tag(text)?.as_ref() {
            "welcome" => Self::Welcome(serde_json::from_str(text)?),
            "entries" => Self::Entries(serde_json::from_str(text)?),
            "verdicts" => Self::Verdicts(serde_json::from_str(text)?),
            "error" => Self::Error(serde_json::from_str(text)?),
            "snapshot" => Self::Snapshot(serde_json::from_str(text)?),
            "redacted" => Self::Redacted(serde_json::from_str(text)?),
            "presence" => Self::Presence(serde_json::from_str(text)?),
            other => return Err(unknown(other)),
        })
    }
}

/// Reads the entries of a segment.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_entries(segment: &str) -> Result<Vec<Entry>, DecodeError> {
    Ok(serde_json::from_str(&format!("[{segment}]"))?)
}

/// The JSON Schema of every message, client's and server's.
#[must_use]
pub fn message_schema() -> Schema {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Messages {
        client: ClientMessage,
        server: ServerMessage,
    }
    schemars::schema_for!(Messages)
}
