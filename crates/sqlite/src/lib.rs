//! `Sql` over rusqlite: native files, memory, and in the browser OPFS or blocks for IndexedDB, in one code base.

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod blocks;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod copy;
mod database;
mod dialect;
mod failure;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod file;
mod footprint;
mod json;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod opfs;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod report;
mod snapshot;
mod statement;
mod transaction;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod wal;

pub use database::{Database, Durability};
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use report::{Bounds, Report};
