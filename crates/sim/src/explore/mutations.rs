//! `--mutations`: the searches with one deliberate bug of the engine at a time, to see that they find it.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use syncline_engine::mutation::{self, Mutation};

use super::bounds::{Bounds, Kind};
use super::search::{Found, search};
use crate::run::keep_panics;

/// Bugs that need what does not happen in these worlds: a server that is restored, a client that is copied, a
/// snapshot, an archive, another subject, a commit that nobody but the server refuses, a process killed between
/// two writes.
const ELSEWHERE: &[Mutation] = &[
    Mutation::OutboxClearedAtVerdict,
    Mutation::AsideLosesOutbox,
    Mutation::AcceptanceOutlivesServer,
    Mutation::CopyNotNoticed,
    Mutation::ConfirmedUnread,
    Mutation::SnapshotOffByOne,
    Mutation::ReleasedSkipped,
    Mutation::AuthorUnchecked,
    Mutation::ConfirmedOutOfOrder,
    Mutation::HandOverTorn,
    Mutation::DecisionTorn,
    Mutation::StateTorn,
];

/// Smaller worlds before larger ones.
fn ladder() -> [Bounds; 4] {
    [
        Bounds::of([1, 1], 0, &[]),
        Bounds::of([2, 2], 0, &[]),
        Bounds::of([1, 1], 1, &Kind::ALL),
        Bounds::of([2, 1], 1, &Kind::ALL),
    ]
}

/// Looks for a bug: the bounds within which it is found, and what was found.
#[must_use]
pub fn look_for(bug: Mutation) -> Option<(Bounds, Found)> {
    ladder().into_iter().find_map(|bounds| {
        mutation::set(Some(bug));
        let found = search(&bounds);
        mutation::set(None);
        found.failure.is_some().then_some((bounds, found))
    })
}

/// Looks for every bug that these worlds may show, and prints what was found.
pub(super) fn main() -> ExitCode {
    keep_panics();
    let bugs: Vec<Mutation> = Mutation::ALL.iter().copied().filter(|bug| !ELSEWHERE.contains(bug)).collect();
    let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some((bounds, found)) = look_for(*bug) else {
                println!("| {bug:?} | | | not found |");
                missed.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let Bounds { commits: [first, second], faults, .. } = bounds;
            let promise = found.failure.map_or("", |failure| failure.violation.promise);
            println!("| {bug:?} | {first}+{second}, {faults} | {} | {promise} |", found.states);
        }
    };
    println!("| mutation | commits, faults | states | broken promise |");
    println!("| --- | --- | ---: | --- |");
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let missed = missed.into_inner();
    println!("{} of {} mutations were found", bugs.len() - missed, bugs.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
