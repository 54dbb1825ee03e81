//! The simulation, simulated: scripts, seeds, and faults that it must find.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod explore;
mod script;
mod seeds;
mod sweep;
