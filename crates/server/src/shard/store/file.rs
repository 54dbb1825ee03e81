//! A store's file: how it is opened, flushed, looked after and closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use syncline_engine::protocol::{Code, ErrorFrame, Incarnation, Seq, StoreId};
use syncline_engine::{HostFailure, Room, SqlError};
use syncline_sqlite::{Database, Durability};
use tracing::{debug, error, warn};

use super::super::call::Answered;
use super::super::socket::Socket;
use super::{Context, Open, Store};
use crate::journal::Frame;
use crate::outbox::Close;
use crate::stores::Known;

/// How long a client waits before it tries again after a failure of the storage.
const RETRY_AFTER_MS: u32 = 1_000;

/// After so many pages, a checkpoint is asked for.
const CHECKPOINT_PAGES: u32 = 4_000;

/// No write-ahead log grows beyond so many pages: then the shard does the rest of it, and all its stores wait.
const WAL_PAGES: u32 = 16_000;

/// A file that could not be opened is not looked at again before this.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

impl Store {
    pub(in super::super) const fn id(&self) -> &StoreId {
        &self.id
    }

    pub(in super::super) fn connections(&self) -> usize {
        self.sockets.len()
    }

    pub(in super::super) fn known(&self) -> Known {
        let life = self.open.as_ref().map(|open| (open.room.incarnation().clone(), open.room.head()));
        Known { life, connections: self.sockets.len() }
    }

    pub(in super::super) fn sockets_mut(&mut self) -> impl Iterator<Item = &mut Socket> {
        self.sockets.values_mut()
    }

    pub(in super::super) fn head(&mut self, cx: &Context) -> Result<Seq, SqlError> {
        if self.open.is_none() && !cx.directory.store(&self.id).exists() {
            return Ok(Seq::ZERO);
        }
        let open = self.take_open(cx)?;
        let head = open.room.head();
        self.put_back(open);
        Ok(head)
    }

    pub(in super::super) fn take_open(&mut self, cx: &Context) -> Result<Open, SqlError> {
        if let Err(frame) = self.open(cx) {
            return Err(host(&frame.message));
        }
        self.open.take().ok_or_else(|| host("the room is not open"))
    }

    pub(in super::super) fn put_open(&mut self, cx: &Context, frame: &mut Frame, mut open: Open) {
        self.collect(cx, frame, &mut open);
        self.put_back(open);
    }

    /// Something has changed that is in no record.
    pub(in super::super) const fn has_changed(&mut self, changed: bool) {
        self.unsettled |= changed;
        self.decided |= changed;
    }

    /// Opens the room if it is not.
    pub(super) fn open(&mut self, cx: &Context) -> Result<(), ErrorFrame> {
        if self.open.is_some() {
            return Ok(());
        }
        if let Some((when, error)) = &self.closed
            && when.elapsed() < REOPEN_AFTER
        {
            return Err(failed(error.to_string()));
        }
        let began = Instant::now();
        let opened = catch_unwind(AssertUnwindSafe(|| self.open_again(cx)))
            .unwrap_or_else(|_| Err(host("the model has crashed over the log")));
        match opened {
            Ok(open) => {
                debug!(store = %self.id, head = %open.room.head(), took = ?began.elapsed(), "opened");
                (self.open, self.closed) = (Some(open), None);
                Ok(())
            }
            Err(error) => {
                error!(store = %self.id, file = %cx.directory.store(&self.id).display(), "it cannot be opened: {error}");
                self.closed = Some((Instant::now(), error.clone()));
                Err(failed(error.to_string()))
            }
        }
    }
}

impl Store {
    pub(in super::super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(in super::super) const fn is_dirty(&self) -> bool {
        self.dirty || self.unsettled
    }

    /// Whether what it has decided since the last release has to be in its file before it is told.
    pub(in super::super) const fn has_to_settle(&self) -> bool {
        self.unsettled
    }

    pub(in super::super) const fn has_decided(&self) -> bool {
        self.decided
    }

    pub(in super::super) fn is_forgotten(&self, cx: &Context) -> bool {
        self.sockets.is_empty()
            && self.waiting.is_empty()
            && self.open.is_none()
            && !self.is_dirty()
            && !self.awaits_webhook(cx)
    }

    /// All that was decided survives the end of the machine.
    pub(in super::super) fn flush(&mut self, cx: &Context) -> Result<(), SqlError> {
        let flushed = self.commit(cx).and_then(|()| match &mut self.open {
            Some(open) => open.db.checkpoint(),
            None => Database::open_file(cx.directory.store(&self.id), Durability::Normal)
                .and_then(|mut db| db.checkpoint()),
        });
        match &flushed {
            Ok(()) => {
                cx.metrics.flushed();
                (self.dirty, self.unsettled) = (false, false);
            }
            Err(error) => {
                error!(store = %self.id, "it cannot be flushed: {error}");
                self.unsettled = true;
            }
        }
        flushed
    }

    /// Brings the write-ahead log into the file, or has it done, where it has grown.
    pub(in super::super) fn checkpoint_much(&mut self, cx: &Context) {
        let Some(open) = &mut self.open else { return };
        let pages = open.db.wal_pages();
        if pages < WAL_PAGES || open.db.has_point() {
            let path = || cx.directory.store(&self.id);
            cx.checkpoints.ask(&self.checkpointed, pages, CHECKPOINT_PAGES, path);
        } else if let Err(error) = open.db.checkpoint_passive() {
            debug!(store = %self.id, "its write-ahead log grows: {error}");
        }
    }

    /// What was decided is not durable: nobody is told of it. Who is connected asks again.
    pub(in super::super) fn fail(&mut self) {
        let frame = failed("the disk does not take what was decided".to_owned());
        let close = Close { code: 1011, reason: Code::ServerFailed.as_str() };
        self.sockets.values_mut().for_each(|socket| socket.fail(frame.clone(), close));
        self.answered.iter_mut().for_each(Answered::fail);
    }

    /// A part of what is to be done while nobody asks; whether there is more of it.
    pub(in super::super) fn look_after(&mut self, cx: &Context, quiet: Duration) -> bool {
        // Where it is never quiet, that has to be some time.
        let idle = self.used.elapsed() >= quiet || self.kept.elapsed() >= cx.upkeep_every;
        let rebuilding = self.open.as_ref().is_some_and(|open| open.room.is_rebuilding());
        if !(idle || rebuilding) || self.is_stuck() || self.commit(cx).is_err() {
            return false;
        }
        let Some(mut open) = self.open.take() else { return false };
        if idle {
            self.kept = Instant::now();
        }
        let done = catch_unwind(AssertUnwindSafe(|| {
            if open.room.is_rebuilding() {
                return open.room.rebuild_step(&mut open.db).map(|done| !done);
            }
            if std::mem::take(&mut open.roomy) {
                open.db.limit_cache(cx.cache_bytes)?;
            }
            open.room.maintain(&mut open.db).map(|()| false)
        }));
        match done {
            Ok(Ok(more)) => {
                self.open = Some(open);
                self.checkpoint_much(cx);
                more
            }
            Ok(Err(error)) => {
                warn!(store = %self.id, "it is not looked after: {error}");
                self.open = Some(open);
                false
            }
            Err(_) => {
                error!(store = %self.id, "the model has crashed over the log");
                false
            }
        }
    }

    /// Closes its file, where that is possible; its sockets stay.
    pub(in super::super) fn close(&mut self, cx: &Context) {
        let written = if self.is_dirty() { self.flush(cx) } else { self.commit(cx) };
        if written.is_ok() {
            self.open = None;
            debug!(store = %self.id, "closed");
        }
    }
}

/// Opens a store's file, or creates it.
pub(super) fn open_file(cx: &Context, id: &StoreId) -> Result<Database, SqlError> {
    let mut db = Database::open_file(cx.directory.store(id), Durability::Normal)?;
    db.limit_cache(cx.cache_bytes)?;
    db.leave_checkpoints()?;
    db.write_at_commit()?;
    Ok(db)
}

pub(super) fn open_room(cx: &Context, id: &StoreId, db: &mut Database) -> Result<Room, SqlError> {
    let mut room = Room::open(db, cx.rules, id.clone(), incarnation()?)?;
    room.configure(cx.room);
    room.keep_journal();
    Ok(room)
}

/// A fresh one, for a store that has none.
pub(crate) fn incarnation() -> Result<Incarnation, SqlError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| host(&error.to_string()))?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Incarnation::parse(hex).map_err(|error| host(&error.to_string()))
}

pub(in super::super) fn host(message: &str) -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message: message.to_owned() }
}

pub(in super::super) fn failed(message: String) -> ErrorFrame {
    ErrorFrame { retry_after_ms: Some(RETRY_AFTER_MS), ..ErrorFrame::new(Code::ServerFailed, message) }
}
