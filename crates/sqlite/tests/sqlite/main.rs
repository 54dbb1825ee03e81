//! Databases through their public API: in memory, in files, from bytes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod conformance;
mod pages;
mod snapshots;
mod statements;
mod transactions;
mod wal;
