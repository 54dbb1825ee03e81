//! What could happen next: for a search that tries everything.

use super::World;
use crate::action::{Action, ClientNo, SocketNo, SubjectNo, TabNo, Way};
use crate::client::Client;

impl World {
    /// Every action that is possible now and that the setup allows, but for commits, whose contents are
    /// the searcher's to choose, for faults that have a number to choose, and for tabs that are served beside the
    /// one that leads.
    #[must_use]
    pub fn enabled(&self) -> Vec<Action> {
        let faults = self.setup.faults;
        let mut actions = Vec::new();
        for client in &self.clients {
            self.enabled_at(client, &mut actions);
        }
        if self.server.is_awake() && faults.hibernate {
            actions.push(Action::Hibernate {});
        }
        if self.server.is_awake() && !self.server.is_ready() {
            actions.push(Action::Rebuild {});
        }
        if faults.restart {
            actions.push(Action::Restart {});
        }
        actions
    }

    fn enabled_at(&self, client: &Client, actions: &mut Vec<Action>) {
        let (no, faults) = (client.no, self.setup.faults);
        for tab in (0..self.setup.tabs).map(TabNo) {
            if !client.has_tab(tab) {
                actions.push(Action::Open { client: no, tab, subject: SubjectNo(no.0) });
            } else if faults.close {
                actions.push(Action::Close { client: no, tab });
            }
        }
        let can_elect = client.worker.is_none() && (client.page.is_some() || !client.waiting.is_empty());
        if can_elect {
            actions.push(Action::Elect { client: no });
        }
        if let Some(page) = &client.page {
            if client.worker.is_some() && !page.to_leader.is_empty() {
                actions.push(Action::Hand { client: no });
            }
            if page.live.is_some() && !page.broken && !page.from_leader.is_empty() {
                actions.push(Action::Tell { client: no });
            }
        }
        if let Some(worker) = &client.worker {
            if faults.end_worker {
                actions.push(Action::EndWorker { client: no });
            }
            if client.has_offers() {
                actions.push(Action::Retry { client: no });
            }
            if client.held().is_some() {
                actions.push(Action::PushAgain { client: no });
            }
            if !client.is_connected() && worker.halted.is_none() {
                actions.push(Action::Connect { client: no });
            }
        }
        self.enabled_on_sockets(no, client, actions);
    }

    fn enabled_on_sockets(&self, no: ClientNo, client: &Client, actions: &mut Vec<Action>) {
        let faults = self.setup.faults;
        for (age, socket) in (0..).zip(&client.sockets) {
            let which = SocketNo { client: no, age };
            if socket.server.is_some() && (!socket.up.is_empty() || !socket.client) {
                actions.push(Action::Up { socket: which });
            }
            if age == 0 && socket.client {
                if !socket.down.is_empty() || socket.server.is_none() {
                    actions.push(Action::Down { client: no });
                }
                if faults.cut {
                    actions.push(Action::Cut { client: no });
                }
                if faults.half_open {
                    actions.push(Action::HalfOpen { client: no });
                }
                if faults.half_open && socket.server.is_some() {
                    actions.push(Action::Deafen { client: no });
                }
            }
            for (way, frames) in [(Way::Up, &socket.up), (Way::Down, &socket.down)] {
                if faults.duplicate && !frames.is_empty() {
                    actions.push(Action::Duplicate { socket: which, way });
                }
                if faults.reorder && frames.len() > 1 {
                    actions.push(Action::Swap { socket: which, way });
                }
            }
        }
    }
}
