//! The platform's clock.

use syncline_engine::protocol::Millis;

/// It stands still while an input is handled.
pub(crate) fn now() -> Millis {
    Millis::new(js_sys::Date::now() as u64).unwrap_or_default()
}
