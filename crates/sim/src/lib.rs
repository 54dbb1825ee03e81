//! Deterministic simulation: the engine's own room, leaders and sessions, in one thread, in virtual
//! time, with a network, disks and processes that fail, and an oracle that looks at every step.
//!
//! A [`World`] moves by one [`Action`] at a time. The same actions over the same [`Setup`] always lead
//! to the same world, so a run is a list of lines, and a failing one can be made shorter by leaving
//! lines out.

#![forbid(unsafe_code)]

mod action;
mod client;
pub mod command;
mod disk;
mod driver;
pub mod explore;
mod known;
mod model;
#[cfg(feature = "mutations")]
pub mod mutations;
mod oracle;
mod random;
mod reference;
mod run;
mod server;
mod setup;
mod shrink;
mod socket;
pub mod sweep;
mod tally;
mod world;

pub use action::{Action, ClientNo, DiskNo, SocketNo, SubjectNo, TabNo, Way};
pub use disk::{Disk, Point, Trouble};
pub use driver::{Driver, setup as setup_of};
pub use known::{Known, known};
pub use model::{Fact, Made, ModelNo, rules};
pub use oracle::Violation;
pub use reference::{Reference, dump};
pub use run::{Failure, Outcome, keep_panics, replay, run_seed};
pub use setup::{Faults, Setup};
pub use shrink::shrink;
pub use tally::{Event, Tally};
pub use world::World;
