//! Who is told what: replies, and what is published to the sockets that are live.

use syncline_engine::protocol::{ErrorFrame, Millis};
use syncline_engine::{Output, Room};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::super::call::Answered;
use super::super::socket::Socket;
use super::{Context, SocketId, Store, error_frame, refused};

impl Store {
    pub(super) fn reply(&mut self, socket: SocketId, frame: ErrorFrame) {
        let transaction = self.transaction;
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.queue(transaction, error_frame(frame));
        }
    }

    /// Where no room has to be asked: what a stranger is told.
    pub(super) fn distribute(&mut self, cx: &Context, now: Millis, from: SocketId, outputs: Vec<Output>) {
        let open = self.open.take();
        for output in outputs {
            self.distribute_one(cx, open.as_ref().map(|open| &open.room), now, from, output);
        }
        self.open = open;
    }

    pub(super) fn distribute_of(
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

    pub(in super::super) fn publish(
        &mut self,
        cx: &Context,
        now: Millis,
        frame: Utf8Bytes,
        but: Option<SocketId>,
    ) {
        let open = self.open.take();
        self.publish_of(cx, open.as_ref().map(|open| &open.room), now, frame, but);
        self.open = open;
    }

    /// To every live socket, and those that do not keep up go back to catch-up.
    pub(super) fn publish_of(
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
    pub(in super::super) fn release(&mut self) {
        self.decided = false;
        self.answered.drain(..).for_each(Answered::send);
        self.sockets.values_mut().filter(|socket| socket.is_touched()).for_each(Socket::release);
    }
}
