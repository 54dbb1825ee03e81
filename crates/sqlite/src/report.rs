//! What an operator asks of a store in SQL: only to read, and within bounds.

use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use serde_json::Value;
use syncline_engine::{HostFailure, SqlError};

use crate::Database;
use crate::dialect::Dialect;

/// The clock is looked at after so many steps of SQLite's machine.
const STEPS: i32 = 10_000;

/// How much a question may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Rows.
    pub rows: usize,
    /// Bytes of texts and blobs.
    pub bytes: usize,
    /// Time.
    pub time: Duration,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// A blob is a text, as SQL writes it: `x'00ff'`.
    pub rows: Vec<Vec<Value>>,
    /// Whether there would be more rows.
    pub more: bool,
}

impl Database {
    /// Runs one statement that only reads, over whatever is there; with any function that SQLite has.
    ///
    /// # Errors
    /// [`SqlError::Refused`] for a statement that does not only read, or takes too long.
    pub fn report(&mut self, sql: &str, bounds: Bounds) -> Result<Report, SqlError> {
        let until = Instant::now() + bounds.time;
        let set = |db: &mut Self, until: Option<Instant>| {
            let over = until.map(|until| move || Instant::now() >= until);
            db.connection.progress_handler(STEPS, over).map_err(|error| db.note(&error))
        };
        set(self, Some(until))?;
        self.limit(Dialect::Local)?;
        let done = self.read_within(sql, bounds);
        self.limit(Dialect::Portable)?;
        set(self, None)?;
        match done {
            Err(SqlError::Host { failure: HostFailure::Other, .. }) if Instant::now() >= until => {
                let seconds = bounds.time.as_secs_f64();
                Err(SqlError::refused(format!("the query takes longer than {seconds} s, so it was stopped")))
            }
            done => done,
        }
    }

    fn read_within(&self, sql: &str, bounds: Bounds) -> Result<Report, SqlError> {
        let (mut statement, _) = self.reading(sql, Dialect::Local)?;
        let mut report =
            Report { columns: statement.column_names().map(str::to_owned).collect(), ..Report::default() };
        if statement.parameter_count() > 0 {
            return Err(SqlError::refused("the query has parameters: write their values into it"));
        }
        let mut bytes = 0;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| self.note(&error))? {
            if report.rows.len() >= bounds.rows || bytes > bounds.bytes {
                report.more = true;
                break;
            }
            let mut values = Vec::with_capacity(report.columns.len());
            for column in 0..report.columns.len() {
                let value = row.get_ref(column).map_err(|error| self.note(&error))?;
                let size = size(value);
                if size > bounds.bytes {
                    return Err(SqlError::refused(format!(
                        "a value of {size} bytes is more than may be read"
                    )));
                }
                bytes += size;
                values.push(json(value));
            }
            report.rows.push(values);
        }
        Ok(report)
    }
}

const fn size(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 8,
    }
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => n.into(),
        ValueRef::Real(x) => x.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{hex}'").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use syncline_engine::Sql;

    use super::*;

    const BOUNDS: Bounds = Bounds { rows: 2, bytes: 100, time: Duration::from_millis(100) };

    fn database() -> Database {
        let mut db = Database::open_memory().unwrap();
        db.run_script(
            "CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, NULL), (3, 'z')",
        )
        .unwrap();
        db
    }

    #[test]
    fn a_report_has_no_more_rows_than_it_may() {
        let mut db = database();
        let report = db.report("SELECT a, b FROM t ORDER BY a", BOUNDS).unwrap();
        assert_eq!(report.columns, ["a", "b"]);
        assert_eq!(report.rows, [vec![json!(1), json!("x")], vec![json!(2), json!(null)]]);
        assert!(report.more);
        let report = db.report("SELECT count(*) FROM t", BOUNDS).unwrap();
        assert_eq!((report.rows, report.more), (vec![vec![json!(3)]], false));
    }

    #[test]
    fn what_does_not_only_read_is_refused() {
        let mut db = database();
        for sql in [
            "DELETE FROM t",
            "DROP TABLE t",
            "SELECT 1; DELETE FROM t",
            "WITH x AS (SELECT 1) DELETE FROM t",
            "ATTACH 'file' AS other",
            "VACUUM INTO 'file'",
            "PRAGMA journal_mode = DELETE",
            "BEGIN",
            "SELECT load_extension('x')",
            "SELECT ?1",
        ] {
            let refused = db.report(sql, BOUNDS);
            assert!(refused.is_err(), "{sql}: {refused:?}");
        }
        assert_eq!(db.report("SELECT count(*) FROM t", BOUNDS).unwrap().rows, [[json!(3)]]);
    }

    #[test]
    fn what_would_run_for_ever_is_stopped_and_the_database_goes_on() {
        let mut db = database();
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        let error = db.report(sql, BOUNDS).unwrap_err();
        assert!(error.to_string().contains("longer than 0.1 s"), "{error}");
        assert!(db.report("SELECT zeroblob(100000000)", BOUNDS).is_err(), "no value is that large");
        assert_eq!(db.report("SELECT count(*) FROM t", BOUNDS).unwrap().rows, [[json!(3)]]);
    }
}
