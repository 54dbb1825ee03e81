//! Answers over HTTP: JSON, and for everything that went wrong a code and a message.

use serde::Serialize;
use syncline_engine::protocol::{Code, ErrorFrame};
use worker::{Response, Result};

/// An answer with a status.
pub(crate) fn json<T: Serialize>(status: u16, body: &T) -> Result<Response> {
    Ok(Response::from_json(body)?.with_status(status))
}

/// An answer that names what went wrong, as `{ "code": …, "message": … }`.
pub(crate) fn refusal(status: u16, code: Code, message: impl Into<String>) -> Result<Response> {
    json(status, &ErrorFrame::new(code, message))
}
