//! The crash-point sweep: one script, and a process killed at each point of each of its databases.

mod script;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

use tempfile::TempDir;

use crate::action::DiskNo;
use crate::disk::Point;
use crate::oracle::Violation;
use crate::tally::{Event, Tally};
use crate::world::World;

/// Where the databases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// In memory: a kill takes back the transaction that is open.
    Memory,
    /// In files, in WAL mode: after a kill the next process opens what lies there.
    Files,
}

/// What a sweep came to.
pub struct Swept {
    /// All points, as a run without a kill meets them.
    pub points: Vec<(DiskNo, Point)>,
    /// Points at which a process was killed.
    pub killed: usize,
    /// Actions that the run without a kill did.
    pub operations: u64,
    /// What else happened in it, counted.
    pub tally: Tally,
    /// What was wrong, and where the kill was.
    pub violations: Vec<(DiskNo, Point, Violation)>,
}

impl Swept {
    /// Whether the process was killed at each point, and kept every promise.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.violations.is_empty() && self.killed == self.points.len()
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = self.points.iter().filter(|(_, point)| point.writes > 0).count();
        let (statements, broken) = (self.points.len() - between, self.violations.len());
        write!(f, "{} operations, {statements} points around statements and transactions", self.operations)?;
        if between > 0 {
            write!(f, ", {between} between the writes of one")?;
        }
        write!(f, ", {} kills, {broken} broke a promise", self.killed)
    }
}

/// How to sweep.
#[derive(Clone, Copy)]
pub struct Sweep<'a> {
    /// Where the databases are.
    pub media: Media,
    /// On how many threads.
    pub threads: usize,
    /// One of so many points is tried.
    pub every: usize,
    /// Whether the first violation is enough.
    pub first: bool,
    /// What each thread does first.
    pub prepare: &'a (dyn Fn() + Sync),
}

impl Sweep<'_> {
    /// At all points.
    #[must_use]
    pub fn new(media: Media, threads: usize) -> Self {
        Sweep { media, threads, every: 1, first: false, prepare: &|| {} }
    }

    /// Runs the script once for each point.
    ///
    /// # Errors
    /// [`Violation`] of the run without a kill.
    pub fn run(self) -> Result<Swept, Violation> {
        (self.prepare)();
        let (points, tally) = count(self.media)?;
        let operations = tally.count(Event::Operations);
        let (next, killed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let violations = Mutex::new(Vec::new());
        let work = || {
            (self.prepare)();
            while let Some((disk, point)) = points.get(next.fetch_add(self.every.max(1), Ordering::Relaxed)) {
                match kill_at(self.media, *disk, *point) {
                    Ok(kills) => {
                        killed.fetch_add(usize::from(kills == 1), Ordering::Relaxed);
                    }
                    Err(violation) => {
                        let mut violations = violations.lock().unwrap_or_else(PoisonError::into_inner);
                        violations.push((*disk, *point, violation));
                        if self.first {
                            next.store(points.len(), Ordering::Relaxed);
                        }
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(work);
            }
        });
        let violations = violations.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Swept { points, killed: killed.into_inner(), operations, tally, violations })
    }
}

fn count(media: Media) -> Result<(Vec<(DiskNo, Point)>, Tally), Violation> {
    let mut begun = begin(media)?;
    begun.world.note_points();
    script::play(&mut begun.world)?;
    let points = begun.world.note_points().into_iter();
    let points = points.flat_map(|(disk, points)| points.into_iter().map(move |point| (disk, point)));
    Ok((points.collect(), begun.world.tally().clone()))
}

fn kill_at(media: Media, disk: DiskNo, point: Point) -> Result<u64, Violation> {
    let mut begun = begin(media)?;
    begun.world.kill_at(disk, point);
    script::play(&mut begun.world)?;
    Ok(begun.world.tally().count(Event::Kills))
}

/// A world, and the folder that goes with it.
struct Begun {
    world: World,
    _folder: Option<TempDir>,
}

fn begin(media: Media) -> Result<Begun, Violation> {
    let setup = script::setup();
    match media {
        Media::Memory => Ok(Begun { world: World::new(setup)?, _folder: None }),
        Media::Files => {
            let folder = folder().map_err(|error| Violation::new("always-boots", error.to_string()))?;
            Ok(Begun { world: World::in_files(setup, folder.path())?, _folder: Some(folder) })
        }
    }
}

/// In memory, where the system has such files: nothing here depends on what survives the machine.
fn folder() -> io::Result<TempDir> {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Files => "files",
        })
    }
}
