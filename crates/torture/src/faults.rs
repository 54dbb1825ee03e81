//! Which faults a round has, and when: chosen by its seed alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Dice;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The server's processes are killed, and started again after a while.
    KillServer { down: Duration },
    /// A client's process is killed, and started again after a while.
    KillClient { client: usize, down: Duration, files: Files },
    /// A socket is cut.
    Cut { client: usize },
    /// All sockets are cut at once.
    CutAll,
    /// A socket is cut after some more bytes, in the middle of a frame.
    Tear { client: usize, after: u64 },
    /// A client cannot connect.
    Refuse { client: usize, during: Duration },
    /// Bytes wait, and go on in order.
    Stall { client: usize, during: Duration },
    /// A socket is half open from here on.
    Swallow { client: usize },
    /// Every chunk waits.
    Delay { client: usize, each: Duration, during: Duration },
}

/// What becomes of the files of a client that was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Files {
    /// It goes on with them.
    Stay,
    /// It goes on with them, and an image of them is kept.
    Saved,
    /// It goes on with the last image: as a machine that was restored from a backup.
    Restored,
}

/// A fault and when it strikes, from the beginning of the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blow {
    pub at: Duration,
    pub fault: Fault,
}

/// The faults of a round, in their order. The server is killed at least once.
#[must_use]
pub fn schedule(dice: &mut Dice, length: Duration, clients: usize) -> Vec<Blow> {
    let end = millis(length);
    let mut blows = Vec::new();
    let mut at = dice.between(1_500, 4_000);
    while at < end {
        let down = Duration::from_millis(dice.between(0, 1_500));
        blows.push(Blow { at: Duration::from_millis(at), fault: Fault::KillServer { down } });
        // A restart takes a second or two: some kills hit a server that is only just coming.
        at += if dice.one_in(4) { dice.between(700, 2_500) } else { dice.between(4_000, 11_000) };
    }
    at = dice.between(100, 800);
    while at < end {
        blows.push(Blow { at: Duration::from_millis(at), fault: lesser(dice, clients) });
        at += dice.between(50, 900);
    }
    blows.sort_by_key(|blow| blow.at);
    blows
}

fn lesser(dice: &mut Dice, clients: usize) -> Fault {
    let client = usize::try_from(dice.below(clients as u64)).unwrap_or_default();
    let mut time = |least, most| Duration::from_millis(dice.between(least, most));
    let (short, long) = (time(20, 250), time(300, 4_000));
    match dice.below(20) {
        0..5 => {
            let down = Duration::from_millis(dice.between(0, 2_000));
            let files = match dice.below(10) {
                0..2 => Files::Saved,
                2 => Files::Restored,
                _ => Files::Stay,
            };
            Fault::KillClient { client, down, files }
        }
        5..9 => Fault::Cut { client },
        9..12 => Fault::Tear { client, after: dice.between(0, 20_000) },
        12 => Fault::CutAll,
        13 => Fault::Refuse { client, during: long },
        14..16 => Fault::Stall { client, during: long },
        16 => Fault::Swallow { client },
        _ => Fault::Delay { client, each: short, during: long },
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: Duration = Duration::from_secs(20);

    #[test]
    fn the_seed_alone_chooses() {
        let of = |seed| schedule(&mut Dice::new(seed, 0), ROUND, 8);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn every_round_kills_the_server_and_every_kind_of_fault_comes() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let blows = schedule(&mut Dice::new(seed, 0), ROUND, 8);
            assert!(blows.iter().any(|blow| matches!(blow.fault, Fault::KillServer { .. })));
            assert!(blows.is_sorted_by_key(|blow| blow.at));
            assert!(blows.iter().all(|blow| blow.at < ROUND));
            kinds.extend(blows.iter().map(|blow| {
                let text = format!("{:?}", blow.fault);
                text.split(' ').next().unwrap_or_default().to_owned()
            }));
        }
        assert_eq!(kinds.len(), 9, "{kinds:?}");
    }
}
