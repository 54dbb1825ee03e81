//! One store of a shard: its sockets, and its room while that is open. Here is how inputs are handled.

mod deliver;
mod file;
mod hold;
mod run;
mod webhook;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use syncline_engine::protocol::{Code, ErrorFrame, Millis, StoreId};
use syncline_engine::{Output, Record, Room, SqlError, nested};
use syncline_livestore::LiveStore;
use syncline_sqlite::Database;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{Level, debug, error, warn};

use super::call::{Answered, Waiting};
use super::socket::Socket;
use super::{Context, SocketId, What};
use crate::checkpoints::Progress;
use crate::journal::Frame;
use crate::outbox::Close;
use crate::traces::Decided;
pub(crate) use file::incarnation;
pub(super) use file::{failed, host};
use hold::Held;
use run::Run;
use webhook::Hook;

pub(super) struct Store {
    id: StoreId,
    sockets: BTreeMap<SocketId, Socket>,
    open: Option<Open>,
    held: Held,
    checkpointed: Arc<Progress>,
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
    /// When it was last looked after.
    kept: Instant,
    /// Who has asked, and goes with the release.
    pub(super) answered: Vec<Answered>,
    pub(super) waiting: Vec<Waiting>,
    hook: Hook,
}

pub(super) struct Open {
    pub(super) db: Database,
    pub(super) room: Room,
    /// The room, to LiveStore's clients: it is dropped with it.
    pub(super) livestore: LiveStore,
    /// Whether it may have more pages in memory than one that is quiet.
    pub(super) roomy: bool,
}

impl Open {
    pub(super) fn new(db: Database, room: Room) -> Self {
        Self { db, room, livestore: LiveStore::default(), roomy: false }
    }
}

impl Store {
    pub(super) fn new(id: StoreId) -> Self {
        Self {
            id,
            sockets: BTreeMap::new(),
            open: None,
            held: Held::default(),
            checkpointed: Arc::default(),
            closed: None,
            dirty: false,
            unsettled: false,
            decided: false,
            transaction: 0,
            used: Instant::now(),
            kept: Instant::now(),
            answered: Vec::new(),
            waiting: Vec::new(),
            hook: Hook::default(),
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
                What::Opened(peer, outbox) => {
                    let mut opened = Socket::new(peer, outbox);
                    if self.sockets.len() >= cx.connections {
                        let message = format!("{} has {} connections", self.id, self.sockets.len());
                        let frame = ErrorFrame::new(Code::TooManyConnections, message);
                        opened.fail(frame, refused(Code::TooManyConnections));
                    }
                    self.sockets.insert(socket, opened);
                }
                What::Closed => {
                    self.handle_group(cx, frame, now, &mut group);
                    if let Some(gone) = self.sockets.remove(&socket) {
                        for text in gone.peer.gone() {
                            self.publish(cx, now, text.into(), None);
                        }
                    }
                }
                What::Frame(text, _) => match self.together(cx, now, socket, &text) {
                    Some(true) => group.push((socket, text)),
                    Some(false) => {
                        self.handle_group(cx, frame, now, &mut group);
                        self.handle_one(cx, frame, now, socket, &text);
                    }
                    None => {}
                },
                What::Sent(sent) => self.note_delivery(cx, &sent),
                What::Asked(call, grant, reply) => {
                    self.handle_group(cx, frame, now, &mut group);
                    self.ask(cx, frame, now, (call, grant, reply));
                }
                What::Copy(path, reply) => {
                    self.handle_group(cx, frame, now, &mut group);
                    self.copy(cx, &path, reply);
                }
                What::Place(path, reply) => self.place(cx, &path, reply),
            }
        }
        self.handle_group(cx, frame, now, &mut group);
        if self.decided {
            self.look_at_webhook();
        }
        if self.decided && !self.waiting.is_empty() {
            self.answer_waiting(cx, frame, now);
        }
    }

    /// Whether a frame may share a transaction with others; nothing, where it needs no room.
    fn together(&mut self, cx: &Context, now: Millis, socket: SocketId, text: &str) -> Option<bool> {
        let from = self.sockets.get_mut(&socket)?;
        from.count();
        if from.close.is_some() {
            return None;
        }
        if let Some(outputs) = from.peer.refuse_stranger(&self.id, now, text, &*cx.auth) {
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
        Some(!first && !from.peer.marks(&open.room))
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
        self.hold();
        let Some(mut open) = self.open.take() else { return false };
        self.transaction += 1;
        let mut run = Run::default();
        let done = catch_unwind(AssertUnwindSafe(|| {
            nested(&mut open.db, |db| {
                for (socket, text) in group {
                    let Some(from) = self.sockets.get_mut(socket).filter(|from| from.close.is_none()) else {
                        continue;
                    };
                    from.save(self.transaction);
                    let began = Instant::now();
                    let rooms = (&mut open.room, &mut open.livestore);
                    let outputs = from.peer.receive(rooms, db, now, text, &*cx.auth);
                    told(cx, &self.id, (*socket, from), began, &outputs);
                    if run.takes(&outputs) {
                        run.add(*socket, outputs, &mut open.room);
                    } else {
                        self.say(cx, now, &mut run, (&open.room, &mut open.livestore));
                        self.distribute_of(cx, (&open.room, &mut open.livestore), now, *socket, outputs);
                        run.said.extend(open.room.take_journal());
                    }
                }
                self.say(cx, now, &mut run, (&open.room, &mut open.livestore));
                Ok::<_, SqlError>(())
            })
        }));
        match done {
            Ok(Ok(())) => {
                self.keep(cx, frame, run.said, open.db.has_point());
                self.put_open(cx, frame, open);
                return true;
            }
            Ok(Err(error)) => {
                warn!(store = %self.id, "{} inputs could not be handled together: {error}", group.len());
                // What the room remembers is not in the database.
                self.lose(open);
            }
            Err(_) => warn!(store = %self.id, "one of {} inputs has crashed the room", group.len()),
        }
        let transaction = self.transaction;
        self.sockets.values_mut().for_each(|socket| socket.restore(transaction));
        false
    }

    fn handle_one(&mut self, cx: &Context, frame: &mut Frame, now: Millis, socket: SocketId, text: &str) {
        if let Err(refused) = self.open(cx) {
            return self.reply(socket, refused);
        }
        self.hold_for(cx, socket);
        let Some(mut open) = self.open.take() else {
            let message = "the store's file can neither be written nor opened again".to_owned();
            return self.reply(socket, failed(message));
        };
        self.transaction += 1;
        let Some(from) = self.sockets.get_mut(&socket).filter(|from| from.close.is_none()) else {
            self.open = Some(open);
            return;
        };
        from.save(self.transaction);
        let began = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| {
            from.peer.receive((&mut open.room, &mut open.livestore), &mut open.db, now, text, &*cx.auth)
        }));
        match done {
            Ok(outputs) => {
                told(cx, &self.id, (socket, from), began, &outputs);
                self.distribute_of(cx, (&open.room, &mut open.livestore), now, socket, outputs);
                self.put_open(cx, frame, open);
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

    fn collect(&mut self, cx: &Context, frame: &mut Frame, open: &mut Open) {
        let records = open.room.take_journal();
        self.keep(cx, frame, records, open.db.has_point());
    }

    fn keep(&mut self, cx: &Context, frame: &mut Frame, records: Vec<Record>, held: bool) {
        for record in records {
            (self.dirty, self.decided) = (true, true);
            cx.metrics.decided();
            if let Err(error) = frame.add(&self.id, &record) {
                error!(store = %self.id, "a record does not encode: {error}");
                self.unsettled = true;
            }
            if held {
                self.remember(record);
            }
        }
    }
}

/// A line and a span for each push that was decided, where somebody wants to read so many.
fn told(
    cx: &Context,
    store: &StoreId,
    (socket, from): (SocketId, &Socket),
    began: Instant,
    outputs: &[Output],
) {
    let logged = tracing::enabled!(Level::DEBUG);
    if !logged && cx.traces.is_none() {
        return;
    }
    for output in outputs {
        if let Output::Reply(text) = output
            && text.starts_with("{\"type\":\"verdicts\"")
        {
            let count = |status: &str| text.matches(status).count();
            let (accepted, rejected) = (count("\"status\":\"accepted\""), count("\"status\":\"rejected\""));
            let (subject, took) = (from.peer.subject(), began.elapsed());
            if logged {
                let subject = subject.map(tracing::field::display);
                debug!(%store, socket, subject, accepted, rejected, micros = took.as_micros() as u64, "decided a push");
            }
            if let Some(traces) = &cx.traces {
                traces.decided(&Decided { store, socket, subject, accepted, rejected, took });
            }
        }
    }
}

pub(super) fn refused(code: Code) -> Close {
    Close { code: 1008, reason: code.as_str() }
}
