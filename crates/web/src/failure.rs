//! What goes wrong, as TypeScript sees it: a JSON text with a stable code and a message.

use serde::Serialize;
use syncline_engine::protocol::{Code, Seq};
use syncline_engine::{HostFailure, LeaderError, Refusal, Rejection, SessionError, SqlError};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn log(message: &str);
}

#[derive(Serialize)]
pub(crate) struct Failure {
    code: String,
    message: String,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl ToString) -> Self {
        Self { code: code.as_str().to_owned(), message: message.to_string() }
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        JsValue::from_str(&json(&failure))
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self { code: rejection.code, message: rejection.message }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::Host(error) => error.into(),
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        let code = match &error {
            SqlError::Host { failure: HostFailure::Full, .. } => Code::StorageFull,
            SqlError::Host { .. } => Code::StorageFailed,
            SqlError::Constraint(_)
            | SqlError::Refused(_)
            | SqlError::Type { .. }
            | SqlError::Statement(_) => Code::BadQuery,
        };
        Self::new(code, error)
    }
}

impl From<LeaderError> for Failure {
    fn from(error: LeaderError) -> Self {
        Self::new(error.code(), error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::new(error.code(), error)
    }
}

/// A seq as JavaScript has it.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a double saturates")]
pub(crate) fn seq(number: f64) -> Result<Seq, Failure> {
    Seq::try_from(number as i64).map_err(|error| Failure::new(Code::BadMessage, error))
}

pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a message has text keys and no failing serializer")
}
