//! The native server over real sockets, in this process and as one that is killed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod auth;
mod cli;
mod client;
mod crashes;
mod edges;
mod faults;
mod host;
mod http;
mod limits;
mod model;
mod patience;
mod reference;
mod routes;
mod seen;
mod sync;
mod tls;
#[cfg(feature = "otlp")]
mod traces;
mod webhook;
