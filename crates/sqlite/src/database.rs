//! One connection to one SQLite database.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::sync::atomic::AtomicU32;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _};
use syncline_engine::SqlError;

use crate::dialect::{self, Dialect};
use crate::failure::sql_error;
use crate::footprint::{Footprint, Watch};

/// As many statements stay prepared as an app's queries and a model's rules may well have.
const PREPARED_STATEMENTS: usize = 256;

/// What a transaction that has returned has to survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process or the browser.
    Normal,
    /// The end of the machine, too.
    Full,
}

/// A database: a file, memory, or OPFS.
///
/// It is [`Sql`](syncline_engine::Sql) as the engine wants it: one statement a call, kept prepared;
/// a query that writes is refused, and so are `ATTACH`, transactions in SQL, any `PRAGMA` but those
/// that describe tables, and functions that are not the same on every host. What is in double quotes
/// is a name, never text, and the limits on statements are those of a Durable Object, so that what
/// works here works there.
///
/// SQLite rolls a whole transaction back by itself when the disk is full, and in a few other cases.
/// Then the statement returns [`SqlError::Host`], and so does everything after it until the outermost
/// transaction has ended; with a rewind point set, until [`rewind`](syncline_engine::Rewind::rewind),
/// because the state is that of the point.
#[derive(Debug)]
pub struct Database {
    pub(crate) connection: Connection,
    /// How many transactions are open, one in the other; the rewind point is not counted.
    pub(crate) depth: usize,
    /// Whether a rewind point is set.
    pub(crate) point: bool,
    /// Why the open transaction is gone, if SQLite has rolled it back.
    pub(crate) lost: RefCell<Option<SqlError>>,
    /// Pages in the write-ahead log, where somebody wants to know.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub(crate) wal_pages: Arc<AtomicU32>,
    /// Why nothing may be written, if it may not.
    pub(crate) refuses: Option<SqlError>,
    pub(crate) watch: Watch,
    pub(crate) footprints: RefCell<HashMap<Box<str>, Arc<Footprint>>>,
    /// The names of all tables, where they were asked for since the schema changed.
    pub(crate) tables: RefCell<Option<BTreeSet<Box<str>>>>,
    /// Whether the open transaction has changed the schema.
    pub(crate) reshaped: bool,
    pub(crate) changed: BTreeSet<Arc<str>>,
    pub(crate) changed_since_point: BTreeSet<Arc<str>>,
}

impl Database {
    /// A new database in memory.
    ///
    /// # Errors
    /// [`SqlError::Host`] when there is no memory for it.
    pub fn open_memory() -> Result<Self, SqlError> {
        Self::over(Connection::open_in_memory().map_err(|error| sql_error(&error))?)
    }

    /// A new database in memory for rows that come in any order: its foreign keys are enforced once
    /// [`Self::check_references`] has found nothing wrong.
    ///
    /// # Errors
    /// [`SqlError::Host`] when there is no memory for it.
    pub fn open_scratch() -> Result<Self, SqlError> {
        let db = Self::open_memory()?;
        db.own(|connection| connection.execute_batch("PRAGMA foreign_keys = OFF"))?;
        Ok(db)
    }

    /// Looks whether every row is there that another one refers to, and enforces it from now on.
    ///
    /// # Errors
    /// [`SqlError::Refused`] with the first table that refers to a row which is not there, and inside of a transaction;
    /// [`SqlError::Host`].
    pub fn check_references(&mut self) -> Result<(), SqlError> {
        if self.is_within() {
            return Err(SqlError::refused("inside of a transaction nothing begins to be enforced"));
        }
        let dangling: Option<String> = self.own(|connection| {
            connection.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()
        })?;
        if let Some(table) = dangling {
            return Err(SqlError::refused(format!("a row of {table} refers to one that is not there")));
        }
        self.own(|connection| connection.execute_batch("PRAGMA foreign_keys = ON"))
    }

    /// A database over a connection that nobody else uses.
    pub(crate) fn over(connection: Connection) -> Result<Self, SqlError> {
        let mut db = Self {
            connection,
            depth: 0,
            point: false,
            lost: RefCell::default(),
            #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
            wal_pages: Arc::default(),
            refuses: None,
            watch: Watch::new(),
            footprints: RefCell::default(),
            tables: RefCell::default(),
            reshaped: false,
            changed: BTreeSet::new(),
            changed_since_point: BTreeSet::new(),
        };
        db.configure().map_err(|error| sql_error(&error))?;
        Ok(db)
    }

    fn configure(&mut self) -> rusqlite::Result<()> {
        self.connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        dialect::configure(&self.connection)?;
        self.watch.install(&mut self.connection)
    }

    /// Sets how the file is written: a write-ahead log, flushed as `durability` asks.
    pub(crate) fn write_ahead(&self, durability: Durability) -> Result<(), SqlError> {
        let mode: String =
            self.own(|connection| connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)))?;
        if mode != "wal" {
            return Err(SqlError::Host {
                failure: syncline_engine::HostFailure::Other,
                message: format!("no write-ahead log here: the journal mode is {mode}"),
            });
        }
        let synchronous = match durability {
            Durability::Normal => "PRAGMA synchronous = NORMAL",
            Durability::Full => "PRAGMA synchronous = FULL",
        };
        self.own(|connection| connection.execute_batch(synchronous))?;
        // What a savepoint may have to bring back stays in memory: else a push that writes many pages makes a
        // file for it and deletes it again, a quarter of its time.
        self.own(|connection| connection.execute_batch("PRAGMA temp_store = MEMORY"))
    }

    /// Lets the database grow to this many bytes, rounded up to whole pages; beyond it, writes fail
    /// with [`HostFailure::Full`](syncline_engine::HostFailure::Full). It never shrinks below what
    /// is there. Holds for this connection.
    ///
    /// # Errors
    /// [`SqlError::Host`].
    pub fn limit_size(&mut self, bytes: u64) -> Result<(), SqlError> {
        self.own(|connection| {
            let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let pages = bytes.div_ceil(page.max(1).into()).max(1);
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        })
    }

    /// Looks through the whole file for damage.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Corrupt` with the first thing that was found.
    pub fn check(&self) -> Result<(), SqlError> {
        let found: String =
            self.own(|connection| connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if found == "ok" {
            return Ok(());
        }
        Err(SqlError::Host { failure: syncline_engine::HostFailure::Corrupt, message: found })
    }

    /// The tables written since this was last asked, whether by a statement, a trigger or a foreign
    /// key's action. A table whose rows came back to what they were, by an undone transaction, may be
    /// among them; after a rewind, all that were written since the point are.
    pub fn take_changed_tables(&mut self) -> Vec<String> {
        std::mem::take(&mut self.changed).iter().map(|table| table.as_ref().to_owned()).collect()
    }

    /// Runs what only this crate may: PRAGMAs, and statements that begin and end transactions.
    pub(crate) fn own<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, SqlError> {
        self.watch.trust(true);
        let result = run(&self.connection);
        self.watch.trust(false);
        result.map_err(|error| self.note(&error))
    }

    /// Forgets all statements, because the schema is another: their columns and tables may be, too.
    pub(crate) fn forget_statements(&mut self) {
        self.footprints.get_mut().clear();
        self.tables.take();
        self.connection.flush_prepared_statement_cache();
    }

    /// Sets how large a statement may be.
    pub(crate) fn limit(&self, dialect: Dialect) -> Result<(), SqlError> {
        dialect.set_limits(&self.connection).map_err(|error| self.note(&error))
    }

    /// Whether statements run inside of a transaction or above a rewind point.
    pub(crate) const fn is_within(&self) -> bool {
        self.depth > 0 || self.point
    }

    /// Translates an error, and notices when SQLite has rolled the open transaction back.
    pub(crate) fn note(&self, error: &rusqlite::Error) -> SqlError {
        if let Some(why) = &self.refuses
            && error.sqlite_error_code() == Some(ErrorCode::ReadOnly)
        {
            return why.clone();
        }
        let error = sql_error(error);
        if self.is_within() && self.connection.is_autocommit() {
            return self.lose(error);
        }
        error
    }

    /// Remembers that the open transaction is gone.
    pub(crate) fn lose(&self, error: SqlError) -> SqlError {
        let error = if error.is_host() {
            error
        } else {
            SqlError::Host {
                failure: syncline_engine::HostFailure::Other,
                message: format!("the whole transaction was rolled back: {error}"),
            }
        };
        self.lost.borrow_mut().get_or_insert(error).clone()
    }

    /// # Errors
    /// Why the open transaction is gone, if it is: a statement would run outside of it.
    pub(crate) fn still_within(&self) -> Result<(), SqlError> {
        self.lost.borrow().as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }
}
