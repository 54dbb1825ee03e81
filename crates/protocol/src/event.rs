//! Events and commits as a client makes them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Counter, ModelVersion, Subject};

/// The args of an event: one JSON value, kept as the text that its client wrote.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Args(Box<RawValue>);

impl Args {
    /// Takes a text that is one JSON value.
    ///
    /// # Errors
    /// The JSON error, with its line and column.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text.into()).map(Self)
    }

    /// As `serde_json` reads it.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.0
    }

    /// The JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Args {}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

/// A fact in the past tense, not decoded yet: its name and its args.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawEvent {
    /// Which event of the model; at most 128 bytes.
    pub name: String,
    /// What the model needs to know about it.
    pub args: Args,
}

impl RawEvent {
    /// A model's event, as serde tags it; one without args has `null`.
    ///
    /// # Errors
    /// [`serde_json::Error`] where it does not serialize to a name and args.
    pub fn of(event: &impl Serialize) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Tagged {
            name: String,
            #[serde(default)]
            args: Option<Box<RawValue>>,
        }
        let Tagged { name, args } = serde_json::from_str(&serde_json::to_string(event)?)?;
        Ok(Self { name, args: Args::parse(args.as_ref().map_or("null", |args| args.get()))? })
    }
}

/// One atomic group of events from one client; admitted or rejected as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// The client's own number for it.
    pub counter: Counter,
    /// Who made it; the server logs it under this name or not at all (own-name).
    pub author: Subject,
    /// The model that it was made with.
    pub model_version: ModelVersion,
    /// In the order in which they apply.
    pub events: Vec<RawEvent>,
}
