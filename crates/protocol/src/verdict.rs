//! The server's decision on a commit.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

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
        Self { code: code.into(), message: message.into() }
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
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(tag = "status", rename_all = "camelCase")]
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
#[serde(try_from = "Flat", into = "Flat")]
#[schemars(!try_from, !into)]
pub struct Verdict {
    /// The client's own number for the commit.
    pub counter: Counter,
    /// Accepted at these seqs, or rejected.
    #[schemars(flatten)]
    pub outcome: Outcome,
}

/// As it is on the wire: serde's own flattening would buffer what it reads.
#[derive(Serialize, Deserialize)]
struct Flat {
    counter: Counter,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Accepted,
    Rejected,
}

#[derive(Debug, Error)]
enum InvalidVerdict {
    #[error("an accepted commit has a first seq, and a last one that is not before it")]
    Seqs,
    #[error("a rejected commit has a code and a message")]
    Why,
}

impl TryFrom<Flat> for Verdict {
    type Error = InvalidVerdict;
    fn try_from(flat: Flat) -> Result<Self, InvalidVerdict> {
        let outcome = match flat.status {
            Status::Accepted => match (flat.first, flat.last) {
                (Some(first), Some(last)) if Seq::ZERO < first && first <= last => {
                    Outcome::Accepted { first, last }
                }
                (Some(_) | None, Some(_) | None) => return Err(InvalidVerdict::Seqs),
            },
            Status::Rejected => {
                let (Some(code), Some(message)) = (flat.code, flat.message) else {
                    return Err(InvalidVerdict::Why);
                };
                Outcome::Rejected(Rejection { code, message })
            }
        };
        Ok(Self { counter: flat.counter, outcome })
    }
}

impl From<Verdict> for Flat {
    fn from(Verdict { counter, outcome }: Verdict) -> Self {
        let mut flat =
            Self { counter, status: Status::Accepted, first: None, last: None, code: None, message: None };
        match outcome {
            Outcome::Accepted { first, last } => (flat.first, flat.last) = (Some(first), Some(last)),
            Outcome::Rejected(Rejection { code, message }) => {
                flat.status = Status::Rejected;
                (flat.code, flat.message) = (Some(code), Some(message));
            }
        }
        flat
    }
}
