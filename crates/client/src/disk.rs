//! What a client keeps: log and outbox in one database, a copy of the state in another. In files of a folder
//! that one process has open, or in memory.
//!
//! A file that is damaged is kept as it is; the next in number takes its place, with what could be read of it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use syncline_engine::protocol::{ClientId, Digest, ErrorFrame, Millis, Seq, SessionId};
use syncline_engine::{
    HostFailure, Leader, LeaderConfig, LeaderError, Replica, Rules, Salvage, Session, SqlError,
};
use syncline_sqlite::{Database, Durability};

use crate::{Config, Error};

/// How many damaged files there may be before nothing more is tried.
const MOST: u32 = 3;

/// A tail longer than this costs a new session more than bringing the state up to date.
const TAIL: u64 = 500;

/// While the session runs, the state follows the log in steps of this many entries.
const STEP: u64 = 5_000;

#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) leader: Leader,
    pub(crate) log: Database,
    replica: Replica,
    state: Database,
    rules: Rules,
    /// Held as long as the files are open.
    _lock: Option<File>,
}

impl Disk {
    pub(crate) fn open(config: &Config, rules: Rules) -> Result<Self, Error> {
        let fresh = ClientId::parse(random()).map_err(|error| Error::Storage(bad(&error)))?;
        let mut settings = LeaderConfig::new(&rules, config.store.clone(), config.subject.clone(), fresh)
            .map_err(Error::Storage)?;
        settings.payload = config.payload.clone();
        if config.whole_log {
            settings.snapshot_worth = u64::MAX;
        }
        let (log, leader, state, lock) = match &config.folder {
            None => {
                let mut log = Database::open_memory().map_err(Error::Storage)?;
                let leader = Leader::open(&mut log, settings).map_err(Error::Storage)?;
                (log, leader, Database::open_memory(), None)
            }
            Some(folder) => {
                let folder = folder.join(name_of(config));
                let lock = lock(&folder)?;
                let (log, leader) = open_log(&folder, config.durability, settings).map_err(Error::Storage)?;
                (log, leader, open_state(&folder), Some(lock))
            }
        };
        let mut state = state.map_err(Error::Storage)?;
        let replica = Replica::open(&mut state, rules).map_err(Error::Storage)?;
        Ok(Self { leader, log, replica, state, rules, _lock: lock })
    }

    /// A session over a copy of the state; what it lacks of the log follows as messages.
    pub(crate) fn session(&mut self, now: Millis) -> Result<(Database, Session, SessionId), Error> {
        self.advance(TAIL).map_err(Error::Storage)?;
        let id = SessionId::parse(random()).map_err(|error| Error::Storage(bad(&error)))?;
        let seq = self.replica.seq();
        let copy = if seq == Seq::ZERO {
            Database::open_memory()
        } else {
            self.state.serialize().and_then(|bytes| Database::deserialize(&bytes))
        };
        let mut db = copy.map_err(Error::Storage)?;
        let opened = self.leader.opened(&self.log, &id, seq).map_err(Error::Storage)?;
        let session = Session::open(&mut db, self.rules, id.clone(), now, &opened).map_err(|error| {
            let frame = ErrorFrame::new(error.code(), error.to_string());
            Error::Stopped(Box::new(frame))
        })?;
        Ok((db, session, id))
    }

    pub(crate) fn receive(&mut self, text: &str) -> Result<(), LeaderError> {
        self.leader.receive(&mut self.log, text)?;
        Ok(self.advance(STEP)?)
    }

    fn advance(&mut self, tail: u64) -> Result<(), SqlError> {
        if self.leader.lags(&self.replica, tail) {
            self.leader.advance(&mut self.log, &mut self.replica, &mut self.state)?;
        }
        Ok(())
    }
}

/// 128 random bits as text; without randomness, what no other process has at the same time.
fn random() -> String {
    let (high, low) = (getrandom::u64(), getrandom::u64());
    match (high, low) {
        (Ok(high), Ok(low)) => format!("{high:016x}{low:016x}"),
        (Err(_), _) | (_, Err(_)) => {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            format!("{:x}-{:x}", std::process::id(), since.map_or(0, |since| since.as_nanos()))
        }
    }
}

fn bad(error: &dyn std::error::Error) -> SqlError {
    SqlError::Statement(error.to_string())
}

/// A subject may be any text; a folder's name may not, and on some disks it has no case.
fn name_of(config: &Config) -> String {
    let named = format!("{}\n{}", config.store, config.subject);
    let mut digest = Digest::of(named.as_bytes()).to_string();
    digest.truncate(16);
    format!("{}-{digest}", config.store)
}

/// The system frees the lock when the process ends, however it does.
fn lock(folder: &Path) -> Result<File, Error> {
    let failed = |error: io::Error| Error::Folder(error, folder.to_path_buf());
    fs::create_dir_all(folder).map_err(failed)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"));
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(folder.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Opens the newest file, or the one after it where that is damaged.
fn open_log(
    folder: &Path,
    durability: Durability,
    config: LeaderConfig,
) -> Result<(Database, Leader), SqlError> {
    let newest = (1..=MOST).rev().find(|number| log_file(folder, *number).exists()).unwrap_or_default();
    let opened = sound(&log_file(folder, newest), durability).and_then(|mut db| {
        // One that is empty was begun in place of a damaged one, and not finished.
        if newest > 0 && Leader::is_new(&mut db)? {
            return replace(folder, newest, db, config.clone());
        }
        let leader = Leader::open(&mut db, config.clone())?;
        Ok((db, leader))
    });
    match opened {
        Err(SqlError::Host { failure: HostFailure::Corrupt, .. }) if newest < MOST => {
            let db = Database::open_file(log_file(folder, newest + 1), durability)?;
            replace(folder, newest + 1, db, config)
        }
        opened => opened,
    }
}

fn replace(
    folder: &Path,
    number: u32,
    mut db: Database,
    config: LeaderConfig,
) -> Result<(Database, Leader), SqlError> {
    let damaged = log_file(folder, number - 1);
    let opened = Database::open_file(&damaged, Durability::Normal);
    let salvage = opened.ok().and_then(|db| Salvage::read(&db));
    let leader = Leader::open_in_place_of(&mut db, config, salvage, &damaged.display().to_string())?;
    Ok((db, leader))
}

fn log_file(folder: &Path, number: u32) -> PathBuf {
    folder.join(if number == 0 { "log.db".to_owned() } else { format!("log-{number}.db") })
}

fn sound(file: &Path, durability: Durability) -> Result<Database, SqlError> {
    let db = Database::open_file(file, durability)?;
    db.check()?;
    Ok(db)
}

/// The state is derived: one that does not open is deleted, and made anew from the log.
fn open_state(folder: &Path) -> Result<Database, SqlError> {
    let file = folder.join("state.db");
    sound(&file, Durability::Normal).or_else(|error| {
        if matches!(error, SqlError::Host { failure: HostFailure::Full | HostFailure::Busy, .. }) {
            return Err(error);
        }
        for end in ["", "-wal", "-shm"] {
            // What is not there need not be deleted; what cannot be is found by the second opening.
            let _ = fs::remove_file(folder.join(format!("state.db{end}")));
        }
        sound(&file, Durability::Normal)
    })
}
