//! What the network and the server do.

use syncline_engine::{Connection, Output};

use super::{World, host};
use crate::action::{ClientNo, SocketNo, Way};
use crate::model::ModelNo;
use crate::oracle::{Aside, Mirror, Violation, entries_after, promise};
use crate::socket::Socket;
use crate::tally::Event;

impl World {
    fn socket(&mut self, no: SocketNo) -> Option<&mut Socket> {
        self.client(no.client)?.sockets.get_mut(usize::from(no.age))
    }

    /// The server takes the next frame of a socket, or sees that the client has closed it.
    pub(super) fn up(&mut self, no: SocketNo) -> Result<bool, Violation> {
        let (now, time) = (self.server_time(), self.now);
        let Some(socket) = self.clients.get_mut(usize::from(no.client.0)) else { return Ok(false) };
        let Some(socket) = socket.sockets.get_mut(usize::from(no.age)) else { return Ok(false) };
        let Some(before) = &socket.server else { return Ok(false) };
        let Some(text) = socket.up.pop_front() else {
            if socket.client {
                return Ok(false);
            }
            return Ok(self.forget(no));
        };
        if !socket.client {
            self.tally.add(Event::GhostFrames);
        }
        let (mut after, subject) = (before.clone(), socket.subject.clone());
        let outputs = self.server.receive(now, &mut after, &text)?;
        let faults = self.setup.faults;
        if !faults.duplicate && !faults.reorder {
            let astray = |output: &&Output| matches!(output, Output::Reply(text) if text.contains("\"hello-expected\""));
            let astray = outputs.iter().find(astray);
            promise!("liveness", astray.is_none(), "{} said hello first, and is told {astray:?}", no.client);
        }
        let failed =
            |output: &Output| matches!(output, Output::Reply(text) if text.contains("\"server-failed\""));
        // What a process has done that was killed at a write is durable, or it is not; nobody hears of it.
        if !self.after_server(!outputs.iter().any(failed))?
            && let Some(socket) = self.socket(no)
        {
            socket.server = Some(after);
            self.send(no, &outputs);
        }
        if self.server.is_ready() && self.tally.count(Event::Kills) > 0 {
            self.oracle.server_sets_aside(Aside::of(self.server.disk.look()).map_err(host)?);
        }
        let disk = &self.server.disk;
        let log = |head| entries_after(disk, head);
        self.oracle.served(&text, &subject, &outputs, time, &log, &mut self.tally)?;
        if self.server.is_ready() {
            self.oracle.same_trail(&self.server.disk)?;
        }
        Ok(true)
    }

    fn send(&mut self, from: SocketNo, outputs: &[Output]) {
        for output in outputs {
            match output {
                Output::Reply(text) => {
                    if let Some(socket) = self.socket(from) {
                        socket.send_down(text.clone());
                    }
                }
                Output::Publish(text) => self.publish(text),
                // Nobody has a value of presence here.
                Output::Others(_) | Output::Present => {}
                // The server has brought it back.
                Output::Released(_) => {}
                Output::Close(_) => {
                    if let Some(socket) = self.socket(from) {
                        socket.server_closes();
                    }
                    if let Some(client) = self.client(from.client) {
                        client.forget_sockets();
                    }
                }
            }
        }
    }

    pub(super) fn publish(&mut self, text: &str) {
        let sockets = self.clients.iter_mut().flat_map(|client| &mut client.sockets);
        sockets.filter(|socket| socket.is_live()).for_each(|socket| socket.send_down(text.to_owned()));
    }

    pub(super) fn down(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let step = self.setup.step;
        let Some(client) = self.client(no) else { return Ok(false) };
        let frame = client.sockets.front().and_then(|socket| socket.down.front());
        let snapshot = frame.is_some_and(|frame| frame.starts_with("{\"type\":\"snapshot\""));
        let Some(received) = client.receive(step) else { return Ok(false) };
        if snapshot {
            self.tally.add(Event::SnapshotsTaken);
        }
        if received.is_err() {
            self.tally.add(Event::BadFrames);
        }
        self.after_worker(no, Ok(Vec::new()))?;
        Ok(true)
    }

    pub(super) fn cut(&mut self, no: ClientNo) -> bool {
        let Some(client) = self.client(no).filter(|client| client.is_connected()) else { return false };
        if let Some(socket) = client.sockets.front_mut() {
            socket.server_closes();
        }
        client.drop_socket();
        self.tally.add(Event::Cuts);
        true
    }

    pub(super) fn half_open(&mut self, no: ClientNo) -> bool {
        let Some(client) = self.client(no).filter(|client| client.is_connected()) else { return false };
        client.drop_socket();
        self.tally.add(Event::HalfOpens);
        true
    }

    pub(super) fn deafen(&mut self, no: ClientNo) -> bool {
        let Some(client) = self.client(no).filter(|client| client.is_connected()) else { return false };
        let Some(socket) = client.sockets.front_mut().filter(|socket| socket.server.is_some()) else {
            return false;
        };
        socket.server_closes();
        // Its close does not come through either.
        socket.down.clear();
        self.tally.add(Event::Deafened);
        true
    }

    pub(super) fn forget(&mut self, no: SocketNo) -> bool {
        let Some(socket) = self.socket(no).filter(|socket| socket.server.is_some() && !socket.client) else {
            return false;
        };
        socket.server_closes();
        if let Some(client) = self.client(no.client) {
            client.forget_sockets();
        }
        true
    }

    pub(super) fn duplicate(&mut self, no: SocketNo, way: Way) -> bool {
        let Some(frames) = self.socket(no).map(|socket| socket.way(way)) else { return false };
        let Some(frame) = frames.front().cloned() else { return false };
        frames.push_front(frame);
        self.tally.add(Event::Duplicates);
        true
    }

    pub(super) fn swap(&mut self, no: SocketNo, way: Way) -> bool {
        let Some(frames) = self.socket(no).map(|socket| socket.way(way)) else { return false };
        if frames.len() < 2 {
            return false;
        }
        frames.swap(0, 1);
        self.tally.add(Event::Swaps);
        true
    }

    pub(super) fn rebuild(&mut self) -> Result<bool, Violation> {
        if !self.server.is_awake() || self.server.is_ready() {
            return Ok(false);
        }
        let done = self.server.rebuild();
        self.after_server(done.is_ok())?;
        self.tally.add(Event::Rebuilds);
        Ok(true)
    }

    pub(super) fn make_snapshot(&mut self) -> Result<bool, Violation> {
        if !self.server.is_ready() {
            return Ok(false);
        }
        let done = self.server.make_snapshot();
        self.after_server(done.is_ok())?;
        self.tally.add(Event::Snapshots);
        Ok(true)
    }

    /// What fails is tried again; a process that is killed at a write starts again.
    pub(super) fn after_server(&mut self, done: bool) -> Result<bool, Violation> {
        if !done {
            self.tally.add(Event::ServerRefused);
        }
        let killed = self.server.disk.take_dead();
        if killed {
            self.server.sleep();
            self.server.disk.resume().map_err(host)?;
            self.tally.add(Event::Kills);
            self.close_all();
        }
        Ok(killed)
    }

    pub(super) fn hibernate(&mut self) -> Result<bool, Violation> {
        if !self.server.is_awake() {
            return Ok(false);
        }
        self.server.sleep();
        // All that stays of a socket is its attachment.
        for socket in self.clients.iter_mut().flat_map(|client| &mut client.sockets) {
            if let Some(connection) = &mut socket.server {
                *connection = attached(connection)?;
            }
        }
        self.tally.add(Event::Hibernations);
        Ok(true)
    }

    pub(super) fn restart(&mut self) -> bool {
        self.server.sleep();
        self.close_all();
        self.tally.add(Event::Restarts);
        true
    }

    /// The server's process is gone: its ends are closed, and what it has sent still arrives.
    pub(super) fn close_all(&mut self) {
        for client in &mut self.clients {
            client.sockets.iter_mut().for_each(Socket::server_closes);
            client.forget_sockets();
        }
    }

    pub(super) fn back_up(&mut self) -> Result<bool, Violation> {
        self.server.back_up(self.oracle.mirror.clone()).map_err(host)?;
        Ok(true)
    }

    pub(super) fn restore(&mut self, age: u8, fresh: bool) -> Result<bool, Violation> {
        let Some(mirror) = self.server.restore(usize::from(age), fresh).map_err(host)? else {
            return Ok(false);
        };
        self.oracle.server_is(self.server.version, Some(mirror));
        self.close_all();
        self.tally.add(Event::Restores);
        Ok(true)
    }

    pub(super) fn replace(&mut self) -> Result<bool, Violation> {
        if !self.server.is_awake() {
            return Ok(false);
        }
        self.server.replace().map_err(host)?;
        self.oracle.server_is(self.server.version, Some(Mirror::default()));
        self.close_all();
        self.tally.add(Event::Replacements);
        Ok(true)
    }

    pub(super) fn deploy_server(&mut self, version: ModelNo) -> bool {
        if self.server.version == version {
            return false;
        }
        self.server.version = version;
        self.server.sleep();
        self.oracle.server_is(version, None);
        self.close_all();
        self.tally.add(Event::Deployments);
        true
    }
}

/// As a socket's attachment comes back after hibernation.
pub(crate) fn attached(connection: &Connection) -> Result<Connection, Violation> {
    let text = serde_json::to_string(connection);
    let back = text.and_then(|text| serde_json::from_str(&text));
    let back =
        back.map_err(|error| Violation::new("always-boots", format!("an attachment is lost: {error}")))?;
    promise!("liveness", back == *connection, "an attachment comes back as {back:?}, and was {connection:?}");
    Ok(back)
}
