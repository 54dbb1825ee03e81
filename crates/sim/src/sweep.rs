//! The crash-point sweep: one script, and a process killed at each point of each of its databases.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::action::{Action, ClientNo, DiskNo, SocketNo, SubjectNo, TabNo};
use crate::model::Fact;
use crate::oracle::Violation;
use crate::setup::Setup;
use crate::tally::{Event, Tally};
use crate::world::World;

/// What a sweep came to.
pub struct Swept {
    /// The points of each database, as a run without a kill counts them before its last rest.
    pub points: Vec<(DiskNo, u64)>,
    /// Points at which a process was killed.
    pub killed: usize,
    /// Actions that the run without a kill did.
    pub operations: u64,
    /// What else happened in it, counted.
    pub tally: Tally,
    /// What was wrong, and where the kill was.
    pub violations: Vec<(DiskNo, u64, Violation)>,
}

/// Runs the script once for each point, on some threads.
///
/// # Errors
/// [`Violation`] of the run without a kill.
pub fn sweep(threads: usize) -> Result<Swept, Violation> {
    let (points, tally) = count()?;
    let operations = tally.count(Event::Operations);
    let all: Vec<(DiskNo, u64)> =
        points.iter().flat_map(|(disk, many)| (0..*many).map(|at| (*disk, at))).collect();
    let (next, killed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let violations = Mutex::new(Vec::new());
    let work = || {
        while let Some((disk, at)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            match kill_at(*disk, *at) {
                Ok(kills) => {
                    killed.fetch_add(usize::from(kills == 1), Ordering::Relaxed);
                }
                Err(violation) => {
                    let mut violations = violations.lock().unwrap_or_else(PoisonError::into_inner);
                    violations.push((*disk, *at, violation));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    let violations = violations.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Swept { points, killed: killed.into_inner(), operations, tally, violations })
}

fn count() -> Result<(Vec<(DiskNo, u64)>, Tally), Violation> {
    let mut world = begin()?;
    play(&mut world)?;
    let points = world.points();
    let tally = world.tally().clone();
    world.step(&Action::Settle {})?;
    Ok((points, tally))
}

fn kill_at(disk: DiskNo, at: u64) -> Result<u64, Violation> {
    let mut world = begin()?;
    world.kill_at(disk, at);
    play(&mut world)?;
    let kills = world.tally().count(Event::Kills);
    world.step(&Action::Settle {})?;
    world.step(&Action::Finish {})?;
    Ok(kills)
}

fn begin() -> Result<World, Violation> {
    let mut setup = Setup { clients: 2, tabs: 1, tail: 2, step: 4, ..Setup::default() };
    setup.faults.snapshot = true;
    World::new(setup)
}

/// Some rounds of commits, each with something else that happens, each worked off.
fn play(world: &mut World) -> Result<(), Violation> {
    let clients = [ClientNo(0), ClientNo(1)];
    for round in 0..5_u8 {
        for client in clients {
            world.step(&Action::Open { client, tab: TabNo(0), subject: SubjectNo(client.0) })?;
            world.step(&Action::Elect { client })?;
            let facts = if round == 0 { vec![Fact::Join(client.0)] } else { vec![Fact::Add(round, round)] };
            world.step(&Action::Commit { client, facts })?;
            world.step(&Action::Commit { client, facts: vec![Fact::Stock(1)] })?;
        }
        work_off(world)?;
        match round {
            0 => world.step(&Action::Hibernate {})?,
            1 => world.step(&Action::Snapshot {})?,
            2 => world.step(&Action::Close { client: ClientNo(0), tab: TabNo(0) })?,
            _ => world.step(&Action::Cut { client: ClientNo(1) })?,
        };
        for client in clients {
            world.step(&Action::Advance { client })?;
        }
    }
    work_off(world)
}

fn work_off(world: &mut World) -> Result<(), Violation> {
    for _ in 0..12 {
        for client in [ClientNo(0), ClientNo(1)] {
            let socket = SocketNo { client, age: 0 };
            for action in [
                Action::Connect { client },
                Action::Hand { client },
                Action::Up { socket },
                Action::Down { client },
                Action::Tell { client },
            ] {
                world.step(&action)?;
            }
        }
    }
    Ok(())
}
