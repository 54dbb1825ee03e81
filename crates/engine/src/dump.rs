//! The state as text: every row in one canonical form and order, the same on every host. Its digest tells
//! whether two states are the same; the text itself is a snapshot, from which a state is made again.
//!
//! A line is a JSON value. An object names a table and its columns; the arrays after it are its rows: null,
//! numbers for integers, texts, `{"r": …}` for a real as the hexadecimal digits of its 64 bits, `{"b": …}`
//! for bytes in hexadecimal.

use serde::{Deserialize, Serialize};
use syncline_protocol::{Digest, Hasher};

use crate::{FromValue, Param, Query, SqlError, Value, quarantine, state};

/// Rows that are read at once.
const PAGE_ROWS: u32 = 500;

/// A table, as its first line names it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
}

pub(crate) struct Table {
    pub(crate) name: String,
    columns: Vec<Column>,
    /// Which columns order the rows.
    key: Vec<usize>,
}

struct Column {
    name: String,
    kind: Kind,
}

/// What a host with nothing but doubles needs to be told.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Real,
    Other,
    /// Asked for each value.
    Any,
}

/// The digest of the state.
///
/// # Errors
/// [`SqlError`].
pub fn state_digest(db: &dyn Query) -> Result<Digest, SqlError> {
    let mut hasher = Hasher::default();
    dump(db, &mut |line| {
        hasher.add(line.as_bytes());
        Ok(())
    })?;
    Ok(hasher.finish())
}

/// Every line of the state, each with its line feed.
pub(crate) fn dump(
    db: &dyn Query,
    each: &mut dyn FnMut(&str) -> Result<(), SqlError>,
) -> Result<(), SqlError> {
    for table in tables(db)? {
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let header = Header { table: table.name.clone(), columns };
        let mut line =
            serde_json::to_string(&header).map_err(|error| SqlError::refused(error.to_string()))?;
        line.push('\n');
        each(&line)?;
        let mut after = None;
        loop {
            let rows = table.page(db, after.as_deref())?;
            for row in &rows {
                line.clear();
                encode(row, &mut line)?;
                each(&line)?;
            }
            let Some(last) = rows.last().filter(|_| rows.len() >= PAGE_ROWS as usize) else { break };
            after = Some(table.key.iter().filter_map(|place| last.get(*place).cloned()).collect::<Vec<_>>());
        }
    }
    Ok(())
}

impl Table {
    fn page(&self, db: &dyn Query, after: Option<&[Value]>) -> Result<Vec<Vec<Value>>, SqlError> {
        let select: Vec<String> = self
            .columns
            .iter()
            .map(|Column { name, kind }| {
                let name = quoted(name);
                if *kind == Kind::Any { format!("{name}, typeof({name})") } else { name }
            })
            .collect();
        let key: Vec<String> =
            self.key.iter().filter_map(|place| self.columns.get(*place)).map(|c| quoted(&c.name)).collect();
        let key = key.join(", ");
        let (mut bound, mut from) = (Vec::new(), String::new());
        if let Some(after) = after {
            let places: Vec<String> = (1..=after.len()).map(|place| format!("?{place}")).collect();
            from = format!(" WHERE ({key}) > ({})", places.join(", "));
            bound.extend(after.iter().map(param));
        }
        let sql = format!(
            "SELECT {} FROM {}{from} ORDER BY {key} LIMIT {PAGE_ROWS}",
            select.join(", "),
            quoted(&self.name)
        );
        db.query(&sql, &bound)?.iter().map(|row| self.typed(row.columns())).collect()
    }

    /// The values with their types, which a host may have lost.
    fn typed(&self, values: &[Value]) -> Result<Vec<Value>, SqlError> {
        let mut values = values.iter();
        self.columns
            .iter()
            .map(|Column { kind, .. }| {
                let value = values.next().cloned().unwrap_or(Value::Null);
                let kind = match kind {
                    Kind::Any => match values.next() {
                        Some(Value::Text(kind)) if kind == "integer" => Kind::Integer,
                        Some(Value::Text(kind)) if kind == "real" => Kind::Real,
                        Some(_) | None => Kind::Other,
                    },
                    Kind::Integer | Kind::Real | Kind::Other => *kind,
                };
                Ok(match (value, kind) {
                    (value @ (Value::Integer(_) | Value::Real(_)), Kind::Integer) => {
                        let wanted = || SqlError::refused("an integer of the state is beyond ±(2^53 − 1)");
                        Value::Integer(i64::from_value(&value).ok_or_else(wanted)?)
                    }
                    (Value::Integer(n), Kind::Real) => Value::Real(n as f64),
                    (value, Kind::Integer | Kind::Real | Kind::Other | Kind::Any) => value,
                })
            })
            .collect()
    }
}

/// The tables of the state in the order of their names, and what this replica had to skip.
pub(crate) fn tables(db: &dyn Query) -> Result<Vec<Table>, SqlError> {
    let models = state::IS_MODELS;
    let sql = format!(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table'
            AND (name = 'sqlite_sequence' OR name = 'syncline_quarantine' OR ({models})) ORDER BY name"
    );
    db.query(&sql, &[])?
        .iter()
        .map(|row| table(db, row.get(0)?, &row.get::<Option<String>>(1)?.unwrap_or_default()))
        .collect()
}

fn table(db: &dyn Query, name: String, sql: &str) -> Result<Table, SqlError> {
    let described = "SELECT name, type, pk FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid";
    let (mut columns, mut primary, mut alias) = (Vec::new(), Vec::new(), false);
    for row in db.query(described, &[(&name).into()])? {
        let (column, declared, place): (String, String, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // What SQLite said about it differs between its versions.
        if name == quarantine::NAME && column == "message" {
            continue;
        }
        let kind = match declared.to_ascii_uppercase().as_str() {
            "INTEGER" | "INT" => Kind::Integer,
            "REAL" => Kind::Real,
            "TEXT" | "BLOB" => Kind::Other,
            _ => Kind::Any,
        };
        if place > 0 {
            alias = declared.eq_ignore_ascii_case("INTEGER");
            primary.push((place, columns.len()));
        }
        columns.push(Column { name: column, kind });
    }
    primary.sort_unstable();
    let key = if sql.to_ascii_uppercase().contains("WITHOUT ROWID") || (alias && primary.len() == 1) {
        primary.into_iter().map(|(_, column)| column).collect()
    } else {
        // Rows that nothing else orders have a place of their own, which a query may show.
        columns.insert(0, Column { name: "_rowid_".to_owned(), kind: Kind::Integer });
        vec![0]
    };
    Ok(Table { name, columns, key })
}

fn encode(row: &[Value], line: &mut String) -> Result<(), SqlError> {
    for (place, value) in row.iter().enumerate() {
        line.push(if place == 0 { '[' } else { ',' });
        match value {
            Value::Null => line.push_str("null"),
            Value::Integer(n) => line.push_str(&n.to_string()),
            Value::Real(x) => line.push_str(&format!(r#"{{"r":"{:016x}"}}"#, x.to_bits())),
            Value::Blob(bytes) => {
                line.push_str(r#"{"b":""#);
                bytes.iter().for_each(|byte| line.push_str(&format!("{byte:02x}")));
                line.push_str(r#""}"#);
            }
            Value::Text(text) => {
                let text =
                    serde_json::to_string(text).map_err(|error| SqlError::refused(error.to_string()))?;
                line.push_str(&text);
            }
        }
    }
    line.push_str("]\n");
    Ok(())
}

pub(crate) fn param(value: &Value) -> Param<'_> {
    match value {
        Value::Null => Param::Null,
        Value::Integer(n) => Param::Integer(*n),
        Value::Real(x) => Param::Real(*x),
        Value::Text(text) => Param::Text(text),
        Value::Blob(bytes) => Param::Blob(bytes),
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
