//! Databases in files.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use syncline_engine::SqlError;

use crate::failure::sql_error;
use crate::{Database, Durability};

/// Only a backup or somebody's shell shares the file with us, and neither holds it for long.
const PATIENCE: Duration = Duration::from_secs(5);

impl Database {
    /// Opens a file, or creates it.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Corrupt` where the file is no database.
    pub fn open_file(path: impl AsRef<Path>, durability: Durability) -> Result<Self, SqlError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| sql_error(&error))?;
        connection.busy_timeout(PATIENCE).map_err(|error| sql_error(&error))?;
        let db = Self::over(connection)?;
        db.write_ahead(durability)?;
        Ok(db)
    }
}
