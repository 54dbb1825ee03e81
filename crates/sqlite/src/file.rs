//! Databases in files.

use std::path::Path;
use std::time::Duration;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags, ffi};
use syncline_engine::SqlError;

use crate::failure::sql_error;
use crate::{Database, Durability};

/// Only a backup or somebody's shell shares the file with us, and neither holds it for long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

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

    /// A database in memory, of the SQL that another program has written down its own as: of any size, and in
    /// whatever SQLite takes, but for other files.
    ///
    /// # Errors
    /// [`SqlError`]: it is no SQL, or asks for a file.
    pub fn of_dump(script: &str) -> Result<Self, SqlError> {
        let judge = |context: AuthContext<'_>| {
            let asks = matches!(context.action, AuthAction::Attach { .. });
            if asks { Authorization::Deny } else { Authorization::Allow }
        };
        let mut connection = Connection::open_in_memory().map_err(|error| sql_error(&error))?;
        connection.authorizer(Some(judge)).map_err(|error| sql_error(&error))?;
        connection.execute_batch(script).map_err(|error| sql_error(&error))?;
        Self::over(connection)
    }

    /// Keeps all changed pages in memory until the commit, however many: only that writes to the disk, and can
    /// find it full.
    ///
    /// # Errors
    /// [`SqlError::Host`].
    pub fn write_at_commit(&mut self) -> Result<(), SqlError> {
        self.own(|connection| connection.execute_batch("PRAGMA cache_spill = OFF"))
    }

    /// Bytes of pages in memory. More than [`Self::limit_cache`] allows are changed, and wait for their commit.
    ///
    /// # Errors
    /// [`SqlError::Host`].
    #[expect(unsafe_code, reason = "rusqlite does not ask for the status of a connection")]
    pub fn cached_bytes(&self) -> Result<usize, SqlError> {
        let (mut bytes, mut highest) = (0, 0);
        // SAFETY: the connection is open for the whole call, which writes to the two numbers.
        let code = unsafe {
            ffi::sqlite3_db_status(
                self.connection.handle(),
                ffi::SQLITE_DBSTATUS_CACHE_USED,
                &raw mut bytes,
                &raw mut highest,
                0,
            )
        };
        if code != ffi::SQLITE_OK {
            return Err(sql_error(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)));
        }
        Ok(usize::try_from(bytes).unwrap_or_default())
    }

    /// Refuses every statement that writes, with this error, until it is told that there is none. What was
    /// written before can be committed.
    ///
    /// # Errors
    /// [`SqlError::Host`].
    pub fn refuse_writes(&mut self, why: Option<SqlError>) -> Result<(), SqlError> {
        let sql = if why.is_some() { "PRAGMA query_only = ON" } else { "PRAGMA query_only = OFF" };
        self.own(|connection| connection.execute_batch(sql))?;
        self.refuses = why;
        Ok(())
    }

    /// Keeps at most about this many bytes of pages in memory, where many databases are open.
    ///
    /// # Errors
    /// [`SqlError::Host`].
    pub fn limit_cache(&mut self, bytes: usize) -> Result<(), SqlError> {
        let kibibytes = bytes.div_ceil(1 << 10);
        self.own(|connection| connection.execute_batch(&format!("PRAGMA cache_size = -{kibibytes}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_savepoint_may_have_to_bring_back_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::open_file(folder.path().join("db"), Durability::Normal).unwrap();
        let sql = "PRAGMA temp_store";
        let place = db.own(|connection| connection.query_row(sql, [], |row| row.get::<_, i64>(0)));
        assert_eq!(place.unwrap(), 2);
    }
}
