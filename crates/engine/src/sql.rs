//! The database as the engine and a model see it: synchronous, and the same on every host.
//!
//! What differs between SQLite in a file, in a browser and in a Durable Object is levelled here:
//! integers are exact or refused, reads are typed, and a constraint's name reads alike everywhere.

mod error;
mod value;

pub use error::{Constraint, ConstraintKind, HostFailure, SqlError};
pub use value::{FromValue, Param, Row, Value};

/// Reading.
pub trait Query {
    /// Runs one reading statement and returns its rows.
    ///
    /// # Errors
    /// [`SqlError`].
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError>;
}

/// What becomes of the writes of a nested transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// They stay.
    Keep,
    /// They are rolled back.
    Undo,
}

/// Reading and writing.
pub trait Sql: Query {
    /// Runs one writing statement.
    ///
    /// # Errors
    /// [`SqlError`]; a constraint violation is [`SqlError::Constraint`].
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError>;

    /// Runs statements without parameters, one after the other: to create tables.
    ///
    /// # Errors
    /// [`SqlError`] of the first that fails; those before it stay.
    fn run_script(&mut self, script: &str) -> Result<(), SqlError>;

    /// Runs `body` in a transaction, or in a savepoint where there is one already. See [`nested`] for
    /// the convenient form.
    ///
    /// # Errors
    /// [`SqlError`] when the host cannot begin, keep or undo; the writes of `body` are undone then.
    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError>;
}

/// A database with one long-lived point to come back to: what a session keeps its pending commits on.
pub trait Rewind: Sql {
    /// Sets the point here; a point set before is forgotten, and what was written since stays.
    ///
    /// # Errors
    /// [`SqlError`].
    fn set_point(&mut self) -> Result<(), SqlError>;

    /// Undoes what was written since the point, which stays.
    ///
    /// # Errors
    /// [`SqlError`].
    fn rewind(&mut self) -> Result<(), SqlError>;
}

/// Runs `body` in a transaction that nests: its writes stay if it returns `Ok`, and are rolled back if
/// it returns `Err`.
///
/// # Errors
/// What `body` returns, or the host's failure to begin or end the transaction.
pub fn nested<T, E: From<SqlError>>(
    db: &mut dyn Sql,
    body: impl FnOnce(&mut dyn Sql) -> Result<T, E>,
) -> Result<T, E> {
    let mut body = Some(body);
    let mut result = None;
    db.in_transaction(&mut |db| {
        let Some(body) = body.take() else {
            return Flow::Undo;
        };
        let outcome = body(db);
        let flow = if outcome.is_ok() { Flow::Keep } else { Flow::Undo };
        result = Some(outcome);
        flow
    })?;
    result.unwrap_or_else(|| Err(SqlError::refused("the host did not run the transaction").into()))
}

macro_rules! reads {
    ($database:ty) => {
        impl $database {
            /// The first row, if there is one.
            ///
            /// # Errors
            /// [`SqlError`].
            pub fn first(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, SqlError> {
                Ok(self.query(sql, params)?.into_iter().next())
            }

            /// The first column of the first row, if there is one.
            ///
            /// # Errors
            /// [`SqlError`]; also when the value is not a `T`.
            pub fn value<T: FromValue>(
                &self,
                sql: &str,
                params: &[Param<'_>],
            ) -> Result<Option<T>, SqlError> {
                self.first(sql, params)?.map(|row| row.get(0)).transpose()
            }

            /// Whether there is a row.
            ///
            /// # Errors
            /// [`SqlError`].
            pub fn exists(&self, sql: &str, params: &[Param<'_>]) -> Result<bool, SqlError> {
                Ok(!self.query(sql, params)?.is_empty())
            }
        }
    };
}
reads!(dyn Query + '_);
reads!(dyn Sql + '_);
