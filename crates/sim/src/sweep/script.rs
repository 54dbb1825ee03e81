//! What happens in the sweep's world: a little of everything that writes, and then quiet.

use crate::action::{Action, ClientNo, SocketNo, SubjectNo, TabNo};
use crate::model::{Fact, ModelNo};
use crate::oracle::Violation;
use crate::setup::Setup;
use crate::world::World;

/// The one that comes late.
const LATE: ClientNo = ClientNo(2);
const CLIENTS: [ClientNo; 3] = [ClientNo(0), ClientNo(1), LATE];

pub(super) fn setup() -> Setup {
    let mut setup = Setup { clients: 3, tabs: 1, tail: 2, step: 4, ..Setup::default() };
    setup.faults.snapshot = true;
    setup
}

/// Some rounds of commits, each with something else that happens, each worked off; then the last rest.
pub(super) fn play(world: &mut World) -> Result<(), Violation> {
    for round in 0..5_u8 {
        for client in clients(round) {
            world.step(&Action::Open { client, tab: TabNo(0), subject: SubjectNo(client.0) })?;
            world.step(&Action::Elect { client })?;
            let joins = round == 0 || (client == LATE && round == 2);
            let fact = if joins { Fact::Join(client.0) } else { Fact::Add(round, round) };
            world.step(&Action::Commit { client, facts: vec![fact] })?;
            world.step(&Action::Commit { client, facts: vec![Fact::Stock(1)] })?;
        }
        work_off(world, round)?;
        happen(world, round)?;
        for client in clients(round) {
            world.step(&Action::Advance { client })?;
        }
    }
    work_off(world, 4)?;
    world.step(&Action::Settle {})?;
    world.step(&Action::Finish {})?;
    Ok(())
}

fn clients(round: u8) -> impl Iterator<Item = ClientNo> {
    CLIENTS.into_iter().filter(move |client| *client != LATE || round > 1)
}

fn happen(world: &mut World, round: u8) -> Result<(), Violation> {
    match round {
        0 => {
            world.step(&Action::Hibernate {})?;
            world.close_room_files()
        }
        // The late one starts from it.
        1 => world.step(&Action::Snapshot {}).map(drop),
        2 => {
            redact(world)?;
            // Looked at before other tables make all states anew.
            world.step(&Action::Settle {})?;
            world.step(&Action::Close { client: ClientNo(0), tab: TabNo(0) })?;
            world.close_client_files(ClientNo(0))
        }
        3 => {
            world.step(&Action::DeployServer { version: ModelNo::Second })?;
            for client in [ClientNo(0), LATE] {
                world.step(&Action::Deploy { client, version: ModelNo::Second })?;
                world.step(&Action::Close { client, tab: TabNo(0) })?;
            }
            world.close_room_files()
        }
        _ => world.step(&Action::Cut { client: ClientNo(1) }).map(drop),
    }
}

/// The first note gets another title, below the snapshot that the late one has started from.
fn redact(world: &mut World) -> Result<(), Violation> {
    for seq in 1..9 {
        if world.step(&Action::Redact { seq, facts: vec![Fact::Add(1, 9)] })? {
            break;
        }
    }
    Ok(())
}

fn work_off(world: &mut World, round: u8) -> Result<(), Violation> {
    for _ in 0..12 {
        for client in clients(round) {
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
