//! What a Durable Object throws, sorted by who can act.

use syncline_engine::{Constraint, ConstraintKind, HostFailure, SqlError};
use wasm_bindgen::{JsCast, JsValue};

/// What a statement threw.
pub(super) fn classify(thrown: &JsValue) -> SqlError {
    sort(message(thrown))
}

/// What a transaction threw that its body did not ask for: it was not begun, or not kept.
pub(super) fn of_transaction(thrown: &JsValue) -> SqlError {
    let error = sort(message(thrown));
    if error.is_host() { error } else { other(error.to_string()) }
}

pub(super) fn not_undone() -> SqlError {
    other("transactionSync ended otherwise than its body".to_owned())
}

pub(super) fn strange_value(value: &JsValue) -> SqlError {
    other(format!("a column holds {value:?}"))
}

fn other(message: String) -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message }
}

fn message(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => thrown.as_string().unwrap_or_else(|| format!("{thrown:?}")),
    }
}

/// SQLite's message comes first, the name of its result code behind it.
fn sort(message: String) -> SqlError {
    if let Some(constraint) = Constraint::parse(&message) {
        return SqlError::Constraint(constraint);
    }
    let says = |signs: &[&str]| signs.iter().any(|sign| message.contains(sign));
    if says(&["SQLITE_CONSTRAINT", "SQLITE_MISMATCH"]) {
        let name = message.split_once(": SQLITE_").map_or(message.as_str(), |(said, _)| said).to_owned();
        return SqlError::Constraint(Constraint { kind: ConstraintKind::Other, name });
    }
    if says(&["SQLITE_FULL", "Exceeded allowed storage"]) {
        return SqlError::Host { failure: HostFailure::Full, message };
    }
    if says(&["SQLITE_CORRUPT", "SQLITE_NOTADB"]) {
        return SqlError::Host { failure: HostFailure::Corrupt, message };
    }
    if says(&["SQLITE_BUSY", "SQLITE_LOCKED"]) {
        return SqlError::Host { failure: HostFailure::Busy, message };
    }
    if says(&["SQLITE_TOOBIG", "SQLITE_AUTH", "not authorized"]) {
        return SqlError::Refused(message);
    }
    if says(&[
        "SQLITE_ERROR",
        "SQLITE_RANGE",
        "Wrong number of parameter bindings",
        "did not contain a statement",
    ]) {
        return SqlError::Statement(message);
    }
    other(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_thrown_is_sorted_by_who_can_act() {
        let sorted = |message: &str| sort(message.to_owned());
        assert!(matches!(
            sorted("UNIQUE constraint failed: people.name: SQLITE_CONSTRAINT"),
            SqlError::Constraint(_)
        ));
        assert!(matches!(sorted("no such table: people: SQLITE_ERROR"), SqlError::Statement(_)));
        assert!(matches!(sorted("string or blob too big: SQLITE_TOOBIG"), SqlError::Refused(_)));
        for (message, failure) in [
            ("database or disk is full: SQLITE_FULL", HostFailure::Full),
            ("database disk image is malformed: SQLITE_CORRUPT", HostFailure::Corrupt),
            ("database table is locked: SQLITE_LOCKED", HostFailure::Busy),
            ("disk I/O error: SQLITE_IOERR", HostFailure::Other),
            ("internal error; reference = 1", HostFailure::Other),
        ] {
            assert_eq!(sorted(message), SqlError::Host { failure, message: message.to_owned() });
        }
    }
}
