//! What can go wrong with a statement, sorted by who can act.

use std::fmt;

use syncline_protocol::{Code, Rejection, Seq};
use thiserror::Error;

/// What can go wrong with a statement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SqlError {
    /// A constraint of the tables said no: the caller's data is at fault.
    #[error("{0}")]
    Constraint(Constraint),
    /// A statement or a value that some host does not take, or that is not deterministic: the
    /// caller's SQL is at fault.
    #[error("{0}")]
    Refused(String),
    /// A column was read as a type that it is not: the caller's SQL is at fault.
    #[error("column {column} cannot be read as {wanted}")]
    Type {
        /// Which, from 0.
        column: usize,
        /// The Rust type.
        wanted: &'static str,
    },
    /// SQLite did not understand the statement: the caller's SQL is at fault.
    #[error("{0}")]
    Statement(String),
    /// The host failed: nobody's SQL is at fault, and trying again may work.
    #[error("{failure}: {message}")]
    Host {
        /// In which way.
        failure: HostFailure,
        /// What SQLite, or the platform, said.
        message: String,
    },
}

/// In which way a host failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFailure {
    /// No room left.
    Full,
    /// The database is damaged.
    Corrupt,
    /// Somebody else holds the database: try again.
    Busy,
    /// The segment that begins here is in the archive alone: the host brings it back, and tries again.
    Released(Seq),
    /// Anything else: I/O, memory.
    Other,
}

impl fmt::Display for HostFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the storage is full",
            Self::Corrupt => "the database is damaged",
            Self::Busy => "the database is in use",
            Self::Released(_) => "what was asked for is in the archive",
            Self::Other => "the storage failed",
        })
    }
}

/// Which rule of the tables said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Its kind.
    pub kind: ConstraintKind,
    /// The columns (`people.name`) or the name of the constraint; empty where SQLite does not say.
    pub name: String,
}

/// The kinds of constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// UNIQUE, or a primary key.
    Unique,
    /// CHECK.
    Check,
    /// FOREIGN KEY.
    ForeignKey,
    /// NOT NULL.
    NotNull,
    /// Anything else, such as the type of a STRICT column.
    Other,
}

impl Constraint {
    /// Reads SQLite's message, which is the same on every host but for what surrounds it.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        const KINDS: [(&str, ConstraintKind); 4] = [
            ("UNIQUE", ConstraintKind::Unique),
            ("CHECK", ConstraintKind::Check),
            ("FOREIGN KEY", ConstraintKind::ForeignKey),
            ("NOT NULL", ConstraintKind::NotNull),
        ];
        const FAILED: &str = " constraint failed";
        for (word, kind) in KINDS {
            let Some((_, after)) = message.split_once(&format!("{word}{FAILED}")) else {
                continue;
            };
            let name = after.strip_prefix(": ").unwrap_or_default();
            return Some(Self { kind, name: without_suffix(name).to_owned() });
        }
        ["cannot store ", "constraint failed"]
            .iter()
            .any(|sign| message.contains(sign))
            .then(|| Self { kind: ConstraintKind::Other, name: without_suffix(message).to_owned() })
    }
}

/// A Durable Object appends `: SQLITE_CONSTRAINT…` to what SQLite says.
fn without_suffix(text: &str) -> &str {
    let text = text.split_once(": SQLITE_").map_or(text, |(name, _)| name).trim();
    if text.starts_with("SQLITE_") { "" } else { text }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ConstraintKind::Unique => "UNIQUE",
            ConstraintKind::Check => "CHECK",
            ConstraintKind::ForeignKey => "FOREIGN KEY",
            ConstraintKind::NotNull => "NOT NULL",
            ConstraintKind::Other => return write!(f, "a constraint failed: {}", self.name),
        };
        write!(f, "{kind} constraint failed")?;
        if self.name.is_empty() { Ok(()) } else { write!(f, ": {}", self.name) }
    }
}

impl SqlError {
    /// A refusal.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// Whether the host is at fault: then nothing is decided, and nothing quarantined.
    #[must_use]
    pub const fn is_host(&self) -> bool {
        matches!(self, Self::Host { .. })
    }

    /// The segment that has to be brought back first, where that is all that is wrong.
    #[must_use]
    pub const fn released(&self) -> Option<Seq> {
        match self {
            Self::Host { failure: HostFailure::Released(first), .. } => Some(*first),
            Self::Host { .. }
            | Self::Constraint(_)
            | Self::Refused(_)
            | Self::Type { .. }
            | Self::Statement(_) => None,
        }
    }
}

impl From<SqlError> for Rejection {
    /// For `?` in a model's `check`. A host's failure never becomes a verdict: the engine sees it
    /// before it looks at what `check` returned.
    fn from(error: SqlError) -> Self {
        let code = match &error {
            SqlError::Constraint(constraint) => match constraint.kind {
                ConstraintKind::Unique => Code::ConstraintUnique,
                ConstraintKind::Check => Code::ConstraintCheck,
                ConstraintKind::ForeignKey => Code::ConstraintForeignKey,
                ConstraintKind::NotNull => Code::ConstraintNotNull,
                ConstraintKind::Other => Code::ConstraintOther,
            },
            SqlError::Refused(_) | SqlError::Type { .. } | SqlError::Statement(_) | SqlError::Host { .. } => {
                Code::ApplyFailed
            }
        };
        Self::coded(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_reads_alike_on_every_host() {
        for message in [
            "UNIQUE constraint failed: people.name",
            "UNIQUE constraint failed: people.name: SQLITE_CONSTRAINT",
            "UNIQUE constraint failed: people.name: SQLITE_CONSTRAINT_UNIQUE (extended: 2067)",
            "Error: UNIQUE constraint failed: people.name: SQLITE_CONSTRAINT",
        ] {
            let constraint = Constraint::parse(message).unwrap();
            assert_eq!(constraint.to_string(), "UNIQUE constraint failed: people.name");
        }
        assert_eq!(Constraint::parse("FOREIGN KEY constraint failed: SQLITE_CONSTRAINT").unwrap().name, "");
        let strict = "cannot store TEXT value in INTEGER column people.age: SQLITE_CONSTRAINT";
        assert_eq!(Constraint::parse(strict).unwrap().kind, ConstraintKind::Other);
        assert_eq!(Constraint::parse("no such table: people"), None);
    }
}
