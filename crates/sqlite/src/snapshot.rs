//! A whole database as bytes.

use std::io::Read;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, MAIN_DB};
use syncline_engine::{HostFailure, SqlError};

use crate::Database;
use crate::failure::sql_error;

/// Where the header of a database says how its journal is kept: one byte for writers, one for readers.
const JOURNAL: std::ops::Range<usize> = 18..20;
const ROLLBACK_JOURNAL: [u8; 2] = [1, 1];

impl Database {
    /// The database as bytes, which [`Self::deserialize`] takes; the same bytes for the same history
    /// of writes, not for the same content.
    ///
    /// # Errors
    /// [`SqlError::Refused`] where a rewind point is set: what lies above it is not decided;
    /// [`SqlError::Host`].
    pub fn serialize(&mut self) -> Result<Vec<u8>, SqlError> {
        if self.is_within() {
            return Err(SqlError::refused("a database with a rewind point cannot be serialized"));
        }
        self.watch.trust(true);
        let bytes = self.connection.serialize(MAIN_DB).map(|data| data.to_vec());
        self.watch.trust(false);
        let mut bytes = bytes.map_err(|error| sql_error(&error))?;
        // Memory has no write-ahead log, and would not open a database that asks for one.
        if let Some(journal) = bytes.get_mut(JOURNAL) {
            journal.copy_from_slice(&ROLLBACK_JOURNAL);
        }
        Ok(bytes)
    }

    /// Has what the other has, in place of everything; in one transaction.
    ///
    /// # Errors
    /// [`SqlError::Refused`] inside of a transaction of either; [`SqlError::Host`], and all is as before.
    pub fn overwrite(&mut self, from: &mut Self) -> Result<(), SqlError> {
        if self.is_within() || from.is_within() {
            return Err(SqlError::refused("a database inside of a transaction cannot be copied"));
        }
        self.forget_statements();
        from.watch.trust(true);
        self.watch.trust(true);
        let done = Backup::new(&from.connection, &mut self.connection).and_then(|copy| copy.step(-1));
        from.watch.trust(false);
        self.watch.trust(false);
        if done.map_err(|error| sql_error(&error))? != StepResult::Done {
            let message = "the database is locked: it cannot be written over".to_owned();
            return Err(SqlError::Host { failure: HostFailure::Busy, message });
        }
        Ok(())
    }

    /// A database in memory from bytes of [`Self::serialize`] or of a database file.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Corrupt` where the bytes are no database.
    pub fn deserialize(bytes: &[u8]) -> Result<Self, SqlError> {
        if bytes.is_empty() {
            return Self::open_memory();
        }
        let mut connection = Connection::open_in_memory().map_err(|error| sql_error(&error))?;
        let (start, rest) = bytes.split_at(bytes.len().min(JOURNAL.start));
        let rest = rest.get(JOURNAL.len()..).unwrap_or_default();
        let journal = bytes.get(JOURNAL).map_or(&[][..], |_| &ROLLBACK_JOURNAL);
        let patched = start.chain(journal).chain(rest);
        let size = start.len() + journal.len() + rest.len();
        connection
            .deserialize_read_exact(MAIN_DB, patched, size, false)
            .map_err(|error| sql_error(&error))?;
        let db = Self::over(connection)?;
        // The first access is what finds out whether this is a database.
        db.own(|connection| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))?;
        Ok(db)
    }
}
