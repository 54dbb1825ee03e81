//! Every rule of the chat, both ways, over a real database.

mod channels;
mod history;
mod messages;
mod people;
mod reactions;
mod world;
