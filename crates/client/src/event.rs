//! Between the model's events and those of the log.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use syncline_engine::Model;
use syncline_engine::protocol::{Args, RawEvent};

use crate::Error;

/// An event as serde tags it; one without args has none.
#[derive(Deserialize)]
struct Tagged {
    name: String,
    #[serde(default)]
    args: Option<Box<RawValue>>,
}

pub(crate) fn raw(event: &impl Serialize) -> Result<RawEvent, Error> {
    let text = serde_json::to_string(event).map_err(Error::Event)?;
    let Tagged { name, args } = serde_json::from_str(&text).map_err(Error::Event)?;
    let args = args.as_ref().map_or("null", |args| args.get());
    Ok(RawEvent { name, args: Args::parse(args).map_err(Error::Event)? })
}

/// As the model of today has it.
pub(crate) fn decoded<M: Model>(event: RawEvent) -> Result<M::Event, Error> {
    let event = serde_json::to_string(&M::upcast(event)).map_err(Error::Entry)?;
    serde_json::from_str(&event).map_err(Error::Entry)
}
