//! A model without rules: for a server that is only a log.

use syncline_protocol::{RawEvent, Rejection};

use crate::{ApplyContext, ApplyError, CheckContext, Model, Query, Sql};

/// Accepts every event, and keeps no state: what events mean is known to the clients alone. So they may be
/// encrypted from end to end.
#[derive(Clone, Copy, Debug)]
pub struct Schemaless;

impl Model for Schemaless {
    type Event = RawEvent;

    const TABLES: &'static str = "";

    /// Clients number their own models: none of them is ever newer than the server.
    const VERSION: u32 = u32::MAX;

    fn check(_: &RawEvent, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(_: &RawEvent, _: &ApplyContext<'_>, _: &mut dyn Sql) -> Result<(), ApplyError> {
        Ok(())
    }
}
