//! SQLite's errors as the engine sorts them: the caller's data, the caller's SQL, or the host.

use rusqlite::ffi;
use syncline_engine::{Constraint, ConstraintKind, HostFailure, SqlError};

/// Sorts an error by who can act on it.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other error is about how rusqlite is called")]
pub(crate) fn sql_error(error: &rusqlite::Error) -> SqlError {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let said = message.clone().unwrap_or_else(|| ffi::code_to_str(failure.extended_code).to_owned());
            sorted(failure.extended_code, said)
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => sorted(error.extended_code, msg.clone()),
        rusqlite::Error::MultipleStatement => SqlError::refused("a call takes one statement"),
        other => SqlError::Statement(other.to_string()),
    }
}

fn sorted(code: i32, message: String) -> SqlError {
    let host = |failure, message| SqlError::Host { failure, message };
    match code & 0xff {
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => SqlError::Constraint(constraint(code, message)),
        ffi::SQLITE_FULL => host(HostFailure::Full, message),
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => host(HostFailure::Corrupt, message),
        ffi::SQLITE_IOERR => host(HostFailure::Other, format!("{message} ({})", ffi::code_to_str(code))),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => host(HostFailure::Busy, message),
        ffi::SQLITE_ABORT
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_INTERNAL
        | ffi::SQLITE_INTERRUPT
        | ffi::SQLITE_NOLFS
        | ffi::SQLITE_NOMEM
        | ffi::SQLITE_PERM
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_SCHEMA => host(HostFailure::Other, message),
        ffi::SQLITE_AUTH | ffi::SQLITE_TOOBIG => SqlError::Refused(message),
        _ => SqlError::Statement(message),
    }
}

/// SQLite's message names the constraint; its code is what is left to tell a kind by.
fn constraint(code: i32, message: String) -> Constraint {
    let kind = match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            ConstraintKind::Unique
        }
        ffi::SQLITE_CONSTRAINT_CHECK => ConstraintKind::Check,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ConstraintKind::ForeignKey,
        ffi::SQLITE_CONSTRAINT_NOTNULL => ConstraintKind::NotNull,
        _ => ConstraintKind::Other,
    };
    Constraint::parse(&message).unwrap_or(Constraint { kind, name: message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_who_can_act() {
        let sort = |code| sorted(code, "said".to_owned());
        for (code, failure) in [
            (ffi::SQLITE_FULL, HostFailure::Full),
            (ffi::SQLITE_CORRUPT, HostFailure::Corrupt),
            (ffi::SQLITE_CORRUPT_INDEX, HostFailure::Corrupt),
            (ffi::SQLITE_NOTADB, HostFailure::Corrupt),
            (ffi::SQLITE_BUSY_SNAPSHOT, HostFailure::Busy),
            (ffi::SQLITE_NOMEM, HostFailure::Other),
            (ffi::SQLITE_CANTOPEN, HostFailure::Other),
            (ffi::SQLITE_READONLY_DBMOVED, HostFailure::Other),
        ] {
            assert_eq!(sort(code), SqlError::Host { failure, message: "said".to_owned() }, "{code}");
        }
        for (code, kind) in [
            (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ConstraintKind::Unique),
            (ffi::SQLITE_CONSTRAINT_TRIGGER, ConstraintKind::Other),
            (ffi::SQLITE_CONSTRAINT_DATATYPE, ConstraintKind::Other),
            (ffi::SQLITE_MISMATCH, ConstraintKind::Other),
        ] {
            let name = "said".to_owned();
            assert_eq!(sort(code), SqlError::Constraint(Constraint { kind, name }), "{code}");
        }
        assert_eq!(sort(ffi::SQLITE_TOOBIG), SqlError::Refused("said".to_owned()));
        for code in [ffi::SQLITE_ERROR, ffi::SQLITE_RANGE, ffi::SQLITE_MISUSE] {
            assert_eq!(sort(code), SqlError::Statement("said".to_owned()), "{code}");
        }
    }

    #[test]
    fn a_failed_write_says_which_kind_of_io_it_was() {
        let SqlError::Host { failure, message } = sorted(ffi::SQLITE_IOERR_WRITE, "no".to_owned()) else {
            panic!("not the host's")
        };
        assert_eq!(failure, HostFailure::Other);
        assert!(message.starts_with("no (disk I/O error"), "{message}");
    }
}
