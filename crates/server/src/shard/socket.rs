//! A socket, as its shard knows it.

use std::sync::Arc;

use syncline_engine::protocol::{ErrorFrame, Millis};
use syncline_livestore::Peer;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::outbox::{Close, Outbox};

pub(super) struct Socket {
    pub(super) peer: Peer,
    /// Whether its first frame has come.
    pub(super) heard: bool,
    outbox: Arc<Outbox>,
    /// What it will be sent once what it speaks of is durable.
    pending: Vec<Utf8Bytes>,
    pending_bytes: usize,
    pub(super) close: Option<Close>,
    handled: usize,
    saved: Saved,
}

/// What it was when a transaction began, should that come to nothing.
#[derive(Default)]
struct Saved {
    transaction: u64,
    peer: Option<Peer>,
    pending: usize,
    pending_bytes: usize,
    close: Option<Close>,
}

impl Socket {
    pub(super) fn new(peer: Peer, outbox: Arc<Outbox>) -> Self {
        Self {
            peer,
            heard: false,
            outbox,
            pending: Vec::new(),
            pending_bytes: 0,
            close: None,
            handled: 0,
            saved: Saved::default(),
        }
    }

    /// A frame of it was taken from the inbox.
    pub(super) fn count(&mut self) {
        self.handled += 1;
    }

    /// Notes what it is before a transaction changes it.
    pub(super) fn save(&mut self, transaction: u64) {
        self.begin(transaction);
        if self.saved.peer.is_none() {
            self.saved.peer = Some(self.peer.clone());
        }
    }

    fn begin(&mut self, transaction: u64) {
        if self.saved.transaction != transaction {
            self.saved = Saved {
                transaction,
                peer: None,
                pending: self.pending.len(),
                pending_bytes: self.pending_bytes,
                close: self.close,
            };
        }
    }

    /// The transaction has come to nothing.
    pub(super) fn restore(&mut self, transaction: u64) {
        if self.saved.transaction == transaction {
            self.pending.truncate(self.saved.pending);
            (self.pending_bytes, self.close) = (self.saved.pending_bytes, self.saved.close);
            if let Some(peer) = self.saved.peer.take() {
                self.peer = peer;
            }
        }
    }

    pub(super) fn queue(&mut self, transaction: u64, frame: Utf8Bytes) {
        if self.close.is_none() {
            self.begin(transaction);
            self.pending_bytes += frame.len();
            self.pending.push(frame);
        }
    }

    pub(super) fn shut(&mut self, transaction: u64, close: Close) {
        self.begin(transaction);
        self.close = self.close.or(Some(close));
    }

    /// Whether it has not taken what was sent to it, and so much of it that no more is added.
    pub(super) fn is_behind(&self, frame: usize, limit: usize) -> bool {
        let waits = self.outbox.bytes() + self.pending_bytes;
        waits > 0 && waits + frame > limit
    }

    pub(super) fn is_expired(&self, now: Millis) -> bool {
        self.peer.expires().is_some_and(|expires| expires <= now)
    }

    /// Whether there is something to release.
    pub(super) fn is_touched(&self) -> bool {
        self.handled > 0 || !self.pending.is_empty() || self.close.is_some()
    }

    /// In place of what it would have been told.
    pub(super) fn fail(&mut self, frame: ErrorFrame, close: Close) {
        self.pending.clear();
        self.pending.extend(self.peer.error(frame).map(Utf8Bytes::from));
        self.pending_bytes = self.pending.iter().map(|frame| frame.len()).sum();
        self.close = Some(close);
    }

    /// What waits is durable: it goes out.
    pub(super) fn release(&mut self) {
        if !self.pending.is_empty() || self.close.is_some() {
            self.pending_bytes = 0;
            self.outbox.put(&mut self.pending, self.close);
        }
        let handled = std::mem::take(&mut self.handled);
        if handled > 0 {
            self.outbox.handled(handled);
        }
    }
}
