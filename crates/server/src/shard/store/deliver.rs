//! Who is told what: replies, and what is published to the sockets that are live.

use syncline_engine::protocol::{ErrorFrame, Millis};
use syncline_engine::{Output, Room};
use syncline_livestore::{Chunks, Expired, LiveStore, Peer};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::super::call::Answered;
use super::super::socket::Socket;
use super::{Context, Open, SocketId, Store, refused};

/// A room, as each kind of client sees it.
pub(super) type Rooms<'a> = (&'a Room, &'a mut LiveStore);

impl Open {
    const fn rooms(&mut self) -> Rooms<'_> {
        (&self.room, &mut self.livestore)
    }
}

impl Store {
    pub(super) fn reply(&mut self, socket: SocketId, frame: ErrorFrame) {
        let (transaction, code) = (self.transaction, frame.code);
        if let Some(socket) = self.sockets.get_mut(&socket) {
            match socket.peer.error(frame) {
                Some(text) => socket.queue(transaction, text.into()),
                None => socket.shut(transaction, refused(code)),
            }
        }
    }

    /// Where no room has to be asked: what a stranger is told.
    pub(super) fn distribute(&mut self, cx: &Context, now: Millis, from: SocketId, outputs: Vec<Output>) {
        let mut open = self.open.take();
        for output in outputs {
            self.distribute_one(cx, open.as_mut().map(Open::rooms), now, from, output);
        }
        self.open = open;
    }

    pub(super) fn distribute_of(
        &mut self,
        cx: &Context,
        (room, livestore): Rooms<'_>,
        now: Millis,
        from: SocketId,
        outputs: Vec<Output>,
    ) {
        for output in outputs {
            self.distribute_one(cx, Some((room, &mut *livestore)), now, from, output);
        }
    }

    fn distribute_one(
        &mut self,
        cx: &Context,
        rooms: Option<Rooms<'_>>,
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
            Output::Publish(text) => self.publish_of(cx, rooms, now, text.into(), None),
            Output::Others(text) => self.publish_of(cx, rooms, now, text.into(), Some(from)),
            Output::Present => {
                let others = self.sockets.iter().filter(|(other, _)| **other != from);
                let frames: Vec<String> = others.flat_map(|(_, other)| other.peer.presence()).collect();
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
        let mut open = self.open.take();
        self.publish_of(cx, open.as_mut().map(Open::rooms), now, frame, but);
        self.open = open;
    }

    /// To every live socket, and those that do not keep up go back to catch-up.
    pub(in super::super) fn publish_of(
        &mut self,
        cx: &Context,
        mut rooms: Option<Rooms<'_>>,
        now: Millis,
        frame: Utf8Bytes,
        but: Option<SocketId>,
    ) {
        let transaction = self.transaction;
        let mut chunks: Option<Option<Chunks>> = None;
        for (_, socket) in self.sockets.iter_mut().filter(|(id, _)| Some(**id) != but) {
            if !socket.peer.is_live() {
                continue;
            }
            if socket.is_expired(now) {
                socket.save(transaction);
                match socket.peer.expire(now) {
                    Some(Expired::Told(text)) => socket.queue(transaction, text.into()),
                    Some(Expired::Closed(code)) => socket.shut(transaction, refused(code)),
                    None => {}
                }
                continue;
            }
            let behind = socket.is_behind(frame.len(), cx.unsent_bytes);
            match (&mut socket.peer, &mut rooms) {
                (Peer::Syncline(_), Some((room, _))) if behind => {
                    socket.save(transaction);
                    if let Peer::Syncline(connection) = &mut socket.peer {
                        let text = connection.behind(room.head());
                        socket.queue(transaction, text.into());
                    }
                }
                (Peer::Syncline(_), _) => socket.queue(transaction, frame.clone()),
                (Peer::LiveStore(_), Some((room, livestore))) => {
                    let chunks = chunks.get_or_insert_with(|| livestore.published(room, &frame));
                    let Some(chunks) = chunks else { continue };
                    socket.save(transaction);
                    if let Peer::LiveStore(connection) = &mut socket.peer {
                        let told =
                            if behind { connection.behind(chunks) } else { connection.published(chunks) };
                        told.into_iter().for_each(|text| socket.queue(transaction, text.into()));
                    }
                }
                // Without a room nothing is published but presence.
                (Peer::LiveStore(_), None) => {}
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
