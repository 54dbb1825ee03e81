//! A process killed at every point of every database.

use syncline_sim::Event;
use syncline_sim::sweep::{Media, Sweep, Swept};

fn swept(media: Media, every: usize) -> Swept {
    let swept = Sweep { every, ..Sweep::new(media, 2) }.run().unwrap();
    println!("{swept}");
    print!("{}", swept.tally);
    for (disk, point, violation) in swept.violations.iter().take(5) {
        println!("{disk} at {point}: {violation}");
    }
    assert!(swept.violations.is_empty(), "{} violations", swept.violations.len());
    assert_eq!(swept.killed, swept.points.len().div_ceil(every));
    swept
}

/// All of them are for a release build: `cargo xtask sim --crash-points`.
#[test]
fn a_kill_at_some_points_of_memory_breaks_no_promise() {
    let swept = swept(Media::Memory, 5);
    assert!(swept.points.len() > 1_000 && !swept.passed(), "one of five is not all");
    for event in [
        Event::Rejected,
        Event::Hibernations,
        Event::Snapshots,
        Event::SnapshotsTaken,
        Event::Redactions,
        Event::Deployments,
        Event::Closes,
        Event::Cuts,
    ] {
        assert!(swept.tally.count(event) > 0, "{event:?} never happened");
    }
}

#[test]
fn a_kill_at_some_points_of_files_breaks_no_promise() {
    let swept = swept(Media::Files, 23);
    let between = swept.points.iter().filter(|(_, point)| point.writes > 0).count();
    assert!(between > 500, "{between} points between writes");
}
