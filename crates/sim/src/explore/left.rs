//! What may still happen on the way that a search has taken, and which of it is tried.

use super::bounds::{Bounds, Kind};
use super::machines::Machines;
use super::scene::Scene;
use crate::action::{Action, ClientNo};

/// How much is left of the bounds after some actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) commits: [u8; 2],
    pub(super) faults: u8,
    pub(super) kinds: [u8; Kind::ALL.len()],
}

impl Left {
    pub(super) fn after(&self, action: &Action) -> Self {
        let mut left = *self;
        if let Action::Commit { client, .. } = action
            && let Some(commits) = left.commits.get_mut(usize::from(client.0))
        {
            *commits -= 1;
        }
        if let Some(kind) = Kind::of(action) {
            left.faults -= 1;
            if let Some(most) = left.kinds.get_mut(kind as usize) {
                *most -= 1;
            }
            // More of a kind than of all together make no difference.
            left.kinds = left.kinds.map(|most| most.min(left.faults));
        }
        left
    }

    /// What is left of each kind, where that does not follow from what is left of all together.
    pub(super) fn beside(&self, bounds: &Bounds) -> Option<[u8; Kind::ALL.len()]> {
        let follows = Kind::ALL.iter().all(|kind| [0, bounds.faults].contains(&bounds.most(*kind)));
        (!follows).then_some(self.kinds)
    }

    fn has(&self, kind: Kind) -> bool {
        self.faults > 0 && self.kinds.get(kind as usize).is_some_and(|most| *most > 0)
    }

    pub(super) fn possible(&self, scene: &Scene, on: &Machines, bounds: &Bounds) -> Vec<Action> {
        let mut actions = scene.enabled(on);
        actions.retain(|action| Kind::of(action).is_none_or(|kind| self.has(kind)));
        let stays = |client| bounds.one_tab_stays && !scene.can_change(client, on);
        if bounds.one_tab_stays {
            actions.retain(|action: &Action| {
                let Action::Close { client, tab } = action else { return true };
                !stays(*client) && scene.is_served(*client, *tab, on)
            });
        }
        if bounds.reduce
            && let Some(first) = self.first(&actions, &stays)
        {
            return vec![first];
        }
        for (client, most) in [ClientNo(0), ClientNo(1)].into_iter().zip(bounds.commits) {
            let made = most - self.left_of(client);
            if made < most
                && scene.can_commit(client, on)
                && let Some(facts) = Bounds::script(client).get(usize::from(made))
            {
                actions.push(Action::Commit { client, facts: facts.clone() });
            }
        }
        // Faults last: what can happen without them is known, then, with more of them left.
        actions.sort_by_key(|action| Kind::of(action).is_some());
        actions
    }

    fn left_of(&self, client: ClientNo) -> u8 {
        self.commits.get(usize::from(client.0)).copied().unwrap_or_default()
    }

    /// An action that may as well be done at once, because no other order of it and the rest leads anywhere
    /// else (a persistent set of one action): see docs/protocol.md.
    fn first(&self, actions: &[Action], stays: &dyn Fn(ClientNo) -> bool) -> Option<Action> {
        let ends = |client| self.has(Kind::EndWorker) || (self.has(Kind::Crash) && !stays(client));
        let breaks = [Kind::Cut, Kind::HalfOpen, Kind::Duplicate].iter().any(|kind| self.has(*kind));
        let busy = |client: ClientNo| {
            let has = |action: Action| actions.contains(&action);
            has(Action::Hand { client })
                || has(Action::Elect { client })
                || has(Action::Retry { client })
                || has(Action::PushAgain { client })
        };
        let quiet = |client: ClientNo| self.left_of(client) == 0 && !ends(client);
        let at_once = |action: &&Action| {
            if let Action::Down { client } = action {
                return quiet(*client) && !breaks && !busy(*client);
            }
            matches!(action, Action::Tell { client } if quiet(*client))
        };
        actions.iter().find(at_once).cloned()
    }
}
