//! The exhaustive search: every order of everything that can happen in a small world, within bounds.
//!
//! From each world that is reached, every action that is possible is tried. A world that was seen before is
//! not gone through again: what can follow from it is known. In each, the promises are checked that hold at
//! any time; and from each, all faults end and everything comes to rest, where those are checked that speak of
//! the end. Machines cannot be copied, so a world is reached again by doing again what led to it.

mod bounds;
pub mod command;
mod fingerprint;
mod intern;
mod left;
mod machines;
#[cfg(feature = "mutations")]
pub mod mutations;
mod parts;
mod rest;
mod scene;
mod search;
#[cfg(test)]
mod tests;

pub use bounds::{Bounds, Kind};
pub use search::{Found, Searcher, search};
