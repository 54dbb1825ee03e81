//! A shard: a thread that owns some of the stores, and decides for all of them at once. It takes all inputs
//! that wait, handles those of one store after the other's, makes everything durable by one append to its
//! journal, and only then lets the outputs go (true-receipt). The stores' files follow later.

mod call;
mod chores;
mod context;
mod files;
mod handle;
mod settle;
mod socket;
mod store;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use syncline_engine::Grant;
use syncline_engine::protocol::StoreId;
use syncline_http::{Answer, Call};
use syncline_livestore::Peer;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::error;

use crate::clock;
use crate::journal::{Frame, Journal};
use crate::outbox::Outbox;
use crate::stores::Known;
use crate::webhook::Sent;
pub(crate) use context::Context;
pub(crate) use handle::{Backlog, Overloaded, Shards, shard_of};
use store::Store;
pub(crate) use store::incarnation;

/// As much is handled at once: more in one would make the first wait for the last.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 8 << 20;

/// How often a shard looks after what nobody asks for.
const TICK: Duration = Duration::from_millis(200);

pub(crate) type SocketId = u64;

/// Something that happens to a socket.
pub(crate) enum What {
    Opened(Peer, Arc<Outbox>),
    /// And when it was read.
    Frame(Utf8Bytes, Instant),
    Closed,
    /// Of no socket: what is asked over HTTP.
    Asked(Call, Grant, oneshot::Sender<Answer>),
    /// Nor is what came of a delivery to the webhook.
    Sent(Sent),
    /// The whole store as a file.
    Copy(PathBuf, oneshot::Sender<Answer>),
    /// A file that becomes the store, where there is none.
    Place(PathBuf, oneshot::Sender<Answer>),
}

pub(crate) enum Message {
    Input {
        store: StoreId,
        socket: SocketId,
        what: What,
    },
    /// What is known of the stores that are in use; of no single one.
    List(oneshot::Sender<BTreeMap<StoreId, Known>>),
    /// Everything is flushed and closed.
    Stop(oneshot::Sender<()>),
}

pub(crate) struct Shard {
    context: Context,
    stores: BTreeMap<StoreId, Store>,
    journal: Journal,
    frame: Frame,
    backlog: Arc<Backlog>,
    looked: Instant,
    /// Whether something is to be done that nobody has to ask for.
    busy: bool,
}

impl Shard {
    /// Starts the thread. `mine` are the stores that it looks at without being asked.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start(
        number: usize,
        context: Context,
        journal: Journal,
        mine: Vec<StoreId>,
    ) -> io::Result<(Sender<Message>, Arc<Backlog>)> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let backlog = Arc::new(Backlog::default());
        let of_shard = Arc::clone(&backlog);
        std::thread::Builder::new().name(format!("shard-{number}")).spawn(move || {
            // What a former life has not delivered is looked for.
            let undelivered = mine.into_iter().map(|id| (id.clone(), Store::new(id))).collect();
            let mut shard = Self {
                context,
                stores: undelivered,
                journal,
                frame: Frame::new(),
                backlog: of_shard,
                looked: Instant::now(),
                busy: false,
            };
            if let Err(error) = shard.journal.begin() {
                error!("the journal cannot be written, so each store is flushed by itself: {error}");
            }
            shard.run(&receiver);
        })?;
        Ok((sender, backlog))
    }

    fn run(&mut self, receiver: &Receiver<Message>) {
        loop {
            let first = if self.busy {
                receiver.try_recv().map_err(|error| match error {
                    std::sync::mpsc::TryRecvError::Empty => RecvTimeoutError::Timeout,
                    std::sync::mpsc::TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                })
            } else {
                receiver.recv_timeout(TICK)
            };
            let stop = match first {
                Ok(first) => self.drain(first, receiver),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return self.stop(),
            };
            if let Some(stopped) = stop {
                self.stop();
                // Whoever asked may be gone.
                let _ = stopped.send(());
                return;
            }
            if self.busy || self.looked.elapsed() >= TICK {
                self.chores();
            }
        }
    }

    /// Handles what waits; whom to tell once all is flushed, if it is time to stop.
    fn drain(&mut self, first: Message, receiver: &Receiver<Message>) -> Option<oneshot::Sender<()>> {
        let mut inputs: BTreeMap<StoreId, Vec<(SocketId, What)>> = BTreeMap::new();
        let (mut frames, mut bytes, mut stop) = (0, 0, None);
        let (mut read, mut listing) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Input { store, socket, what } => {
                    match &what {
                        What::Frame(text, when) => {
                            (frames, bytes) = (frames + 1, bytes + text.len());
                            read.push(*when);
                        }
                        What::Asked(..) | What::Copy(..) | What::Place(..) => frames += 1,
                        What::Opened(..) | What::Closed | What::Sent(_) => {}
                    }
                    inputs.entry(store).or_default().push((socket, what));
                }
                Message::List(reply) => listing.push(reply),
                Message::Stop(stopped) => stop = Some(stopped),
            }
            next = if frames < BATCH && bytes < BATCH_BYTES { receiver.try_recv().ok() } else { None };
        }
        self.backlog.take(frames, bytes);
        self.context.metrics.drained(frames);
        let now = clock::now();
        let mut touched = Vec::with_capacity(inputs.len());
        for (id, inputs) in inputs {
            let store = self.stores.entry(id.clone()).or_insert_with(|| Store::new(id.clone()));
            store.handle(&self.context, &mut self.frame, now, inputs);
            touched.push(id);
        }
        self.settle(&touched);
        for id in &touched {
            if let Some(store) = self.stores.get_mut(id) {
                store.release();
                store.deliver(&self.context);
            }
        }
        let open = self.stores.values().filter(|store| store.is_open()).count();
        for id in &touched {
            if let Some(store) = self.stores.get_mut(id) {
                store.commit_much(&self.context, open);
                store.checkpoint_much(&self.context);
            }
        }
        // What is told of them is durable now. Whoever asked may be gone.
        listing.into_iter().for_each(|reply| drop(reply.send(self.known())));
        let done = Instant::now();
        read.into_iter().for_each(|when| self.context.metrics.handled(done.duration_since(when)));
        self.close_beyond_bound();
        stop
    }

    fn known(&self) -> BTreeMap<StoreId, Known> {
        self.stores.iter().map(|(id, store)| (id.clone(), store.known())).collect()
    }
}
