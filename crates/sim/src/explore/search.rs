//! Depth first, each world once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::bounds::{Bounds, Kind};
use super::fingerprint::{Prints, fingerprint};
use super::left::Left;
use super::machines::Machines;
use super::rest::Rests;
use super::scene::Scene;
use crate::action::{Action, ClientNo, SubjectNo, TabNo};
use crate::oracle::Violation;
use crate::run::{Failure, last_panic};

/// What a search has come to.
#[derive(Debug, Default)]
pub struct Found {
    /// Different worlds.
    pub states: u64,
    /// Steps from one to another, or to one that was seen before.
    pub transitions: u64,
    /// The longest way to a world.
    pub depth: usize,
    /// Different worlds that these came to rest in, once all faults had ended, by their fingerprints.
    pub rests: Prints,
    /// Worlds in which nothing could happen any more but faults, by their fingerprints.
    pub ends: Prints,
    /// The most that was in one queue: one way of a socket, or one way between a page and its worker.
    pub in_flight: usize,
    /// Worlds in which a leader could offer again what was held back, or the server go on with its state.
    pub rare: u64,
    /// Worlds whose ways on were cut off by the bound on depth.
    pub cut_off: u64,
    /// The way to a world that breaks a promise.
    pub failure: Option<Failure>,
}

/// A world on the way to where the search is.
struct Frame {
    scene: Scene,
    actions: Vec<Action>,
    next: usize,
    left: Left,
}

/// Searches, one after the other, over the same machines: what one has found out of a step, the next knows.
pub struct Searcher {
    machines: Machines,
}

struct Search<'a> {
    bounds: &'a Bounds,
    machines: &'a mut Machines,
    /// For each number of faults that were left: whoever has seen a world with more has seen what follows with
    /// fewer.
    seen: Vec<Prints>,
    rests: Rests,
    found: Found,
    path: Vec<Action>,
    frames: Vec<Frame>,
}

impl Default for Searcher {
    fn default() -> Self {
        Self { machines: Machines::new() }
    }
}

impl Searcher {
    /// Searches every world within the bounds.
    pub fn search(&mut self, bounds: &Bounds) -> Found {
        let mut search = Search {
            bounds,
            machines: &mut self.machines,
            seen: vec![Prints::default(); usize::from(bounds.faults) + 1],
            rests: Rests::default(),
            found: Found::default(),
            path: Vec::new(),
            frames: Vec::new(),
        };
        let ran = catch_unwind(AssertUnwindSafe(|| search.run())).unwrap_or_else(|_| Err(last_panic()));
        if let Err(violation) = ran {
            let (setup, actions) = (Bounds::setup(), search.path.clone());
            search.found.failure = Some(Failure { setup, actions, violation });
        }
        search.found.rests = search.rests.ended;
        search.found
    }

    /// How many different steps of machines there were: each was run once.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.machines.steps()
    }
}

/// Searches every world within the bounds, with nothing known before.
pub fn search(bounds: &Bounds) -> Found {
    Searcher::default().search(bounds)
}

/// Both tabs of both clients are open, and one of each is served; nobody is connected.
pub(super) fn beginning() -> Vec<Action> {
    let mut actions = Vec::new();
    for client in [ClientNo(0), ClientNo(1)] {
        let tabs = [TabNo(0), TabNo(1)];
        actions.extend(tabs.map(|tab| Action::Open { client, tab, subject: SubjectNo(client.0) }));
        actions.push(Action::Elect { client });
    }
    actions
}

impl Search<'_> {
    fn run(&mut self) -> Result<(), Violation> {
        let mut scene = Scene::beginning(self.machines)?;
        for action in beginning() {
            self.path.push(action.clone());
            scene.step(self.machines, &action)?;
        }
        let Bounds { commits, faults, .. } = *self.bounds;
        let left = Left { commits, faults, kinds: Kind::ALL.map(|kind| self.bounds.most(kind).min(faults)) };
        self.arrive(scene, left)?;
        while let Some(frame) = self.frames.last_mut() {
            let Some(action) = frame.actions.get(frame.next).cloned() else {
                self.frames.pop();
                self.path.pop();
                continue;
            };
            frame.next += 1;
            let (mut scene, left) = (frame.scene.clone(), frame.left.after(&action));
            self.path.push(action.clone());
            scene.step(self.machines, &action)?;
            self.found.transitions += 1;
            if !self.arrive(scene, left)? {
                self.path.pop();
            }
        }
        Ok(())
    }

    /// Looks at a world, unless it was seen before, and notes what can happen in it. Returns whether it is
    /// new.
    fn arrive(&mut self, scene: Scene, left: Left) -> Result<bool, Violation> {
        let seen = fingerprint(&(&scene, left.commits, left.beside(self.bounds)));
        let with_as_many = self.seen.get_mut(usize::from(left.faults)..).unwrap_or_default();
        if with_as_many.iter().any(|prints| prints.contains(&seen)) {
            return Ok(false);
        }
        if let Some(prints) = with_as_many.first_mut() {
            prints.insert(seen);
        }
        self.found.states += 1;
        self.found.depth = self.found.depth.max(self.path.len());
        self.found.in_flight = self.found.in_flight.max(scene.in_flight());
        scene.check(self.machines)?;
        let mut actions = left.possible(&scene, self.machines, self.bounds);
        let is_rare = |action: &Action| matches!(action, Action::PushAgain { .. } | Action::Rebuild {});
        self.found.rare += u64::from(actions.iter().any(is_rare));
        if actions.iter().all(|action| Kind::of(action).is_some()) {
            self.found.ends.insert(fingerprint(&scene));
        }
        if self.path.len() >= self.bounds.depth {
            self.found.cut_off += 1;
            actions.clear();
        }
        // liveness, and equality at rest: from here, whatever has happened.
        self.path.push(Action::Settle {});
        self.rests.settle(self.machines, &scene)?;
        self.path.pop();
        self.frames.push(Frame { scene, actions, next: 0, left });
        Ok(true)
    }
}
