//! The world: one room, its clients, and everything between them, moved by one action at a time.

mod audit;
mod clients;
mod disks;
mod enabled;
mod files;
mod network;
mod redact;
mod settle;

pub(crate) use audit::{Outbox, View};
pub(crate) use network::attached;
pub(crate) use settle::{CONNECTIONS, work_of};
use syncline_engine::SqlError;
use syncline_engine::protocol::Millis;

use crate::action::{Action, ClientNo};
use crate::client::Client;
use crate::model::ModelNo;
use crate::oracle::{Oracle, Violation};
use crate::reference::Reference;
use crate::server::Server;
use crate::setup::Setup;
use crate::tally::{Event, Tally};

/// When the world begins: 2024, so that times have as many digits as they have today.
pub(crate) const BEGINNING: u64 = 1_704_067_200_000;

/// One room and some clients.
pub struct World {
    setup: Setup,
    now: u64,
    server: Server,
    clients: Vec<Client>,
    oracle: Oracle,
    tally: Tally,
}

impl World {
    /// A world in which nothing has happened yet.
    ///
    /// # Errors
    /// [`Violation`] where not even its databases open.
    pub fn new(setup: Setup) -> Result<Self, Violation> {
        let versions = setup.versions.iter().copied().cycle();
        let clients = (0..setup.clients).map(ClientNo).zip(versions);
        let clients = clients.map(|(no, version)| Client::new(no, version)).collect::<Result<_, _>>();
        Ok(Self {
            now: BEGINNING,
            server: Server::archived(setup.server).map_err(host)?,
            clients: clients.map_err(host)?,
            oracle: Oracle::new(setup.server),
            tally: Tally::default(),
            setup,
        })
    }

    /// A world as its parts are.
    pub(crate) fn of(setup: Setup, server: Server, clients: Vec<Client>, oracle: Oracle) -> Self {
        Self { now: BEGINNING, server, clients, oracle, tally: Tally::default(), setup }
    }

    /// Its parts.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (&Server, &[Client], &Oracle) {
        (&self.server, &self.clients, &self.oracle)
    }

    /// What it began with.
    #[must_use]
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What has happened so far, counted.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Does one thing, and checks what can be checked at once. An action that is not possible now does
    /// nothing, so that a trace still means something when lines of it are left out. Returns whether it
    /// was possible.
    ///
    /// # Errors
    /// [`Violation`] of a promise.
    pub fn step(&mut self, action: &Action) -> Result<bool, Violation> {
        self.now += u64::from(!self.setup.still);
        let done = match action {
            Action::Open { client, tab, subject } => self.open(*client, *tab, *subject),
            Action::Close { client, tab } => self.close(*client, *tab),
            Action::Elect { client } => self.elect(*client)?,
            Action::Serve { client, tab } => self.serve(*client, *tab)?,
            Action::Turn { client, tab } => self.client(*client).is_some_and(|client| client.turn(*tab)),
            Action::Commit { client, facts } => self.commit(*client, facts)?,
            Action::Hand { client } => self.hand(*client)?,
            Action::Tell { client } => self.tell(*client)?,
            Action::EndWorker { client } => self.end_worker(*client),
            Action::Retry { client } => self.retry(*client)?,
            Action::PushAgain { client } => self.push_again(*client)?,
            Action::Advance { client } => self.advance(*client)?,
            Action::Dismiss { client } => self.dismiss(*client),
            Action::Connect { client } => self.client(*client).is_some_and(Client::connect),
            Action::Up { socket } => self.up(*socket)?,
            Action::Down { client } => self.down(*client)?,
            Action::Cut { client } => self.cut(*client),
            Action::HalfOpen { client } => self.half_open(*client),
            Action::Deafen { client } => self.deafen(*client),
            Action::Forget { socket } => self.forget(*socket),
            Action::Duplicate { socket, way } => self.duplicate(*socket, *way),
            Action::Swap { socket, way } => self.swap(*socket, *way),
            Action::Rebuild {} => self.rebuild()?,
            Action::Snapshot {} => self.make_snapshot()?,
            Action::Redact { seq, facts } => self.redact(*seq, facts)?,
            Action::Hibernate {} => self.hibernate()?,
            Action::Restart {} => self.restart(),
            Action::Backup {} => self.back_up()?,
            Action::Restore { age, fresh } => self.restore(*age, *fresh)?,
            Action::Replace {} => self.replace()?,
            Action::DeployServer { version } => self.deploy_server(*version),
            Action::Deploy { client, version } => self.deploy(*client, *version),
            Action::Clone { from, to } => self.clone_client(*from, *to)?,
            Action::Damage { client } => self.damage(*client)?,
            Action::Sync { client } => self.sync(*client)?,
            Action::PowerLoss { client, log, state } => self.lose_power(*client, *log, *state)?,
            Action::Plan { disk, after, trouble } => self.plan(*disk, *after, *trouble),
            Action::Fill { disk } => self.fill(*disk),
            Action::Free { disk } => self.free(*disk),
            Action::Tick { ms } => {
                self.now += u64::from(*ms);
                true
            }
            Action::Rest {} => self.rest()?,
            Action::Settle {} => self.settle()?,
            Action::Finish {} => self.finish()?,
        };
        self.count_troubles();
        if done {
            self.tally.add(Event::Operations);
        }
        Ok(done)
    }

    /// What the server's log comes to.
    pub(crate) const fn known(&self) -> &Reference {
        &self.oracle.mirror.state
    }

    fn client(&mut self, no: ClientNo) -> Option<&mut Client> {
        self.clients.get_mut(usize::from(no.0))
    }

    fn server_time(&self) -> Millis {
        Millis::new(self.now).unwrap_or_default()
    }

    /// Clients' clocks are wrong, each in its own way.
    fn time_at(&self, no: ClientNo) -> Millis {
        Millis::new(self.now + u64::from(self.setup.skew) * u64::from(no.0)).unwrap_or_default()
    }

    fn deploy(&mut self, client: ClientNo, version: ModelNo) -> bool {
        let Some(client) = self.client(client).filter(|client| client.version != version) else {
            return false;
        };
        client.version = version;
        self.tally.add(Event::Deployments);
        true
    }
}

/// A database that fails by itself: nothing of the simulation should make it.
pub(crate) fn host(error: SqlError) -> Violation {
    Violation::new("always-boots", error.to_string())
}
