//! The names of things: stores, clients, sessions, subjects, incarnations, schemas.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that is not an id of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} must be {rule}")]
pub struct InvalidId {
    kind: &'static str,
    rule: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $valid:path, $rule:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text; nothing that is not an id can become one.
            ///
            /// # Errors
            /// [`InvalidId`] names the rule that the text breaks.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                if $valid(&text) { Ok(Self(text)) } else { Err(InvalidId { kind: $kind, rule: $rule }) }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }
    };
}

const SLUG: &str = "1 to 64 of A-Z a-z 0-9 _ -";
const LONG_SLUG: &str = "1 to 128 of A-Z a-z 0-9 _ -";
const NAME: &str = "1 to 128 bytes without control characters";

fn slug(text: &str) -> bool {
    text.len() <= 64 && long_slug(text)
}

fn long_slug(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && !text.chars().any(char::is_control)
}

id!(
    /// A store: the unit of sync, with one log and one state. `[A-Za-z0-9_-]{1,64}`.
    StoreId, "a store id", slug, SLUG
);
id!(
    /// A client: one durable outbox, in one browser profile or process. `[A-Za-z0-9_-]{1,128}`; what begins with
    /// `ls__` is a client of LiveStore's protocol.
    ClientId, "a client id", long_slug, LONG_SLUG
);
id!(
    /// A session: one tab load. `[A-Za-z0-9_-]{1,64}`.
    SessionId, "a session id", slug, SLUG
);
id!(
    /// One life of a log. Every reset and every restore from a backup mints a new one.
    Incarnation, "an incarnation", slug, SLUG
);
id!(
    /// A canonical fingerprint of a model's tables and version.
    SchemaHash, "a schema hash", slug, SLUG
);
id!(
    /// Who is signed in, and so the author of what they commit. 1 to 128 bytes, no control characters.
    Subject, "a subject", name, NAME
);

impl ClientId {
    /// What the id of a client of LiveStore's protocol begins with.
    pub const LIVESTORE: &'static str = "ls__";

    /// Whether it is a client of LiveStore's protocol: its counters are that protocol's numbers.
    #[must_use]
    pub fn is_livestore(&self) -> bool {
        self.0.starts_with(Self::LIVESTORE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_id_is_a_slug_of_at_most_64() {
        assert!(StoreId::parse("team-1_A").is_ok());
        for bad in ["", "a b", "../etc", "é", "a/b", "a.b", &"x".repeat(65)] {
            assert!(StoreId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_id_that_breaks_its_rule_does_not_decode() {
        let error = serde_json::from_str::<StoreId>("\"a b\"").unwrap_err();
        assert!(error.to_string().starts_with("a store id must be 1 to 64 of"), "{error}");
        assert!(Subject::parse("Zoë Ω").is_ok());
        assert!(Subject::parse("a\nb").is_err());
    }
}
