//! A state of a snapshot, which is its text ([`crate::dump`]).

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::dump::{Header, param, quoted, tables};
use crate::sql::nested;
use crate::{ConstraintKind, Param, Query, Rules, Sql, SqlError, Value, state};

/// A value as a snapshot has it. Which of its forms it is shows at its first character: nothing is tried.
struct Cell(Value);

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Cells).map(Self)
    }
}

struct Cells;

impl<'de> Visitor<'de> for Cells {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, an integer, a text, or bits")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Integer(n))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Value, E> {
        let wrong = |_| E::invalid_value(Unexpected::Unsigned(n), &self);
        i64::try_from(n).map(Value::Integer).map_err(wrong)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        let bits = Bits::deserialize(MapAccessDeserializer::new(map))?;
        bits.value().ok_or_else(|| de::Error::custom("a snapshot has a value that is none"))
    }
}

/// What JSON has no form for, in hexadecimal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Bits {
    R(String),
    B(String),
}

impl Bits {
    fn value(&self) -> Option<Value> {
        match self {
            Self::R(bits) => u64::from_str_radix(bits, 16).ok().map(|bits| Value::Real(f64::from_bits(bits))),
            Self::B(hex) => {
                let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
                let bytes = pairs.map(|pair| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()));
                bytes.collect::<Option<_>>().map(Value::Blob)
            }
        }
    }
}

/// Makes the state from a snapshot's parts, in place of what is there. The caller undoes what was written
/// when it fails.
///
/// # Errors
/// [`SqlError`]; one that is not the host's says that the snapshot is no state of these tables.
pub fn load<S: AsRef<str>>(db: &mut dyn Sql, rules: &Rules, parts: &[S]) -> Result<(), SqlError> {
    state::drop_all(db)?;
    state::create(db, rules)?;
    let Bare { later, known } = Bare::strip(db)?;
    let mut waiting: Vec<(String, Vec<Value>)> = Vec::new();
    for Section { header, rows } in parents_first(db, sections(parts)?)? {
        let sql = inserting(db, &known, &header)?;
        for line in rows {
            let values = row_of(line)?;
            if !put(db, &sql, &values)? {
                waiting.push((sql.clone(), values));
            }
        }
    }
    // Rows whose foreign keys were not there yet.
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut still = Vec::new();
        for (sql, values) in waiting {
            if !put(db, &sql, &values)? {
                still.push((sql, values));
            }
        }
        if still.len() == before {
            return Err(SqlError::refused("a snapshot refers to rows that it does not have"));
        }
        waiting = still;
    }
    later.iter().try_for_each(|sql| db.run_script(sql))
}

/// Tables without what is made of their rows later.
struct Bare {
    /// What makes it.
    later: Vec<String>,
    /// The names of the tables.
    known: Vec<String>,
}

impl Bare {
    /// A row of a snapshot has had its triggers. And an index is made faster of all rows than of one after another.
    fn strip(db: &mut dyn Sql) -> Result<Self, SqlError> {
        let models = state::IS_MODELS;
        let sql = format!(
            "SELECT type, name, sql FROM sqlite_master
                WHERE type IN ('trigger', 'index') AND sql IS NOT NULL AND {models} ORDER BY type, name"
        );
        let mut later = Vec::new();
        for object in db.query(&sql, &[])? {
            let (kind, name): (String, String) = (object.get(0)?, object.get(1)?);
            db.run_script(&format!("DROP {kind} {}", quoted(&name)))?;
            later.push(object.get(2)?);
        }
        let known = tables(db)?.into_iter().map(|table| table.name).collect();
        Ok(Self { later, known })
    }
}

/// Makes a state from a snapshot's parts as they come, in their order and where no foreign key is enforced: nothing has
/// to wait for anything.
pub(crate) struct Loader {
    bare: Bare,
    /// How a row of the table goes in that the last part has ended in.
    sql: Option<String>,
}

impl Loader {
    /// Begins in a database with the model's tables, all of them empty.
    pub(crate) fn begin(db: &mut dyn Sql) -> Result<Self, SqlError> {
        Ok(Self { bare: Bare::strip(db)?, sql: None })
    }

    pub(crate) fn add(&mut self, db: &mut dyn Sql, part: &str) -> Result<(), SqlError> {
        nested(db, |db| part.lines().try_for_each(|line| self.line(db, line)))
    }

    fn line(&mut self, db: &mut dyn Sql, line: &str) -> Result<(), SqlError> {
        if line.starts_with('{') {
            let header = serde_json::from_str(line).map_err(|error| SqlError::refused(error.to_string()))?;
            self.sql = Some(inserting(db, &self.bare.known, &header)?);
            return Ok(());
        }
        let sql = self.sql.as_ref().ok_or_else(|| SqlError::refused(NO_TABLE))?;
        let values = row_of(line)?;
        let bound: Vec<Param<'_>> = values.iter().map(param).collect();
        db.execute(sql, &bound)
    }

    /// All rows are in.
    pub(crate) fn finish(self, db: &mut dyn Sql) -> Result<(), SqlError> {
        nested(db, |db| self.bare.later.iter().try_for_each(|sql| db.run_script(sql)))
    }
}

const NO_TABLE: &str = "a snapshot begins with a table";

fn row_of(line: &str) -> Result<Vec<Value>, SqlError> {
    let cells: Vec<Cell> =
        serde_json::from_str(line).map_err(|error| SqlError::refused(error.to_string()))?;
    Ok(cells.into_iter().map(|Cell(value)| value).collect())
}

/// A table of a snapshot.
struct Section<'a> {
    header: Header,
    rows: Vec<&'a str>,
}

fn sections<S: AsRef<str>>(parts: &[S]) -> Result<Vec<Section<'_>>, SqlError> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in parts.iter().flat_map(|part| part.as_ref().lines()) {
        if line.starts_with('{') {
            let header = serde_json::from_str(line).map_err(|error| SqlError::refused(error.to_string()))?;
            sections.push(Section { header, rows: Vec::new() });
        } else {
            let section = sections.last_mut();
            section.ok_or_else(|| SqlError::refused(NO_TABLE))?.rows.push(line);
        }
    }
    Ok(sections)
}

/// A table after those that it refers to, as far as they are not in a circle: most rows go in at once.
fn parents_first<'a>(db: &dyn Query, mut left: Vec<Section<'a>>) -> Result<Vec<Section<'a>>, SqlError> {
    let mut ordered: Vec<Section<'a>> = Vec::new();
    while !left.is_empty() {
        let mut next = 0;
        for (place, section) in left.iter().enumerate() {
            let sql = r#"SELECT "table" FROM pragma_foreign_key_list(?1)"#;
            let parents = db.query(sql, &[(&section.header.table).into()])?;
            let parents = parents.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
            let waits = |parent: &String| {
                let same = |section: &Section<'_>| section.header.table.eq_ignore_ascii_case(parent);
                !same(section) && left.iter().any(same)
            };
            if !parents.iter().any(waits) {
                next = place;
                break;
            }
        }
        ordered.push(left.remove(next));
    }
    Ok(ordered)
}

fn inserting(db: &mut dyn Sql, known: &[String], header: &Header) -> Result<String, SqlError> {
    let Header { table, columns } = header;
    if !known.contains(table) {
        return Err(SqlError::refused("a snapshot has a table that the state has not"));
    }
    let name = quoted(table);
    if table == "sqlite_sequence" {
        db.execute("DELETE FROM sqlite_sequence", &[])?;
    }
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    Ok(format!("INSERT INTO {name} ({}) VALUES ({})", columns.join(", "), places.join(", ")))
}

/// Whether the row could be put in; not yet where it refers to one that is missing.
fn put(db: &mut dyn Sql, sql: &str, values: &[Value]) -> Result<bool, SqlError> {
    let bound: Vec<Param<'_>> = values.iter().map(param).collect();
    match db.execute(sql, &bound) {
        Ok(()) => Ok(true),
        Err(SqlError::Constraint(constraint)) if constraint.kind == ConstraintKind::ForeignKey => Ok(false),
        Err(error) => Err(error),
    }
}
