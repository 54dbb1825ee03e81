//! What holds for every log, every order of inputs and every age of an event, not for chosen ones only.

mod log;
mod merge;
mod upcast;
