//! Preparing, binding and running statements.

use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Statement};
use syncline_engine::{Flow, Param, Query, Row, Sql, SqlError, Value};

use crate::Database;
use crate::dialect::{Dialect, refuse_too_many};
use crate::failure::sql_error;
use crate::footprint::Footprint;

/// Beyond this, statements whose texts differ each time must be at work: what they touch is not kept.
const FOOTPRINTS: usize = 1024;

impl Query for Database {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        refuse_too_many(params)?;
        let (mut statement, _) = self.reading(sql, Dialect::Portable)?;
        let columns = statement.column_count();
        bind(&mut statement, params).map_err(|error| error.sorted(self))?;
        let mut rows = statement.raw_query();
        let mut result = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.note(&error))? {
            let values = (0..columns).map(|column| row.get_ref(column).map(value));
            let values = values.collect::<Result<_, _>>().map_err(|error| self.note(&error))?;
            result.push(Row::new(values));
        }
        Ok(result)
    }
}

impl Sql for Database {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        refuse_too_many(params)?;
        let (mut statement, footprint) = self.prepared(sql, Dialect::Portable)?;
        let before = self.connection.total_changes();
        let run = bind(&mut statement, params).and_then(|()| Ok(drain(&mut statement)?));
        drop(statement);
        let result = run.map_err(|error| error.sorted(self));
        // What failed may have written before it did, by `OR FAIL`.
        if footprint.reshapes || result.is_err() || self.connection.total_changes() != before {
            self.mark(&footprint);
        }
        result
    }

    fn run_script(&mut self, script: &str) -> Result<(), SqlError> {
        self.still_within()?;
        let before = self.schema_version()?;
        self.watch.take();
        self.watch.enforce(Dialect::Portable);
        let result = self.connection.execute_batch(script);
        self.watch.enforce(Dialect::Local);
        let mut sighting = self.watch.take();
        // `CREATE TABLE IF NOT EXISTS` mostly finds that there is one.
        sighting.footprint.reshapes &= self.schema_version() != Ok(before);
        self.mark(&sighting.footprint);
        result.map_err(|error| refused_or(sighting.refused, self.note(&error)))
    }

    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        self.transact(body)
    }
}

impl Database {
    /// A statement that only reads, prepared.
    pub(crate) fn reading(
        &self,
        sql: &str,
        dialect: Dialect,
    ) -> Result<(CachedStatement<'_>, Arc<Footprint>), SqlError> {
        let (statement, footprint) = self.prepared(sql, dialect)?;
        if statement.readonly() && footprint.writes.is_empty() && !footprint.reshapes {
            Ok((statement, footprint))
        } else {
            Err(SqlError::refused("a query only reads"))
        }
    }

    /// A statement, prepared now or kept from before, and what it touches.
    fn prepared(
        &self,
        sql: &str,
        dialect: Dialect,
    ) -> Result<(CachedStatement<'_>, Arc<Footprint>), SqlError> {
        self.still_within()?;
        let sql = sql.trim();
        let kept = self.footprints.borrow().get(sql).map(Arc::clone);
        let (statement, footprint) = match kept {
            Some(footprint) => {
                (self.connection.prepare_cached(sql).map_err(|error| self.note(&error))?, footprint)
            }
            None => self.look_at(sql, dialect)?,
        };
        match (&footprint.objection, dialect) {
            (Some(objection), Dialect::Portable) => Err(SqlError::refused(objection)),
            (Some(_) | None, Dialect::Local) | (None, Dialect::Portable) => Ok((statement, footprint)),
        }
    }

    fn look_at(
        &self,
        sql: &str,
        dialect: Dialect,
    ) -> Result<(CachedStatement<'_>, Arc<Footprint>), SqlError> {
        let mut too_large = None;
        if dialect == Dialect::Local {
            // Within the limits of every host? A model must not get it from those kept if it is not.
            self.limit(Dialect::Portable)?;
            too_large = self.connection.prepare(sql).err().map(|error| sql_error(&error).to_string());
            self.limit(Dialect::Local)?;
        }
        self.watch.take();
        let mut prepared = self.connection.prepare_cached(sql);
        let mut sighting = self.watch.take();
        if prepared.is_ok() && !sighting.asked {
            // It is one of this crate's own, which are not watched: look again.
            let again = self.connection.prepare(sql).map(drop);
            sighting = self.watch.take();
            prepared = again.and(prepared);
        }
        let statement = prepared.map_err(|error| refused_or(sighting.refused, self.note(&error)))?;
        let mut footprint = sighting.footprint;
        self.drop_what_is_no_table(&mut footprint)?;
        if !are_numbered(&statement) {
            footprint.objection.get_or_insert_with(|| "parameters are numbered: ?1, ?2, not ?".to_owned());
        }
        footprint.objection = footprint.objection.or(too_large);
        let footprint = Arc::new(footprint);
        let mut footprints = self.footprints.borrow_mut();
        if footprints.len() >= FOOTPRINTS {
            footprints.clear();
        }
        footprints.insert(sql.into(), Arc::clone(&footprint));
        Ok((statement, footprint))
    }

    /// Views and table functions are among what is read, but only tables change.
    fn drop_what_is_no_table(&self, footprint: &mut Footprint) -> Result<(), SqlError> {
        if footprint.reads.is_empty() {
            return Ok(());
        }
        let mut tables = self.tables.borrow_mut();
        let tables = match &mut *tables {
            Some(known) => known,
            none @ None => none.insert(self.own(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
                statement.query_map([], |row| row.get(0))?.collect()
            })?),
        };
        footprint.reads.retain(|name| tables.contains(name.as_ref()));
        Ok(())
    }

    /// A number that changes with the schema, and goes back with a transaction that is undone.
    fn schema_version(&self) -> Result<i64, SqlError> {
        self.own(|connection| {
            connection.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))
        })
    }

    /// Counts what a statement may have written as changed.
    fn mark(&mut self, footprint: &Footprint) {
        for table in &footprint.writes {
            if !self.changed.contains(table) {
                self.changed.insert(Arc::clone(table));
            }
            if self.point && !self.changed_since_point.contains(table) {
                self.changed_since_point.insert(Arc::clone(table));
            }
        }
        if footprint.reshapes {
            self.forget_statements();
            self.reshaped = self.is_within();
        }
    }
}

/// Why a statement could not be bound or run.
pub(crate) enum Failure {
    Params(SqlError),
    Sqlite(rusqlite::Error),
}

impl Failure {
    pub(crate) fn sorted(self, db: &Database) -> SqlError {
        match self {
            Self::Params(error) => error,
            Self::Sqlite(error) => db.note(&error),
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Params(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Whether the parameters have numbers. One without a number has no name, as has one that is left out,
/// which is why only the last can tell.
fn are_numbered(statement: &Statement<'_>) -> bool {
    let count = statement.parameter_count();
    let named = |place| statement.parameter_name(place).is_some_and(|name| !name.starts_with('?'));
    (count == 0 || statement.parameter_name(count).is_some()) && !(1..=count).any(named)
}

/// Binds all parameters: as many as the statement takes.
pub(crate) fn bind(statement: &mut Statement<'_>, params: &[Param<'_>]) -> Result<(), Failure> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        let given = params.len();
        return Err(SqlError::Statement(format!("{given} parameters given, {wanted} wanted")).into());
    }
    for (place, param) in (1..).zip(params) {
        let value = match param.checked()? {
            Param::Null => ValueRef::Null,
            Param::Integer(n) => ValueRef::Integer(n),
            Param::Real(x) => ValueRef::Real(x),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Blob(bytes) => ValueRef::Blob(bytes),
        };
        statement.raw_bind_parameter(place, ToSqlOutput::Borrowed(value))?;
    }
    Ok(())
}

/// Runs a statement to its end; rows that it returns are of no interest.
fn drain(statement: &mut Statement<'_>) -> rusqlite::Result<()> {
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Integer(n),
        ValueRef::Real(x) => Value::Real(x),
        // Only a CAST makes text that is no UTF-8; a Durable Object replaces what is wrong with it, too.
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

fn refused_or(refused: Option<String>, error: SqlError) -> SqlError {
    match refused {
        Some(reason) if !error.is_host() => SqlError::refused(reason),
        Some(_) | None => error,
    }
}
