//! Depth first, each world once.

use std::collections::{BTreeSet, HashSet};

use super::bounds::{Bounds, Kind};
use crate::action::{Action, ClientNo, SubjectNo, TabNo};
use crate::oracle::Violation;
use crate::run::Failure;
use crate::tally::Tally;
use crate::world::{Images, World};

/// What a search has come to.
#[derive(Debug, Default)]
pub struct Found {
    /// Different worlds.
    pub states: u64,
    /// Steps from one to another, or to one that was seen before.
    pub transitions: u64,
    /// The longest way to a world.
    pub depth: usize,
    /// Worlds in which nothing could happen any more, by their fingerprints.
    pub ends: BTreeSet<[u8; 16]>,
    /// Worlds whose ways on were cut off by the bound on depth.
    pub cut_off: u64,
    /// Everything that happened, those steps included that only led back to a world.
    pub tally: Tally,
    /// The way to a world that breaks a promise.
    pub failure: Option<Failure>,
}

/// How much is left of the bounds after some actions.
#[derive(Clone, Debug)]
struct Left {
    commits: [u8; 2],
    faults: u8,
    kinds: Vec<(Kind, u8)>,
}

/// A world on the way to where the search is.
struct Frame {
    actions: Vec<Action>,
    next: usize,
    left: Left,
}

struct Search<'a> {
    bounds: &'a Bounds,
    seen: HashSet<[u8; 16]>,
    found: Found,
    /// What every world begins with; none while it is made.
    images: Option<Images>,
    path: Vec<Action>,
    frames: Vec<Frame>,
}

/// Searches every world within the bounds.
pub fn search(bounds: &Bounds) -> Found {
    let mut search = Search {
        bounds,
        seen: HashSet::new(),
        found: Found::default(),
        images: None,
        path: beginning(),
        frames: Vec::new(),
    };
    if let Err(violation) = search.run() {
        let (setup, actions) = (Bounds::setup(), search.path.clone());
        search.found.failure = Some(Failure { setup, actions, violation });
    }
    search.found
}

/// Both tabs of both clients are open, and one of each is served; nobody is connected.
fn beginning() -> Vec<Action> {
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
        let Bounds { commits, faults, kinds, .. } = self.bounds;
        let left = Left { commits: *commits, faults: *faults, kinds: kinds.clone() };
        self.images = Some(self.again()?.images()?);
        let mut world = Some(self.again()?);
        self.arrive(&mut world, left)?;
        while let Some(frame) = self.frames.last_mut() {
            let Some(action) = frame.actions.get(frame.next).cloned() else {
                self.frames.pop();
                self.path.pop();
                world = None;
                continue;
            };
            frame.next += 1;
            let left = frame.left.after(&action);
            let mut here = match world.take() {
                Some(world) => world,
                None => self.again()?,
            };
            self.path.push(action.clone());
            here.step(&action)?;
            self.found.transitions += 1;
            world = Some(here);
            if !self.arrive(&mut world, left)? {
                self.path.pop();
                world = None;
            }
        }
        Ok(())
    }

    /// The world at the end of the path, anew.
    fn again(&mut self) -> Result<World, Violation> {
        let mut world = match &self.images {
            Some(images) => World::over(Bounds::setup(), images)?,
            None => World::new(Bounds::setup())?,
        };
        for action in &self.path {
            world.step(action)?;
        }
        Ok(world)
    }

    /// Looks at a world, unless it was seen before, and notes what can happen in it. Returns whether it is
    /// new. It is brought to rest for that, so nothing may be left of it.
    fn arrive(&mut self, world: &mut Option<World>, left: Left) -> Result<bool, Violation> {
        let Some(here) = world else { return Ok(false) };
        let fingerprint = here
            .fingerprint(&format!("{left:?}"))
            .map_err(|error| Violation::new("always-boots", error.to_string()))?;
        if !self.seen.insert(fingerprint) {
            self.count(here);
            return Ok(false);
        }
        self.found.states += 1;
        self.found.depth = self.found.depth.max(self.path.len());
        here.check()?;
        let mut actions = left.possible(here, self.bounds.reduce);
        if actions.is_empty() {
            self.found.ends.insert(fingerprint);
        } else if self.path.len() >= self.bounds.depth {
            self.found.cut_off += 1;
            actions.clear();
        }
        // liveness, and equality at rest: from here, whatever has happened.
        self.path.push(Action::Settle {});
        here.step(&Action::Settle {})?;
        self.path.pop();
        self.count(here);
        *world = None;
        self.frames.push(Frame { actions, next: 0, left });
        Ok(true)
    }

    fn count(&mut self, world: &World) {
        self.found.tally.merge(world.tally());
    }
}

impl Left {
    fn after(&self, action: &Action) -> Self {
        let mut left = self.clone();
        if let Action::Commit { client, .. } = action
            && let Some(commits) = left.commits.get_mut(usize::from(client.0))
        {
            *commits -= 1;
        }
        if let Some(kind) = Kind::of(action) {
            left.faults -= 1;
            if let Some((_, most)) = left.kinds.iter_mut().find(|(known, _)| *known == kind) {
                *most -= 1;
            }
        }
        left
    }

    fn allows(&self, action: &Action) -> bool {
        match Kind::of(action) {
            // Both tabs are open from the beginning; one that has ended stays so.
            None => !matches!(action, Action::Open { .. } | Action::Swap { .. }),
            Some(kind) => {
                self.faults > 0 && self.kinds.iter().any(|(known, most)| *known == kind && *most > 0)
            }
        }
    }

    fn possible(&self, world: &World, reduce: bool) -> Vec<Action> {
        let mut actions = world.enabled();
        actions.retain(|action| self.allows(action));
        if reduce && let Some(first) = self.first(&actions) {
            return vec![first];
        }
        for client in [ClientNo(0), ClientNo(1)] {
            let left = self.commits.get(usize::from(client.0)).copied().unwrap_or_default();
            let script = Bounds::script(client);
            if left > 0
                && world.can_commit(client)
                && let Some(facts) = script.get(script.len() - usize::from(left))
            {
                actions.push(Action::Commit { client, facts: facts.clone() });
            }
        }
        actions
    }

    /// An action that may as well be done at once, because no other order of it and the rest leads anywhere
    /// else (a persistent set of one action).
    ///
    /// No fault is left, and its client has no commit left. Then `tell` takes the first message from a queue
    /// to which others only append, and touches nothing but the page; and `down` takes the first frame of
    /// such a queue, and touches the leader, which nothing else touches, as there is nothing to be handed to
    /// it. What `down` sends goes to the ends of queues; where it gives its socket up, what the server sends
    /// on it is lost before and after.
    fn first(&self, actions: &[Action]) -> Option<Action> {
        if self.faults > 0 {
            return None;
        }
        let busy = |client: ClientNo| {
            actions.iter().any(|action| {
                matches!(action, Action::Hand { client: at } | Action::Elect { client: at } | Action::Retry { client: at } | Action::PushAgain { client: at } if *at == client)
            })
        };
        let done = |client: ClientNo| self.commits.get(usize::from(client.0)) == Some(&0);
        let at_once = |action: &&Action| {
            let tell = matches!(action, Action::Tell { client } if done(*client));
            let down = matches!(action, Action::Down { client } if done(*client) && !busy(*client));
            tell || down
        };
        actions.iter().find(at_once).cloned()
    }
}
