//! A world whose databases are files, as they are on native hosts.

use std::path::Path;

use syncline_sqlite::Durability;

use super::{World, host};
use crate::action::ClientNo;
use crate::disk::{Disk, Files};
use crate::oracle::Violation;
use crate::setup::Setup;

impl World {
    /// A world in which nothing has happened yet, with a folder for each process.
    pub(crate) fn in_files(setup: Setup, root: &Path) -> Result<Self, Violation> {
        let mut world = Self::new(setup)?;
        let disk = |process: &str, name, durability| {
            Disk::in_files(Files::new(root, process, name, durability)).map_err(host)
        };
        world.server.disk = disk("server", "room.db", Durability::Full)?;
        for client in &mut world.clients {
            let process = client.no.to_string();
            client.log = disk(&process, "log.db", Durability::Normal)?;
            client.state = disk(&process, "state.db", Durability::Normal)?;
        }
        Ok(world)
    }

    /// The server closes its database, as it does with a store that nobody uses.
    pub(crate) fn close_room_files(&mut self) -> Result<(), Violation> {
        if !self.server.is_awake() {
            let closed = self.server.disk.reopen();
            self.after_server(closed.is_ok())?;
        }
        Ok(())
    }

    /// A client without a worker closes its databases, as its process ends.
    pub(crate) fn close_client_files(&mut self, no: ClientNo) -> Result<(), Violation> {
        let Some(client) = self.client(no).filter(|client| client.worker.is_none()) else { return Ok(()) };
        let closed = client.log.reopen().and_then(|()| client.state.reopen());
        self.after_worker(no, closed.map(|()| Vec::new()).map_err(Into::into))
    }
}
