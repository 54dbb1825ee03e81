//! One store of a shard: its sockets, and its room while that is open.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use syncline_engine::protocol::{Code, ErrorFrame, Incarnation, Millis, ServerMessage, StoreId};
use syncline_engine::{Connection, HostFailure, Output, Room, SqlError, nested};
use syncline_sqlite::{Database, Durability};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{debug, error, warn};

use super::socket::Socket;
use super::{Context, SocketId, What};
use crate::journal::Frame;
use crate::outbox::Close;

/// How long a client waits before it tries again after a failure of the storage.
const RETRY_AFTER_MS: u32 = 1_000;

/// A file that could not be opened is not looked at again before this.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Store {
    id: StoreId,
    sockets: BTreeMap<SocketId, Socket>,
    open: Option<Open>,
    /// Why it could not be opened, and when that was.
    closed: Option<(Instant, SqlError)>,
    /// Something was decided that only the journal has for sure.
    dirty: bool,
    /// Something was decided, or may have been, that not even the journal has: the file has to be flushed
    /// before anything of it is told.
    unsettled: bool,
    /// Something was decided since the last release.
    decided: bool,
    /// Numbers the transactions around inputs, so that sockets know what belongs to which.
    transaction: u64,
    pub(super) used: Instant,
}

struct Open {
    db: Database,
    room: Room,
}

impl Store {
    pub(super) fn new(id: StoreId) -> Self {
        Self {
            id,
            sockets: BTreeMap::new(),
            open: None,
            closed: None,
            dirty: false,
            unsettled: false,
            decided: false,
            transaction: 0,
            used: Instant::now(),
        }
    }

    /// Handles what has come, in its order. Nothing is sent before [`Store::release`].
    pub(super) fn handle(
        &mut self,
        cx: &Context,
        frame: &mut Frame,
        now: Millis,
        inputs: Vec<(SocketId, What)>,
    ) {
        self.used = Instant::now();
        let mut group: Vec<(SocketId, Utf8Bytes)> = Vec::new();
        for (socket, what) in inputs {
            match what {
                What::Opened(grant, outbox) => {
                    let connection = Connection::new(grant);
                    let mut opened = Socket::new(connection, outbox);
                    if self.sockets.len() >= cx.connections {
                        let message = format!("{} has {} connections", self.id, self.sockets.len());
                        opened.fail(
                            error_frame(ErrorFrame::new(Code::TooManyConnections, message)),
                            refused(Code::TooManyConnections),
                        );
                    }
                    self.sockets.insert(socket, opened);
                }
                What::Closed => {
                    self.handle_group(cx, frame, now, &mut group);
                    if let Some(gone) = self.sockets.remove(&socket) {
                        for text in gone.connection.gone() {
                            self.publish(cx, now, text.into(), None);
                        }
                    }
                }
                What::Frame(text) => match self.together(cx, now, socket, &text) {
                    Some(true) => group.push((socket, text)),
                    Some(false) => {
                        self.handle_group(cx, frame, now, &mut group);
                        self.handle_one(cx, frame, now, socket, &text);
                    }
                    None => {}
                },
            }
        }
        self.handle_group(cx, frame, now, &mut group);
    }

    /// Whether a frame may share a transaction with others; nothing, where it needs no room.
    fn together(&mut self, cx: &Context, now: Millis, socket: SocketId, text: &str) -> Option<bool> {
        let from = self.sockets.get_mut(&socket)?;
        from.count();
        if from.close.is_some() {
            return None;
        }
        if let Some(outputs) = Room::refuse_stranger(&from.connection, &self.id, now, text, &*cx.auth) {
            self.distribute(cx, now, socket, outputs);
            return None;
        }
        if let Err(frame) = self.open(cx) {
            self.reply(socket, frame);
            return None;
        }
        let (from, open) = (self.sockets.get_mut(&socket)?, self.open.as_ref()?);
        // After its hello it may be somebody whose pushes are marked.
        let first = !std::mem::replace(&mut from.heard, true);
        Some(!first && !open.room.marks(&from.connection))
    }

    fn handle_group(
        &mut self,
        cx: &Context,
        frame: &mut Frame,
        now: Millis,
        group: &mut Vec<(SocketId, Utf8Bytes)>,
    ) {
        let group = std::mem::take(group);
        if group.len() > 1 && self.handle_together(cx, frame, now, &group) {
            return;
        }
        for (socket, text) in group {
            self.handle_one(cx, frame, now, socket, &text);
        }
    }

    /// All in one transaction; or nothing, where that has failed.
    fn handle_together(
        &mut self,
        cx: &Context,
        frame: &mut Frame,
        now: Millis,
        group: &[(SocketId, Utf8Bytes)],
    ) -> bool {
        let Some(mut open) = self.open.take() else { return false };
        self.transaction += 1;
        let done = catch_unwind(AssertUnwindSafe(|| {
            nested(&mut open.db, |db| {
                for (socket, text) in group {
                    let Some(from) = self.sockets.get_mut(socket).filter(|from| from.close.is_none()) else {
                        continue;
                    };
                    from.save(self.transaction);
                    let outputs = open.room.receive(db, now, &mut from.connection, text, &*cx.auth);
                    self.distribute_of(cx, &open.room, now, *socket, outputs);
                }
                Ok::<_, SqlError>(())
            })
        }));
        match done {
            Ok(Ok(())) => {
                self.collect(frame, &mut open.room);
                self.open = Some(open);
                return true;
            }
            Ok(Err(error)) => {
                warn!(store = %self.id, "{} inputs could not be handled together: {error}", group.len())
            }
            Err(_) => warn!(store = %self.id, "one of {} inputs has crashed the room", group.len()),
        }
        // What the room remembers is not in the database.
        drop(open);
        let transaction = self.transaction;
        self.sockets.values_mut().for_each(|socket| socket.restore(transaction));
        false
    }

    fn handle_one(&mut self, cx: &Context, frame: &mut Frame, now: Millis, socket: SocketId, text: &str) {
        if let Err(refused) = self.open(cx) {
            return self.reply(socket, refused);
        }
        let Some(mut open) = self.open.take() else { return };
        self.transaction += 1;
        let Some(from) = self.sockets.get_mut(&socket).filter(|from| from.close.is_none()) else {
            self.open = Some(open);
            return;
        };
        from.save(self.transaction);
        let done = catch_unwind(AssertUnwindSafe(|| {
            open.room.receive(&mut open.db, now, &mut from.connection, text, &*cx.auth)
        }));
        match done {
            Ok(outputs) => {
                self.distribute_of(cx, &open.room, now, socket, outputs);
                self.collect(frame, &mut open.room);
                self.open = Some(open);
            }
            Err(_) => {
                from.restore(self.transaction);
                error!(store = %self.id, "an input has crashed the room");
                // Commits before the one that crashed it may be decided, and nobody has their records.
                self.unsettled = true;
                let message = "the room has crashed: it is opened again";
                self.reply(socket, failed(message.to_owned()));
            }
        }
    }

    fn collect(&mut self, frame: &mut Frame, room: &mut Room) {
        for record in room.take_journal() {
            (self.dirty, self.decided) = (true, true);
            if let Err(error) = frame.add(&self.id, &record) {
                error!(store = %self.id, "a record does not encode: {error}");
                self.unsettled = true;
            }
        }
    }

    /// Opens the room if it is not.
    fn open(&mut self, cx: &Context) -> Result<(), ErrorFrame> {
        if self.open.is_some() {
            return Ok(());
        }
        if let Some((when, error)) = &self.closed
            && when.elapsed() < REOPEN_AFTER
        {
            return Err(failed(error.to_string()));
        }
        let began = Instant::now();
        let opened = catch_unwind(AssertUnwindSafe(|| open(cx, &self.id)))
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

    fn reply(&mut self, socket: SocketId, frame: ErrorFrame) {
        let transaction = self.transaction;
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.queue(transaction, error_frame(frame));
        }
    }

    /// Where no room has to be asked: what a stranger is told.
    fn distribute(&mut self, cx: &Context, now: Millis, from: SocketId, outputs: Vec<Output>) {
        let open = self.open.take();
        for output in outputs {
            self.distribute_one(cx, open.as_ref().map(|open| &open.room), now, from, output);
        }
        self.open = open;
    }

    fn distribute_of(
        &mut self,
        cx: &Context,
        room: &Room,
        now: Millis,
        from: SocketId,
        outputs: Vec<Output>,
    ) {
        for output in outputs {
            self.distribute_one(cx, Some(room), now, from, output);
        }
    }

    fn distribute_one(
        &mut self,
        cx: &Context,
        room: Option<&Room>,
        now: Millis,
        from: SocketId,
        output: Output,
    ) {
        let transaction = self.transaction;
        match output {
            Output::Reply(text) => {
                if let Some(socket) = self.sockets.get_mut(&from) {
                    socket.queue(transaction, text.into());
                }
            }
            Output::Publish(text) => self.publish_of(cx, room, now, text.into(), None),
            Output::Others(text) => self.publish_of(cx, room, now, text.into(), Some(from)),
            Output::Present => {
                let others = self.sockets.iter().filter(|(other, _)| **other != from);
                let frames: Vec<String> = others.flat_map(|(_, other)| other.connection.presence()).collect();
                if let Some(socket) = self.sockets.get_mut(&from) {
                    frames.into_iter().for_each(|text| socket.queue(transaction, text.into()));
                }
            }
            Output::Close(code) => {
                if let Some(socket) = self.sockets.get_mut(&from) {
                    socket.shut(transaction, refused(code));
                }
            }
        }
    }

    fn publish(&mut self, cx: &Context, now: Millis, frame: Utf8Bytes, but: Option<SocketId>) {
        let open = self.open.take();
        self.publish_of(cx, open.as_ref().map(|open| &open.room), now, frame, but);
        self.open = open;
    }

    /// To every live socket, and those that do not keep up go back to catch-up.
    fn publish_of(
        &mut self,
        cx: &Context,
        room: Option<&Room>,
        now: Millis,
        frame: Utf8Bytes,
        but: Option<SocketId>,
    ) {
        let transaction = self.transaction;
        for (_, socket) in self.sockets.iter_mut().filter(|(id, _)| Some(**id) != but) {
            if !socket.connection.is_live() {
                continue;
            }
            if socket.is_expired(now) {
                socket.save(transaction);
                if let Some(text) = socket.connection.expire(now) {
                    socket.queue(transaction, text.into());
                }
            } else if let Some(room) = room
                && socket.is_behind(frame.len(), cx.unsent_bytes)
            {
                socket.save(transaction);
                let text = socket.connection.behind(room.head());
                socket.queue(transaction, text.into());
            } else {
                socket.queue(transaction, frame.clone());
            }
        }
    }

    /// Everything that was said is durable, or was replaced.
    pub(super) fn release(&mut self) {
        self.decided = false;
        self.sockets.values_mut().filter(|socket| socket.is_touched()).for_each(Socket::release);
    }
}

/// How its file is flushed, looked after and closed.
impl Store {
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) const fn is_dirty(&self) -> bool {
        self.dirty || self.unsettled
    }

    /// Whether what it has decided since the last release has to be in its file before it is told.
    pub(super) const fn has_to_settle(&self) -> bool {
        self.unsettled
    }

    pub(super) const fn has_decided(&self) -> bool {
        self.decided
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.sockets.is_empty() && self.open.is_none() && !self.is_dirty()
    }

    /// All that was decided survives the end of the machine.
    pub(super) fn flush(&mut self, cx: &Context) -> Result<(), SqlError> {
        let flushed = match &mut self.open {
            Some(open) => open.db.checkpoint(),
            None => Database::open_file(cx.directory.store(&self.id), Durability::Normal)
                .and_then(|mut db| db.checkpoint()),
        };
        match &flushed {
            Ok(()) => (self.dirty, self.unsettled) = (false, false),
            Err(error) => {
                error!(store = %self.id, "it cannot be flushed: {error}");
                self.unsettled = true;
            }
        }
        flushed
    }

    /// What was decided is not durable: nobody is told of it. Who is connected asks again.
    pub(super) fn fail(&mut self) {
        let frame = error_frame(failed("the disk does not take what was decided".to_owned()));
        let close = Close { code: 1011, reason: Code::ServerFailed.as_str() };
        self.sockets.values_mut().for_each(|socket| socket.fail(frame.clone(), close));
    }

    /// A part of what is to be done while nobody asks; whether there is more of it.
    pub(super) fn look_after(&mut self, quiet: Duration) -> bool {
        let Some(mut open) = self.open.take() else { return false };
        let idle = self.used.elapsed() >= quiet;
        let done = catch_unwind(AssertUnwindSafe(|| {
            if open.room.is_rebuilding() {
                return open.room.rebuild_step(&mut open.db).map(|done| !done);
            }
            if idle { open.room.maintain(&mut open.db).map(|()| false) } else { Ok(false) }
        }));
        match done {
            Ok(Ok(more)) => {
                self.open = Some(open);
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
    pub(super) fn close(&mut self, cx: &Context) {
        if !self.is_dirty() || self.flush(cx).is_ok() {
            self.open = None;
            debug!(store = %self.id, "closed");
        }
    }
}

fn open(cx: &Context, id: &StoreId) -> Result<Open, SqlError> {
    let mut db = Database::open_file(cx.directory.store(id), Durability::Normal)?;
    db.limit_cache(cx.cache_bytes)?;
    if cx.store_bytes > 0 {
        db.limit_size(cx.store_bytes)?;
    }
    let mut room = Room::open(&mut db, cx.rules, id.clone(), incarnation()?)?;
    room.configure(cx.room);
    room.keep_journal();
    Ok(Open { db, room })
}

/// A fresh one, for a store that has none.
fn incarnation() -> Result<Incarnation, SqlError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| host(&error.to_string()))?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Incarnation::parse(hex).map_err(|error| host(&error.to_string()))
}

fn host(message: &str) -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message: message.to_owned() }
}

fn failed(message: String) -> ErrorFrame {
    ErrorFrame { retry_after_ms: Some(RETRY_AFTER_MS), ..ErrorFrame::new(Code::ServerFailed, message) }
}

fn error_frame(frame: ErrorFrame) -> Utf8Bytes {
    ServerMessage::Error(frame).encode().into()
}

fn refused(code: Code) -> Close {
    Close { code: 1008, reason: code.as_str() }
}
