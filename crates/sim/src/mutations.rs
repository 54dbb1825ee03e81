//! `--mutations`: the engine with one deliberate bug at a time, and the seed that finds it.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use syncline_engine::mutation::{self, Mutation};

use crate::oracle::Violation;
use crate::run::{keep_panics, run_seed};
use crate::setup::Faults;

/// Seeds that a bug may live through.
const SEEDS: u64 = 300;

/// What was found of a bug: how many seeds it took, and which promise it broke.
pub struct Caught {
    /// Seeds that ran, the last of them being the one that failed.
    pub seeds: u64,
    /// What the oracle said.
    pub violation: Violation,
}

/// Looks for a bug. A seed that fails without the bug, too, shows nothing.
#[must_use]
pub fn look_for(bug: Mutation, seeds: u64) -> Option<Caught> {
    let run = |seed, bug| {
        mutation::set(bug);
        let failure = run_seed(seed, Faults::usual()).failure;
        mutation::set(None);
        failure
    };
    (0..seeds).find_map(|seed| {
        let failure = run(seed, Some(bug))?;
        run(seed, None).is_none().then_some(Caught { seeds: seed + 1, violation: failure.violation })
    })
}

/// Looks for every bug, or for those that are named, and prints what was found.
pub fn main(names: impl Iterator<Item = String>) -> ExitCode {
    keep_panics();
    let names: Vec<String> = names.collect();
    let is_asked = |bug: &Mutation| names.is_empty() || names.contains(&format!("{bug:?}"));
    let bugs: Vec<Mutation> = Mutation::ALL.iter().copied().filter(is_asked).collect();
    if bugs.is_empty() {
        eprintln!("usage: syncline-sim --mutations [MUTATION]…");
        return ExitCode::from(2);
    }
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = format!("{bug:?}");
            if let Some(Caught { seeds, violation }) = look_for(*bug, SEEDS) {
                let what: String = violation.to_string().replace('\n', " ").chars().take(110).collect();
                println!("{name:<26} {seeds:>5}  {what}");
            } else {
                println!("{name:<26} not caught in {SEEDS} seeds");
                missed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(name);
            }
        }
    };
    println!("{:<26} {:>5}  broken promise", "mutation", "seeds");
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let missed = missed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    println!("{} of {} mutations were caught", bugs.len() - missed.len(), bugs.len());
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
