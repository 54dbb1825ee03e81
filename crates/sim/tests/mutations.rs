//! Bugs that few seeds find, so that a debug build does, too, and bugs that need a kill.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use syncline_engine::mutation::{self, Mutation};
use syncline_sim::explore;
use syncline_sim::mutations::look_for;
use syncline_sim::sweep::{Media, Sweep};

#[test]
fn a_bug_is_found_and_goes_with_its_switch() {
    syncline_sim::keep_panics();
    for bug in [Mutation::AckWithoutOutbox, Mutation::VerdictForgotten, Mutation::PointNotRewound] {
        assert!(look_for(bug, 60).is_some(), "{bug:?} was not found");
    }
}

#[test]
fn a_transaction_in_pieces_is_found_by_a_kill_between_them_and_by_nothing_else() {
    for bug in [Mutation::HandOverTorn, Mutation::DecisionTorn, Mutation::StateTorn] {
        for (media, every) in [(Media::Memory, 5), (Media::Files, 11)] {
            let prepare = || mutation::set(Some(bug));
            let swept = Sweep { every, first: true, prepare: &prepare, ..Sweep::new(media, 2) }.run();
            mutation::set(None);
            let swept = swept.unwrap_or_else(|violation| panic!("{bug:?} without a kill: {violation}"));
            assert!(!swept.violations.is_empty(), "{bug:?} was not found in {media}");
        }
    }
}

#[test]
fn the_exhaustive_search_finds_bugs_within_small_bounds() {
    syncline_sim::keep_panics();
    for bug in [Mutation::RejectionNotKept, Mutation::HibernationForgetsHello, Mutation::RejectedWritesStay] {
        assert!(explore::mutations::look_for(bug).is_some(), "{bug:?} was not found");
    }
}
