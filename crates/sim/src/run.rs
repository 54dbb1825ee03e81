//! Runs: of a seed, and of a list of actions.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::action::Action;
use crate::driver::{self, Driver};
use crate::oracle::Violation;
use crate::setup::{Faults, Setup};
use crate::tally::Tally;
use crate::world::World;

/// What a run came to.
pub struct Outcome {
    /// What happened, counted.
    pub tally: Tally,
    /// What was wrong, if anything was.
    pub failure: Option<Failure>,
}

/// A run that broke a promise.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the world began with.
    pub setup: Setup,
    /// What happened, the last of it being what broke the promise.
    pub actions: Vec<Action>,
    /// Which promise, and how.
    pub violation: Violation,
}

/// Runs a seed.
#[must_use]
pub fn run_seed(seed: u64, allowed: Faults) -> Outcome {
    let setup = driver::setup(seed, allowed);
    let mut driver = Driver::new(seed, &setup);
    let length = driver.length();
    let mut left = length;
    run(setup, move || {
        if left == 0 {
            return None;
        }
        left -= 1;
        Some(if left == 0 { Action::Finish {} } else { driver.next_action() })
    })
}

/// Runs a list of actions.
#[must_use]
pub fn replay(setup: Setup, actions: &[Action]) -> Outcome {
    let mut actions = actions.iter();
    run(setup, || actions.next().cloned())
}

thread_local! {
    /// Where the last panic of this thread was, and what it said.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics are findings here: they are kept for the report, and not printed.
pub fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANIC.set(Some(info.to_string()));
    }));
}

fn run(setup: Setup, mut next: impl FnMut() -> Option<Action>) -> Outcome {
    let mut done = Vec::new();
    let mut tally = Tally::default();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(setup.clone())?;
        while let Some(action) = next() {
            done.push(action.clone());
            let stepped = world.step(&action);
            tally = world.tally().clone();
            if !stepped? {
                done.pop();
            }
        }
        Ok(())
    }));
    let violation = match ran {
        Ok(Ok(())) => return Outcome { tally, failure: None },
        Ok(Err(violation)) => violation,
        Err(_) => Violation::new("no-panic", PANIC.take().unwrap_or_default()),
    };
    Outcome { tally, failure: Some(Failure { setup, actions: done, violation }) }
}
