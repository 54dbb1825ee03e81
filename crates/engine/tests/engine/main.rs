//! The engine through its public API: rooms, leaders and sessions in a small world without clocks or
//! sockets.

mod hand_over;
mod leader;
mod model;
mod rebase;
mod rebuild;
mod room;
mod sync;
mod world;
