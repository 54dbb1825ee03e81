//! A process killed at every point of every database.

use syncline_sim::Event;
use syncline_sim::sweep::sweep;

#[test]
fn a_kill_at_any_point_breaks_no_promise() {
    let swept = sweep(2).unwrap();
    let total: u64 = swept.points.iter().map(|(_, many)| many).sum();
    println!("{} operations, {:?}: {total} points, {} killed", swept.operations, swept.points, swept.killed);
    print!("{}", swept.tally);
    for (disk, at, violation) in swept.violations.iter().take(5) {
        println!("{disk} {at}: {violation}");
    }
    assert!(swept.violations.is_empty(), "{} violations", swept.violations.len());
    for event in [Event::Rejected, Event::Hibernations, Event::Snapshots, Event::Closes, Event::Cuts] {
        assert!(swept.tally.count(event) > 0, "{event:?} never happened");
    }
    assert!(total > 200);
    assert_eq!(swept.killed as u64, total);
}
