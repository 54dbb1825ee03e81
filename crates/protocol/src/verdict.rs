//! The server's decision on a commit.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Code, Counter, Seq};

/// The rules, or a constraint, said no. A value, not an error.
///
/// `code` is one of [`crate::CODES`] or the model's own; it is stable and for programs. `message` is
/// for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rejection {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Rejection {
    /// A rejection with a code of the model's own.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// A rejection with one of Syncline's codes.
    pub fn coded(code: Code, message: impl Into<String>) -> Self {
        Self::new(code.as_str(), message)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

/// What became of a commit. Final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Outcome {
    /// It is in the log, from `first` to `last`.
    Accepted {
        /// The seq of its first event.
        first: Seq,
        /// The seq of its last event.
        last: Seq,
    },
    /// It will never be in the log.
    Rejected(Rejection),
}

/// The server's decision on one commit of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The client's own number for the commit.
    pub counter: Counter,
    /// Accepted at these seqs, or rejected.
    #[serde(flatten)]
    pub outcome: Outcome,
}
