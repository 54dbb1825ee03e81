//! [`Sql`] over the SQLite of a Durable Object.
//!
//! Each crossing from wasm to JavaScript has its price, and each text that crosses a higher one. So
//! statements are kept as JavaScript strings, parameters cross in one piece, and rows are read as arrays.

mod binding;
mod failure;
mod statement;

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use syncline_engine::{Flow, Param, Query, Row, Sql, SqlError, Value};
use wasm_bindgen::{JsCast, JsValue};

use binding::{Cursor, SqlStorage, Storage};
use statement::{Kind, Statement};

/// How many statements are kept as JavaScript strings. An engine and a model have some dozens; one
/// that builds its statements anew each time must not fill the memory.
const KEPT_STATEMENTS: usize = 512;

/// The database of a Durable Object.
pub(crate) struct ObjectSql {
    storage: Storage,
    sql: SqlStorage,
    statements: RefCell<HashMap<String, Vec<Prepared>>>,
}

/// A statement for one choice of integer parameters.
struct Prepared {
    integers: u128,
    text: JsString,
    kind: Kind,
}

impl ObjectSql {
    /// Takes the `storage` of the object's state.
    pub(crate) fn new(storage: &JsValue) -> Self {
        let storage: Storage = storage.clone().unchecked_into();
        let sql = storage.sql();
        Self { storage, sql, statements: RefCell::default() }
    }

    fn run(&self, (text, _): &(JsString, Kind), params: &[Param<'_>]) -> Result<Cursor, SqlError> {
        let Bindings { texts, layout, blobs } = Bindings::of(params)?;
        binding::exec(&self.sql, text, &texts, &layout, blobs).map_err(|error| failure::classify(&error))
    }

    /// The statement for these parameters.
    fn prepared(&self, sql: &str, params: &[Param<'_>]) -> Result<(JsString, Kind), SqlError> {
        let mut integers = 0_u128;
        for (place, param) in params.iter().enumerate() {
            let bit = statement::bit(place)?;
            if matches!(param, Param::Integer(_)) {
                integers |= bit;
            }
        }
        let mut statements = self.statements.borrow_mut();
        let known =
            statements.get(sql).and_then(|known| known.iter().find(|known| known.integers == integers));
        if let Some(known) = known {
            return Ok((known.text.clone(), known.kind));
        }
        let Statement { text, kind } = Statement::parse(sql, integers)?;
        let text = JsString::from(text);
        if statements.len() >= KEPT_STATEMENTS {
            statements.clear();
        }
        statements.entry(sql.to_owned()).or_default().push(Prepared { integers, text: text.clone(), kind });
        Ok((text, kind))
    }
}

impl Query for ObjectSql {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        let statement = self.prepared(sql, params)?;
        if matches!(statement.1, Kind::Writes | Kind::WritesAndReturns) {
            return Err(SqlError::refused("a query only reads"));
        }
        let cursor = self.run(&statement, params)?;
        rows(&cursor)?.iter().map(|row| self::row(row.unchecked_ref())).collect()
    }
}

impl Sql for ObjectSql {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        let statement = self.prepared(sql, params)?;
        let cursor = self.run(&statement, params)?;
        match statement.1 {
            Kind::Writes => Ok(()),
            // A cursor with rows left keeps its tables locked.
            Kind::WritesAndReturns | Kind::Reads | Kind::Unknown => rows(&cursor).map(drop),
        }
    }

    fn run_script(&mut self, script: &str) -> Result<(), SqlError> {
        // The platform takes what holds no statement for an error.
        let is_blank = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with("--");
        if script.lines().all(is_blank) {
            return Ok(());
        }
        let done = binding::exec(&self.sql, &JsString::from(script), "", &[], None);
        done.map(drop).map_err(|error| failure::classify(&error))
    }

    /// `transactionSync` nests by itself, and undoes when its callback throws.
    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        let storage: Storage = self.storage.clone().unchecked_into();
        let mut wanted = None;
        let ended = storage.transaction_sync(&mut || {
            let flow = body(self);
            wanted = Some(flow);
            match flow {
                Flow::Keep => Ok(()),
                Flow::Undo => Err(JsValue::NULL),
            }
        });
        match (ended, wanted) {
            (Ok(()), Some(Flow::Keep)) => Ok(()),
            (Err(thrown), Some(Flow::Undo)) if thrown.is_null() => Ok(()),
            (Err(error), _) => Err(failure::of_transaction(&error)),
            (Ok(()), Some(Flow::Undo) | None) => Err(failure::not_undone()),
        }
    }
}

/// Parameters in one piece; see `exec.js`.
struct Bindings {
    texts: String,
    layout: Vec<f64>,
    blobs: Option<Array>,
}

impl Bindings {
    fn of(params: &[Param<'_>]) -> Result<Self, SqlError> {
        const NULL: f64 = 0.0;
        const NUMBER: f64 = 1.0;
        const TEXT: f64 = 2.0;
        const BLOB: f64 = 3.0;
        let mut bindings =
            Self { texts: String::new(), layout: Vec::with_capacity(2 * params.len()), blobs: None };
        for param in params {
            let (kind, value) = match param.checked()? {
                Param::Null => (NULL, 0.0),
                Param::Integer(n) => (NUMBER, n as f64),
                Param::Real(x) => (NUMBER, x),
                Param::Text(text) => {
                    bindings.texts.push_str(text);
                    let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
                    (TEXT, units as f64)
                }
                Param::Blob(bytes) => {
                    bindings.blobs.get_or_insert_default().push(&Uint8Array::from(bytes));
                    (BLOB, 0.0)
                }
            };
            bindings.layout.extend([kind, value]);
        }
        Ok(bindings)
    }
}

fn rows(cursor: &Cursor) -> Result<Array, SqlError> {
    cursor.raw().and_then(|rows| rows.to_array()).map_err(|error| failure::classify(&error))
}

fn row(columns: &Array) -> Result<Row, SqlError> {
    Ok(Row::new(columns.iter().map(value).collect::<Result<_, _>>()?))
}

fn value(value: JsValue) -> Result<Value, SqlError> {
    if let Some(number) = value.as_f64() {
        return Ok(Value::Real(number));
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::Text(text));
    }
    if value.is_null() {
        return Ok(Value::Null);
    }
    let bytes = value.dyn_into::<ArrayBuffer>().map_err(|other| failure::strange_value(&other))?;
    Ok(Value::Blob(Uint8Array::new(&bytes).to_vec()))
}
