//! One suite that every host runs: the same statements, the same answers; and one scenario of the engine,
//! that ends in the same log and the same states.
//!
//! What a host answers otherwise, its [`Sql`] has to level; what no host can level, all refuse.

mod functions;
mod reads;
mod scenario;
mod tables;
mod transactions;
mod writes;

use std::fmt;

pub use scenario::play;
use serde::Serialize;
use syncline_protocol::Digest;

use crate::{FromValue, Param, Rewind, Row, Sql, SqlError};

/// One statement, or a few that belong together, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// What it is about.
    pub name: String,
    /// What every host answers, as text.
    pub expected: String,
    /// What this one answered.
    pub seen: String,
}

impl Case {
    /// Whether this host answers as every host does.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.expected == self.seen
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected, seen } = self;
        if self.passed() {
            write!(f, "ok: {name}: {seen}")
        } else {
            write!(f, "FAILED: {name}\n  expected: {expected}\n  seen:     {seen}")
        }
    }
}

/// Runs all cases. Its tables begin with `conformance_`; it creates them, and drops them at the end.
pub fn run(db: &mut dyn Sql) -> Vec<Case> {
    let mut cases = vec![case("the tables are created", "ok", outcome(&tables::create(db)))];
    cases.extend(reads::READS.iter().chain(functions::READS).map(|read| read.run(db)));
    cases.extend(writes::WRITES.iter().map(|write| write.run(db)));
    cases.extend(refusals(db));
    cases.extend(transactions::run(db));
    cases.push(case("the tables are dropped", "ok", outcome(&tables::drop_all(db))));
    cases
}

/// What a host prints of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// See [`digest`].
    pub digest: String,
    /// How many cases did not pass.
    pub failed: usize,
    /// All of them.
    pub cases: Vec<Case>,
}

/// Runs all cases and plays the scenario, and sums up; the databases are as [`play`] wants them.
pub fn report(db: &mut dyn Sql, other: &mut dyn Sql, session: Option<&mut dyn Rewind>) -> Report {
    let mut cases = run(db);
    cases.extend(play(db, other, session));
    let failed = cases.iter().filter(|case| !case.passed()).count();
    Report { digest: digest(&cases), failed, cases }
}

/// A fingerprint of what was seen: alike on hosts that answered alike.
#[must_use]
pub fn digest(cases: &[Case]) -> String {
    let text: String = cases.iter().map(|case| format!("{}\n{}\n", case.name, case.seen)).collect();
    Digest::of(text.as_bytes()).to_string()
}

fn case(name: &str, expected: &str, seen: String) -> Case {
    Case { name: name.to_owned(), expected: expected.to_owned(), seen }
}

/// Reads that cannot be put into a table, for the size of what they hold.
fn refusals(db: &mut dyn Sql) -> Vec<Case> {
    let many = vec![Param::Integer(1); 101];
    let unions = ["SELECT 1"; 6].join(" UNION ALL ");
    let pattern = "a".repeat(51);
    let deep = vec!["1"; 101].join(" + ");
    let wide = vec!["1"; 101].join(", ");
    [
        ("100 parameters", "SELECT ?100", many.get(..100).unwrap_or_default(), "1"),
        ("101 parameters", "SELECT ?101", &many, "refused"),
        ("six SELECTs in one UNION", &unions, &[], "wrong statement"),
        ("a LIKE pattern of 51 bytes", "SELECT 'a' LIKE ?1", &[Param::Text(&pattern)], "wrong statement"),
        ("an expression 101 deep", &format!("SELECT {deep}"), &[], "wrong statement"),
        ("a result of 101 columns", &format!("SELECT {wide}"), &[], "wrong statement"),
    ]
    .map(|(name, sql, params, expected)| case(name, expected, answer(db, sql, params, "i")))
    .into()
}

/// A query and what it returns.
struct Read {
    name: &'static str,
    sql: &'static str,
    params: &'static [Param<'static>],
    /// How each column is read: `i`nteger, `f`loat, `t`ext, `b`lob or b`o`olean. Any may be NULL.
    types: &'static str,
    expected: &'static str,
}

impl Read {
    fn run(&self, db: &dyn Sql) -> Case {
        case(self.name, self.expected, answer(db, self.sql, self.params, self.types))
    }
}

fn answer(db: &dyn Sql, sql: &str, params: &[Param<'_>], types: &str) -> String {
    match db.query(sql, params) {
        Ok(rows) => {
            let rows = rows.iter().map(|row| columns(row, types));
            rows.collect::<Result<Vec<_>, _>>().map_or_else(|error| wrong(&error), |rows| rows.join("; "))
        }
        Err(error) => wrong(&error),
    }
}

fn columns(row: &Row, types: &str) -> Result<String, SqlError> {
    if row.columns().len() != types.len() {
        return Ok(format!("{} columns", row.columns().len()));
    }
    let columns = types.chars().enumerate().map(|(place, kind)| match kind {
        'i' => column::<i64>(row, place, |n| n.to_string()),
        'f' => column::<f64>(row, place, |x| format!("{x:?}")),
        't' => column::<String>(row, place, |text| format!("{text:?}")),
        'b' => column::<Vec<u8>>(row, place, |bytes| {
            bytes.iter().map(|byte| format!("{byte:02x}")).fold("x".to_owned(), |text, byte| text + &byte)
        }),
        'o' => column::<bool>(row, place, |yes| yes.to_string()),
        other => Ok(format!("no type {other}")),
    });
    Ok(columns.collect::<Result<Vec<_>, _>>()?.join(", "))
}

fn column<T: FromValue>(row: &Row, place: usize, text: impl Fn(T) -> String) -> Result<String, SqlError> {
    Ok(row.get::<Option<T>>(place)?.map_or_else(|| "NULL".to_owned(), text))
}

fn outcome(result: &Result<(), SqlError>) -> String {
    result.as_ref().map_or_else(wrong, |()| "ok".to_owned())
}

/// An error without SQLite's own words, which change from version to version; those of a constraint
/// are its name.
fn wrong(error: &SqlError) -> String {
    match error {
        SqlError::Constraint(constraint) => constraint.to_string(),
        SqlError::Refused(_) => "refused".to_owned(),
        SqlError::Type { .. } => "wrong type".to_owned(),
        SqlError::Statement(_) => "wrong statement".to_owned(),
        SqlError::Host { .. } => format!("the host failed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_is_answered_otherwise_fails_and_changes_the_digest() {
        let passed = case("one", "1", "1".to_owned());
        let failed = case("one", "1", "1.0".to_owned());
        assert!(passed.passed());
        assert!(!failed.passed());
        assert!(failed.to_string().starts_with("FAILED: one"));
        assert_ne!(digest(&[passed]), digest(&[failed]));
    }
}
