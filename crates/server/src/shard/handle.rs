//! The way from a socket to the shard of its store.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use syncline_engine::Grant;
use syncline_engine::protocol::StoreId;
use syncline_http::{Answer, Call};
use syncline_livestore::Peer;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Message, SocketId, What};
use crate::outbox::Outbox;
use crate::stores::Known;
use crate::webhook::Sent;

/// The shard has more to do than it can.
#[derive(Debug)]
pub(crate) struct Overloaded;

/// Sockets are numbered from 1.
const NO_SOCKET: SocketId = 0;

/// What waits for a shard.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    frames: AtomicUsize,
    bytes: AtomicUsize,
}

impl Backlog {
    pub(super) fn take(&self, frames: usize, bytes: usize) {
        self.frames.fetch_sub(frames, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

struct Handle {
    sender: Sender<Message>,
    backlog: Arc<Backlog>,
}

/// All shards.
pub(crate) struct Shards {
    handles: Vec<Handle>,
    backlog_frames: usize,
    backlog_bytes: usize,
}

impl Shards {
    pub(crate) fn new(
        shards: Vec<(Sender<Message>, Arc<Backlog>)>,
        backlog_frames: usize,
        backlog_bytes: usize,
    ) -> Self {
        let handles = shards.into_iter().map(|(sender, backlog)| Handle { sender, backlog }).collect();
        Self { handles, backlog_frames, backlog_bytes }
    }

    pub(crate) fn opened(&self, store: &StoreId, socket: SocketId, peer: Peer, outbox: Arc<Outbox>) {
        self.send(store, socket, What::Opened(peer, outbox));
    }

    pub(crate) fn closed(&self, store: &StoreId, socket: SocketId) {
        self.send(store, socket, What::Closed);
    }

    /// # Errors
    /// [`Overloaded`]: the frame is not taken.
    pub(crate) fn frame(&self, store: &StoreId, socket: SocketId, text: Utf8Bytes) -> Result<(), Overloaded> {
        let Some(Handle { backlog, .. }) = self.of(store) else { return Err(Overloaded) };
        let bytes = text.len();
        if backlog.frames.load(Ordering::Relaxed) >= self.backlog_frames
            || backlog.bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.backlog_bytes
        {
            return Err(Overloaded);
        }
        backlog.frames.fetch_add(1, Ordering::Relaxed);
        backlog.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.send(store, socket, What::Frame(text, Instant::now()));
        Ok(())
    }

    /// Asks the room of a store; the answer comes once it is durable.
    ///
    /// # Errors
    /// [`Overloaded`]: it is not asked.
    pub(crate) fn ask(
        &self,
        store: &StoreId,
        call: Call,
        grant: Grant,
    ) -> Result<oneshot::Receiver<Answer>, Overloaded> {
        self.request(store, |reply| What::Asked(call, grant, reply))
    }

    /// Asks the shard of a store for something that is answered.
    ///
    /// # Errors
    /// [`Overloaded`]: it is not asked.
    pub(crate) fn request(
        &self,
        store: &StoreId,
        what: impl FnOnce(oneshot::Sender<Answer>) -> What,
    ) -> Result<oneshot::Receiver<Answer>, Overloaded> {
        let Some(Handle { backlog, .. }) = self.of(store) else { return Err(Overloaded) };
        if backlog.frames.load(Ordering::Relaxed) >= self.backlog_frames {
            return Err(Overloaded);
        }
        backlog.frames.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        self.send(store, NO_SOCKET, what(reply));
        Ok(answer)
    }

    /// A delivery to the webhook was taken, or not.
    pub(crate) fn sent(&self, store: &StoreId, sent: Sent) {
        self.send(store, NO_SOCKET, What::Sent(sent));
    }

    /// What is known of the stores that are in use.
    pub(crate) async fn known(&self) -> BTreeMap<StoreId, Known> {
        let asked = self.handles.iter().filter_map(|Handle { sender, .. }| {
            let (reply, known) = oneshot::channel();
            sender.send(Message::List(reply)).ok().map(|()| known)
        });
        // All at once: each may have something to do before.
        let asked: Vec<_> = asked.collect();
        let mut all = BTreeMap::new();
        for known in asked {
            // A shard that has stopped knows of none.
            all.extend(known.await.unwrap_or_default());
        }
        all
    }

    /// Flushes and closes all stores.
    pub(crate) async fn stop(&self) {
        let mut stopping = Vec::new();
        for Handle { sender, .. } in &self.handles {
            let (stopped, wait) = oneshot::channel();
            if sender.send(Message::Stop(stopped)).is_ok() {
                stopping.push(wait);
            }
        }
        for wait in stopping {
            // A shard that is gone has nothing to flush.
            let _ = wait.await;
        }
    }

    fn send(&self, store: &StoreId, socket: SocketId, what: What) {
        if let Some(handle) = self.of(store) {
            // A shard that has stopped hears nothing more; its sockets are being closed.
            let _ = handle.sender.send(Message::Input { store: store.clone(), socket, what });
        }
    }

    fn of(&self, store: &StoreId) -> Option<&Handle> {
        self.handles.get(shard_of(store, self.handles.len()))
    }
}

/// A store is always the same shard's, in one life of the server.
pub(crate) fn shard_of(store: &StoreId, shards: usize) -> usize {
    let mut hasher = crc32fast::Hasher::new();
    hasher.write(store.as_str().as_bytes());
    usize::try_from(hasher.finish()).unwrap_or_default() % shards.max(1)
}
