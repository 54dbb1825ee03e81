//! What a scenario expected, and what came.

use std::fmt::Debug;

use syncline_engine::protocol::excerpt;

/// A scenario did not go as the protocol says.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// What the protocol says.
    pub(crate) expected: String,
    /// What the server did.
    pub(crate) came: String,
}

/// What a scenario, or a part of one, comes to.
pub(crate) type Done<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(expected: impl Into<String>, came: impl Into<String>) -> Self {
        Self { expected: expected.into(), came: excerpt(&came.into()) }
    }
}

/// An error of the way to the server, not one that the server has sent.
pub(crate) fn broken(expected: &str) -> impl Fn(tungstenite::Error) -> Failure {
    move |error| Failure::new(expected, error.to_string())
}

/// Two values that must be the same.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, expected: T, came: T) -> Done {
    if expected == came {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: {expected:?}"), format!("{came:?}")))
}

/// Something that must hold.
pub(crate) fn ensure(holds: bool, expected: impl Into<String>, came: impl Debug) -> Done {
    if holds { Ok(()) } else { Err(Failure::new(expected, format!("{came:?}"))) }
}

/// Something that must be there.
pub(crate) fn some<T>(value: Option<T>, expected: &str) -> Done<T> {
    value.ok_or_else(|| Failure::new(expected, "nothing"))
}
