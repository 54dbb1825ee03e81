//! The time, as the engine wants to be told.

use std::time::{SystemTime, UNIX_EPOCH};

use syncline_engine::protocol::Millis;

pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::new(u64::try_from(since.as_millis()).unwrap_or_default()).unwrap_or_default()
}
