//! Answers: a status, a type, a text. For everything that went wrong, a code and a message.

use serde::Serialize;
use syncline_engine::protocol::{Code, ErrorFrame};

/// What is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, besides `content-length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// What a page may send; the last three come from LiveStore's clients, and say nothing here.
const HEADERS: &str = "authorization, content-type, last-event-id, x-livestore-store-id, b3, traceparent";

impl Answer {
    /// Something as JSON.
    pub fn json<T: Serialize>(status: u16, body: &T) -> Self {
        let body = serde_json::to_string(body).expect("an answer has text keys and no failing serializer");
        Self::new(status, "application/json", body)
    }

    /// Lines of JSON.
    #[must_use]
    pub fn lines(body: String) -> Self {
        Self::new(200, "application/x-ndjson", body)
    }

    /// Server-sent events, which nobody keeps or gathers.
    #[must_use]
    pub fn events(body: String) -> Self {
        let mut answer = Self::new(200, "text/event-stream", body);
        answer.headers.push(("cache-control", "no-store".to_owned()));
        answer
    }

    /// Counters, in the text format of Prometheus.
    #[must_use]
    pub fn text(body: String) -> Self {
        Self::new(200, "text/plain; version=0.0.4; charset=utf-8", body)
    }

    /// Nothing, to whoever asks what a path takes.
    #[must_use]
    pub fn options(allow: &'static str) -> Self {
        let mut answer = Self::new(204, "text/plain", String::new());
        answer.headers.push(("allow", allow.to_owned()));
        answer.headers.push(("access-control-allow-methods", allow.to_owned()));
        answer.headers.push(("access-control-allow-headers", HEADERS.to_owned()));
        answer
    }

    /// What went wrong, with the status that is its code's.
    #[must_use]
    pub fn refusal(error: &ErrorFrame) -> Self {
        let mut answer = Self::json(status(error.code), error);
        if answer.status == 401 {
            answer.headers.push(("www-authenticate", "Bearer".to_owned()));
        }
        if error.code == Code::UpgradeExpected {
            answer.headers.push(("upgrade", "websocket".to_owned()));
        }
        if let Some(ms) = error.retry_after_ms {
            answer.headers.push(("retry-after", ms.div_ceil(1_000).to_string()));
        }
        answer
    }

    /// A text of JSON.
    #[must_use]
    pub fn raw(body: String) -> Self {
        Self::new(200, "application/json", body)
    }

    fn new(status: u16, kind: &str, body: String) -> Self {
        // A page of any origin may ask: what opens a store is a token, never a cookie.
        let headers =
            vec![("content-type", kind.to_owned()), ("access-control-allow-origin", "*".to_owned())];
        Self { status, headers, body }
    }
}

/// The HTTP status of a code.
#[must_use]
pub fn status(code: Code) -> u16 {
    const OTHERS: [(u16, &[Code]); 11] = [
        (401, &[Code::Unauthorized, Code::NeedsAuth]),
        (
            403,
            &[Code::Forbidden, Code::ReadOnly, Code::AuthorMismatch, Code::ConnectRefused, Code::PushRefused],
        ),
        (404, &[Code::NotFound, Code::BadStoreId]),
        (405, &[Code::MethodNotAllowed]),
        (409, &[Code::CommitMismatch, Code::LogDiverged, Code::StoreExists]),
        (413, &[Code::MessageTooLarge, Code::PushTooLarge]),
        (426, &[Code::UpgradeExpected]),
        (429, &[Code::RateLimited]),
        (500, &[Code::NotConfigured]),
        (501, &[Code::StateUnavailable, Code::FilesUnavailable]),
        (
            503,
            &[
                Code::ServerFailed,
                Code::Rebuilding,
                Code::ServerBehind,
                Code::Overloaded,
                Code::TooManyConnections,
            ],
        ),
    ];
    OTHERS.iter().find(|(_, codes)| codes.contains(&code)).map_or(400, |(status, _)| *status)
}
