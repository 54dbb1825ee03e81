//! The server: a room over its disk, dropped and opened again as a Durable Object is.

mod archive;
mod ledger;

use std::collections::VecDeque;

use syncline_engine::protocol::{
    Args, Code, ErrorFrame, Incarnation, Millis, Seq, ServerMessage, StoreId, Verdicts,
};
use syncline_engine::{Connection, Output, RedactError, Room, SharedToken, Sql, SqlError};
use syncline_sqlite::Database;

use crate::disk::Disk;
use crate::model::{self, ModelNo, crash};
use crate::oracle::{Mirror, Violation};
use archive::Archive;

pub(crate) const TOKEN: &str = "secret";

/// How many backups are kept.
const BACKUPS: usize = 4;

pub(crate) struct Server {
    pub(crate) disk: Disk,
    pub(crate) version: ModelNo,
    /// None while it is not in memory.
    pub(crate) room: Option<Room>,
    token: SharedToken,
    /// How many incarnations were minted.
    incarnations: u32,
    /// The last one first.
    pub(crate) backups: VecDeque<Backup>,
    /// A database beside it, which no backup sets back; with one, entries are in there alone once they are old.
    archive: Option<Archive>,
}

/// A copy of the server's database, and what the log was then.
pub(crate) struct Backup {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mirror: Mirror,
}

pub(crate) fn store() -> StoreId {
    StoreId::parse("club").expect("a slug")
}

impl Server {
    pub(crate) fn new(version: ModelNo) -> Result<Self, SqlError> {
        Ok(Self {
            disk: Disk::new(Database::open_memory()?),
            version,
            room: None,
            token: SharedToken::new(TOKEN),
            incarnations: 0,
            backups: VecDeque::new(),
            archive: None,
        })
    }

    /// With an archive.
    pub(crate) fn archived(version: ModelNo) -> Result<Self, SqlError> {
        Ok(Self { archive: Some(Archive::default()), ..Self::new(version)? })
    }

    /// Handles one frame of a socket, as a Durable Object does.
    pub(crate) fn receive(
        &mut self,
        now: Millis,
        connection: &mut Connection,
        text: &str,
    ) -> Result<Vec<Output>, Violation> {
        if let Some(outputs) = Room::refuse_stranger(connection, &store(), now, text, &self.token) {
            return Ok(outputs);
        }
        if let Err(error) = self.wake() {
            return Ok(failed(&error));
        }
        let before = connection.clone();
        loop {
            let Self { room: Some(room), disk, token, .. } = self else { return Ok(Vec::new()) };
            let Some(outputs) = crash::run(|| room.receive(disk, now, connection, text, token)) else {
                break;
            };
            let [Output::Released(first)] = outputs.as_slice() else { return Ok(outputs) };
            connection.clone_from(&before);
            if let Err(error) = self.bring_back(*first) {
                return Ok(failed(&error));
            }
        }
        let disk = &mut self.disk;
        disk.end();
        // Nobody hears of it, but the oracle.
        let decided = ledger::decided(disk.look(), connection, text)?;
        let decided = Verdicts { head: Seq::ZERO, verdicts: decided };
        Ok(vec![Output::Reply(ServerMessage::Verdicts(decided).encode())])
    }

    /// Opens the room, if it is not.
    pub(crate) fn wake(&mut self) -> Result<(), SqlError> {
        if self.room.is_none() {
            self.incarnations += 1;
            let fresh = Incarnation::parse(format!("life-{}", self.incarnations)).expect("a slug");
            let mut room = Room::open(&mut self.disk, model::rules(self.version), store(), fresh)?;
            room.configure(archive::config());
            self.room = Some(room);
        }
        Ok(())
    }

    /// Whether its state stands at the head of the log.
    pub(crate) fn is_ready(&self) -> bool {
        self.room.as_ref().is_some_and(|room| !room.is_rebuilding())
    }

    /// Makes the next part of its state anew, where that is not done.
    pub(crate) fn rebuild(&mut self) -> Result<(), SqlError> {
        loop {
            let Some(room) = &mut self.room else { return Ok(()) };
            match room.rebuild_step(&mut self.disk) {
                Err(error) if let Some(first) = error.released() => self.bring_back(first)?,
                done => return done.map(drop),
            }
        }
    }

    /// Makes a snapshot at the head of the log, lets go what the archive has, and merges what is left.
    pub(crate) fn make_snapshot(&mut self) -> Result<(), SqlError> {
        let Some(room) = &mut self.room else { return Ok(()) };
        room.make_snapshot(&mut self.disk)?;
        self.let_go()?;
        let Some(room) = &mut self.room else { return Ok(()) };
        room.compact(&mut self.disk).map(drop)
    }

    /// Replaces the args of an entry.
    pub(crate) fn redact(&mut self, seq: Seq, args: Args) -> Result<Vec<Output>, RedactError> {
        loop {
            let Some(room) = &mut self.room else { return Ok(Vec::new()) };
            match room.redact(&mut self.disk, seq, args.clone()) {
                Err(RedactError::Host(error)) if let Some(first) = error.released() => {
                    self.bring_back(first)?;
                }
                done => return done,
            }
        }
    }

    /// Whether it is in memory.
    pub(crate) const fn is_awake(&self) -> bool {
        self.room.is_some()
    }

    /// Nothing of it stays but its database.
    pub(crate) fn sleep(&mut self) {
        self.room = None;
    }

    pub(crate) fn back_up(&mut self, mirror: Mirror) -> Result<(), SqlError> {
        let bytes = self.disk.database().serialize()?;
        self.backups.push_front(Backup { bytes, mirror });
        self.backups.truncate(BACKUPS);
        Ok(())
    }

    /// Puts a backup in place; with an incarnation of its own, where whoever does it knows to say so.
    pub(crate) fn restore(&mut self, age: usize, fresh: bool) -> Result<Option<Mirror>, SqlError> {
        let Some(backup) = self.backups.get(age) else { return Ok(None) };
        let mirror = backup.mirror.clone();
        self.disk.replace(Database::deserialize(&backup.bytes)?);
        self.backups.drain(..age);
        if fresh {
            self.incarnations += 1;
            let incarnation = format!("life-{}", self.incarnations);
            let db: &mut dyn Sql = self.disk.database();
            if db.exists("SELECT 1 FROM sqlite_master WHERE name = 'syncline_room'", &[])? {
                db.execute("UPDATE syncline_room SET incarnation = ?1", &[(&incarnation).into()])?;
            }
        }
        self.room = None;
        Ok(Some(mirror))
    }

    /// An empty database in place of what was there.
    pub(crate) fn replace(&mut self) -> Result<(), SqlError> {
        self.disk.replace(Database::open_memory()?);
        self.room = None;
        Ok(())
    }
}

fn failed(error: &SqlError) -> Vec<Output> {
    let frame =
        ErrorFrame { retry_after_ms: Some(1_000), ..ErrorFrame::new(Code::ServerFailed, error.to_string()) };
    vec![Output::Reply(ServerMessage::Error(frame).encode())]
}
