//! Seeds, as many as a debug build runs in seconds.

use syncline_sim::{Event, Faults, Tally, run_seed};

#[test]
fn no_seed_breaks_a_promise() {
    let mut tally = Tally::default();
    for seed in 0..120 {
        let outcome = run_seed(seed, Faults::usual());
        if let Some(failure) = outcome.failure {
            panic!("seed {seed}: {}", failure.violation);
        }
        tally.merge(&outcome.tally);
    }
    // A run in which nothing went wrong has shown nothing.
    for event in [
        Event::Kills,
        Event::Hibernations,
        Event::HalfOpens,
        Event::DisksFull,
        Event::AnsweredFromMemory,
        Event::Rejected,
        Event::Conflicts,
        Event::Deployments,
        Event::SignIns,
    ] {
        assert!(tally.count(event) > 0, "{event:?} never happened");
    }
}

#[test]
fn a_seed_leads_to_the_same_run_each_time() {
    for seed in [3, 53] {
        let runs = [0, 1].map(|_| run_seed(seed, Faults::all()).tally.to_string());
        assert_eq!(runs[0], runs[1]);
    }
}
