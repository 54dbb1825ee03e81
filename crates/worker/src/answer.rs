//! Answers over HTTP, as the platform has them.

use syncline_engine::protocol::{Code, ErrorFrame};
use syncline_http::Answer;
use worker::{Headers, Response, Result};

/// An answer.
pub(crate) fn response(answer: Answer) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in &answer.headers {
        headers.set(name, value)?;
    }
    Ok(Response::from_bytes(answer.body.into_bytes())?.with_status(answer.status).with_headers(headers))
}

/// An answer that names what went wrong, as `{ "code": …, "message": … }`.
pub(crate) fn refusal(code: Code, message: impl Into<String>) -> Result<Response> {
    response(Answer::refusal(&ErrorFrame::new(code, message)))
}
