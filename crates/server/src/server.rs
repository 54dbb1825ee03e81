//! A server that runs: from its directory to its port, and down again.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use syncline_engine::protocol::StoreId;
use syncline_engine::{Model, Rules, SharedToken};
use syncline_livestore::Mount;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::checkpoints::Checkpoints;
use crate::config::{Config, LiveStoreMount};
use crate::connection::SocketLimits;
use crate::directory::{Directory, DirectoryError};
use crate::http::{self, Served};
use crate::journal::Journal;
use crate::listen::{self, TlsError};
use crate::metrics::Metrics;
use crate::recovery;
use crate::shard::{Context, Shard, Shards, shard_of};
use crate::tokens::Tokens;
use crate::traces::Traces;
use crate::webhook::Receiver;

/// Why a server does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Its directory is another's, or cannot be written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// What a former life has left can neither be read nor put aside.
    #[error("the journal of a former life can neither be read nor put aside: {0}")]
    Recovery(io::Error),
    /// Its address is another's.
    #[error("it cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Its certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Where traces are to be sent.
    #[error("traces cannot be sent to {0}: {1}")]
    Traces(String, String),
    /// There are no threads left.
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
}

/// A server.
pub struct Server {
    address: SocketAddr,
    config: Config,
    directory: Arc<Directory>,
    shards: Arc<Shards>,
    traces: Option<Arc<Traces>>,
    checkpointing: std::thread::JoinHandle<()>,
    draining: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    alive: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

/// Where there are rules, a client of LiveStore's that they refuse is stuck: somebody has to want that.
fn mount(livestore: Option<LiveStoreMount>, rules: &Rules) -> Mount {
    match livestore {
        None => Mount::by_itself(rules),
        Some(LiveStoreMount::Off) => Mount::Off,
        Some(LiveStoreMount::Path) => Mount::Path,
        Some(LiveStoreMount::Root) => Mount::Root,
    }
}

impl Server {
    /// Plays back what former lives have left, and serves a model.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start<M: Model>(config: Config) -> Result<Self, StartError> {
        let tls =
            config.tls.as_ref().map(|(certificates, key)| listen::tls(certificates, key)).transpose()?;
        let traces = config.otlp.as_deref().map(|url| {
            Traces::start(url).map(Arc::new).map_err(|why| StartError::Traces(url.to_owned(), why))
        });
        let traces = traces.transpose()?;
        let directory = Arc::new(Directory::open(&config.data)?);
        let rules = Rules::of::<M>();
        let generations = recovery::recover(&directory, rules).map_err(StartError::Recovery)?;
        if config.auth.is_open() {
            warn!("auth is `none`: WHOEVER REACHES THIS SERVER READS AND WRITES EVERYTHING, AS ANYBODY");
        }
        let metrics = Arc::new(Metrics::default());
        let auth = Arc::new(Tokens::new(config.auth.clone(), Arc::clone(&metrics)));
        let receiver = config.webhook.clone().map(|(url, secret)| Arc::new(Receiver::new(url, secret)));
        let (checkpoints, checkpointing) = Checkpoints::start().map_err(StartError::Thread)?;
        let context = Context {
            directory: Arc::clone(&directory),
            metrics: Arc::clone(&metrics),
            rules,
            auth: Arc::clone(&auth),
            receiver: receiver.clone(),
            traces: traces.clone(),
            checkpoints,
            room: config.room,
            open_stores: config.open_stores.div_ceil(config.shards),
            idle: config.idle,
            upkeep_every: config.upkeep_every,
            cache_bytes: config.cache_bytes,
            store_bytes: config.store_bytes,
            connections: config.connections,
            unsent_bytes: config.unsent_bytes,
        };
        let mut stores: Vec<Vec<StoreId>> = vec![Vec::new(); config.shards];
        if receiver.is_some() {
            for (store, _) in directory.stores().map_err(StartError::Recovery)? {
                if let Some(mine) = stores.get_mut(shard_of(&store, config.shards)) {
                    mine.push(store);
                }
            }
        }
        let mut shards = Vec::with_capacity(config.shards);
        for (number, mine) in stores.into_iter().enumerate() {
            let journal = Journal::new(directory.journal(number), config.journal_bytes, generations.clone());
            shards.push(Shard::start(number, context.clone(), journal, mine).map_err(StartError::Thread)?);
        }
        // The thread for checkpoints ends with the shards.
        drop(context);
        let shards = Arc::new(Shards::new(shards, config.backlog, config.backlog_bytes));
        if let Some(receiver) = &receiver {
            receiver.tells(&shards);
        }
        let listening = TcpListener::bind(config.listen).await;
        let listener = listening.map_err(|error| StartError::Listen(config.listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(config.listen, error))?;
        let (draining, stops) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let router = http::router(Served {
            shards: Arc::clone(&shards),
            auth,
            admin: config.admin_token.as_deref().map(SharedToken::new),
            directory: Arc::clone(&directory),
            rules,
            metrics,
            traces: traces.clone(),
            livestore: mount(config.livestore, &rules),
            limits: SocketLimits {
                message_bytes: config.room.limits.message_bytes,
                unsent_bytes: config.unsent_bytes,
                patience: config.patience,
            },
            draining: stops.clone(),
            sockets: alive.downgrade(),
            numbers: Arc::new(AtomicU64::new(1)),
        });
        let encrypted = tls.is_some();
        let accepting = tokio::spawn(listen::accept(listener, tls, router, config.patience, stops));
        info!(%address, tls = encrypted, data = %config.data.display(), shards = config.shards, "serving");
        Ok(Self {
            address,
            config,
            directory,
            shards,
            checkpointing,
            traces,
            draining,
            accepting,
            alive,
            ended,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more, decides and tells what it has taken, says goodbye, and flushes everything.
    pub async fn stop(mut self) {
        info!("stopping");
        self.draining.send_replace(true);
        // Whoever accepts has nothing to say at its end.
        let _ = self.accepting.await;
        drop(self.alive);
        if timeout(self.config.drain, self.ended.recv()).await.is_err() {
            warn!("some sockets have not taken what they were sent, and are cut");
        }
        self.shards.stop().await;
        // A panic of its thread is none of ours.
        let _ = tokio::task::spawn_blocking(|| self.checkpointing.join()).await;
        if let Some(traces) = self.traces.take() {
            // It waits for the collector. A panic of its thread is none of ours.
            let _ = tokio::task::spawn_blocking(move || traces.stop()).await;
        }
        if let Err(error) = self.directory.release() {
            warn!("the data directory is not released: {error}");
        }
        info!("stopped");
    }
}
