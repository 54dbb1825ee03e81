//! What a client says: Effect RPC frames, one JSON object each, and what is in them.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A request's id as its client wrote it: a JSON text or a number. Which of the two it is says which dialect the
/// client speaks: `"0"` that of Effect RPC v3 (LiveStore 0.4.0), `0` that of v4 (its main branch).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestId(String);

impl RequestId {
    const BYTES: usize = 64;

    fn of(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        let is_id = text.starts_with('"') || text.bytes().all(|byte| byte.is_ascii_digit());
        (is_id && text.len() <= Self::BYTES).then(|| Self(text.to_owned()))
    }

    pub(crate) fn json(&self) -> &str {
        &self.0
    }

    /// Whether its client speaks the dialect of v4.
    pub(crate) fn is_number(&self) -> bool {
        !self.0.starts_with('"')
    }
}

/// A client's frame.
#[derive(Debug)]
pub(crate) enum Frame<'a> {
    /// Something is asked.
    Request {
        id: RequestId,
        tag: Cow<'a, str>,
        payload: Option<&'a RawValue>,
    },
    /// A chunk was taken.
    Ack(RequestId),
    /// What was asked is not wanted any more.
    Interrupt(RequestId),
    Ping,
    /// Nothing that is answered.
    Other,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "_tag", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(rename = "requestId", borrow, default)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tag: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// Why it is none, for the defect that its sender is told.
    pub(crate) fn decode(text: &'a str) -> Result<Self, String> {
        let raw: Raw<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let id = |raw: Option<&RawValue>| {
            let text = raw.map_or("null", RawValue::get);
            raw.and_then(RequestId::of).ok_or_else(|| {
                format!("Invalid request id: {}", text.chars().take(RequestId::BYTES).collect::<String>())
            })
        };
        Ok(match raw.kind.as_ref() {
            "Request" => Self::Request {
                id: id(raw.id)?,
                tag: raw.tag.ok_or("the request has no tag")?,
                payload: raw.payload,
            },
            "Ack" => Self::Ack(id(raw.request_id)?),
            "Interrupt" => Self::Interrupt(id(raw.request_id)?),
            "Ping" => Self::Ping,
            _ => Self::Other,
        })
    }
}

/// Effect's `Option`.
#[derive(Debug, Deserialize)]
#[serde(tag = "_tag", content = "value")]
pub(crate) enum Maybe<T> {
    None,
    Some(T),
}

impl<T> Maybe<T> {
    pub(crate) fn get(self) -> Option<T> {
        match self {
            Self::None => None,
            Self::Some(value) => Some(value),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cursor {
    pub(crate) backend_id: String,
    pub(crate) event_sequence_number: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullRequest<'a> {
    #[serde(borrow, default)]
    pub(crate) store_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) payload: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) live: bool,
    pub(crate) cursor: Maybe<Cursor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushRequest<'a> {
    #[serde(borrow, default)]
    pub(crate) store_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) payload: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) batch: Vec<Event<'a>>,
    pub(crate) backend_id: Maybe<String>,
}

/// An event, as its client numbers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    /// `null` is something else than nothing.
    #[serde(borrow, default, deserialize_with = "there")]
    pub(crate) args: Option<&'a RawValue>,
    pub(crate) seq_num: u64,
    pub(crate) parent_seq_num: u64,
    #[serde(borrow)]
    pub(crate) client_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) session_id: Cow<'a, str>,
}

fn there<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}
