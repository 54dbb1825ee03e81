//! The server, the clients of the current store, and what is known of its log.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use syncline_engine::protocol::{Chain, Seq, StoreId};
use syncline_torture::Dice;
use syncline_torture::judge::Counts;

use super::Target;
use super::client::{Client, Place};
use crate::server::{self, Server, TOKEN};
use crate::workspace;
use crate::workspace::App;

/// How soon what the archive has leaves an object.
const COLD: &str = r#"{"snapshot-every":100,"merge-every":50,"keep-hot":50}"#;

pub(super) struct Arena {
    folder: PathBuf,
    pub(super) program: PathBuf,
    pub(super) seed: u64,
    pub(super) dice: Dice,
    pub(super) server: Server,
    pub(super) clients: Vec<Client>,
    pub(super) how_many: usize,
    stores: u32,
    pub(super) store: StoreId,
    /// Where the log of the store was at the end of the last round, and what it had come to.
    pub(super) ended: (Seq, Chain),
    pub(super) counts: Counts,
}

impl Arena {
    /// Makes the folder of a seed anew.
    pub(super) fn prepare(seed: u64, how_many: usize, target: Target, release: bool) -> Result<Self> {
        let folder = workspace::target_dir()?.join("xtask/torture").join(seed.to_string());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("seed.txt"), format!("{seed}\n"))?;
        let program = folder.join("program");
        fs::copy(std::env::current_exe()?, &program)?;
        let of_server = folder.join("server");
        let mut server = match target {
            Target::Workerd => {
                // Old entries are in the archive alone.
                let vars = format!("{}UPKEEP='{COLD}'\n", server::shared_token());
                Server::workerd(App::Chat, of_server, &vars)?
            }
            Target::Native => {
                let build = if release { "release" } else { "debug" };
                let program = workspace::target_dir()?.join(build).join("chat-server");
                // One shard has several stores, and its journal begins anew now and then.
                let vars = [("SYNCLINE_TOKEN", TOKEN), ("SYNCLINE_JOURNAL_MIB", "1")];
                Server::native(of_server, &program, &vars)?
            }
        };
        server.start_in(Duration::ZERO);
        Ok(Self {
            program,
            seed,
            dice: Dice::new(seed, 0),
            server,
            clients: Vec::new(),
            how_many,
            stores: 0,
            store: StoreId::parse("none")?,
            ended: (Seq::ZERO, Chain::GENESIS),
            counts: Counts::default(),
            folder,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the current store's clients and orders are.
    pub(super) fn store_folder(&self) -> PathBuf {
        self.folder.join(self.store.as_str())
    }

    /// A store that nobody has been in yet, and clients that have no files yet.
    pub(super) fn new_store(&mut self) -> Result<()> {
        for client in &mut self.clients {
            client.kill()?;
        }
        self.stores += 1;
        self.store = StoreId::parse(format!("store-{}", self.stores))?;
        (self.ended, self.counts) = ((Seq::ZERO, Chain::GENESIS), Counts::default());
        fs::create_dir_all(self.store_folder())?;
        let names = (1..=self.how_many).map(|number| format!("c{number}"));
        self.clients =
            (1..).zip(names).map(|(number, name)| self.client(number, &name)).collect::<Result<_>>()?;
        Ok(())
    }

    pub(super) fn client(&self, number: u64, name: &str) -> Result<Client> {
        let place = Place {
            folder: &self.store_folder(),
            store: &self.store,
            server: self.server.address(),
            program: &self.program,
            seed: self.seed.wrapping_add(self.stores.into()),
        };
        Client::prepare(&place, number, name)
    }

    /// Ends everything, and leaves nothing: all was as promised.
    pub(super) fn remove(mut self) -> Result<()> {
        for client in &mut self.clients {
            client.kill()?;
        }
        self.server.kill()?;
        Ok(fs::remove_dir_all(&self.folder)?)
    }
}
