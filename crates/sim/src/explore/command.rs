//! What the program does: the searches of CI, or deeper ones, and their figures.

use std::process::ExitCode;
use std::time::Instant;

use super::bounds::{Bounds, Kind};
use super::search::search;
use crate::shrink::shrink;

/// Runs the program.
pub fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let Some(searches) = parse(args) else {
        eprintln!("usage: explore [--deep | --commits A,B [--faults N] [--kinds cut,crash,…]]");
        return ExitCode::from(2);
    };
    crate::run::keep_panics();
    let mut failed = false;
    println!("| bounds | states | transitions | ends | longest way | seconds |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for bounds in searches {
        let started = Instant::now();
        let found = search(&bounds);
        println!(
            "| {bounds} | {} | {} | {} | {} | {:.1} |",
            found.states,
            found.transitions,
            found.ends.len(),
            found.depth,
            started.elapsed().as_secs_f64()
        );
        if found.cut_off > 0 {
            println!(
                "not complete: {} worlds were not gone on from, {} actions deep",
                found.cut_off, bounds.depth
            );
            failed = true;
        }
        if let Some(failure) = found.failure {
            let shrunk = shrink(failure);
            println!("{}", shrunk.violation);
            println!("  setup {}", shrunk.setup);
            shrunk.actions.iter().for_each(|action| println!("  {action}"));
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The searches that are asked for.
fn parse(mut args: impl Iterator<Item = String>) -> Option<Vec<Bounds>> {
    let (mut commits, mut faults, mut kinds) = (None, 1, Kind::ALL.to_vec());
    let mut deep = false;
    while let Some(name) = args.next() {
        match name.as_str() {
            "--deep" => deep = true,
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
        Some(commits) => vec![bounds(commits, faults, if faults == 0 { &[] } else { &kinds })],
        None if deep => deep_searches(),
        None => searches(),
    })
}

/// No way in these worlds is longer.
const DEPTH: usize = 200;

fn bounds(commits: [u8; 2], faults: u8, kinds: &[Kind]) -> Bounds {
    Bounds {
        commits,
        faults,
        kinds: kinds.iter().map(|kind| (*kind, faults)).collect(),
        depth: DEPTH,
        reduce: true,
    }
}

/// What CI has the time for.
#[must_use]
pub fn searches() -> Vec<Bounds> {
    vec![bounds([2, 1], 0, &[]), bounds([1, 1], 1, &Kind::ALL)]
}

/// What a night has the time for.
#[must_use]
pub fn deep_searches() -> Vec<Bounds> {
    vec![bounds([2, 2], 0, &[]), bounds([2, 1], 1, &Kind::ALL), bounds([1, 1], 2, &Kind::ALL)]
}
