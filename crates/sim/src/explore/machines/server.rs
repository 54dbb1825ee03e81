//! What the server does with a frame, and without one.

use std::rc::Rc;

use syncline_engine::protocol::Seq;
use syncline_engine::{Connection, Output};

use super::{Machines, now};
use crate::action::ClientNo;
use crate::explore::intern::Id;
use crate::explore::parts::{Image, Saying, Serving, VERSION};
use crate::oracle::{Violation, entries_after};
use crate::reference;
use crate::server::Server;
use crate::world::{attached, host};

/// A frame of a client, on a socket that the server knows so; none where it goes on with its state.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::explore) struct Step {
    serving: Id<Serving>,
    frame: Option<(u8, Id<Connection>, Id<String>)>,
}

/// What came of it.
pub(in crate::explore) struct Served {
    pub(in crate::explore) serving: Id<Serving>,
    pub(in crate::explore) connection: Option<Id<Connection>>,
    pub(in crate::explore) outputs: Vec<Sent>,
    pub(in crate::explore) saying: Option<Id<Saying>>,
}

/// One output of the server.
#[derive(Clone, Copy)]
pub(in crate::explore) enum Sent {
    Reply(Id<String>),
    Publish(Id<String>),
    Close,
}

impl Machines {
    /// The server takes a frame.
    pub(in crate::explore) fn serve(
        &mut self,
        serving: Id<Serving>,
        from: ClientNo,
        connection: Id<Connection>,
        frame: Id<String>,
    ) -> Result<Rc<Served>, Violation> {
        let step = Step { serving, frame: Some((from.0, connection, frame)) };
        if let Some(served) = self.server_steps.get(&step) {
            return Ok(Rc::clone(served));
        }
        let mut server = self.server_of(serving)?;
        let mut after = self.connections.get(connection).clone();
        let text = self.texts.get(frame).clone();
        let outputs = server.receive(now(), &mut after, &text)?;
        let serving = self.keep_server(server, serving)?;
        let saying = text.starts_with("{\"type\":\"push\"").then(|| {
            let log = self.servings.get(serving).log.clone();
            self.say(Saying::Served { frame: text, client: from, outputs: outputs.clone(), log })
        });
        let sent = outputs.into_iter().filter_map(|output| match output {
            Output::Reply(text) => Some(Sent::Reply(self.texts.text(text))),
            Output::Publish(text) => Some(Sent::Publish(self.texts.text(text))),
            Output::Close(_) => Some(Sent::Close),
            // Nobody has a value of presence here, and there is no archive.
            Output::Others(_) | Output::Present | Output::Released(_) => None,
        });
        let outputs = sent.collect();
        let connection = Some(self.keep_connection(after));
        let served = Rc::new(Served { serving, connection, outputs, saying });
        self.server_steps.insert(step, Rc::clone(&served));
        Ok(served)
    }

    /// The server makes the next part of its state anew.
    pub(in crate::explore) fn rebuild(&mut self, serving: Id<Serving>) -> Result<Id<Serving>, Violation> {
        let step = Step { serving, frame: None };
        if let Some(served) = self.server_steps.get(&step) {
            return Ok(served.serving);
        }
        let mut server = self.server_of(serving)?;
        server.rebuild().map_err(host)?;
        let serving = self.keep_server(server, serving)?;
        let served = Served { serving, connection: None, outputs: Vec::new(), saying: None };
        self.server_steps.insert(step, Rc::new(served));
        Ok(serving)
    }

    /// Nothing of the server stays but its database.
    pub(in crate::explore) fn sleep(&mut self, serving: Id<Serving>) -> Id<Serving> {
        let image = self.servings.get(serving).image.clone();
        let asleep = Serving { image, room: None, ready: false, state: String::new(), log: Vec::new() };
        self.keep_serving(asleep)
    }

    /// All that stays of a socket is its attachment.
    pub(in crate::explore) fn attached(&mut self, id: Id<Connection>) -> Result<Id<Connection>, Violation> {
        let back = attached(self.connections.get(id))?;
        Ok(self.keep_connection(back))
    }

    pub(in crate::explore) fn keep_connection(&mut self, connection: Connection) -> Id<Connection> {
        self.connections.keep(&format!("{connection:?}"), connection)
    }

    pub(in crate::explore) fn server_of(&self, serving: Id<Serving>) -> Result<Server, Violation> {
        let serving = self.servings.get(serving);
        let mut server = Server::new(VERSION).map_err(host)?;
        server.disk = serving.image.open().map_err(host)?;
        server.room.clone_from(&serving.room);
        Ok(server)
    }

    fn keep_server(&mut self, mut server: Server, before: Id<Serving>) -> Result<Id<Serving>, Violation> {
        let before = &self.servings.get(before).image;
        let image = Image::of(server.disk.database(), Some(before)).map_err(host)?;
        let ready = server.is_ready();
        let (mut state, mut log) = (String::new(), Vec::new());
        if ready {
            state = reference::dump(server.disk.look(), VERSION).map_err(host)?;
        }
        if server.is_awake() {
            log = entries_after(&server.disk, Seq::ZERO)?;
        }
        Ok(self.keep_serving(Serving { image, room: server.room, ready, state, log }))
    }

    pub(super) fn keep_serving(&mut self, serving: Serving) -> Id<Serving> {
        let text = format!("{:?}\n{}", serving.room, serving.image.text);
        self.servings.keep(&text, serving)
    }
}
