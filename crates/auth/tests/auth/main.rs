//! Tokens through the public API: what a host is told about each.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod config;
mod examples;
mod jwks;
mod properties;
mod refused;
mod schemes;
mod stores;
mod world;
