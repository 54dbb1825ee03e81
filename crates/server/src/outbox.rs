//! What waits to be sent to one socket: filled by its shard, emptied by its task.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How a socket ends: a code of the WebSocket protocol, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    /// Bytes of frames that were not written to the socket yet.
    bytes: AtomicUsize,
    /// Frames of the socket that its shard has not handled yet.
    unhandled: AtomicUsize,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: Vec<Utf8Bytes>,
    close: Option<Close>,
}

impl Outbox {
    /// All of `frames`, and with `close` nothing after them.
    pub(crate) fn put(&self, frames: &mut Vec<Utf8Bytes>, close: Option<Close>) {
        self.bytes.fetch_add(frames.iter().map(|frame| frame.len()).sum(), Ordering::Relaxed);
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.frames.is_empty() {
                std::mem::swap(&mut waiting.frames, frames);
            } else {
                waiting.frames.append(frames);
            }
            waiting.close = waiting.close.or(close);
        }
        self.changed.notify_one();
    }

    /// Takes what waits, into an empty list.
    pub(crate) fn take(&self, into: &mut Vec<Utf8Bytes>) -> Option<Close> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut waiting.frames, into);
        waiting.close
    }

    /// These are on the socket.
    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn handed_over(&self) {
        self.unhandled.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn handled(&self, frames: usize) {
        self.unhandled.fetch_sub(frames, Ordering::AcqRel);
        self.changed.notify_one();
    }

    pub(crate) fn unhandled(&self) -> usize {
        self.unhandled.load(Ordering::Acquire)
    }

    /// Something waits, or was handled.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
