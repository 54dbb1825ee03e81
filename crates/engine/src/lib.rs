//! The rules of Syncline, pure: no clock, no randomness, no network, no threads, no async.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod guard;
mod model;
mod room;
mod rules;
mod segment;
mod sql;
mod state;

pub use guard::refuse_unportable;
pub use model::{ApplyContext, ApplyError, CheckContext, Model};
pub use room::{ArchivePage, Authorize, Connection, Output, Room, SharedToken};
pub use rules::{Refusal, Rules};
pub use sql::{
    Constraint, ConstraintKind, Flow, FromValue, HostFailure, Param, Query, Rewind, Row, Sql, SqlError, Value, nested,
};
pub use state::{Quarantined, quarantined};
pub use syncline_protocol as protocol;
pub use syncline_protocol::Rejection;
