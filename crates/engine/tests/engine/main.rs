//! The engine through its public API: rooms, leaders and sessions in a small world without clocks or
//! sockets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod admission;
mod compaction;
mod copies;
mod crashes;
mod diverged;
mod hand_over;
mod journal;
mod leader;
mod memory;
mod model;
mod past;
mod presence;
mod properties;
mod quarantine;
mod rebase;
mod rebuild;
mod rebuild_steps;
mod redacted;
mod redaction;
mod released;
mod repair;
mod restored;
mod room;
mod simulated;
mod snapshots;
mod sync;
mod tabs;
mod undo;
mod webhook;
mod world;
mod zoo;
