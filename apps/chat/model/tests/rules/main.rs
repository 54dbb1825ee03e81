//! Every rule of the chat, both ways, over a real database.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by a panic")]

mod channels;
mod history;
mod messages;
mod people;
mod reactions;
mod undo;
mod workspace;
mod world;
