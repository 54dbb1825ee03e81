//! Syncline as one native binary: a WebSocket for each client, a SQLite file for each store, and the same room
//! as everywhere between them.

#![forbid(unsafe_code)]

mod clock;
mod directory;
mod journal;
mod outbox;
mod recovery;
mod shard;
