//! What the program does: `--seeds N`, `--minutes M` or `--seed X`, and the summary at the end.

mod options;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use options::{Options, USAGE};
use rustix::time::{ClockId, clock_gettime};

use crate::known::{Known, known};
use crate::run::{Failure, Outcome, keep_panics, run_seed};
use crate::shrink::shrink;
use crate::sweep::{Media, Sweep};
use crate::tally::{Event, Tally};

/// Failures that are shrunk and shown; more of them say nothing new.
const SHOWN: usize = 3;

/// In as many seeds all that is due happens. A few may well do without some of it.
const LONG: u64 = 1_000;

/// Runs the program.
pub fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let mut args = args.peekable();
    if args.next_if(|arg| arg == "--crash-points").is_some() {
        return match args.next() {
            None => crash_points(),
            Some(more) => misused(&format!("--crash-points takes no more: what is {more:?}?")),
        };
    }
    let (options, known) = match (Options::parse(args), known()) {
        (Ok(options), Ok(known)) => (options, known),
        (Err(why), _) | (_, Err(why)) => return misused(&why),
    };
    keep_panics();
    let sum = run(&options, if options.known { &known } else { &[] });
    report(&sum, &options)
}

fn misused(why: &str) -> ExitCode {
    eprintln!("{why}\n{USAGE}");
    ExitCode::from(2)
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

#[derive(Default)]
struct Sum {
    tally: Tally,
    seeds: u64,
    took: Duration,
    /// What the threads have worked, whatever else the machine had to do.
    worked: Duration,
    failures: Vec<(u64, Failure)>,
    failed: u64,
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.tally.merge(&outcome.tally);
        self.seeds += 1;
        if let Some(failure) = outcome.failure {
            self.failed += 1;
            if self.failures.len() < SHOWN {
                self.failures.push((seed, failure));
            }
        }
    }
}

fn run(options: &Options, known: &[Known]) -> Sum {
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Sum::default());
    let lock = || sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let known_seed = usize::try_from(place).ok().and_then(|place| known.get(place));
            if let Some(Known { seed, faults, .. }) = known_seed {
                let outcome = run_seed(*seed, *faults);
                lock().add(*seed, outcome);
                continue;
            }
            let offset = place - known.len() as u64;
            let late = options.until.is_some_and(|until| started.elapsed() >= until);
            if offset >= options.seeds || late {
                break;
            }
            let seed = options.from.wrapping_add(offset);
            let outcome = run_seed(seed, options.faults);
            lock().add(seed, outcome);
        }
        lock().worked += cpu_time();
    };
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(work);
        }
    });
    let mut sum = sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    sum.took = started.elapsed();
    sum
}

/// What this thread has worked since it began.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
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
    let per_second = |seconds: f64| operations as f64 / seconds.max(1e-9);
    let (took, worked) = (sum.took.as_secs_f64(), sum.worked.as_secs_f64());
    print!("{}", sum.tally);
    println!(
        "{} seeds, {operations} operations in {took:.1} s on {} threads that worked {worked:.1} s: \
            {:.0} a second of a core's work, {:.0} a second of a thread's life",
        sum.seeds,
        options.threads,
        per_second(worked),
        per_second(took * options.threads as f64),
    );
    let missing: Vec<_> =
        if sum.seeds >= LONG { sum.tally.missing(options.faults).collect() } else { Vec::new() };
    missing.iter().for_each(|event| println!("never happened, and so nothing of it was shown: {event}"));
    println!("{} seeds broke a promise", sum.failed);
    if sum.failed == 0 && missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
