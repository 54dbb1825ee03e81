//! Databases in the browser's private file system, from a dedicated worker.

use rusqlite::{Connection, OpenFlags};
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_rs::vfs::VfsFilesManager;
use sqlite_wasm_vfs::sahpool::{OpfsSAHError, OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install};
use syncline_engine::{HostFailure, SqlError};

use crate::failure::sql_error;
use crate::{Database, Durability};

/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-journal"];

/// Two databases (one of them a rebuilt shadow of the other) and their companions, and some more.
const FILES: usize = 12;

/// The files of one directory, held by this worker: no other may use the directory meanwhile.
///
/// Whoever opens databases here first holds the Web Lock that elects the leader: without it, two
/// workers fight for the files, and the loser's [`Self::install`] fails.
#[derive(Clone)]
pub struct Pool {
    files: OpfsSAHPoolUtil,
    vfs: String,
}

impl Pool {
    /// Takes a directory of the private file system, below its root; creates it where there is none.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Busy` when another worker has the directory, `Full` when the quota is
    /// reached, `Other` when the browser has no such storage or this is no dedicated worker.
    pub async fn install(directory: &str) -> Result<Self, SqlError> {
        let vfs = format!("opfs:{directory}");
        let plan =
            OpfsSAHPoolCfgBuilder::new().vfs_name(&vfs).directory(directory).initial_capacity(FILES).build();
        let files = install::<WasmOsCallback>(&plan, false).await.map_err(|error| failure(&error))?;
        // What was released is taken again here.
        files.resume().await.map_err(|error| failure(&error))?;
        Ok(Self { files, vfs })
    }

    /// Opens a database, or creates it. One connection to one database.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Corrupt` where the file is no database.
    pub fn open(&self, name: &str, durability: Durability) -> Result<Database, SqlError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags_and_vfs(path(name), flags, self.vfs.as_str())
            .map_err(|error| sql_error(&error))?;
        let db = Database::over(connection)?;
        // Before the first access: the log's index is then kept in memory, of which none is shared here.
        db.own(|connection| connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE"))?;
        db.write_ahead(durability)?;
        Ok(db)
    }

    /// Whether there is a database of this name.
    ///
    /// # Errors
    /// [`SqlError::Host`] when the directory was released.
    pub fn exists(&self, name: &str) -> Result<bool, SqlError> {
        self.files.contains(&path(name)).map_err(|error| failure(&error))
    }

    /// Deletes a database, which nobody has open; `false` where there is none.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Busy` when it is open.
    pub fn remove(&self, name: &str) -> Result<bool, SqlError> {
        let path = path(name);
        let removed = self.files.remove(&path).map_err(|error| failure(&error))?;
        // After the database: left alone, either would be taken for part of the next one of this name.
        for companion in COMPANIONS {
            self.files.remove(&format!("{path}{companion}")).map_err(|error| failure(&error))?;
        }
        Ok(removed)
    }

    /// Lets go of the directory, so that another worker can take it. All databases are closed before.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Busy` when one is open.
    pub fn release(&self) -> Result<(), SqlError> {
        self.files.pause().map_err(|error| failure(&error))
    }
}

/// SQLite makes a name absolute before it asks for the file.
fn path(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("/{name}") }
}

fn failure(error: &OpfsSAHError) -> SqlError {
    let message = error.to_string();
    let in_use = matches!(
        error,
        OpfsSAHError::Busy
            | OpfsSAHError::DirectoryInUse(_)
            | OpfsSAHError::FileInUse(_)
            | OpfsSAHError::FilesInUse
    );
    // The browser's own words for it; its error's name is at the start of what it says.
    let failure = if message.contains("QuotaExceededError") {
        HostFailure::Full
    } else if in_use || message.contains("NoModificationAllowedError") {
        HostFailure::Busy
    } else {
        HostFailure::Other
    };
    SqlError::Host { failure, message }
}
