//! The exhaustive search: that it goes everywhere, and that it says where it has not been.

use syncline_sim::explore::{Bounds, Found, Kind, Searcher, search};

fn complete(found: &Found) {
    assert_eq!(found.cut_off, 0);
    assert!(found.failure.is_none(), "{:?}", found.failure);
    assert!(found.states > 20 && found.transitions >= found.states && !found.ends.is_empty());
}

#[test]
fn orders_that_are_left_out_lead_to_no_other_end() {
    let mut searcher = Searcher::default();
    for bounds in [
        Bounds::of([1, 0], 0, &[]),
        Bounds::of([1, 1], 0, &[]),
        Bounds::of([1, 0], 2, &[Kind::Hibernate, Kind::Restart]),
        Bounds::of([1, 0], 1, &Kind::ALL),
        Bounds { one_tab_stays: true, ..Bounds::of([1, 0], 1, &[Kind::Crash]) },
    ] {
        let few = searcher.search(&bounds);
        let all = searcher.search(&Bounds { reduce: false, ..bounds.clone() });
        complete(&few);
        complete(&all);
        assert_eq!(few.ends, all.ends, "{bounds}");
        // Coming to rest is one more cut: not all of those worlds are there that it could happen in.
        assert!(few.rests.is_subset(&all.rests), "{bounds}");
        assert!(few.states < all.states, "{bounds}: {} of {}", few.states, all.states);
    }
}

#[test]
fn a_search_that_was_cut_off_says_so() {
    let found = search(&Bounds { depth: 12, ..Bounds::of([1, 0], 0, &[]) });
    assert!(found.cut_off > 0 && found.failure.is_none());
}

#[test]
fn a_fault_leads_to_other_worlds() {
    let without = search(&Bounds::of([1, 0], 0, &[])).states;
    for kind in Kind::ALL {
        let found = search(&Bounds::of([1, 0], 1, &[kind]));
        complete(&found);
        assert!(found.states > without, "{kind}: {} and {without}", found.states);
    }
}

#[test]
fn what_one_search_has_found_out_changes_nothing_for_the_next() {
    let bounds = [Bounds::of([1, 1], 0, &[]), Bounds::of([1, 0], 1, &[Kind::Crash])];
    let mut searcher = Searcher::default();
    for _ in 0..2 {
        for bounds in &bounds {
            let (again, alone) = (searcher.search(bounds), search(bounds));
            assert_eq!((again.states, again.transitions), (alone.states, alone.transitions));
            assert_eq!(again.rests.len(), alone.rests.len());
        }
    }
}
