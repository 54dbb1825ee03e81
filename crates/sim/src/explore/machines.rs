//! The machines' steps, each done once: the engine's own code runs, and what it came to is kept.
//!
//! A step of a machine depends on the machine and on its input alone. So what it comes to in one world it
//! comes to in every world, and a search goes through many more worlds than there are steps to be run.

mod client;
mod oracle;
mod server;

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

pub(super) use client::{Did, Input};
pub(super) use oracle::{Known, Mirrored};
pub(super) use server::{Sent, Served};
use syncline_engine::Connection;
use syncline_engine::protocol::Millis;

use super::bounds::Bounds;
use super::intern::{Id, Interned};
use super::parts::{Durable, Fast, Image, Saying, Serving, Sitting, VERSION};
use super::scene::{Place, Scene};
use crate::action::ClientNo;
use crate::client::{Live, ToPage};
use crate::disk::Disk;
use crate::oracle::{Oracle, Violation};
use crate::world::{BEGINNING, Outbox, World, host};

/// Every part that any world has had, and every step that any machine has done.
pub(super) struct Machines {
    pub(super) texts: Interned<String>,
    pub(super) to_pages: Interned<ToPage>,
    pub(super) durables: Interned<Durable>,
    pub(super) fasts: Interned<Fast>,
    pub(super) sittings: Interned<Sitting>,
    pub(super) connections: Interned<Connection>,
    pub(super) servings: Interned<Serving>,
    pub(super) sayings: Interned<Saying>,
    pub(super) oracles: Interned<Known>,
    mirrors: Interned<Mirrored>,
    client_steps: HashMap<client::Step, Rc<Did>>,
    server_steps: HashMap<server::Step, Rc<Served>>,
    oracle_steps: HashMap<oracle::Step, Id<Known>>,
    /// What was looked at beside a log, and was as it should be.
    pub(super) checked: HashSet<oracle::Check>,
    /// Sessions that are open here, the newest last; the others are opened again when they are needed.
    open: VecDeque<(Id<Sitting>, Live)>,
    /// Disks that nobody looks at.
    spare: Vec<Disk>,
}

/// What a world begins with.
pub(super) struct Beginning {
    pub(super) durables: [Id<Durable>; 2],
    pub(super) fasts: [Id<Fast>; 2],
    pub(super) serving: Id<Serving>,
    pub(super) oracle: Id<Known>,
}

/// As many sessions stay open.
const OPEN: usize = 256;

impl Machines {
    pub(super) fn new() -> Self {
        Self {
            texts: Interned::default(),
            to_pages: Interned::default(),
            durables: Interned::default(),
            fasts: Interned::default(),
            sittings: Interned::default(),
            connections: Interned::default(),
            servings: Interned::default(),
            sayings: Interned::default(),
            oracles: Interned::default(),
            mirrors: Interned::default(),
            client_steps: HashMap::new(),
            server_steps: HashMap::new(),
            oracle_steps: HashMap::new(),
            checked: HashSet::new(),
            open: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// A world in which nothing has happened yet.
    pub(super) fn beginning(&mut self) -> Result<Beginning, Violation> {
        let mut disk = empty_disk()?;
        let nothing = Image::of(disk.database(), None).map_err(host)?;
        let fresh = |machines: &mut Self, no: ClientNo| {
            let (log, state, outbox) = (nothing.clone(), nothing.clone(), Rc::new(Outbox::default()));
            let durable = Durable {
                log,
                state,
                worker: None,
                starts: 0,
                outbox,
                reported: Rc::default(),
                held: false,
                offers: false,
            };
            let (durable, fast) = (machines.keep_durable(no, durable), machines.keep_fast(no, Fast::new(no)));
            (durable, fast)
        };
        let [(first, one), (second, other)] = [ClientNo(0), ClientNo(1)].map(|no| fresh(self, no));
        Ok(Beginning {
            durables: [first, second],
            fasts: [one, other],
            serving: self.keep_serving(Serving {
                image: nothing,
                room: None,
                ready: false,
                state: String::new(),
                log: Vec::new(),
            }),
            oracle: self.keep_oracle(Oracle::new(VERSION)),
        })
    }

    /// How many steps of machines were run, those of the oracle left out.
    pub(super) fn steps(&self) -> usize {
        self.client_steps.len() + self.server_steps.len()
    }

    /// The world itself, of the engine's machines: the server and some clients, with nothing on its way.
    pub(super) fn world(&mut self, scene: &Scene, places: &[&Place]) -> Result<World, Violation> {
        let mut clients = Vec::new();
        for place in places {
            clients.push(self.assemble(ClientNo(place.no), place.durable, place.fast, Input::Elect)?);
        }
        let oracle = self.oracles.get(scene.oracle).oracle.clone();
        Ok(World::of(Bounds::setup(), self.server_of(scene.serving)?, clients, oracle))
    }

    fn spare(&mut self) -> Result<Disk, Violation> {
        match self.spare.pop() {
            Some(disk) => Ok(disk),
            None => empty_disk(),
        }
    }
}

fn empty_disk() -> Result<Disk, Violation> {
    Ok(Disk::new(syncline_sqlite::Database::open_memory().map_err(host)?))
}

/// Time stands still.
fn now() -> Millis {
    Millis::new(BEGINNING).unwrap_or_default()
}
