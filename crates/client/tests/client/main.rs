//! The native client against a real room behind a real socket.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod connections;
mod consumers;
mod files;
mod model;
mod presence;
mod server;
mod subscriptions;
mod tour;
