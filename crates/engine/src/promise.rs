//! Assertions that hold a promise where it is kept: in release builds as well.

/// Off only to measure what they cost.
pub(crate) const ARE_ON: bool = !cfg!(feature = "unguarded");

/// Ends whoever would break a promise; the host opens it again from its database.
macro_rules! assert_promise {
    ($holds:expr, $promise:literal) => {
        if $crate::promise::ARE_ON {
            assert!($holds, $promise);
        }
    };
}
pub(crate) use assert_promise;
