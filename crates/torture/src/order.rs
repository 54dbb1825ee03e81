//! What the torturer wants of a client process, and what the process says back: files, so that a kill
//! at any moment leaves both readable.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use syncline_engine::protocol::Seq;

const ORDER: &str = "order.json";
const REPORT: &str = "report.json";

/// What all clients are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", content = "round", rename_all = "camelCase")]
pub enum Order {
    /// Commit, whatever happens.
    Write(u32),
    /// Commit nothing more; report once everything is decided and here.
    Drain(u32),
}

impl Order {
    /// The order in a folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(folder: &Path) -> Result<Self> {
        read(&folder.join(ORDER))
    }

    /// Gives it to all clients that read in this folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn give(self, folder: &Path) -> Result<()> {
        replace(&folder.join(ORDER), &self)
    }
}

/// How a client stands while it drains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Of which round.
    pub round: u32,
    /// Which client.
    pub client: String,
    /// Whether nothing waits, and the log is here as far as the server has it.
    pub drained: bool,
    /// Commits in the outbox.
    pub outbox: u32,
    /// Commits that the session holds to be pending.
    pub pending: usize,
    /// Why the server does not go on, if it does not.
    pub stopped: Option<String>,
    /// The last entry here.
    pub cursor: Seq,
    /// The chain there.
    pub chain: String,
    /// Confirmed commits that the log no longer has.
    pub lost: u32,
    /// Commits of history that do not apply, in session and replica.
    pub quarantined: usize,
    /// Of the session's state, once drained.
    pub session: String,
    /// Of the replica's state, once drained.
    pub replica: String,
}

impl Report {
    /// The last one of a client, if it is of this round.
    #[must_use]
    pub fn of_round(folder: &Path, round: u32) -> Option<Self> {
        read(&folder.join(REPORT)).ok().filter(|report: &Self| report.round == round)
    }

    /// Replaces the one before it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, folder: &Path) -> Result<()> {
        replace(&folder.join(REPORT), self)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// Whole or not at all, for whoever reads at the same moment.
fn replace<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, serde_json::to_vec(value)?)?;
    Ok(fs::rename(fresh, path)?)
}
