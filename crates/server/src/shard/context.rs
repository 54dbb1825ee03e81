//! What all stores of a shard share.

use std::sync::Arc;
use std::time::Duration;

use syncline_engine::{RoomConfig, Rules};

use crate::checkpoints::Checkpoints;
use crate::directory::Directory;
use crate::metrics::Metrics;
use crate::tokens::Tokens;
use crate::traces::Traces;
use crate::webhook::Receiver;

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) directory: Arc<Directory>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) rules: Rules,
    pub(crate) auth: Arc<Tokens>,
    pub(crate) receiver: Option<Arc<Receiver>>,
    /// Where each push is traced to.
    pub(crate) traces: Option<Arc<Traces>>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) room: RoomConfig,
    /// As many stores of this shard are open at once.
    pub(crate) open_stores: usize,
    /// A store that nobody has used for so long is closed.
    pub(crate) idle: Duration,
    /// A store that is never quiet is looked after this often.
    pub(crate) upkeep_every: Duration,
    /// Pages that an open store keeps in memory.
    pub(crate) cache_bytes: usize,
    /// What a store's file may grow to; 0 where there is no limit.
    pub(crate) store_bytes: u64,
    /// As many sockets a store may have.
    pub(crate) connections: usize,
    /// With more than this waiting, a socket is not published to.
    pub(crate) unsent_bytes: usize,
}
