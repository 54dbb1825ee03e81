//! Where a command's stores are: at a server that runs, or in a directory that none has.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use syncline_engine::Rules;
use syncline_engine::protocol::{Incarnation, StoreId};

use super::failure::Failure;
use super::local::Local;
use super::remote::Remote;

/// A server that runs.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServerArgs {
    /// The server, native or on Cloudflare
    #[arg(long, env = "SYNCLINE_URL", value_name = "URL", default_value = "http://127.0.0.1:8787")]
    pub(crate) url: String,
    /// What opens it: a client's token to read and write, the operator's for everything else; better in the
    /// environment than as a flag
    #[arg(long, env = "SYNCLINE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

impl ServerArgs {
    pub(crate) fn remote(self) -> Result<Remote, Failure> {
        Remote::new(&self.url, self.token.filter(|token| !token.is_empty()))
    }
}

/// A server that runs, or the directory of one that does not.
#[derive(Args, Clone, Debug)]
pub(crate) struct SourceArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The data directory itself, in place of a server: only while none has it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(crate) enum Source {
    Server(Remote),
    Directory(Local),
}

impl SourceArgs {
    pub(crate) fn open(self, rules: Rules) -> Result<Source, Failure> {
        match self.data {
            Some(data) => Local::open(&data, rules).map(Source::Directory),
            None => self.server.remote().map(Source::Server),
        }
    }
}

impl Source {
    /// Which life of its log a store has.
    pub(crate) fn incarnation(&self, store: &StoreId) -> Result<Incarnation, Failure> {
        #[derive(Deserialize)]
        struct Info {
            incarnation: Incarnation,
        }
        match self {
            Self::Server(remote) => {
                Ok(remote.json::<Info>(remote.get(&format!("/stores/{store}/info"))?)?.incarnation)
            }
            Self::Directory(local) => Ok(local.room(store)?.1.incarnation().clone()),
        }
    }

    /// The named store, or all of them.
    pub(crate) fn stores(&self, named: Vec<StoreId>) -> Result<Vec<StoreId>, Failure> {
        match self {
            _ if !named.is_empty() => Ok(named),
            Self::Server(remote) => remote.stores(),
            Self::Directory(local) => local.stores(),
        }
    }
}

/// For clap: a store's id, which is never a path.
pub(crate) fn store_id(text: &str) -> Result<StoreId, String> {
    StoreId::parse(text).map_err(|error| error.to_string())
}
