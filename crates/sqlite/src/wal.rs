//! The write-ahead log, and how it is brought into the file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Row};
use syncline_engine::{HostFailure, SqlError};

use crate::Database;
use crate::failure::sql_error;
use crate::file::PATIENCE;

const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

impl Database {
    /// Brings what is in the write-ahead log into the file, and flushes both: all that was committed survives
    /// the end of the machine from then on, whatever the durability of each commit.
    ///
    /// # Errors
    /// [`SqlError::Host`]; what was committed is still there, and as durable as before.
    pub fn checkpoint(&mut self) -> Result<(), SqlError> {
        let begun = Instant::now();
        // SQLite waits for readers, and not for another checkpoint.
        while self.own(|connection| connection.query_row(TRUNCATE, [], is_busy))? {
            if begun.elapsed() >= PATIENCE {
                return Err(busy());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.wal_pages.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// From now on no commit brings the write-ahead log into the file: who holds this looks at
    /// [`Self::wal_pages`].
    ///
    /// # Errors
    /// [`SqlError::Host`].
    pub fn leave_checkpoints(&mut self) -> Result<(), SqlError> {
        let pages = Arc::clone(&self.wal_pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, now: i32| {
            pages.store(u32::try_from(now).unwrap_or_default(), Ordering::Relaxed);
            Ok(())
        };
        self.connection.wal_hook(Some(hook)).map_err(|error| sql_error(&error))
    }

    /// Pages in the write-ahead log after the last commit. It begins anew once all of it is in the file.
    #[must_use]
    pub fn wal_pages(&self) -> u32 {
        self.wal_pages.load(Ordering::Relaxed)
    }

    /// Brings into the file what is committed and nobody reads in an older version, and waits for nobody.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Busy` where somebody else does the same just now.
    pub fn checkpoint_passive(&mut self) -> Result<(), SqlError> {
        self.own(|connection| connection.query_row(PASSIVE, [], checkpointed))?.map(drop)
    }

    /// The same for a file that another connection writes meanwhile; how many pages of the write-ahead log are
    /// in the file then.
    ///
    /// # Errors
    /// As for [`Self::checkpoint_passive`], or where there is no such file.
    pub fn checkpoint_beside(path: &Path) -> Result<u32, SqlError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| sql_error(&error))?;
        connection.query_row(PASSIVE, [], checkpointed).map_err(|error| sql_error(&error))?
    }
}

fn is_busy(row: &Row<'_>) -> rusqlite::Result<bool> {
    row.get(0)
}

fn checkpointed(row: &Row<'_>) -> rusqlite::Result<Result<u32, SqlError>> {
    Ok(if is_busy(row)? { Err(busy()) } else { Ok(row.get::<_, i64>(2)?.try_into().unwrap_or_default()) })
}

fn busy() -> SqlError {
    let message = "somebody else has the file: its write-ahead log stays as it is".to_owned();
    SqlError::Host { failure: HostFailure::Busy, message }
}
