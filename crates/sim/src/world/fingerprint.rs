//! What tells one world from another, for a search that looks at each only once.
//!
//! All that a later step can depend on is in it: the engine's tables, what the machines hold in memory, what
//! is on its way, and what the oracle remembers of who was told what. Left out is what follows from these:
//! the states, which [`World::check`] compares with the log and the pending commits.

use std::fmt::Write as _;

use syncline_engine::protocol::Digest;
use syncline_engine::{Query, SqlError};

use super::World;
use crate::client::{Client, ToPage};

/// Half a SHA-256: among a billion worlds, two share one with a chance of 10⁻²¹.
pub(crate) type Fingerprint = [u8; 16];

impl World {
    /// The fingerprint of this world and of what its searcher adds. Meant for worlds where time stands still.
    pub(crate) fn fingerprint(&self, beside: &str) -> Result<Fingerprint, SqlError> {
        let mut text = String::with_capacity(16 << 10);
        text.push_str(beside);
        put(&mut text, &self.server.debug());
        tables(&mut text, self.server.disk.look())?;
        for client in &self.clients {
            put_client(&mut text, client)?;
        }
        for commit in &self.oracle.commits {
            let told = (commit.persisted, commit.confirmed, commit.told_rejected);
            let decided = self.oracle.by_number(&commit.session, commit.number);
            let decided = decided.and_then(|no| self.oracle.mirror.decided.get(&no));
            // Commits are numbered as they were made; that order is no part of the world.
            put(&mut text, &(&commit.session, commit.number, told, decided));
        }
        let digest = Digest::of(text.as_bytes());
        let mut half = Fingerprint::default();
        half.iter_mut().zip(digest.bytes()).for_each(|(to, from)| *to = *from);
        Ok(half)
    }
}

fn put(text: &mut String, what: &dyn std::fmt::Debug) {
    let _ = writeln!(text, "{what:?}");
}

fn put_client(text: &mut String, client: &Client) -> Result<(), SqlError> {
    put(text, &(client.no, client.version, &client.waiting, client.last, client.lives()));
    if let Some(page) = &client.page {
        put(text, &(page.tab, page.subject, page.version, &page.id, page.broken, &page.to_leader));
        put(text, &page.live.as_ref().map(|live| &live.session));
        for message in &page.from_leader {
            match message {
                ToPage::Text(message) => put(text, message),
                ToPage::Kept(keys) => put(text, keys),
            }
        }
    }
    put(text, &client.worker);
    put(text, &client.journal);
    for socket in &client.sockets {
        put(text, &(&socket.server, socket.client, &socket.up, &socket.down));
    }
    tables(text, client.log.look())?;
    tables(text, client.state.look())
}

/// The engine's own tables, row by row, in the order of their keys.
fn tables(text: &mut String, db: &dyn Query) -> Result<(), SqlError> {
    let names =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'syncline_*' ORDER BY name";
    for row in db.query(names, &[])? {
        let name: String = row.get(0)?;
        let rows = db.query(&format!("SELECT * FROM {name} ORDER BY 1, 2"), &[])?;
        put(text, &(name, rows));
    }
    Ok(())
}
