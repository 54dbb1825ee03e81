//! The stores that a token opens, as its claim says it.

use serde::{Deserialize, Serialize};
use syncline_engine::protocol::StoreId;
use thiserror::Error;

/// The claim: `{"read": ["team-1", "user-*"], "write": ["team-1"]}`. Who may write a store may read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// Stores to read.
    #[serde(default)]
    pub read: Vec<StorePattern>,
    /// Stores to read and to write.
    #[serde(default)]
    pub write: Vec<StorePattern>,
}

impl Stores {
    /// Whether the store may be written, if it may be read at all.
    pub(crate) fn to(&self, store: &StoreId) -> Option<bool> {
        let write = self.write.iter().any(|pattern| pattern.matches(store));
        (write || self.read.iter().any(|pattern| pattern.matches(store))).then_some(write)
    }
}

/// A store's id, or the beginning of ids with a `*` after it. `*` alone is every store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StorePattern(String);

/// A text that is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a store is named by its id, or by the beginning of ids and a `*`")]
pub struct InvalidPattern;

impl StorePattern {
    /// Checks the text.
    ///
    /// # Errors
    /// [`InvalidPattern`]: a pattern that no store can match is a mistake, and better noticed.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidPattern> {
        let text = text.into();
        let start = text.strip_suffix('*').unwrap_or(&text);
        if text == "*" || StoreId::parse(start).is_ok() { Ok(Self(text)) } else { Err(InvalidPattern) }
    }

    fn matches(&self, store: &StoreId) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => store.as_str().starts_with(start),
            None => store.as_str() == self.0,
        }
    }
}

impl TryFrom<String> for StorePattern {
    type Error = InvalidPattern;
    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        Self::parse(text)
    }
}

impl From<StorePattern> for String {
    fn from(pattern: StorePattern) -> Self {
        pattern.0
    }
}
