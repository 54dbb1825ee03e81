//! A world that is searched: which part each of its machines is, and what is on its way between them.

mod enabled;

use std::hash::Hash;

use super::bounds::Bounds;
use super::fingerprint::{Fingerprint, fingerprint};
use super::intern::Id;
use super::machines::{Did, Input, Known, Machines, Sent};
use super::parts::{Durable, Fast, Saying, Serving};
use crate::action::{Action, ClientNo, SocketNo, TabNo, Way};
use crate::client::ToPage;
use crate::oracle::Violation;

/// What a client remembers of broken sockets, at most.
const SOCKETS: usize = crate::client::SOCKETS;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Scene {
    pub(super) serving: Id<Serving>,
    pub(super) clients: [Place; 2],
    pub(super) oracle: Id<Known>,
}

/// One client.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) no: u8,
    pub(super) durable: Id<Durable>,
    pub(super) fast: Id<Fast>,
    pub(super) to_leader: Vec<Id<String>>,
    pub(super) from_leader: Vec<Id<ToPage>>,
    /// The newest first.
    pub(super) sockets: Vec<Wire>,
}

/// A socket, and what is on its way on it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Wire {
    pub(super) server: Option<Id<syncline_engine::Connection>>,
    pub(super) client: bool,
    pub(super) up: Vec<Id<String>>,
    pub(super) down: Vec<Id<String>>,
}

impl Wire {
    fn client_closes(&mut self) {
        self.client = false;
        self.down.clear();
    }

    fn server_closes(&mut self) {
        self.server = None;
        self.up.clear();
    }

    const fn way(&mut self, way: Way) -> &mut Vec<Id<String>> {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }
}

impl Place {
    pub(super) fn is_connected(&self) -> bool {
        self.sockets.first().is_some_and(|wire| wire.client)
    }

    fn without_sockets(&self) -> impl Hash {
        (self.durable, self.fast, &self.to_leader, &self.from_leader)
    }

    fn forget_sockets(&mut self) {
        self.sockets.retain(|wire| wire.server.is_some() || wire.client);
        self.sockets.truncate(SOCKETS);
    }

    /// Takes over what a step of this client has come to.
    fn take(&mut self, did: &Did) {
        self.durable = did.durable.unwrap_or(self.durable);
        self.fast = did.fast.unwrap_or(self.fast);
        if did.clears {
            self.to_leader.clear();
            self.from_leader.clear();
        }
        self.to_leader.extend(&did.to_leader);
        self.from_leader.extend(&did.from_leader);
        if let Some(wire) = self.sockets.first_mut().filter(|wire| wire.client) {
            if wire.server.is_some() {
                wire.up.extend(&did.up);
            }
            if did.drops {
                wire.client_closes();
            }
        }
        self.forget_sockets();
    }
}

fn pop<T: Copy>(queue: &mut Vec<T>) -> Option<T> {
    if queue.is_empty() { None } else { Some(queue.remove(0)) }
}

impl Scene {
    pub(super) fn beginning(machines: &mut Machines) -> Result<Self, Violation> {
        let beginning = machines.beginning()?;
        let place = |no: u8, durable, fast| Place {
            no,
            durable,
            fast,
            to_leader: Vec::new(),
            from_leader: Vec::new(),
            sockets: Vec::new(),
        };
        let ([first, second], [one, other]) = (beginning.durables, beginning.fasts);
        Ok(Self {
            serving: beginning.serving,
            clients: [place(0, first, one), place(1, second, other)],
            oracle: beginning.oracle,
        })
    }

    fn at(&self, no: ClientNo) -> &Place {
        let [first, second] = &self.clients;
        if no.0 == 0 { first } else { second }
    }

    fn at_mut(&mut self, no: ClientNo) -> &mut Place {
        let [first, second] = &mut self.clients;
        if no.0 == 0 { first } else { second }
    }

    /// Does one thing, as [`crate::world::World::step`] does it. Returns whether it was possible.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is does not happen here")]
    pub(super) fn step(&mut self, on: &mut Machines, action: &Action) -> Result<bool, Violation> {
        if let Some((no, input)) = self.input(on, action) {
            self.client(on, no, input)?;
            return Ok(true);
        }
        match action {
            Action::Cut { client } if self.at(*client).is_connected() => {
                if let Some(wire) = self.at_mut(*client).sockets.first_mut() {
                    wire.server_closes();
                }
                self.client(on, *client, Input::Lose)?;
            }
            Action::Deafen { client } if self.at(*client).is_connected() => {
                let wire = self.at_mut(*client).sockets.first_mut();
                let Some(wire) = wire.filter(|wire| wire.server.is_some()) else { return Ok(false) };
                wire.server_closes();
                wire.down.clear();
            }
            Action::Up { socket } => return self.up(on, *socket),
            Action::Duplicate { socket, way } => {
                let wire = self.at_mut(socket.client).sockets.get_mut(usize::from(socket.age));
                let Some(frames) = wire.map(|wire| wire.way(*way)) else { return Ok(false) };
                let Some(frame) = frames.first().copied() else { return Ok(false) };
                frames.insert(0, frame);
            }
            Action::Rebuild {} if self.rebuilds(on) => self.serving = on.rebuild(self.serving)?,
            Action::Hibernate {} if on.servings.get(self.serving).room.is_some() => {
                self.serving = on.sleep(self.serving);
                for connection in self.wires().filter_map(|wire| wire.server.as_mut()) {
                    *connection = on.attached(*connection)?;
                }
            }
            Action::Restart {} => {
                self.serving = on.sleep(self.serving);
                self.wires().for_each(Wire::server_closes);
                self.clients.iter_mut().for_each(Place::forget_sockets);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn wires(&mut self) -> impl Iterator<Item = &mut Wire> {
        self.clients.iter_mut().flat_map(|place| &mut place.sockets)
    }

    fn rebuilds(&self, on: &Machines) -> bool {
        let serving = on.servings.get(self.serving);
        serving.room.is_some() && !serving.ready
    }

    /// What an action comes to for its client, if it is one of a client, and possible; what it takes from a
    /// queue is taken.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not possible comes to nothing")]
    fn input(&mut self, on: &Machines, action: &Action) -> Option<(ClientNo, Input)> {
        let oracle = self.oracle;
        let (Action::Open { client, .. }
        | Action::Close { client, .. }
        | Action::Elect { client }
        | Action::EndWorker { client }
        | Action::Commit { client, .. }
        | Action::Hand { client }
        | Action::Tell { client }
        | Action::Retry { client }
        | Action::PushAgain { client }
        | Action::Connect { client }
        | Action::Down { client }
        | Action::HalfOpen { client }) = action
        else {
            return None;
        };
        let place = self.at_mut(*client);
        let (durable, fast) = (on.durables.get(place.durable), on.fasts.get(place.fast));
        let (connected, worker) = (place.is_connected(), durable.worker.as_ref());
        let input = match action {
            Action::Open { tab, .. } => (!fast.has_tab(*tab)).then_some(Input::Open(tab.0)),
            Action::Close { tab, .. } => fast.has_tab(*tab).then_some(Input::Close(tab.0)),
            Action::Elect { .. } => {
                let waits = fast.page.is_some() || !fast.waiting.is_empty();
                (worker.is_none() && waits).then_some(Input::Elect)
            }
            Action::EndWorker { .. } => worker.map(|_| Input::EndWorker),
            Action::Commit { facts, .. } if fast.is_live() => {
                let script = Bounds::script(*client);
                let place = script.iter().position(|known| known == facts)?;
                let first = on.oracles.get(oracle).oracle.next_event(*client);
                Some(Input::Commit(u8::try_from(place).ok()?, first, worker.is_some()))
            }
            Action::Hand { .. } if worker.is_some() => {
                pop(&mut place.to_leader).map(|text| Input::Hand(text, connected))
            }
            Action::Tell { .. } if fast.is_live() => pop(&mut place.from_leader).map(Input::Tell),
            Action::Retry { .. } => durable.offers.then_some(Input::Retry(connected)),
            Action::PushAgain { .. } => durable.held.then_some(Input::PushAgain(connected)),
            Action::Connect { .. } => {
                let well = worker.is_some_and(|worker| worker.halted.is_none());
                (well && !connected).then_some(Input::Connect)
            }
            Action::Down { .. } => {
                let wire = place.sockets.first_mut().filter(|wire| wire.client && worker.is_some())?;
                match pop(&mut wire.down) {
                    Some(text) => Some(Input::Down(text)),
                    None => wire.server.is_none().then_some(Input::Lose),
                }
            }
            Action::HalfOpen { .. } => connected.then_some(Input::Lose),
            _ => None,
        };
        input.map(|input| (*client, input))
    }

    fn client(&mut self, on: &mut Machines, no: ClientNo, input: Input) -> Result<(), Violation> {
        let place = self.at_mut(no);
        let did = on.client(no, place.durable, place.fast, input)?;
        if input == Input::Connect {
            let server = Some(on.keep_connection(syncline_engine::Connection::new(None)));
            let wire = Wire { server, client: true, up: Vec::new(), down: Vec::new() };
            place.sockets.insert(0, wire);
        }
        place.take(&did);
        let durable = place.durable;
        self.say(on, did.saying, durable)
    }

    fn say(
        &mut self,
        on: &mut Machines,
        saying: Option<Id<Saying>>,
        durable: Id<Durable>,
    ) -> Result<(), Violation> {
        if let Some(saying) = saying {
            self.oracle = on.tell_oracle(self.oracle, saying, durable)?;
        }
        Ok(())
    }

    fn wire(&mut self, no: SocketNo) -> Option<&mut Wire> {
        self.at_mut(no.client).sockets.get_mut(usize::from(no.age))
    }

    fn up(&mut self, on: &mut Machines, no: SocketNo) -> Result<bool, Violation> {
        let serving = self.serving;
        let Some(wire) = self.wire(no) else { return Ok(false) };
        let Some(connection) = wire.server else { return Ok(false) };
        let Some(frame) = pop(&mut wire.up) else {
            if wire.client {
                return Ok(false);
            }
            wire.server_closes();
            self.at_mut(no.client).forget_sockets();
            return Ok(true);
        };
        let served = on.serve(serving, no.client, connection, frame)?;
        wire.server = served.connection;
        self.serving = served.serving;
        for sent in &served.outputs {
            match sent {
                Sent::Reply(text) => {
                    if let Some(wire) = self.wire(no).filter(|wire| wire.client) {
                        wire.down.push(*text);
                    }
                }
                Sent::Publish(text) => {
                    let is_live = |wire: &&mut Wire| {
                        wire.client && wire.server.is_some_and(|id| on.connections.get(id).is_live())
                    };
                    self.wires().filter(is_live).for_each(|wire| wire.down.push(*text));
                }
                Sent::Close => {
                    if let Some(wire) = self.wire(no) {
                        wire.server_closes();
                    }
                    self.at_mut(no.client).forget_sockets();
                }
            }
        }
        let durable = self.at(no.client).durable;
        self.say(on, served.saying, durable)?;
        Ok(true)
    }

    /// The most that is in one queue.
    pub(super) fn in_flight(&self) -> usize {
        let between = self.clients.iter().map(|place| place.to_leader.len().max(place.from_leader.len()));
        let wires = self.clients.iter().flat_map(|place| &place.sockets);
        between.chain(wires.map(|wire| wire.up.len().max(wire.down.len()))).max().unwrap_or_default()
    }

    /// The promises that hold at any time, but for those that the steps have looked at.
    pub(super) fn check(&self, on: &mut Machines) -> Result<(), Violation> {
        on.check_server(self.serving, self.oracle)?;
        for place in &self.clients {
            let page = on.fasts.get(place.fast).page.as_ref().filter(|page| !page.broken);
            if let Some(sitting) = page.and_then(|page| page.sitting) {
                on.check_view(sitting, self.oracle)?;
            }
            on.check_outbox(ClientNo(place.no), place.durable, self.oracle)?;
        }
        Ok(())
    }

    /// What it is but for its sockets.
    pub(super) fn without_sockets(&self) -> Fingerprint {
        let [first, second] = self.clients.each_ref().map(Place::without_sockets);
        fingerprint(&(self.serving, self.oracle, first, second))
    }

    /// Whether a client has a page that works.
    pub(super) fn can_commit(&self, no: ClientNo, on: &Machines) -> bool {
        on.fasts.get(self.at(no).fast).is_live()
    }

    /// Whether another tab of a client waits for the one that is served.
    pub(super) fn can_change(&self, no: ClientNo, on: &Machines) -> bool {
        let fast = on.fasts.get(self.at(no).fast);
        fast.page.is_some() && !fast.waiting.is_empty()
    }

    /// Whether it is this tab that is served.
    pub(super) fn is_served(&self, no: ClientNo, tab: TabNo, on: &Machines) -> bool {
        on.fasts.get(self.at(no).fast).page.as_ref().is_some_and(|page| page.tab == tab)
    }

    /// All sockets are gone, and every client is well.
    pub(super) fn heal(&mut self, on: &mut Machines) -> Result<(), Violation> {
        for no in [ClientNo(0), ClientNo(1)] {
            self.client(on, no, Input::Heal)?;
            self.at_mut(no).sockets.clear();
        }
        Ok(())
    }
}
