//! Whole copies in one file: what a backup is made of.

use std::fs::File;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use syncline_engine::{HostFailure, SqlError};

use crate::Database;
use crate::failure::sql_error;

impl Database {
    /// Copies all that is committed into a new file, without a write-ahead log beside it; flushed, when it
    /// returns. Nobody writes meanwhile, as this holds the connection.
    ///
    /// # Errors
    /// [`SqlError::Refused`] inside of a transaction, or where the file is there; [`SqlError::Host`], and
    /// what there is of the file is of no use then.
    pub fn copy_to(&mut self, path: &Path) -> Result<(), SqlError> {
        if self.is_within() {
            return Err(SqlError::refused("a database inside of a transaction cannot be copied"));
        }
        File::create_new(path).map_err(|error| SqlError::refused(format!("{}: {error}", path.display())))?;
        let mut target = Connection::open(path).map_err(|error| sql_error(&error))?;
        // Until it is whole it is of no use, and then it is flushed at once.
        target.execute_batch("PRAGMA synchronous = OFF").map_err(|error| sql_error(&error))?;
        let done = self.own(|connection| Backup::new(connection, &mut target)?.step(-1))?;
        if done != StepResult::Done {
            let message = "somebody else has locked the file: it cannot be copied".to_owned();
            return Err(SqlError::Host { failure: HostFailure::Busy, message });
        }
        let plain = |target: &Connection| {
            target.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0))
        };
        plain(&target).map_err(|error| sql_error(&error))?;
        target.close().map_err(|(_, error)| sql_error(&error))?;
        File::open(path).and_then(|file| file.sync_all()).map_err(|error| SqlError::Host {
            failure: HostFailure::Other,
            message: format!("{} cannot be flushed: {error}", path.display()),
        })
    }

    /// Opens such a copy to look at it. Nothing is written, not even beside it.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Corrupt` where the file is no database.
    pub fn open_copy(path: &Path) -> Result<Self, SqlError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| sql_error(&error))?;
        let db = Self::over(connection)?;
        db.own(|connection| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))?;
        Ok(db)
    }

    /// Writes the file anew without what is free in it.
    ///
    /// # Errors
    /// [`SqlError::Host`]; nothing has changed then.
    pub fn vacuum(&mut self) -> Result<(), SqlError> {
        self.own(|connection| connection.execute_batch("VACUUM"))
    }
}

#[cfg(test)]
mod tests {
    use syncline_engine::{Query, Sql};

    use super::*;
    use crate::Durability;

    #[test]
    fn a_copy_has_what_is_committed_and_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = Database::open_file(folder.path().join("db"), Durability::Normal).unwrap();
        db.run_script("CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1)").unwrap();
        let path = folder.path().join("copy");
        db.copy_to(&path).unwrap();
        db.run_script("INSERT INTO t VALUES (2)").unwrap();
        let count = |db: &dyn Query| db.value::<i64>("SELECT count(*) FROM t", &[]).unwrap();
        let copy = Database::open_copy(&path).unwrap();
        assert_eq!((count(&copy), count(&db)), (Some(1), Some(2)));
        copy.check().unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap();
        let beside = files.filter(|file| {
            let name = file.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("copy")
        });
        assert_eq!(beside.count(), 1, "it is one file");
        assert!(matches!(db.copy_to(&path), Err(SqlError::Refused(_))), "it is never written over");
    }

    #[test]
    fn what_is_no_database_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, "this is not what SQLite writes".repeat(100)).unwrap();
        let error = Database::open_copy(&path).unwrap_err();
        assert!(matches!(error, SqlError::Host { failure: HostFailure::Corrupt, .. }), "{error}");
    }
}
