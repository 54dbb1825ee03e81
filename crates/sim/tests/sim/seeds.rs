//! Seeds, as many as a debug build runs in seconds.

use syncline_sim::{Event, Faults, Tally, known, run_seed};

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
    // A run in which nothing went wrong has shown nothing. This one is short for what takes several crashes.
    let rare = [Event::Crashed, Event::Rebuilds];
    let missing: Vec<_> = tally.missing(Faults::usual()).filter(|event| !rare.contains(event)).collect();
    assert!(missing.is_empty(), "{missing:?} never happened");
}

#[test]
fn no_seed_finds_again_what_it_once_found() {
    for known in known().unwrap() {
        let failure = run_seed(known.seed, known.faults).failure;
        let violation = failure.map(|failure| failure.violation);
        assert!(violation.is_none(), "seed {}: {violation:?}; it once found {}", known.seed, known.found);
    }
}

#[test]
fn no_seed_with_redactions_breaks_a_promise() {
    let mut tally = Tally::default();
    for seed in 0..60 {
        let outcome = run_seed(seed, Faults { redact: true, ..Faults::usual() });
        if let Some(failure) = outcome.failure {
            panic!("seed {seed}: {}", failure.violation);
        }
        tally.merge(&outcome.tally);
    }
    assert!(tally.count(Event::Redactions) > 0);
}

#[test]
fn a_seed_leads_to_the_same_run_each_time() {
    for seed in [3, 53] {
        let runs = [0, 1].map(|_| run_seed(seed, Faults::all()).tally.to_string());
        assert_eq!(runs[0], runs[1]);
    }
}
