//! The transaction that a store holds open from one drain to the next. What it has decided is durable in the
//! journal; its file gets it all at once, each page once, when the store is quiet or there is enough of it.
//! A transaction that is lost (a full disk, a crash of the room) is made again from the same records.

use std::time::{Duration, Instant};

use syncline_engine::{Record, Replayed, Rewind, Room, SqlError, nested};
use syncline_sqlite::Database;
use tracing::{debug, error, warn};

use super::file::{host, open_file, open_room};
use super::{Context, Open, SocketId, Store};

/// A store keeps no more than this in memory of the records of what is not committed.
const RECORD_BYTES: usize = 256 << 10;

/// Pages that a store in use holds beyond its cache, and that all stores of a shard do.
const PAGE_BYTES: usize = 8 << 20;
const SHARED_PAGE_BYTES: usize = 64 << 20;

/// Nothing is held for longer than this: no more is made again, and who reads the file sees it.
const HELD: Duration = Duration::from_secs(5);

/// What could not be committed is tried again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// A store is quiet enough for a commit when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(100);

/// What a store holds.
#[derive(Default)]
pub(super) struct Held {
    /// What was decided since the last commit.
    records: Vec<Record>,
    bytes: usize,
    since: Option<Instant>,
    /// The connection whose transaction was lost.
    lost: Option<Database>,
    /// Why it cannot be committed.
    stuck: Option<SqlError>,
}

impl Store {
    /// Opens the transaction for a frame of this socket, where there is none. What the frame may mark has to
    /// outlive the process: then all that is held is committed, and the frame does the same for itself.
    pub(super) fn hold_for(&mut self, cx: &Context, socket: SocketId) {
        let (Some(open), Some(from)) = (&self.open, self.sockets.get(&socket)) else { return };
        if from.peer.marks(&open.room) && self.held.stuck.is_none() && self.commit(cx).is_ok() {
            return;
        }
        self.hold();
    }

    pub(in super::super) fn hold(&mut self) {
        let Some(open) = self.open.as_mut().filter(|open| !open.db.has_point()) else { return };
        match open.db.set_point() {
            Ok(()) => self.held.since = Some(Instant::now()),
            Err(error) => debug!(store = %self.id, "each input has a transaction of its own: {error}"),
        }
    }

    /// Keeps what the transaction can be made again from.
    pub(super) fn remember(&mut self, record: Record) {
        self.held.bytes += record.bytes();
        self.held.records.push(record);
    }

    fn holds(&self) -> bool {
        !self.held.records.is_empty() || self.open.as_ref().is_some_and(|open| open.db.has_point())
    }

    /// Since when it holds what should be committed by now.
    pub(in super::super) fn is_due(&self) -> Option<Instant> {
        let since = self.held.since.filter(|_| self.holds())?;
        let due = match self.held.stuck {
            Some(_) => since.elapsed() >= AGAIN,
            None => self.used.elapsed() >= QUIET || since.elapsed() >= HELD,
        };
        due.then_some(since)
    }

    pub(super) const fn is_stuck(&self) -> bool {
        self.held.stuck.is_some()
    }

    /// Commits what it holds, where that is much; `stores` share the memory for it.
    pub(in super::super) fn commit_much(&mut self, cx: &Context, stores: usize) {
        let stuck = self.is_stuck();
        let Some(open) = self.open.as_mut().filter(|open| open.db.has_point() && !stuck) else { return };
        let bytes = open.db.cached_bytes().unwrap_or_default();
        let allowed = cx.cache_bytes + (SHARED_PAGE_BYTES / stores.max(1)).min(PAGE_BYTES);
        let much = allowed + allowed / 4;
        if !open.roomy && bytes > cx.cache_bytes / 8 * 7 {
            // Pages that have changed leave no room for those that are only read.
            open.roomy = open.db.limit_cache(allowed).is_ok();
        } else if self.held.bytes >= RECORD_BYTES || bytes > much {
            // Its failure is logged, and nothing is lost by it.
            let _ = self.commit(cx);
        }
    }

    /// Commits all that it holds.
    ///
    /// # Errors
    /// [`SqlError`]: it is held further, and read, and nothing is written until it can be committed.
    pub(in super::super) fn commit(&mut self, cx: &Context) -> Result<(), SqlError> {
        if !self.holds() {
            return Ok(());
        }
        // Where it is not open, what it holds is committed as it is opened, or it is stuck.
        let mut open = self.take_open(cx)?;
        let again = if self.is_stuck() { open.db.refuse_writes(None) } else { Ok(()) };
        match again.and_then(|()| open.db.commit_point()) {
            Ok(()) => {
                self.held = Held::default();
                self.open = Some(open);
                Ok(())
            }
            Err(error) => {
                self.stick(&error);
                self.lose(open);
                // Readers are served on.
                let _ = self.open(cx);
                Err(error)
            }
        }
    }

    fn stick(&mut self, error: &SqlError) {
        if self.held.stuck.replace(error.clone()).is_none() {
            error!(store = %self.id, "what was decided is in the journal alone, as the store's file cannot be written: {error}");
        }
    }

    /// The room is gone, and with it the transaction: it is made again once the store is opened.
    pub(super) fn lose(&mut self, open: Open) {
        if open.db.has_point() {
            warn!(store = %self.id, records = self.held.records.len(), "what is not committed is made again");
            self.held.lost = Some(open.db);
        }
    }

    /// As it was, where SQLite has not rolled the transaction back.
    pub(in super::super) fn put_back(&mut self, open: Open) {
        if open.db.is_lost() {
            self.lose(open);
        } else {
            self.open = Some(open);
        }
    }

    /// Opens the store, and makes what it held again: committed, where that is possible.
    pub(super) fn open_again(&mut self, cx: &Context) -> Result<Open, SqlError> {
        let mut open = self.made_again(cx)?;
        // What was decided fits, whatever it took this time.
        if cx.store_bytes > 0 {
            open.db.limit_size(cx.store_bytes)?;
        }
        Ok(open)
    }

    fn made_again(&mut self, cx: &Context) -> Result<Open, SqlError> {
        // A connection that has been lost is not closed: on a full disk a file may be opened no more.
        let mut db = match self.held.lost.take() {
            Some(mut db) => {
                db.rewind()?;
                db.refuse_writes(None)?;
                db.limit_size(u64::MAX)?;
                db
            }
            None => open_file(cx, &self.id)?,
        };
        if self.held.records.is_empty() {
            db.commit_point()?;
            self.held = Held::default();
            let room = open_room(cx, &self.id, &mut db)?;
            return Ok(Open::new(db, room));
        }
        db.set_point()?;
        let mut room = self.room_again(cx, &mut db)?;
        if self.held.stuck.is_none() {
            match db.commit_point() {
                Ok(()) => self.held = Held::default(),
                Err(error) => {
                    self.stick(&error);
                    db.rewind()?;
                    room = self.room_again(cx, &mut db)?;
                }
            }
        }
        while !room.rebuild_step(&mut db)? {}
        if let Some(why) = &self.held.stuck {
            db.refuse_writes(Some(why.clone()))?;
            self.held.since = Some(Instant::now());
        }
        Ok(Open::new(db, room))
    }

    fn room_again(&self, cx: &Context, db: &mut Database) -> Result<Room, SqlError> {
        let mut room = open_room(cx, &self.id, db)?;
        nested(db, |db| {
            self.held.records.iter().try_for_each(|record| match room.replay(db, record)? {
                Replayed::Done | Replayed::Known => Ok(()),
                Replayed::Aside(why) => Err(host(&why.to_string())),
            })
        })?;
        Ok(room)
    }
}
