//! Between the model's events and those of the log.

use serde::Serialize;
use syncline_engine::Model;
use syncline_engine::protocol::RawEvent;

use crate::Error;

pub(crate) fn raw(event: &impl Serialize) -> Result<RawEvent, Error> {
    RawEvent::of(event).map_err(Error::Event)
}

/// As the model of today has it.
pub(crate) fn decoded<M: Model>(event: RawEvent) -> Result<M::Event, Error> {
    let event = serde_json::to_string(&M::upcast(event)).map_err(Error::Entry)?;
    serde_json::from_str(&event).map_err(Error::Entry)
}
