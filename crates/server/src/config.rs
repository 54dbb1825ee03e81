//! What a server is told: by flags, by the environment, by a file, in this order; and what it does otherwise.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use syncline_engine::protocol::Limits;
use syncline_engine::{Rates, RoomConfig, Upkeep};
use thiserror::Error;

/// Why a configuration is none.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// It is not TOML, or names what there is not.
    #[error("the configuration {0}: {1}")]
    Malformed(PathBuf, Box<toml::de::Error>),
    /// A shared token has to be named.
    #[error("auth is `token`, and there is no token: set SYNCLINE_TOKEN, or `token` in the file")]
    NoToken,
    /// Half of a pair.
    #[error("TLS takes both a certificate and a key")]
    HalfOfTls,
}

/// Who may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Everybody, as whoever they say that they are: for development alone
    None,
    /// Whoever has the shared token, as whoever they say that they are
    Token,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// A line of text each
    Text,
    /// A line of JSON each
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// What needs somebody to look at it
    Error,
    /// And what was survived
    Warn,
    /// And each connection
    Info,
    /// And each store that is opened or closed
    Debug,
}

/// Each of them as a flag, as a variable of the environment, or in the file: under its name in kebab-case.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where to listen [default: 127.0.0.1:8787]
    #[arg(long, env = "SYNCLINE_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// The directory of the stores; one server has it alone [default: data]
    #[arg(long, env = "SYNCLINE_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Who may connect [default: token, where there is one; else nobody is let in without `--auth none`]
    #[arg(long, env = "SYNCLINE_AUTH", value_enum)]
    pub auth: Option<Auth>,
    /// The token that all clients share; better in the environment or the file than as a flag
    #[arg(long, env = "SYNCLINE_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The operator's token: without one, nobody may ask what only an operator may
    #[arg(long, env = "SYNCLINE_ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// A chain of certificates as PEM: with it and its key, the server speaks TLS
    #[arg(long, env = "SYNCLINE_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate, as PEM
    #[arg(long, env = "SYNCLINE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Threads that decide; each store belongs to one of them [default: half of the cores]
    #[arg(long, env = "SYNCLINE_SHARDS")]
    pub shards: Option<usize>,
    /// Stores that are open at once [default: 256]
    #[arg(long, env = "SYNCLINE_OPEN_STORES")]
    pub open_stores: Option<usize>,
    /// A store that nobody uses for so many seconds is closed [default: 60]
    #[arg(long, env = "SYNCLINE_IDLE_SECONDS")]
    pub idle_seconds: Option<u64>,
    /// Pages that each open store keeps in memory, in KiB [default: 1024]
    #[arg(long, env = "SYNCLINE_CACHE_KIB")]
    pub cache_kib: Option<usize>,
    /// What the file of a store may grow to, in MiB; 0 for no limit [default: 0]
    #[arg(long, env = "SYNCLINE_STORE_MIB")]
    pub store_mib: Option<u64>,
    /// The journal of each shard, in MiB: it is allocated at once [default: 64]
    #[arg(long, env = "SYNCLINE_JOURNAL_MIB")]
    pub journal_mib: Option<u64>,
    /// Connections that one store may have [default: 10000]
    #[arg(long, env = "SYNCLINE_CONNECTIONS")]
    pub connections: Option<usize>,
    /// With more than this waiting for it, in KiB, a socket goes back to catch-up [default: 1024]
    #[arg(long, env = "SYNCLINE_UNSENT_KIB")]
    pub unsent_kib: Option<usize>,
    /// Messages that may wait for a shard; more are refused with `overloaded` [default: 16384]
    #[arg(long, env = "SYNCLINE_BACKLOG")]
    pub backlog: Option<usize>,
    /// Their bytes, in MiB [default: 64]
    #[arg(long, env = "SYNCLINE_BACKLOG_MIB")]
    pub backlog_mib: Option<usize>,
    /// How long a stop waits for sockets to take what they were sent, in seconds [default: 10]
    #[arg(long, env = "SYNCLINE_DRAIN_SECONDS")]
    pub drain_seconds: Option<u64>,
    /// How logs are written [default: text]
    #[arg(long, env = "SYNCLINE_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// How much is logged [default: info]
    #[arg(long, env = "SYNCLINE_LOG", value_enum)]
    pub log: Option<LogLevel>,
    /// How large things may be: in the file alone
    #[arg(skip)]
    pub limits: Option<Limits>,
    /// How much may come in a time: in the file alone
    #[arg(skip)]
    pub rates: Option<Rates>,
    /// When segments are merged and snapshots made: in the file alone
    #[arg(skip)]
    pub upkeep: Option<Upkeep>,
}

/// Takes each from the first that has it.
macro_rules! first_of {
    ($first:ident, $second:ident: $($name:ident),* $(,)?) => {
        Settings { $($name: $first.$name.or($second.$name),)* }
    };
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`]: it is not there, or names what there is not.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
        toml::from_str(&text).map_err(|error| ConfigError::Malformed(path.to_owned(), Box::new(error)))
    }

    /// What is not said here is taken from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let first = self;
        first_of!(
            first, other: listen, data, auth, token, admin_token, tls_cert, tls_key, shards, open_stores, idle_seconds,
            cache_kib, store_mib, journal_mib, connections, unsent_kib, backlog, backlog_mib, drain_seconds,
            log_format, log, limits, rates, upkeep,
        )
    }
}

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The directory of the stores.
    pub data: PathBuf,
    /// The token that all clients share; nobody needs one where there is none.
    pub token: Option<String>,
    /// The operator's token.
    pub admin_token: Option<String>,
    /// Certificates and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Threads that decide.
    pub shards: usize,
    /// Stores that are open at once.
    pub open_stores: usize,
    /// How long a store stays open that nobody uses.
    pub idle: Duration,
    /// Pages that an open store keeps in memory.
    pub cache_bytes: usize,
    /// What the file of a store may grow to; 0 where there is no limit.
    pub store_bytes: u64,
    /// The journal of each shard.
    pub journal_bytes: u64,
    /// Connections of one store.
    pub connections: usize,
    /// What may wait for one socket.
    pub unsent_bytes: usize,
    /// Messages that may wait for a shard.
    pub backlog: usize,
    /// And their bytes.
    pub backlog_bytes: usize,
    /// How long a stop may take.
    pub drain: Duration,
    /// What rooms are told.
    pub room: RoomConfig,
}

impl TryFrom<Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: Settings) -> Result<Self, ConfigError> {
        let token = match settings.auth {
            Some(Auth::None) => None,
            Some(Auth::Token) | None => {
                Some(settings.token.filter(|token| !token.is_empty()).ok_or(ConfigError::NoToken)?)
            }
        };
        let tls = match (settings.tls_cert, settings.tls_key) {
            (Some(certificates), Some(key)) => Some((certificates, key)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(ConfigError::HalfOfTls),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let room = RoomConfig {
            limits: settings.limits.unwrap_or_default(),
            rates: settings.rates.unwrap_or_default(),
            upkeep: settings.upkeep.unwrap_or_default(),
            ..RoomConfig::default()
        };
        Ok(Self {
            listen: settings.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8787))),
            data: settings.data.unwrap_or_else(|| PathBuf::from("data")),
            token,
            admin_token: settings.admin_token.filter(|token| !token.is_empty()),
            tls,
            shards: settings.shards.unwrap_or(cores / 2).max(1),
            open_stores: settings.open_stores.unwrap_or(256).max(1),
            idle: Duration::from_secs(settings.idle_seconds.unwrap_or(60)),
            cache_bytes: settings.cache_kib.unwrap_or(1_024).saturating_mul(1 << 10),
            store_bytes: settings.store_mib.unwrap_or(0).saturating_mul(1 << 20),
            journal_bytes: settings.journal_mib.unwrap_or(64).max(1).saturating_mul(1 << 20),
            connections: settings.connections.unwrap_or(10_000),
            unsent_bytes: settings.unsent_kib.unwrap_or(1_024).saturating_mul(1 << 10),
            backlog: settings.backlog.unwrap_or(16_384),
            backlog_bytes: settings.backlog_mib.unwrap_or(64).saturating_mul(1 << 20),
            drain: Duration::from_secs(settings.drain_seconds.unwrap_or(10)),
            room,
        })
    }
}
