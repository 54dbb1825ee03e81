//! Syncline as one native binary: a WebSocket for each client, a SQLite file for each store, and the same room
//! as everywhere between them.
//!
//! A server is a model and a line: `fn main() -> ExitCode { syncline_server::main::<Chat>() }`.

#![forbid(unsafe_code)]

mod cli;
mod clock;
mod config;
mod connection;
mod directory;
mod http;
mod journal;
mod listen;
mod log;
mod metrics;
mod outbox;
mod recovery;
mod server;
mod shard;

pub use cli::main;
pub use config::{Auth, Config, ConfigError, LogFormat, LogLevel, Settings};
pub use directory::DirectoryError;
pub use listen::TlsError;
pub use server::{Server, StartError};
