//! One room and some clients, with queues in place of a network.

use std::collections::VecDeque;

use syncline_engine::protocol::{
    ClientId, Code, Incarnation, Millis, RawEvent, Seq, ServerMessage, SessionId, SessionNumber, StoreId,
    Subject, decode_server,
};
use syncline_engine::{
    Connection, Effects, Leader, LeaderConfig, Output, Query, Refusal, Replica, Room, Rules, Salvage,
    Session, SharedToken,
};
use syncline_sqlite::Database;

use super::model::rules;
use super::released::Archive;

pub(crate) const TOKEN: &str = "secret";

pub(crate) fn store() -> StoreId {
    StoreId::parse("store").unwrap()
}

pub(crate) fn notes(db: &dyn Query) -> Vec<String> {
    db.query("SELECT id || '=' || title || '/' || author FROM notes ORDER BY id", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0).unwrap())
        .collect()
}

pub(crate) struct Server {
    pub(crate) db: Database,
    pub(crate) room: Room,
    now: u64,
    /// Where all that it may let go is at once, if there is one.
    pub(crate) archive: Option<Archive>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(Database::open_memory().unwrap(), rules(), "first")
    }

    /// A room that keeps nothing of its log but what has just come.
    pub(crate) fn cold() -> Self {
        Self { archive: Some(Archive::default()), ..Self::new() }
    }

    pub(crate) fn with(mut db: Database, rules: Rules, incarnation: &str) -> Self {
        let room = Room::open(&mut db, rules, store(), Incarnation::parse(incarnation).unwrap()).unwrap();
        Self { db, room, now: 1_000, archive: None }
    }

    /// The object is evicted, and wakes with nothing but its database.
    pub(crate) fn hibernate(&mut self) {
        self.room =
            Room::open(&mut self.db, rules(), store(), Incarnation::parse("unused").unwrap()).unwrap();
    }

    pub(crate) fn receive(&mut self, connection: &mut Connection, text: &str) -> Vec<Output> {
        self.now += 1;
        let now = Millis::new(self.now).unwrap();
        loop {
            let before = connection.clone();
            let outputs = self.room.receive(&mut self.db, now, connection, text, &SharedToken::new(TOKEN));
            let [Output::Released(first)] = outputs.as_slice() else {
                self.let_go();
                return outputs;
            };
            *connection = before;
            self.bring_back(*first);
        }
    }
}

pub(crate) struct Client {
    pub(crate) log: Database,
    pub(crate) leader: Leader,
    pub(crate) state: Database,
    pub(crate) replica: Replica,
    pub(crate) db: Database,
    pub(crate) session: Session,
    pub(crate) effects: Effects,
    pub(crate) connection: Option<Connection>,
    pub(crate) to_server: VecDeque<String>,
    pub(crate) to_client: VecDeque<String>,
    page: Page,
}

/// What a page load knows before its leader has opened.
#[derive(Clone)]
struct Page {
    name: String,
    loads: u32,
    fresh: ClientId,
    /// There is no OPFS.
    volatile: bool,
}

impl Client {
    pub(crate) fn new(name: &str) -> Self {
        Self::start(name, false)
    }

    /// In a browser without OPFS.
    pub(crate) fn in_memory(name: &str) -> Self {
        Self::start(name, true)
    }

    fn start(name: &str, volatile: bool) -> Self {
        let [log, state, db] = [(); 3].map(|()| Database::open_memory().unwrap());
        let page = Page { name: name.to_owned(), loads: 1, fresh: ClientId::parse(name).unwrap(), volatile };
        Self::load(page, log, state, db, &[])
    }

    /// What a page load does: the leader opens its databases and takes what former pages have
    /// journaled, the session starts from the leader.
    fn load(
        page: Page,
        mut log: Database,
        mut state: Database,
        mut db: Database,
        journals: &[String],
    ) -> Self {
        let subject = Subject::parse(page.name.as_str()).unwrap();
        let config = LeaderConfig {
            volatile: page.volatile,
            ..LeaderConfig::new(&rules(), store(), subject, page.fresh.clone()).unwrap()
        };
        let mut leader = Leader::open(&mut log, config).unwrap();
        let mut replica = Replica::open(&mut state, rules()).unwrap();
        leader.advance(&mut log, &mut replica, &mut state).unwrap();
        for message in journals {
            leader.hand_over(&mut log, message).unwrap();
        }
        if replica.seq().get() > 0 {
            db = Database::deserialize(&state.serialize().unwrap()).unwrap();
        }
        let id = SessionId::parse(format!("{}-{}", page.name, page.loads)).unwrap();
        let opened = leader.opened(&log, &id, replica.seq()).unwrap();
        let session = Session::open(&mut db, rules(), id, Millis::default(), &opened).unwrap();
        let mut client = Self {
            log,
            leader,
            state,
            replica,
            db,
            session,
            effects: Effects::default(),
            connection: None,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            page,
        };
        client.pump();
        client
    }

    /// The page is reloaded: what is not in the leader's databases is gone.
    pub(crate) fn reload(mut self) -> Self {
        self.page.loads += 1;
        let db = Database::open_memory().unwrap();
        Self::load(self.page, self.log, self.state, db, &[])
    }

    /// The page is reloaded in a browser without OPFS: all that is left is its journal, and with it
    /// the client id that the journal names, if it names one.
    pub(crate) fn reload_in_memory(mut self, client: &str, journals: &[String]) -> Self {
        self.page.loads += 1;
        self.page.fresh = ClientId::parse(client).unwrap();
        let [log, state, db] = [(); 3].map(|()| Database::open_memory().unwrap());
        Self::load(self.page, log, state, db, journals)
    }

    /// The app is deployed with other rules of the same tables.
    pub(crate) fn adopt(&mut self, rules: Rules) {
        let subject = Subject::parse(self.page.name.as_str()).unwrap();
        let config = LeaderConfig::new(&rules, store(), subject, self.page.fresh.clone()).unwrap();
        self.leader = Leader::open(&mut self.log, config).unwrap();
        let (id, epoch) = (self.session.id(), self.session.epoch());
        self.leader.resumed(&self.log, id, self.session.cursor(), epoch).unwrap();
    }

    /// The log's database was damaged: its host has kept the file, and opens a new one.
    pub(crate) fn replace_log(&mut self, salvage: Option<Salvage>) {
        let subject = Subject::parse(self.page.name.as_str()).unwrap();
        let fresh = ClientId::parse(format!("{}-new", self.page.name)).unwrap();
        let config = LeaderConfig::new(&rules(), store(), subject, fresh).unwrap();
        self.log = Database::open_memory().unwrap();
        self.leader = Leader::open_in_place_of(&mut self.log, config, salvage, "log.db.1").unwrap();
    }

    /// So it was, and the page is loaded again.
    pub(crate) fn reopen_in_place(&mut self, salvage: Option<Salvage>) {
        self.replace_log(salvage);
        let id = SessionId::parse(format!("{}-again", self.page.name)).unwrap();
        let opened = self.leader.opened(&self.log, &id, Seq::ZERO).unwrap();
        self.db = Database::open_memory().unwrap();
        self.session = Session::open(&mut self.db, rules(), id, Millis::default(), &opened).unwrap();
        self.pump();
    }

    /// The profile is copied to another machine, and opened there.
    pub(crate) fn copy(&mut self, fresh: &str) -> Self {
        let [log, state] = [&mut self.log, &mut self.state]
            .map(|db| Database::deserialize(&db.serialize().unwrap()).unwrap());
        let fresh = ClientId::parse(fresh).unwrap();
        let page = Page { loads: self.page.loads + 1, fresh, ..self.page.clone() };
        Self::load(page, log, state, Database::open_memory().unwrap(), &[])
    }

    pub(crate) fn name(&self) -> &str {
        &self.page.name
    }

    /// Commits in the page only, as before the leader has heard of it.
    pub(crate) fn commit_in_page(&mut self, events: &[RawEvent]) -> Result<SessionNumber, Refusal> {
        self.session.commit(&mut self.db, Millis::new(500).unwrap(), events.to_vec())
    }

    pub(crate) fn commit(&mut self, events: &[RawEvent]) -> Result<SessionNumber, Refusal> {
        let number = self.commit_in_page(events)?;
        let message = self.session.take_hand_over().unwrap();
        self.leader.hand_over(&mut self.log, &message).unwrap();
        self.pump();
        Ok(number)
    }

    pub(crate) fn connect(&mut self) {
        self.connection = Some(Connection::new(None));
        self.to_server.clear();
        self.to_client.clear();
        self.leader.connected(Some(TOKEN.to_owned()));
        self.pump();
    }

    /// The socket is gone, with everything that was on its way.
    pub(crate) fn cut(&mut self) {
        self.connection = None;
        self.to_server.clear();
        self.to_client.clear();
        self.leader.disconnected();
        self.pump();
    }

    /// Takes all that has come.
    pub(crate) fn hear(&mut self) {
        while let Some(text) = self.to_client.pop_front() {
            self.receive(&text);
        }
    }

    pub(crate) fn receive(&mut self, text: &str) {
        self.leader.receive(&mut self.log, text).unwrap();
        self.pump();
    }

    pub(crate) fn pump(&mut self) {
        while let Some(text) = self.leader.poll_server() {
            if self.connection.is_some() {
                self.to_server.push_back(text);
            }
        }
        while let Some(message) = self.leader.poll_session(self.session.id()) {
            let effects = self.session.receive(&mut self.db, Millis::default(), &message).unwrap();
            self.effects.persisted.extend(effects.persisted);
            self.effects.confirmed.extend(effects.confirmed);
            self.effects.rejected.extend(effects.rejected);
        }
    }

    /// What the host does now and then: the leader's copy of the state follows its log.
    pub(crate) fn advance(&mut self) {
        self.leader.advance(&mut self.log, &mut self.replica, &mut self.state).unwrap();
        self.pump();
    }

    /// What the status says of something that was mended.
    pub(crate) fn notice(&self) -> Option<Code> {
        self.leader.status(&self.log).unwrap().notice.map(|error| error.code)
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        notes(&self.db)
    }

    pub(crate) fn pending(&self) -> usize {
        self.session.pending().count()
    }

    pub(crate) fn stopped(&self) -> Option<Code> {
        self.leader.status(&self.log).unwrap().stopped.map(|error| error.code)
    }

    /// The titles of the notes that a lost commit of this client had added.
    pub(crate) fn lost(&self) -> Vec<String> {
        let lost = self.leader.lost(&self.log).unwrap();
        assert_eq!(self.leader.status(&self.log).unwrap().lost as usize, lost.len());
        lost.iter().flat_map(|lost| &lost.events).map(|event| event.args.get().to_owned()).collect()
    }
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) clients: Vec<Client>,
}

impl World {
    /// A room, and connected clients whose names are also their subjects.
    pub(crate) fn new(names: &[&str]) -> Self {
        let clients = names.iter().map(|name| Client::new(name)).collect();
        let mut world = Self { server: Server::new(), clients };
        world.clients.iter_mut().for_each(Client::connect);
        world.settle();
        world
    }

    /// Delivers one frame from a client to the room, and what the room does about it.
    pub(crate) fn deliver(&mut self, place: usize) -> bool {
        let client = &mut self.clients[place];
        let Some(text) = client.to_server.pop_front() else {
            return false;
        };
        let Some(connection) = client.connection.as_mut() else {
            return false;
        };
        for output in self.server.receive(connection, &text) {
            match output {
                Output::Reply(text) => self.clients[place].to_client.push_back(text),
                Output::Publish(text) => {
                    for client in &mut self.clients {
                        if client.connection.as_ref().is_some_and(Connection::is_live) {
                            client.to_client.push_back(text.clone());
                        }
                    }
                }
                Output::Others(_) | Output::Present | Output::Released(_) => {}
                Output::Close(_) => self.clients[place].connection = None,
            }
        }
        true
    }

    /// Delivers everything to a leader, whose session hears of nothing: the worker dies before.
    pub(crate) fn settle_leader_alone(&mut self, place: usize) {
        loop {
            let client = &mut self.clients[place];
            while let Some(text) = client.to_client.pop_front() {
                client.leader.receive(&mut client.log, &text).unwrap();
            }
            client.to_server.extend(std::iter::from_fn(|| client.leader.poll_server()));
            while client.leader.poll_session(client.session.id()).is_some() {}
            if !self.deliver(place) {
                return;
            }
        }
    }

    /// A commit is taken and confirmed, and its session hears of neither.
    pub(crate) fn commit_untold(&mut self, place: usize, events: &[RawEvent]) {
        let client = &mut self.clients[place];
        client.commit_in_page(events).unwrap();
        let message = client.session.take_hand_over().unwrap();
        client.leader.hand_over(&mut client.log, &message).unwrap();
        self.settle_leader_alone(place);
        assert_eq!(self.clients[place].pending(), 1, "the session heard of nothing");
    }

    /// What the room says without having been asked.
    pub(crate) fn publish(&mut self, outputs: &[Output]) {
        for output in outputs {
            let Output::Publish(text) = output else { panic!("nobody has asked: {output:?}") };
            for client in &mut self.clients {
                if client.connection.as_ref().is_some_and(Connection::is_live) {
                    client.to_client.push_back(text.clone());
                }
            }
        }
    }

    /// Delivers everything until nothing is on its way.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for place in 0..self.clients.len() {
                quiet &= !self.deliver(place);
                while let Some(text) = self.clients[place].to_client.pop_front() {
                    self.clients[place].receive(&text);
                    quiet = false;
                }
            }
            if quiet {
                return;
            }
        }
    }

    /// Everybody connects again, as often as the server or a leader asks for it.
    pub(crate) fn reconnect(&mut self) {
        self.clients.iter_mut().for_each(Client::cut);
        for _ in 0..4 {
            for client in &mut self.clients {
                if client.connection.is_none() || client.stopped().is_some() {
                    client.cut();
                    client.connect();
                }
            }
            self.settle();
        }
    }

    /// The server's database is another one: an older copy of it, or an empty one.
    pub(crate) fn replace_server(&mut self, db: Database, incarnation: &str) {
        self.clients.iter_mut().for_each(Client::cut);
        self.server = Server::with(db, rules(), incarnation);
    }

    /// A copy of the server's database, to be restored later.
    pub(crate) fn backup(&mut self) -> Database {
        Database::deserialize(&self.server.db.serialize().unwrap()).unwrap()
    }

    /// All replicas have the state of the room.
    pub(crate) fn assert_together(&self) {
        let truth = notes(&self.server.db);
        for client in &self.clients {
            assert_eq!(client.notes(), truth, "one-order: {} differs", client.name());
            assert_eq!(client.pending(), 0, "{} waits", client.name());
        }
    }

    /// The log as `seq client counter name`.
    pub(crate) fn log(&self) -> Vec<String> {
        let rows = self.server.db.query("SELECT entries FROM syncline_log ORDER BY first", &[]).unwrap();
        rows.iter()
            .flat_map(|row| {
                let text: String = row.get(0).unwrap();
                syncline_engine::protocol::decode_entries(&text).unwrap()
            })
            .map(|entry| format!("{} {} {} {}", entry.seq, entry.client, entry.counter, entry.name))
            .collect()
    }
}

pub(crate) fn reply(outputs: &[Output]) -> ServerMessage {
    let text = outputs.iter().find_map(|output| match output {
        Output::Reply(text) => Some(text),
        Output::Publish(_) | Output::Others(_) | Output::Present | Output::Close(_) | Output::Released(_) => {
            None
        }
    });
    decode_server(text.expect("there is a reply")).unwrap()
}
