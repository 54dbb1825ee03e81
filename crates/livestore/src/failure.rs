//! How a request ends: as its client expects it, in the dialect that it speaks.

use serde_json::{Value, json};
use syncline_engine::protocol::{Code, ErrorFrame, Rejection, Seq, excerpt};
use syncline_engine::{Refused, SqlError};

use crate::frame::RequestId;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Somebody was faster: what was pushed does not follow the head.
    ServerAhead { head: u64, parent: u64 },
    /// The client has followed another log.
    BackendIdMismatch { expected: String, received: String },
    /// Anything else that its client may try again. `name` is one of our codes, or the model's own, or LiveStore's.
    Unknown { name: String, message: String },
    /// What it asks with does not decode.
    Die(String),
    /// It was interrupted.
    Interrupted,
    /// The segment that begins here is to be brought back first: its client hears nothing of that.
    Released(Seq),
}

impl Failure {
    pub(crate) fn coded(code: Code, message: impl Into<String>) -> Self {
        Self::Unknown { name: code.as_str().to_owned(), message: message.into() }
    }

    fn cause(&self) -> Value {
        match self {
            Self::ServerAhead { head, parent } => fail(json!({
                "minimumExpectedNum": head, "providedNum": parent, "_tag": "ServerAheadError"
            })),
            Self::BackendIdMismatch { expected, received } => fail(json!({
                "expected": expected, "received": received, "_tag": "BackendIdMismatchError"
            })),
            Self::Unknown { name, message } => fail(json!({
                "cause": { "name": name, "message": message }, "_tag": "UnknownError"
            })),
            Self::Die(defect) => json!({ "_tag": "Die", "defect": defect }),
            Self::Interrupted => json!({ "_tag": "Interrupt", "fiberId": { "_tag": "None" } }),
            Self::Released(_) => {
                Self::coded(Code::ServerFailed, "what was asked for is in the archive").cause()
            }
        }
    }

    /// The frame that ends a request.
    pub(crate) fn exit(&self, id: &RequestId) -> String {
        let cause = self.cause();
        let cause = if id.is_number() {
            // A list, and nothing in an interrupt.
            match self {
                Self::Interrupted => json!([{ "_tag": "Interrupt" }]),
                Self::ServerAhead { .. }
                | Self::BackendIdMismatch { .. }
                | Self::Unknown { .. }
                | Self::Released(_)
                | Self::Die(_) => json!([cause]),
            }
        } else {
            cause
        };
        let id = id.json();
        format!(r#"{{"_tag":"Exit","requestId":{id},"exit":{{"_tag":"Failure","cause":{cause}}}}}"#)
    }
}

fn fail(error: Value) -> Value {
    json!({ "_tag": "Fail", "error": error })
}

/// The frame that ends a request well; a pull ends with nothing in it.
pub(crate) fn success(id: &RequestId, value: Option<&str>) -> String {
    let value = match value {
        Some(value) => format!(r#","value":{value}"#),
        // The key has to be there in one dialect, and not in the other.
        None if id.is_number() => r#","value":null"#.to_owned(),
        None => String::new(),
    };
    format!(r#"{{"_tag":"Exit","requestId":{},"exit":{{"_tag":"Success"{value}}}}}"#, id.json())
}

/// The frame that answers what is no request.
pub(crate) fn defect(why: &str) -> String {
    json!({ "_tag": "Defect", "defect": excerpt(why) }).to_string()
}

impl From<ErrorFrame> for Failure {
    fn from(frame: ErrorFrame) -> Self {
        Self::coded(frame.code, frame.message)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        error.released().map_or_else(|| Self::coded(Code::ServerFailed, error.to_string()), Self::Released)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rejected(Rejection { code, message }) => Self::Unknown { name: code, message },
            Refused::Error(frame) => frame.into(),
            Refused::Host(error) => error.into(),
        }
    }
}
