//! How much may happen in a world that is searched.

use std::fmt;

use crate::action::{Action, ClientNo};
use crate::model::Fact;
use crate::setup::{Faults, Setup};

/// A kind of fault that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A socket breaks: what was on its way is lost.
    Cut,
    /// A socket breaks, and one side does not see it.
    HalfOpen,
    /// A frame comes twice.
    Duplicate,
    /// A tab ends, its worker with it; the next one takes over.
    Crash,
    /// A worker ends; its page lives on.
    EndWorker,
    /// The server is dropped from memory; its sockets stay.
    Hibernate,
    /// The server ends; its sockets are closed.
    Restart,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Cut,
        Self::HalfOpen,
        Self::Duplicate,
        Self::Crash,
        Self::EndWorker,
        Self::Hibernate,
        Self::Restart,
    ];

    /// Of which kind an action is, if it is a fault.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is to do is none")]
    pub(crate) const fn of(action: &Action) -> Option<Self> {
        Some(match action {
            Action::Cut { .. } => Self::Cut,
            Action::HalfOpen { .. } | Action::Deafen { .. } => Self::HalfOpen,
            Action::Duplicate { .. } => Self::Duplicate,
            Action::Close { .. } => Self::Crash,
            Action::EndWorker { .. } => Self::EndWorker,
            Action::Hibernate {} => Self::Hibernate,
            Action::Restart {} => Self::Restart,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "cut",
            Self::HalfOpen => "half-open",
            Self::Duplicate => "duplicate",
            Self::Crash => "crash",
            Self::EndWorker => "end-worker",
            Self::Hibernate => "hibernate",
            Self::Restart => "restart",
        })
    }
}

/// The bounds of one search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Commits of each client.
    pub commits: [u8; 2],
    /// Faults of all kinds together, at most.
    pub faults: u8,
    /// And of each kind, at most; a kind that is missing does not happen.
    pub kinds: Vec<(Kind, u8)>,
    /// Whether a tab only ends where another one of its client takes over.
    pub one_tab_stays: bool,
    /// Actions from the beginning to any world, at most.
    pub depth: usize,
    /// Whether of orders that are known to lead to the same worlds only one is gone.
    pub reduce: bool,
}

/// No way in these worlds is longer.
const DEPTH: usize = 200;

impl Bounds {
    /// So many commits of each client, and so many faults, each of any of these kinds.
    #[must_use]
    pub fn of(commits: [u8; 2], faults: u8, kinds: &[Kind]) -> Self {
        let kinds = if faults == 0 { &[] } else { kinds };
        let kinds = kinds.iter().map(|kind| (*kind, faults)).collect();
        Self { commits, faults, kinds, one_tab_stays: false, depth: DEPTH, reduce: true }
    }

    /// How many faults of a kind there may be.
    pub(crate) fn most(&self, kind: Kind) -> u8 {
        self.kinds.iter().find(|(known, _)| *known == kind).map_or(0, |(_, most)| *most)
    }

    /// Two clients with two tabs each; time stands still.
    pub(crate) fn setup() -> Setup {
        let faults = Faults {
            cut: true,
            half_open: true,
            duplicate: true,
            hibernate: true,
            restart: true,
            close: true,
            end_worker: true,
            ..Faults::default()
        };
        Setup { tail: 1, step: u16::MAX, still: true, faults, ..Setup::default() }
    }

    /// What a client commits, one after the other: some of it is in conflict with what the other does, some
    /// builds on what it did before, some is of several events.
    pub(crate) fn script(client: ClientNo) -> [Vec<Fact>; 2] {
        if client.0 == 0 {
            [vec![Fact::Join(7)], vec![Fact::Leave(7), Fact::Join(8)]]
        } else {
            [vec![Fact::Join(7)], vec![Fact::Join(9), Fact::Join(8)]]
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.commits;
        write!(f, "{first}+{second} commits, {} faults", self.faults)?;
        for (place, (kind, most)) in self.kinds.iter().enumerate() {
            write!(f, "{}{kind} ≤ {most}", if place == 0 { " (" } else { ", " })?;
        }
        if self.one_tab_stays {
            f.write_str(", one tab stays")?;
        }
        if self.kinds.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}
