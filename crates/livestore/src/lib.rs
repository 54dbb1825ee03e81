//! LiveStore's sync protocol (npm `@livestore/sync-cf` 0.4.0, and the dialect of its main branch) in terms of the
//! room: its clients, unmodified, push to a Syncline log and pull from it. Without IO, like the room itself.
//!
//! A LiveStore client numbers its own events, and pushes them on the number that it has seen last: a
//! compare-and-set. What it pushes becomes commits of one event each, accepted together or not at all
//! ([`Room::push_whole`]). Who made an event is in the id of its client, and its number is the counter of its commit
//! ([`Writer`]): so the log holds all that this protocol has to say about an entry, and whatever carries a log,
//! carries that. Entries of other clients have the number after the one before them. What cannot be read off an entry
//! is [`Numbers`]: from a seq to a number and back.
//!
//! [`Room::push_whole`]: syncline_engine::Room::push_whole

#![forbid(unsafe_code)]

mod chunk;
mod connection;
mod door;
mod failure;
mod frame;
mod numbers;
mod peer;
mod pull;
mod push;
mod serve;
mod tables;
mod writer;

pub use chunk::Chunks;
pub use connection::Connection;
pub use door::{BadDoor, Door, Mount, Transport};
pub use numbers::Numbers;
pub use peer::{Expired, Peer};
pub use serve::{LiveStore, PING, PONG};
pub use tables::{BadRow, CONTEXT_TABLE, EVENTS_TABLE, EventRow};
pub use writer::Writer;
