//! A model that crashes its host: the process of the server ends in the middle of a commit.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The end of a process, on its way to where the process was started.
struct Crash;

thread_local! {
    /// Whether what runs is the server.
    static AT_THE_SERVER: Cell<bool> = const { Cell::new(false) };
}

/// Crashes the server, and nobody else.
pub(super) fn at_the_server() {
    if AT_THE_SERVER.get() {
        resume_unwind(Box::new(Crash));
    }
}

/// Runs a step of the server. None where that has crashed; any other panic goes on.
pub(crate) fn run<T>(step: impl FnOnce() -> T) -> Option<T> {
    AT_THE_SERVER.set(true);
    let done = catch_unwind(AssertUnwindSafe(step));
    AT_THE_SERVER.set(false);
    match done {
        Ok(done) => Some(done),
        Err(panic) if panic.is::<Crash>() => None,
        Err(panic) => resume_unwind(panic),
    }
}
