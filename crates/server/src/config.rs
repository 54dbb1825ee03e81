//! What a server is told: by flags, by the environment, by a file, in this order; and what it does otherwise.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use syncline_auth::{Auth, AuthConfig, Policy};
use syncline_engine::{InvalidSettings, Rates, RoomConfig, RoomSettings, Sizes, Upkeep};
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
    /// Nothing says who may connect.
    #[error(
        "nothing says who may connect: set SYNCLINE_TOKEN, or SYNCLINE_AUTH, or a table `auth` in the file"
    )]
    NoAuth,
    /// Two things do.
    #[error(
        "both a table `auth` in the file and SYNCLINE_TOKEN or SYNCLINE_AUTH say who may connect: keep one"
    )]
    TwoAuths,
    /// What says who may connect is not whole.
    #[error("who may connect: {0}")]
    Auth(#[from] syncline_auth::ConfigError),
    /// What cannot be set of rooms.
    #[error(transparent)]
    Room(#[from] InvalidSettings),
    /// The app's own policy.
    #[error("the app's policy: {0}")]
    Policy(String),
    /// Nobody could know that it is ours; or nothing is sent.
    #[error("a webhook takes both a URL, http or https, and a secret")]
    HalfOfWebhook,
    /// Half of a pair.
    #[error("TLS takes both a certificate and a key")]
    HalfOfTls,
}

/// Who may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMode {
    /// Everybody, as whoever they say that they are: for development alone
    None,
    /// Whoever has the shared token, as whoever they say that they are
    Token,
    /// Whoever has a JWT that says so: see docs/auth.md; its settings are SYNCLINE_JWT_ALGORITHMS and so on
    Jwt,
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

/// Where LiveStore's clients are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LiveStoreMount {
    /// Nowhere
    Off,
    /// At /livestore
    Path,
    /// At / as well
    Root,
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
    #[arg(long = "auth", env = "SYNCLINE_AUTH", value_enum)]
    #[serde(skip)]
    pub auth_mode: Option<AuthMode>,
    /// The token that all clients share; better in the environment than as a flag
    #[arg(long, env = "SYNCLINE_TOKEN", hide_env_values = true)]
    #[serde(skip)]
    pub token: Option<String>,
    /// Who may connect, as a table: in the file alone
    #[arg(skip)]
    pub auth: Option<AuthConfig>,
    /// The operator's token: without one, nobody may ask what only an operator may
    #[arg(long, env = "SYNCLINE_ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// Where the entries of all stores are sent, with `--webhook-secret` to sign them
    #[arg(long, env = "SYNCLINE_WEBHOOK_URL", value_name = "URL")]
    pub webhook_url: Option<String>,
    /// What they are signed with; better in the environment or the file than as a flag
    #[arg(long, env = "SYNCLINE_WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: Option<String>,
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
    /// A store that is never quiet is looked after all the same, every so many milliseconds [default: 10000]
    #[arg(long, env = "SYNCLINE_UPKEEP_MS")]
    pub upkeep_ms: Option<u64>,
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
    /// Who has not sent the head of a request, or agreed on keys, in so many milliseconds is cut [default: 10000]
    #[arg(long, env = "SYNCLINE_HEAD_MS")]
    pub head_ms: Option<u64>,
    /// Who has not sent the body of a request in so many milliseconds is cut [default: 30000]
    #[arg(long, env = "SYNCLINE_BODY_MS")]
    pub body_ms: Option<u64>,
    /// A socket without a word for so many milliseconds is asked for one, and cut after twice as many [default: 30000]
    #[arg(long, env = "SYNCLINE_SILENCE_MS")]
    pub silence_ms: Option<u64>,
    /// Who takes nothing of what is sent to it for so many milliseconds is cut [default: 30000]
    #[arg(long, env = "SYNCLINE_PATIENCE_MS")]
    pub patience_ms: Option<u64>,
    /// How long a stop waits for sockets to take what they were sent, in seconds [default: 10]
    #[arg(long, env = "SYNCLINE_DRAIN_SECONDS")]
    pub drain_seconds: Option<u64>,
    /// Where LiveStore's clients are served: at /livestore; at / as well, as by their own server; or nowhere
    /// [default: path where the server has no rules, else off]
    #[arg(long, env = "SYNCLINE_LIVESTORE", value_enum)]
    pub livestore: Option<LiveStoreMount>,
    /// Where traces are sent by OTLP over HTTP: such as http://localhost:4318/v1/traces
    #[arg(long, env = "SYNCLINE_OTLP_URL", value_name = "URL")]
    pub otlp_url: Option<String>,
    /// How logs are written [default: text]
    #[arg(long, env = "SYNCLINE_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// How much is logged [default: info]
    #[arg(long, env = "SYNCLINE_LOG", value_enum)]
    pub log: Option<LogLevel>,
    /// How large things may be: in the file alone
    #[arg(skip)]
    pub limits: Option<Sizes>,
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
            first, other: listen, data, auth_mode, token, auth, admin_token, webhook_url, webhook_secret, tls_cert,
            tls_key, shards, open_stores, idle_seconds, upkeep_ms, cache_kib, store_mib, journal_mib, connections, unsent_kib,
            backlog, backlog_mib, head_ms, body_ms, silence_ms, patience_ms, drain_seconds, livestore, otlp_url, log_format, log, limits,
            rates, upkeep,
        )
    }
}

/// How long whoever is connected may take: all hold a connection, and some never say that they are gone.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the head of a request, and for keys to be agreed on.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// After so long without a word a socket is asked for one, and after twice as long it is cut.
    pub silence: Duration,
    /// For something to be taken of what is sent.
    pub taking: Duration,
}

/// A whole configuration.
#[derive(Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The directory of the stores.
    pub data: PathBuf,
    /// Who may connect.
    pub auth: Auth,
    /// The operator's token.
    pub admin_token: Option<String>,
    /// Where the webhook is, and what it is signed with.
    pub webhook: Option<(String, String)>,
    /// Certificates and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Threads that decide.
    pub shards: usize,
    /// Stores that are open at once.
    pub open_stores: usize,
    /// How long a store stays open that nobody uses.
    pub idle: Duration,
    /// How often a store is looked after that is never quiet.
    pub upkeep_every: Duration,
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
    /// How long others may take.
    pub patience: Patience,
    /// How long a stop may take.
    pub drain: Duration,
    /// Where LiveStore's clients are served; where that is not said, it depends on the model.
    pub livestore: Option<LiveStoreMount>,
    /// Where traces are sent.
    pub otlp: Option<String>,
    /// What rooms are told.
    pub room: RoomConfig,
}

/// Who may connect, as it is said in one place.
fn auth(
    settings: &mut Settings,
    policy: &Policy,
    var: impl Fn(&str) -> Option<String>,
) -> Result<Auth, ConfigError> {
    if let Some(table) = settings.auth.take().filter(|_| policy.authorize.is_none()) {
        if settings.auth_mode.is_some() || settings.token.is_some() {
            return Err(ConfigError::TwoAuths);
        }
        return Ok(Auth::new(table)?);
    }
    let mode = settings.auth_mode.map(|mode| match mode {
        AuthMode::None => "none",
        AuthMode::Token => "token",
        AuthMode::Jwt => "jwt",
    });
    let token = settings.token.take().filter(|token| !token.is_empty());
    if policy.authorize.is_none() && token.is_none() && matches!(mode, None | Some("token")) {
        return Err(ConfigError::NoAuth);
    }
    Ok(Auth::from_vars(policy, |name| match name {
        "AUTH" => mode.map(str::to_owned),
        "AUTH_TOKEN" => token.clone(),
        other => var(&format!("SYNCLINE_{other}")),
    })?)
}

impl Config {
    /// Completes what is set; `var` knows the variables of the environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(
        mut settings: Settings,
        policy: &Policy,
        var: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let auth = auth(&mut settings, policy, &var)?;
        let webhook = match (settings.webhook_url, settings.webhook_secret) {
            (Some(url), Some(secret))
                if (url.starts_with("https://") || url.starts_with("http://")) && !secret.is_empty() =>
            {
                Some((url, secret))
            }
            (None, None) => None,
            (Some(_), _) | (None, Some(_)) => return Err(ConfigError::HalfOfWebhook),
        };
        let tls = match (settings.tls_cert, settings.tls_key) {
            (Some(certificates), Some(key)) => Some((certificates, key)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(ConfigError::HalfOfTls),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let of_vars = RoomSettings::from_vars(|name| var(&format!("SYNCLINE_{name}")))?;
        let room = RoomSettings {
            limits: settings.limits.unwrap_or(of_vars.limits),
            rates: settings.rates.unwrap_or(of_vars.rates),
            upkeep: settings.upkeep.unwrap_or(of_vars.upkeep),
        };
        let room = room.config(policy.hooks)?;
        Ok(Self {
            listen: settings.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8787))),
            data: settings.data.unwrap_or_else(|| PathBuf::from("data")),
            auth,
            admin_token: settings.admin_token.filter(|token| !token.is_empty()),
            webhook,
            tls,
            shards: settings.shards.unwrap_or(cores / 2).max(1),
            open_stores: settings.open_stores.unwrap_or(256).max(1),
            idle: Duration::from_secs(settings.idle_seconds.unwrap_or(60)),
            upkeep_every: Duration::from_millis(settings.upkeep_ms.unwrap_or(10_000)),
            cache_bytes: settings.cache_kib.unwrap_or(1_024).saturating_mul(1 << 10),
            store_bytes: settings.store_mib.unwrap_or(0).saturating_mul(1 << 20),
            journal_bytes: settings.journal_mib.unwrap_or(64).max(1).saturating_mul(1 << 20),
            connections: settings.connections.unwrap_or(10_000),
            unsent_bytes: settings.unsent_kib.unwrap_or(1_024).saturating_mul(1 << 10),
            backlog: settings.backlog.unwrap_or(16_384),
            backlog_bytes: settings.backlog_mib.unwrap_or(64).saturating_mul(1 << 20),
            patience: Patience {
                head: Duration::from_millis(settings.head_ms.unwrap_or(10_000).max(1)),
                body: Duration::from_millis(settings.body_ms.unwrap_or(30_000).max(1)),
                silence: Duration::from_millis(settings.silence_ms.unwrap_or(30_000).max(1)),
                taking: Duration::from_millis(settings.patience_ms.unwrap_or(30_000).max(1)),
            },
            drain: Duration::from_secs(settings.drain_seconds.unwrap_or(10)),
            livestore: settings.livestore,
            otlp: settings.otlp_url,
            room,
        })
    }
}
