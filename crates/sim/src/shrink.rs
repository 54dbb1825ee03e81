//! Makes a failing run shorter: delta debugging over its actions.

use crate::action::Action;
use crate::run::{Failure, replay};

/// Replays that shrinking may take.
const REPLAYS: usize = 1_500;

/// The shortest run that is found to break the same promise.
#[must_use]
pub fn shrink(failure: Failure) -> Failure {
    let mut shrinking = Shrinking { best: failure, left: REPLAYS };
    let mut size = shrinking.best.actions.len().div_ceil(2).max(1);
    loop {
        let before = shrinking.best.actions.len();
        shrinking.leave_out_chunks(size);
        let shorter = shrinking.best.actions.len() < before;
        if shrinking.left == 0 || (size == 1 && !shorter) {
            break;
        }
        if !shorter || size > shrinking.best.actions.len() {
            size = (size / 2).max(1);
        }
    }
    shrinking.shorten_commits();
    shrinking.best
}

struct Shrinking {
    best: Failure,
    left: usize,
}

impl Shrinking {
    fn leave_out_chunks(&mut self, size: usize) {
        let mut end = self.best.actions.len();
        while end > 0 && self.left > 0 {
            let start = end.saturating_sub(size);
            let (before, rest) = self.best.actions.split_at(start);
            let after = rest.get(end - start..).unwrap_or_default();
            let shorter = [before, after].concat();
            self.take_if_it_fails(shorter);
            end = start.min(self.best.actions.len());
        }
    }

    /// A commit with fewer events says as much, mostly.
    fn shorten_commits(&mut self) {
        let mut place = 0;
        while let Some(action) = self.best.actions.get(place) {
            if let Action::Commit { client, facts } = action.clone()
                && facts.len() > 1
                && self.left > 0
            {
                let shorter = (0..facts.len()).any(|left_out| {
                    let facts = facts.iter().enumerate().filter(|(at, _)| *at != left_out);
                    let facts = facts.map(|(_, fact)| fact.clone()).collect();
                    let mut actions = self.best.actions.clone();
                    if let Some(action) = actions.get_mut(place) {
                        *action = Action::Commit { client, facts };
                    }
                    self.take_if_it_fails(actions)
                });
                if shorter {
                    continue;
                }
            }
            place += 1;
        }
    }

    fn take_if_it_fails(&mut self, actions: Vec<Action>) -> bool {
        self.left = self.left.saturating_sub(1);
        let failure = replay(self.best.setup.clone(), &actions).failure;
        match failure.filter(|failure| failure.violation.promise == self.best.violation.promise) {
            Some(failure) => {
                self.best = failure;
                true
            }
            None => false,
        }
    }
}
