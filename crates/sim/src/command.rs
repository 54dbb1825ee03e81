//! What the program does: `--seeds N`, `--minutes M` or `--seed X`, and the summary at the end.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::run::{Failure, keep_panics, run_seed};
use crate::setup::Faults;
use crate::shrink::shrink;
use crate::sweep::{Media, Sweep};
use crate::tally::{Event, Tally};

/// Failures that are shrunk and shown; more of them say nothing new.
const SHOWN: usize = 3;

/// Runs the program.
pub fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let mut args = args.peekable();
    if args.next_if(|arg| arg == "--crash-points").is_some() {
        return crash_points();
    }
    let Some(options) = Options::parse(args) else {
        eprintln!(
            "usage: syncline-sim [--seeds N | --minutes M | --seed X] [--from SEED] [--threads T] [--without FAULT]…"
        );
        return ExitCode::from(2);
    };
    keep_panics();
    let sum = run(&options);
    report(&sum, &options)
}

fn crash_points() -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let passed = [Media::Memory, Media::Files].map(|media| sweep(media, threads));
    if passed == [true, true] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn sweep(media: Media, threads: usize) -> bool {
    let swept = match Sweep::new(media, threads).run() {
        Ok(swept) => swept,
        Err(violation) => {
            println!("in {media}, without a kill: {violation}");
            return false;
        }
    };
    for (disk, point, violation) in swept.violations.iter().take(SHOWN) {
        println!("killed at {point} of {disk}: {violation}");
    }
    println!("in {media}: {swept}");
    swept.passed()
}

struct Options {
    from: u64,
    seeds: u64,
    until: Option<Duration>,
    threads: usize,
    faults: Faults,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut options = Self { from: 0, seeds: 1_000, until: None, threads, faults: Faults::usual() };
        while let Some(name) = args.next() {
            let value = args.next()?;
            match name.as_str() {
                "--seeds" => options.seeds = value.parse().ok()?,
                "--minutes" => {
                    options.until = Some(Duration::from_secs_f64(value.parse::<f64>().ok()? * 60.0));
                    options.seeds = u64::MAX;
                }
                "--seed" => (options.from, options.seeds) = (value.parse().ok()?, 1),
                "--from" => options.from = value.parse().ok()?,
                "--threads" => options.threads = value.parse().ok()?,
                "--without" => *options.faults.by_name(&value)? = false,
                "--with" => *options.faults.by_name(&value)? = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

#[derive(Default)]
struct Sum {
    tally: Tally,
    seeds: u64,
    took: Duration,
    failures: Vec<(u64, Failure)>,
    failed: u64,
}

fn run(options: &Options) -> Sum {
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Sum::default());
    let work = || {
        loop {
            let offset = next.fetch_add(1, Ordering::Relaxed);
            let late = options.until.is_some_and(|until| started.elapsed() >= until);
            if offset >= options.seeds || late {
                return;
            }
            let seed = options.from.wrapping_add(offset);
            let outcome = run_seed(seed, options.faults);
            let mut sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            sum.tally.merge(&outcome.tally);
            sum.seeds += 1;
            if let Some(failure) = outcome.failure {
                sum.failed += 1;
                if sum.failures.len() < SHOWN {
                    sum.failures.push((seed, failure));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut sum = sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    sum.took = started.elapsed();
    sum
}

fn report(sum: &Sum, options: &Options) -> ExitCode {
    let shrunk: Vec<Failure> = std::thread::scope(|scope| {
        let shrink_one = |failure: &Failure| {
            let failure = failure.clone();
            scope.spawn(move || shrink(failure))
        };
        let shrinking: Vec<_> = sum.failures.iter().map(|(_, failure)| shrink_one(failure)).collect();
        shrinking.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    for ((seed, failure), shrunk) in sum.failures.iter().zip(shrunk) {
        println!("seed {seed}: {}", failure.violation);
        let (before, after) = (failure.actions.len(), shrunk.actions.len());
        println!("shrunk from {before} actions to {after}: {}", shrunk.violation);
        println!("  setup {}", shrunk.setup);
        shrunk.actions.iter().for_each(|action| println!("  {action}"));
        println!();
    }
    let operations = sum.tally.count(Event::Operations);
    let seconds = sum.took.as_secs_f64().max(1e-9);
    let rate = operations as f64 / seconds / options.threads as f64;
    print!("{}", sum.tally);
    println!(
        "{} seeds, {operations} operations in {seconds:.1} s: {rate:.0} operations a second on each of {} cores",
        sum.seeds, options.threads
    );
    println!("{} seeds broke a promise", sum.failed);
    if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
