//! Bugs that few seeds find, so that a debug build does, too.

use syncline_engine::mutation::Mutation;
use syncline_sim::mutations::look_for;

#[test]
fn a_bug_is_found_and_goes_with_its_switch() {
    syncline_sim::keep_panics();
    for bug in [Mutation::AckWithoutOutbox, Mutation::VerdictForgotten, Mutation::PointNotRewound] {
        assert!(look_for(bug, 60).is_some(), "{bug:?} was not found");
    }
}
