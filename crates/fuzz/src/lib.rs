//! What must hold for whatever arrives: a function for each decoder, and for each machine that takes texts
//! from others. None may panic; each asserts what its decoder promises.
//!
//! `cargo xtask fuzz` lets libFuzzer look for inputs that break them; the tests run them on the corpus, and
//! on what can be made of it, with any toolchain.

#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a broken promise is a panic")]

mod leader;
mod livestore;
mod model;
mod redaction;
mod room;
mod rules;
mod session;
mod snapshot;
mod wire;

/// A function that takes an input apart; a broken promise is a panic.
pub type Target = fn(&[u8]);

/// Every target, by the name of its binary and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 15] = [
    ("client_message", |data| text(data).into_iter().for_each(wire::client_message)),
    ("server_message", |data| text(data).into_iter().for_each(wire::server_message)),
    ("leader_frame", |data| text(data).into_iter().for_each(wire::leader_frame)),
    ("segment", |data| text(data).into_iter().for_each(wire::segment)),
    ("journal_entry", |data| text(data).into_iter().for_each(wire::journal_entry)),
    ("event", |data| text(data).into_iter().for_each(rules::event)),
    ("model_sql", |data| text(data).into_iter().for_each(rules::model_sql)),
    ("room_receive", |data| text(data).into_iter().for_each(room::receive)),
    ("livestore_receive", |data| text(data).into_iter().for_each(livestore::receive)),
    ("leader_receive", |data| text(data).into_iter().for_each(leader::receive)),
    ("leader_hand_over", |data| text(data).into_iter().for_each(leader::hand_over)),
    ("session_receive", |data| text(data).into_iter().for_each(session::receive)),
    ("snapshot", |data| text(data).into_iter().for_each(snapshot::load)),
    ("redaction", |data| text(data).into_iter().for_each(redaction::redact)),
    ("session_open", |data| text(data).into_iter().for_each(session::open)),
];

/// Runs one target.
///
/// # Panics
/// If a promise is broken, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("every binary is named after a target");
    target(data);
}

/// Hosts hand texts over, never bytes: what is not UTF-8 does not get as far.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
