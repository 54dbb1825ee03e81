//! A world whose databases have their tables already: most of what it takes to begin one.

use syncline_sqlite::Database;

use super::{World, host};
use crate::oracle::Violation;
use crate::setup::Setup;

/// The databases of a world in which the server and every client have once been open.
pub(crate) struct Images {
    server: Vec<u8>,
    clients: Vec<[Vec<u8>; 2]>,
}

impl World {
    /// The databases as they are.
    pub(crate) fn images(&mut self) -> Result<Images, Violation> {
        self.server.wake().map_err(host)?;
        let clients = self
            .clients
            .iter_mut()
            .map(|client| Ok([client.log.database().serialize()?, client.state.database().serialize()?]));
        let clients = clients.collect::<Result<_, _>>().map_err(host)?;
        Ok(Images { server: self.server.disk.database().serialize().map_err(host)?, clients })
    }

    /// A world over such databases, in which nothing else has happened.
    pub(crate) fn over(setup: Setup, images: &Images) -> Result<Self, Violation> {
        let mut world = Self::new(setup)?;
        world.server.disk.replace(Database::deserialize(&images.server).map_err(host)?);
        for (client, [log, state]) in world.clients.iter_mut().zip(&images.clients) {
            client.log.replace(Database::deserialize(log).map_err(host)?);
            client.state.replace(Database::deserialize(state).map_err(host)?);
        }
        Ok(world)
    }
}
