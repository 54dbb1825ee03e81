//! What the program does: the searches of CI, or deeper ones, and their figures.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::bounds::{Bounds, Kind};
use super::search::{Found, Searcher};
use crate::action::Action;
use crate::run::{Failure, replay};
use crate::shrink::shrink;

const USAGE: &str =
    "usage: explore [--deep | --commits A,B [--faults N] [--kinds cut,crash,…] [--one-tab-stays]]";

/// Runs the program: as many searches at a time as there are cores.
pub fn main(args: impl Iterator<Item = String>) -> ExitCode {
    #[cfg(feature = "mutations")]
    let mut args = args.peekable();
    #[cfg(feature = "mutations")]
    if args.next_if_eq("--mutations").is_some() {
        return super::mutations::main();
    }
    let Some(searches) = parse(args) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    crate::run::keep_panics();
    println!(
        "| bounds | states | transitions | at rest | longest way | in flight | machine steps | seconds |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while let Some(bounds) = searches.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !run(bounds) {
                failed.store(true, Ordering::Relaxed);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(searches.len()) {
            scope.spawn(work);
        }
    });
    if failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One search, and its line. Returns whether it was complete, and all was well.
fn run(bounds: &Bounds) -> bool {
    let (started, mut searcher) = (Instant::now(), Searcher::default());
    let Found { states, transitions, rests, depth, in_flight, rare, cut_off, failure, .. } =
        searcher.search(bounds);
    let (steps, seconds) = (searcher.steps(), started.elapsed().as_secs_f64());
    let rests = rests.len();
    println!(
        "| {bounds} | {states} | {transitions} | {rests} | {depth} | {in_flight} | {steps} | {seconds:.1} |"
    );
    if rare > 0 {
        println!("{bounds}: in {rare} worlds something was held back, or the server made its state anew");
    }
    if cut_off > 0 {
        println!(
            "{bounds}: not complete, {cut_off} worlds were not gone on from, {} actions deep",
            bounds.depth
        );
    }
    let well = failure.is_none();
    if let Some(failure) = failure {
        let Failure { setup, actions, violation } = shortest(failure);
        let lines: String = actions.iter().map(|action| format!("  {action}\n")).collect();
        println!("{violation}\n  setup {setup}\n{lines}");
    }
    well && cut_off == 0
}

/// The shortest way to the same. What the search has seen in a world without a step that looks at it shows in a
/// run when the world comes to rest, if at all.
fn shortest(failure: Failure) -> Failure {
    let mut settled = failure.actions.clone();
    settled.push(Action::Settle {});
    for actions in [&failure.actions, &settled] {
        if let Some(again) = replay(failure.setup.clone(), actions).failure {
            return shrink(again);
        }
    }
    failure
}

/// The searches that are asked for.
fn parse(mut args: impl Iterator<Item = String>) -> Option<Vec<Bounds>> {
    let (mut commits, mut faults, mut kinds) = (None, 1, Kind::ALL.to_vec());
    let (mut deep, mut one_tab_stays) = (false, false);
    while let Some(name) = args.next() {
        match name.as_str() {
            "--deep" => deep = true,
            "--one-tab-stays" => one_tab_stays = true,
            "--commits" => {
                let value = args.next()?;
                let (first, second) = value.split_once(',')?;
                let small = |text: &str| text.parse().ok().filter(|commits| *commits <= 2);
                commits = Some([small(first)?, small(second)?]);
            }
            "--faults" => faults = args.next()?.parse().ok()?,
            "--kinds" => {
                let named = |name: &str| Kind::ALL.into_iter().find(|kind| kind.to_string() == name);
                kinds = args.next()?.split(',').map(named).collect::<Option<_>>()?;
            }
            _ => return None,
        }
    }
    Some(match commits {
        Some(commits) => vec![Bounds { one_tab_stays, ..Bounds::of(commits, faults, &kinds) }],
        None if deep => deep_searches(),
        None => searches(),
    })
}

/// What CI has the time for; the longest first.
#[must_use]
pub fn searches() -> Vec<Bounds> {
    vec![
        Bounds::of([2, 1], 2, &Kind::ALL),
        Bounds { one_tab_stays: true, ..Bounds::of([2, 2], 2, &[Kind::Crash]) },
        Bounds::of([2, 2], 1, &Kind::ALL),
        Bounds::of([2, 2], 2, &[Kind::Duplicate, Kind::Hibernate, Kind::Restart]),
    ]
}

/// What some minutes more have the time for.
#[must_use]
pub fn deep_searches() -> Vec<Bounds> {
    vec![Bounds::of([1, 1], 3, &Kind::ALL), Bounds::of([2, 2], 2, &[Kind::Crash])]
}
