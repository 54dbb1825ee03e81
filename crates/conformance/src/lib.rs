//! One scenario suite against any server that serves the chat's model: what docs/protocol.md says, seen from
//! outside, over real sockets and HTTP.
//!
//! Each scenario uses stores of its own, so the suite can be run against a live server again and again.

mod client;
mod failure;
mod http;
mod jwt;
mod log;
mod report;
mod scenario;
mod scenarios;
mod server;
mod socket;

pub use report::{Outcome, Report, run};
pub use scenario::{Needs, Scenario};
pub use scenarios::all;
pub use server::{Jwt, Server, Setup, Tokens};
