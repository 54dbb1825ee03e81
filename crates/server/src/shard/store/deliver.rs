//! Who is told what: replies, and what is published to the sockets that are live.

use syncline_engine::protocol::{Code, ErrorFrame, Millis};
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
            // There is no archive here that anything could be in alone.
            Output::Close(_) | Output::Released(_) => {
                let code = if let Output::Close(code) = output { code } else { Code::ServerFailed };
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
            let is_ours = matches!(socket.peer, Peer::Syncline(_));
            let Some((room, livestore)) = rooms.as_mut().filter(|_| behind || !is_ours) else {
                // Without a room nothing is published but presence, which is ours.
                if is_ours {
                    socket.queue(transaction, frame.clone());
                }
                continue;
            };
            socket.save(transaction);
            let told = match &mut socket.peer {
                Peer::Syncline(connection) => vec![connection.behind(room.head())],
                Peer::LiveStore(connection) => {
                    match chunks.get_or_insert_with(|| livestore.published(room, &frame)) {
                        Some(chunks) if behind => connection.behind(chunks),
                        Some(chunks) => connection.published(chunks),
                        None => Vec::new(),
                    }
                }
            };
            told.into_iter().for_each(|text| socket.queue(transaction, text.into()));
        }
    }

    /// Everything that was said is durable, or was replaced.
    pub(in super::super) fn release(&mut self) {
        self.decided = false;
        self.answered.drain(..).for_each(Answered::send);
        self.sockets.values_mut().filter(|socket| socket.is_touched()).for_each(Socket::release);
    }
}
