//! Rows as JSON text: the quickest way from SQLite to a page's objects.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use syncline_engine::protocol::MAX_NUMBER;
use syncline_engine::{Param, SqlError};

use crate::Database;
use crate::dialect::Dialect;
use crate::statement::bind;

impl Database {
    /// Runs one reading statement and returns its rows as a JSON array of objects, one on a line, with a member for
    /// each column. Of columns with the same name, `JSON.parse` takes the last.
    ///
    /// Integers, reals and text are JSON's; a blob is an array of its bytes as numbers, the only
    /// array in a row and so told from everything else. The statement may use whatever
    /// SQLite has, and its limits are SQLite's own: a page's queries run in the page alone.
    ///
    /// # Errors
    /// [`SqlError::Refused`] for a statement that does not only read, for an integer beyond
    /// ±(2^53 − 1), and for an infinite real, which JSON has no way to write; others of [`SqlError`].
    pub fn query_json(&self, sql: &str, params: &[Param<'_>]) -> Result<String, SqlError> {
        self.locally(|db| db.rows_as_json(sql, params))
    }

    /// The tables that such a query reads, through views and subqueries as well: its result changes
    /// only when one of them does. In alphabetical order.
    ///
    /// # Errors
    /// [`SqlError`] when it is no query.
    pub fn tables_read_by(&self, sql: &str) -> Result<Vec<String>, SqlError> {
        let (_, footprint) = self.locally(|db| db.reading(sql, Dialect::Local))?;
        Ok(footprint.reads.iter().map(|table| table.as_ref().to_owned()).collect())
    }

    fn locally<'a, T>(&'a self, run: impl FnOnce(&'a Self) -> Result<T, SqlError>) -> Result<T, SqlError> {
        self.limit(Dialect::Local)?;
        let result = run(self);
        self.limit(Dialect::Portable)?;
        result
    }

    fn rows_as_json(&self, sql: &str, params: &[Param<'_>]) -> Result<String, SqlError> {
        let (mut statement, _) = self.reading(sql, Dialect::Local)?;
        let members: Vec<String> = statement.column_names().enumerate().map(member).collect();
        bind(&mut statement, params).map_err(|error| error.sorted(self))?;
        let mut rows = statement.raw_query();
        let mut json = String::from("[");
        while let Some(row) = rows.next().map_err(|error| self.note(&error))? {
            if json.len() > 1 {
                json.push_str(",\n");
            }
            for (column, member) in members.iter().enumerate() {
                json.push_str(member);
                let value = row.get_ref(column).map_err(|error| self.note(&error))?;
                write_value(&mut json, value, column)?;
            }
            json.push('}');
        }
        json.push(']');
        Ok(json)
    }
}

/// What comes before a value: a bracket or a comma, and the column's name.
fn member((place, name): (usize, &str)) -> String {
    let mut text = String::from(if place == 0 { '{' } else { ',' });
    write_text(&mut text, name);
    text.push(':');
    text
}

fn write_value(json: &mut String, value: ValueRef<'_>, column: usize) -> Result<(), SqlError> {
    // Writing to a string cannot fail.
    match value {
        ValueRef::Null => json.push_str("null"),
        ValueRef::Integer(n) if n.unsigned_abs() > MAX_NUMBER => {
            return Err(SqlError::refused(format!("column {column}: the integer {n} is beyond ±(2^53 − 1)")));
        }
        ValueRef::Integer(n) => {
            let _ = write!(json, "{n}");
        }
        ValueRef::Real(x) if !x.is_finite() => {
            return Err(SqlError::refused(format!("column {column}: an infinite real has no JSON")));
        }
        ValueRef::Real(x) => {
            json.push_str(&serde_json::to_string(&x).unwrap_or_default());
        }
        ValueRef::Text(text) => write_text(json, &String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => {
            json.push('[');
            for (place, byte) in bytes.iter().enumerate() {
                if place > 0 {
                    json.push(',');
                }
                let _ = write!(json, "{byte}");
            }
            json.push(']');
        }
    }
    Ok(())
}

/// Writes a JSON string: runs of plain text at once, which most text is one of.
fn write_text(json: &mut String, text: &str) {
    json.push('"');
    let mut plain = text;
    while let Some(place) = plain.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        let (before, rest) = plain.split_at(place);
        json.push_str(before);
        let mut rest = rest.chars();
        match rest.next() {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some('\n') => json.push_str("\\n"),
            Some(control) => {
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            None => {}
        }
        plain = rest.as_str();
    }
    json.push_str(plain);
    json.push('"');
}
