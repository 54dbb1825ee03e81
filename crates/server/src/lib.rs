//! Syncline as one native binary: a WebSocket for each client, a SQLite file for each store, and the same room
//! as everywhere between them.
//!
//! A server is a model and a line: `fn main() -> ExitCode { syncline_server::main::<Chat>() }`. What an app
//! decides by code of its own beside its model is a [`MakePolicy`], for [`main_with`].

#![forbid(unsafe_code)]

mod checkpoints;
mod cli;
mod clock;
mod config;
mod connection;
mod directory;
mod files;
mod http;
mod import;
mod journal;
mod listen;
mod log;
mod metrics;
mod outbox;
mod outward;
mod query;
mod recovery;
mod server;
mod shard;
mod stores;
mod tokens;
mod traces;
mod webhook;

pub use cli::{main, main_with};
pub use config::{AuthMode, Config, ConfigError, LogFormat, LogLevel, Patience, Settings};
pub use directory::DirectoryError;
pub use listen::TlsError;
pub use server::{Server, StartError};
pub use syncline_auth::{MakePolicy, Policy};
