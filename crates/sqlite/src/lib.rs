//! `Sql` over rusqlite: native files, memory, and OPFS in the browser, in one code base.

mod database;
mod dialect;
mod failure;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod file;
mod footprint;
mod json;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod opfs;
mod snapshot;
mod statement;
mod transaction;

pub use database::{Database, Durability};
