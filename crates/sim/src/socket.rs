//! One socket: two ordered streams, whose ends may think differently of it.

use std::collections::VecDeque;

use syncline_engine::Connection;

use crate::action::Way;

/// A WebSocket, and what is on its way on it.
pub(crate) struct Socket {
    /// Who has opened it.
    pub(crate) subject: String,
    /// What the server keeps beside its end; none once that is closed.
    pub(crate) server: Option<Connection>,
    /// Whether the client's end is open.
    pub(crate) client: bool,
    /// Frames to the server.
    pub(crate) up: VecDeque<String>,
    /// Frames to the client.
    pub(crate) down: VecDeque<String>,
}

impl Socket {
    pub(crate) fn open(subject: String) -> Self {
        Self {
            subject,
            server: Some(Connection::new(None)),
            client: true,
            up: VecDeque::new(),
            down: VecDeque::new(),
        }
    }

    /// Nobody holds an end of it any more.
    pub(crate) const fn is_gone(&self) -> bool {
        self.server.is_none() && !self.client
    }

    /// Whether the server sends it what is published.
    pub(crate) fn is_live(&self) -> bool {
        self.server.as_ref().is_some_and(Connection::is_live)
    }

    pub(crate) fn send_up(&mut self, text: String) {
        // Frames to a closed end go nowhere.
        if self.server.is_some() {
            self.up.push_back(text);
        }
    }

    pub(crate) fn send_down(&mut self, text: String) {
        if self.client {
            self.down.push_back(text);
        }
    }

    /// The client's end is closed; what it has sent may still arrive.
    pub(crate) fn client_closes(&mut self) {
        self.client = false;
        self.down.clear();
    }

    /// The server's end is closed; what it has sent may still arrive.
    pub(crate) fn server_closes(&mut self) {
        self.server = None;
        self.up.clear();
    }

    /// Broken: both ends see it, and what was on its way is lost.
    pub(crate) fn breaks(&mut self) {
        self.client_closes();
        self.server_closes();
    }

    pub(crate) const fn way(&mut self, way: Way) -> &mut VecDeque<String> {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }
}
