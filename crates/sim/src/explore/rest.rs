//! Coming to rest: from any world, all faults end, and everything that waits is done.

use super::fingerprint::Prints;
use super::machines::Machines;
use super::scene::Scene;
use crate::action::{Action, ClientNo};
use crate::oracle::Violation;
use crate::world::{CONNECTIONS, work_of};

/// A world that needs more rounds than this to come to rest never does.
const ROUNDS: usize = 1_000;

/// Worlds that came to rest as they should.
#[derive(Default)]
pub(super) struct Rests {
    /// As they were when the last fault had ended.
    begun: Prints,
    /// And as they were at rest.
    pub(super) ended: Prints,
}

impl Rests {
    /// Brings a world to rest, and checks the promises that speak of the end. All sockets are gone then, so
    /// worlds that differ in nothing else come to the same rest.
    pub(super) fn settle(&mut self, on: &mut Machines, scene: &Scene) -> Result<(), Violation> {
        if !self.begun.insert(scene.without_sockets()) {
            return Ok(());
        }
        let mut scene = scene.clone();
        scene.heal(on)?;
        let mut connections = [0_u8; 2];
        for _ in 0..ROUNDS {
            let mut quiet = true;
            for (no, connected) in [ClientNo(0), ClientNo(1)].into_iter().zip(&mut connections) {
                quiet &= !work_off(&mut scene, on, no)?;
                if *connected < CONNECTIONS && scene.step(on, &Action::Connect { client: no })? {
                    *connected += 1;
                    quiet = false;
                }
            }
            if quiet {
                return self.look(on, &scene);
            }
        }
        Err(Violation::new("liveness", "the world does not come to rest"))
    }

    fn look(&mut self, on: &mut Machines, scene: &Scene) -> Result<(), Violation> {
        if self.ended.insert(scene.without_sockets()) {
            scene.check(on)?;
            on.check_at_rest(scene)?;
        }
        Ok(())
    }
}

/// Does what a client and its socket can do now. Returns whether there was anything.
fn work_off(scene: &mut Scene, on: &mut Machines, client: ClientNo) -> Result<bool, Violation> {
    let mut any = false;
    for action in work_of(client) {
        while scene.step(on, &action)? {
            any = true;
            if matches!(action, Action::Retry { .. } | Action::Elect { .. }) {
                break;
            }
        }
    }
    Ok(any)
}
