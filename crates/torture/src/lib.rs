//! Real processes under real faults: the client process that is killed, the proxy that cuts and stalls,
//! the schedule of the faults, and the judge. `cargo xtask torture` runs them against workerd.

#![forbid(unsafe_code)]

pub mod client;
mod dice;
mod faults;
pub mod judge;
mod order;
mod proxy;
mod receipt;

pub use dice::Dice;
pub use faults::{Blow, Fault, Files, schedule};
pub use order::{Order, Report};
pub use proxy::Proxy;
pub use receipt::{Receipt, Receipts, read_receipts, tag_of};
