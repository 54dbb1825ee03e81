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
    // What is not possible does not count, but it must not go on for ever.
    let (mut left, mut tries) = (length, 30 * u32::from(length));
    run(setup, move |world, possible| {
        left -= u16::from(possible && left > 0);
        tries = tries.saturating_sub(1);
        match (left, tries) {
            (0, 0) => None,
            (0, _) | (_, 0) => {
                (left, tries) = (0, 1);
                Some(Action::Finish {})
            }
            _ => Some(driver.next_action(world.known())),
        }
    })
}

/// Runs a list of actions.
#[must_use]
pub fn replay(setup: Setup, actions: &[Action]) -> Outcome {
    let mut actions = actions.iter();
    run(setup, |_, _| actions.next().cloned())
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

/// What this thread has panicked with, as a violation.
pub(crate) fn last_panic() -> Violation {
    Violation::new("no-panic", PANIC.take().unwrap_or_default())
}

fn run(setup: Setup, mut next: impl FnMut(&World, bool) -> Option<Action>) -> Outcome {
    let mut done = Vec::new();
    let mut tally = Tally::default();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(setup.clone())?;
        let mut possible = false;
        while let Some(action) = next(&world, possible) {
            done.push(action.clone());
            let stepped = world.step(&action);
            tally.clone_from(world.tally());
            possible = stepped?;
            if !possible {
                done.pop();
            }
        }
        Ok(())
    }));
    let violation = match ran {
        Ok(Ok(())) => return Outcome { tally, failure: None },
        Ok(Err(violation)) => violation,
        Err(_) => last_panic(),
    };
    Outcome { tally, failure: Some(Failure { setup, actions: done, violation }) }
}
