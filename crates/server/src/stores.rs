//! What an operator is told of all stores at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use syncline_engine::Room;
use syncline_engine::protocol::{Code, Incarnation, Seq, StoreId};
use syncline_http::Answer;
use syncline_sqlite::{Database, Durability};
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::directory::Directory;
use crate::http::{Served, refusal};

/// What a shard knows of one of its stores.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Where its log stands; nothing where its file is closed.
    pub(crate) life: Option<(Incarnation, Seq)>,
    pub(crate) connections: usize,
}

#[derive(Serialize)]
struct Listed {
    store: StoreId,
    /// Nothing where its file cannot be read.
    incarnation: Option<Incarnation>,
    head: Option<Seq>,
    bytes: u64,
    connections: usize,
}

/// Every store that has a file. Those that are open are asked of their shards; the files of the others are read
/// here, so that nobody waits for it.
pub(crate) async fn list(served: &Served) -> Answer {
    let known = served.shards.known().await;
    let directory = Arc::clone(&served.directory);
    match spawn_blocking(move || read(&directory, known)).await.map_err(std::io::Error::other).flatten() {
        Ok(stores) => Answer::json(200, &stores),
        Err(error) => refusal(Code::ServerFailed, error.to_string()),
    }
}

fn read(directory: &Directory, mut known: BTreeMap<StoreId, Known>) -> std::io::Result<Vec<Listed>> {
    let stores = directory.stores()?.into_iter().map(|(store, bytes)| {
        let Known { life, connections } =
            known.remove(&store).unwrap_or(Known { life: None, connections: 0 });
        let (incarnation, head) = life.or_else(|| on_disk(directory, &store)).unzip();
        Listed { store, incarnation, head, bytes, connections }
    });
    Ok(stores.collect())
}

fn on_disk(directory: &Directory, store: &StoreId) -> Option<(Incarnation, Seq)> {
    let read = Database::open_file(directory.store(store), Durability::Normal).and_then(|db| Room::life(&db));
    read.unwrap_or_else(|error| {
        warn!(%store, "it cannot be listed: {error}");
        None
    })
}
