//! Pushes that follow each other are published as one frame.

use syncline_engine::protocol::{Millis, Seq};
use syncline_engine::{Output, Record, Room};
use syncline_livestore::LiveStore;

use super::{Context, SocketId, Store};

/// A frame of published entries is closed once it has so many.
const PUBLISHED_BYTES: usize = 256 << 10;

/// Pushes that follow each other, of which nobody was told yet.
#[derive(Default)]
pub(super) struct Run {
    records: Vec<Record>,
    /// The head after the last of them.
    head: Seq,
    bytes: usize,
    replies: Vec<(SocketId, String)>,
    /// The records of runs before.
    pub(super) said: Vec<Record>,
}

impl Run {
    /// Whether these are the outputs of a push: they change nothing of who is live.
    pub(super) fn takes(&self, outputs: &[Output]) -> bool {
        self.bytes < PUBLISHED_BYTES && matches!(outputs, [Output::Publish(_), Output::Reply(_)])
    }

    pub(super) fn add(&mut self, from: SocketId, outputs: Vec<Output>, room: &mut Room) {
        let records = room.take_journal();
        self.bytes += records.iter().map(Record::bytes).sum::<usize>();
        self.records.extend(records);
        self.head = room.head();
        for output in outputs {
            if let Output::Reply(text) = output {
                self.replies.push((from, text));
            }
        }
    }
}

impl Store {
    /// Publishes what a run of pushes has come to as one frame, before each of them is answered.
    pub(super) fn say(&mut self, cx: &Context, now: Millis, run: &mut Run, rooms: (&Room, &mut LiveStore)) {
        let records = std::mem::take(&mut run.records);
        if let Some(text) = Record::published(&records, run.head) {
            self.publish_of(cx, Some(rooms), now, text.into(), None);
        }
        run.said.extend(records);
        let transaction = self.transaction;
        for (socket, text) in run.replies.drain(..) {
            if let Some(socket) = self.sockets.get_mut(&socket) {
                socket.queue(transaction, text.into());
            }
        }
        run.bytes = 0;
    }
}
