//! The exhaustive search: that it goes everywhere, and that it says where it has not been.

use syncline_sim::explore::{Bounds, Found, Kind, search};

fn small(commits: [u8; 2], kinds: &[Kind]) -> Bounds {
    let faults = u8::from(!kinds.is_empty());
    Bounds { commits, faults, kinds: kinds.iter().map(|kind| (*kind, 1)).collect(), depth: 100, reduce: true }
}

fn complete(found: &Found) {
    assert_eq!(found.cut_off, 0);
    assert!(found.failure.is_none(), "{:?}", found.failure);
    assert!(found.states > 20 && found.transitions >= found.states && !found.ends.is_empty());
}

#[test]
fn orders_that_are_left_out_lead_to_no_other_end() {
    for (commits, kinds) in [([1, 0], &[Kind::Hibernate][..]), ([1, 0], &[])] {
        let few = search(&small(commits, kinds));
        let all = search(&Bounds { reduce: false, ..small(commits, kinds) });
        complete(&few);
        complete(&all);
        assert_eq!(few.ends, all.ends);
        assert!(few.states < all.states, "{} of {}", few.states, all.states);
    }
}

#[test]
fn a_search_that_was_cut_off_says_so() {
    let found = search(&Bounds { depth: 12, ..small([1, 0], &[]) });
    assert!(found.cut_off > 0 && found.failure.is_none());
}

#[test]
fn a_fault_leads_to_other_worlds() {
    let without = search(&small([1, 0], &[])).states;
    let found = search(&small([1, 0], &[Kind::Duplicate]));
    complete(&found);
    assert!(found.states > without, "{} and {without}", found.states);
}
