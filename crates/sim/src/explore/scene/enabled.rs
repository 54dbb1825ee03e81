//! What can happen in a scene.

use super::{Place, Scene};
use crate::action::{Action, ClientNo, SocketNo, TabNo, Way};
use crate::explore::machines::Machines;

impl Scene {
    /// What can happen, as [`crate::world::World::enabled`] has it, but for what nobody asks for here.
    pub(in crate::explore) fn enabled(&self, on: &Machines) -> Vec<Action> {
        let mut actions = Vec::with_capacity(24);
        for place in &self.clients {
            enabled_at(place, on, &mut actions);
        }
        if on.servings.get(self.serving).room.is_some() {
            actions.push(Action::Hibernate {});
        }
        if self.rebuilds(on) {
            actions.push(Action::Rebuild {});
        }
        actions.push(Action::Restart {});
        actions
    }
}

fn enabled_at(place: &Place, on: &Machines, actions: &mut Vec<Action>) {
    let (durable, fast) = (on.durables.get(place.durable), on.fasts.get(place.fast));
    let client = ClientNo(place.no);
    for tab in [TabNo(0), TabNo(1)] {
        if fast.has_tab(tab) {
            actions.push(Action::Close { client, tab });
        }
    }
    if durable.worker.is_none() && (fast.page.is_some() || !fast.waiting.is_empty()) {
        actions.push(Action::Elect { client });
    }
    if durable.worker.is_some() && !place.to_leader.is_empty() {
        actions.push(Action::Hand { client });
    }
    if fast.is_live() && !place.from_leader.is_empty() {
        actions.push(Action::Tell { client });
    }
    if let Some(worker) = &durable.worker {
        actions.push(Action::EndWorker { client });
        if durable.offers {
            actions.push(Action::Retry { client });
        }
        if durable.held {
            actions.push(Action::PushAgain { client });
        }
        if !place.is_connected() && worker.halted.is_none() {
            actions.push(Action::Connect { client });
        }
    }
    for (age, wire) in (0..).zip(&place.sockets) {
        let socket = SocketNo { client, age };
        if wire.server.is_some() && (!wire.up.is_empty() || !wire.client) {
            actions.push(Action::Up { socket });
        }
        if age == 0 && wire.client {
            if !wire.down.is_empty() || wire.server.is_none() {
                actions.push(Action::Down { client });
            }
            actions.extend([Action::Cut { client }, Action::HalfOpen { client }]);
            if wire.server.is_some() {
                actions.push(Action::Deafen { client });
            }
        }
        for (way, frames) in [(Way::Up, &wire.up), (Way::Down, &wire.down)] {
            if !frames.is_empty() {
                actions.push(Action::Duplicate { socket, way });
            }
        }
    }
}
