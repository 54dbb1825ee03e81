//! The numbers that have a meaning. All fit a JavaScript double exactly: at most 2^53 − 1.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest integer that every host carries exactly: 2^53 − 1.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A number outside the range of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} must be between {min} and 9007199254740991, not {value}")]
pub struct OutOfRange {
    kind: &'static str,
    min: u64,
    value: u64,
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $min:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(try_from = "u64", into = "u64")]
        #[schemars(extend("minimum" = $min, "maximum" = MAX_NUMBER))]
        pub struct $name(u64);

        impl $name {
            /// Checks the range.
            ///
            /// # Errors
            /// [`OutOfRange`] when the value is not exact in a double, or below the least.
            pub fn new(value: u64) -> Result<Self, OutOfRange> {
                if ($min..=MAX_NUMBER).contains(&value) {
                    Ok(Self(value))
                } else {
                    Err(OutOfRange { kind: $kind, min: $min, value })
                }
            }

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// As SQLite binds it: always within `i64`, as it is at most 2^53 − 1.
            #[must_use]
            pub const fn sql(self) -> i64 {
                self.0.cast_signed()
            }

            /// The next one.
            #[must_use]
            pub const fn next(self) -> Self {
                self.plus(1)
            }

            /// `n` further on. It stops at the largest: reaching it at a million a second takes 285 years.
            #[must_use]
            pub const fn plus(self, n: u64) -> Self {
                let sum = self.0.saturating_add(n);
                Self(if sum > MAX_NUMBER { MAX_NUMBER } else { sum })
            }
        }

        impl TryFrom<u64> for $name {
            type Error = OutOfRange;
            fn try_from(value: u64) -> Result<Self, OutOfRange> {
                Self::new(value)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = OutOfRange;
            fn try_from(value: i64) -> Result<Self, OutOfRange> {
                Self::new(value.try_into().unwrap_or(u64::MAX))
            }
        }

        impl From<$name> for u64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// An entry's place in the log: 1, 2, 3, …; assigned by the server. 0 is the place before the first.
    Seq, "a seq", 0
);
number!(
    /// The client's own number for a commit: 1, 2, 3, …; never reused. 0 stands for "none yet".
    Counter, "a counter", 0
);
number!(
    /// A session's own number for a commit: 1, 2, 3, …; with the session id, its identity before it has
    /// a counter. 0 stands for "none yet".
    SessionNumber, "a session's number", 0
);
number!(
    /// The server's number for a redaction: 1, 2, 3, …, in each life of a log. 0 stands for "none yet".
    RedactionNumber, "a redaction's number", 0
);
number!(
    /// Milliseconds since 1970-01-01T00:00Z.
    Millis, "a time", 0
);

impl Seq {
    /// The place before the first entry.
    pub const ZERO: Self = Self(0);

    /// The place before this one; the place before the first entry has none before it.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl Counter {
    /// Before the first commit.
    pub const NONE: Self = Self(0);
}

impl RedactionNumber {
    /// Before the first redaction.
    pub const NONE: Self = Self(0);
}

/// The version of a model's meaning; see `Model::VERSION`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ModelVersion(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_a_double_cannot_carry_is_refused() {
        assert!(Seq::new(MAX_NUMBER).is_ok());
        assert!(Seq::new(MAX_NUMBER + 1).is_err());
        assert!(serde_json::from_str::<Seq>("9007199254740992").is_err());
        assert!(serde_json::from_str::<Counter>("-1").is_err());
        assert!(serde_json::from_str::<Counter>("1.5").is_err());
    }

    #[test]
    fn the_last_number_has_no_successor() {
        let last = Counter::new(MAX_NUMBER).unwrap();
        assert_eq!(last.next(), last);
    }
}
