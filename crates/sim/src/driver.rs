//! Chance at work: which setup a seed has, and what happens next in its world.
//!
//! Each seed has its own mixture (swarm testing: a run that has everything all the time never gets deep
//! into anything): some kinds of faults, some rates, few or many commits.

use crate::action::{Action, ClientNo, DiskNo, SocketNo, SubjectNo, TabNo, Way};
use crate::disk::Trouble;
use crate::model::{Fact, ModelNo};
use crate::random::Random;
use crate::reference::Reference;
use crate::setup::{Faults, Setup};

/// Chooses what happens.
pub struct Driver {
    random: Random,
    clients: u8,
    tabs: u8,
    faults: Faults,
    kinds: Vec<(Kind, u32)>,
    total: u32,
    commits: Commits,
}

/// What kinds of commits users make.
struct Commits {
    notes: u8,
    titles: u8,
    most: u8,
}

macro_rules! kinds {
    ($($name:ident),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Kind { $($name),* }
    };
}
kinds! {
    Work, Commit, Connect, Elect, Open, Advance, Dismiss, Retry, Tick, Settle, Cut, HalfOpen, Deafen, Forget,
    Duplicate, Swap, Snapshot, Hibernate, Restart, Close, EndWorker, Kill, Fill, Full, Free, Error, Sync, PowerLoss, Backup,
    Restore, Replace, Clone, Deploy, DeployServer, PushAgain, Rebuild, Damage, Rest, Redact, Serve, Turn,
}

/// The setup of a seed, of the faults that are allowed.
#[must_use]
pub fn setup(seed: u64, allowed: Faults) -> Setup {
    let mut random = Random::new(seed ^ 0x5e7);
    let calm = random.one_in(12);
    let clients = if random.one_in(8) { 1 } else { 2 + random.small(3) };
    let tabs = 1 + random.small(3);
    let mut version = || *random.pick(&ModelNo::ALL).unwrap_or(&ModelNo::First);
    let (server, first, second) = (version(), version(), version());
    let (tail, step) = (random.between(0, 12), random.between(1, 40));
    let skew = if random.one_in(3) { random.between(1, 300) } else { 0 };
    let apart = random.one_in(2);
    // Last, so that a seed without a kind of fault that is new is what it was before there was that kind.
    let mut faults = Faults::default();
    for name in Faults::NAMES {
        let on = random.one_in(2) && !calm;
        let mut allowed = allowed;
        let allowed = allowed.by_name(name).is_some_and(|allowed| *allowed);
        if let Some(fault) = faults.by_name(name) {
            *fault = on && allowed;
        }
    }
    // A log that was restored has again what was redacted in it, and nobody who would tell; and of two
    // redactions that come in the wrong order, a client believes that it has both.
    if faults.redact {
        (faults.restore, faults.replace, faults.reorder) = (false, false, false);
    }
    // A copy of a client, and an older state of it, know what they have in their outboxes by the id that they share.
    // In a browser each subject has a database of its own, so that what a profile has journaled for one is taken
    // before anything is sent for another: where one database serves all, they say less. And where a server comes
    // between them that knows nothing of the id, or a copy is itself set back, they may part before either has
    // offered what they share.
    if faults.clone_client || faults.power_loss {
        if apart {
            (faults.sign_in, faults.restore, faults.replace) = (false, false, false);
        } else if faults.sign_in || faults.restore || faults.replace {
            (faults.clone_client, faults.power_loss) = (false, false);
        }
        faults.power_loss &= !faults.clone_client;
        // A copy hears its own verdicts before it is refused, as they come on one socket.
        faults.reorder &= !(faults.clone_client || faults.power_loss);
    }
    let versions = if faults.deploy { vec![first, second] } else { vec![server] };
    Setup { clients, tabs, server, versions, tail, step, skew, still: false, faults }
}

impl Driver {
    /// For a seed and its setup.
    #[must_use]
    pub fn new(seed: u64, setup: &Setup) -> Self {
        let mut random = Random::new(seed);
        let faults = setup.faults;
        let mut kinds = vec![
            (Kind::Work, 600),
            (Kind::Commit, 20 + 30 * u32::from(random.between(0, 6))),
            (Kind::Connect, 60),
            (Kind::Elect, 60),
            (Kind::Open, 12),
            (Kind::Advance, u32::from(random.between(0, 20))),
            (Kind::Dismiss, 4),
            (Kind::Tick, 10),
            (Kind::PushAgain, 10),
            (Kind::Rebuild, 10),
            (Kind::Settle, u32::from(random.between(0, 3))),
        ];
        if faults.share && setup.tabs > 1 {
            kinds.extend([(Kind::Serve, 30), (Kind::Turn, 100)]);
        }
        let mut fault = |on: bool, kind: Kind, most: u16| {
            if on {
                kinds.push((kind, u32::from(random.between(1, most))));
            }
        };
        fault(faults.cut, Kind::Cut, 30);
        fault(faults.half_open, Kind::HalfOpen, 25);
        fault(faults.half_open, Kind::Deafen, 15);
        fault(faults.half_open, Kind::Forget, 10);
        fault(faults.duplicate, Kind::Duplicate, 30);
        fault(faults.reorder, Kind::Swap, 30);
        fault(faults.snapshot, Kind::Snapshot, 20);
        fault(faults.hibernate, Kind::Hibernate, 40);
        fault(faults.restart, Kind::Restart, 10);
        fault(faults.close, Kind::Close, 20);
        fault(faults.end_worker, Kind::EndWorker, 20);
        fault(faults.kill, Kind::Kill, 30);
        fault(faults.full, Kind::Fill, 5);
        fault(faults.full, Kind::Full, 15);
        fault(faults.full, Kind::Free, 15);
        fault(faults.full || faults.error, Kind::Retry, 30);
        fault(faults.error, Kind::Error, 20);
        fault(faults.power_loss, Kind::Sync, 20);
        fault(faults.power_loss, Kind::PowerLoss, 8);
        fault(faults.restore, Kind::Backup, 10);
        fault(faults.restore, Kind::Restore, 4);
        fault(faults.replace, Kind::Replace, 2);
        fault(faults.clone_client, Kind::Clone, 4);
        fault(faults.deploy, Kind::Deploy, 10);
        fault(faults.deploy, Kind::DeployServer, 5);
        fault(faults.damage, Kind::Damage, 6);
        fault(faults.rest, Kind::Rest, 6);
        fault(faults.redact, Kind::Redact, 60);
        let commits =
            Commits { notes: 2 + random.small(40), titles: 2 + random.small(40), most: 1 + random.small(4) };
        let total = kinds.iter().map(|(_, weight)| weight).sum();
        Self { random, clients: setup.clients, tabs: setup.tabs, faults, kinds, total, commits }
    }

    /// How many actions the run has, before its end.
    pub fn length(&mut self) -> u16 {
        self.random.between(50, 900)
    }

    /// What happens next, if it is possible.
    pub(crate) fn next_action(&mut self, known: &Reference) -> Action {
        let kind = self.kind();
        let client = ClientNo(self.random.small(self.clients));
        match kind {
            Kind::Work => self.work(client),
            Kind::Commit => Action::Commit { client, facts: self.facts(client, known) },
            Kind::Connect => Action::Connect { client },
            Kind::Elect => Action::Elect { client },
            Kind::Open => Action::Open { client, tab: self.tab(), subject: self.subject(client) },
            Kind::Close => Action::Close { client, tab: self.tab() },
            Kind::Serve => Action::Serve { client, tab: self.tab() },
            Kind::Turn => Action::Turn { client, tab: self.tab() },
            Kind::EndWorker => Action::EndWorker { client },
            Kind::Advance => Action::Advance { client },
            Kind::Dismiss => Action::Dismiss { client },
            Kind::Retry => Action::Retry { client },
            Kind::Rest => Action::Rest {},
            Kind::Damage => Action::Damage { client },
            Kind::PushAgain => Action::PushAgain { client },
            Kind::Rebuild => Action::Rebuild {},
            Kind::Tick => Action::Tick { ms: self.random.between(1, 400) },
            Kind::Settle => Action::Settle {},
            Kind::Cut => Action::Cut { client },
            Kind::HalfOpen => Action::HalfOpen { client },
            Kind::Deafen => Action::Deafen { client },
            Kind::Forget => Action::Forget { socket: self.socket(client) },
            Kind::Duplicate => Action::Duplicate { socket: self.socket(client), way: self.way() },
            Kind::Swap => Action::Swap { socket: self.socket(client), way: self.way() },
            Kind::Snapshot => Action::Snapshot {},
            Kind::Hibernate => Action::Hibernate {},
            Kind::Restart => Action::Restart {},
            Kind::Kill => self.plan(client, Trouble::Kill),
            Kind::Full => self.plan(client, Trouble::Full),
            Kind::Error => self.plan(client, Trouble::Error),
            Kind::Fill => Action::Fill { disk: self.disk(client) },
            Kind::Free => Action::Free { disk: self.disk(client) },
            Kind::Sync => Action::Sync { client },
            Kind::PowerLoss => {
                Action::PowerLoss { client, log: self.random.small(3), state: self.random.small(3) }
            }
            Kind::Backup => Action::Backup {},
            Kind::Restore => Action::Restore { age: self.random.small(3), fresh: self.random.one_in(2) },
            Kind::Replace => Action::Replace {},
            Kind::Clone => Action::Clone { from: client, to: ClientNo(self.random.small(self.clients)) },
            Kind::Redact => self.redact(),
            Kind::Deploy => Action::Deploy { client, version: self.version() },
            Kind::DeployServer => Action::DeployServer { version: self.version() },
        }
    }

    fn kind(&mut self) -> Kind {
        let mut at = self.random.below(u64::from(self.total));
        for (kind, weight) in &self.kinds {
            match at.checked_sub(u64::from(*weight)) {
                Some(left) => at = left,
                None => return *kind,
            }
        }
        Kind::Work
    }

    fn work(&mut self, client: ClientNo) -> Action {
        match self.random.below(4) {
            0 => Action::Hand { client },
            1 => Action::Tell { client },
            2 => Action::Down { client },
            _ => Action::Up { socket: self.socket(client) },
        }
    }

    fn socket(&mut self, client: ClientNo) -> SocketNo {
        let age = if self.faults.half_open && self.random.one_in(4) { 1 + self.random.small(2) } else { 0 };
        SocketNo { client, age }
    }

    fn way(&mut self) -> Way {
        if self.random.one_in(2) { Way::Up } else { Way::Down }
    }

    fn tab(&mut self) -> TabNo {
        TabNo(self.random.small(self.tabs))
    }

    fn subject(&mut self, client: ClientNo) -> SubjectNo {
        let other = self.faults.sign_in && self.random.one_in(4);
        if other { SubjectNo(self.random.small(self.clients + 1)) } else { SubjectNo(client.0) }
    }

    fn disk(&mut self, client: ClientNo) -> DiskNo {
        match self.random.below(5) {
            0 | 1 => DiskNo::Room,
            2 | 3 => DiskNo::Log(client),
            _ => DiskNo::State(client),
        }
    }

    fn plan(&mut self, client: ClientNo, trouble: Trouble) -> Action {
        Action::Plan { disk: self.disk(client), after: self.random.small(12), trouble }
    }

    /// One of these is of the entry's kind.
    fn redact(&mut self) -> Action {
        let (note, title) = (self.random.small(self.commits.notes), self.random.small(self.commits.titles));
        let facts = vec![
            Fact::Add(note, title),
            Fact::Create(note, title, 0),
            Fact::Rename(note, title),
            Fact::Stock(1),
        ];
        Action::Redact { seq: 1 + self.random.small(30), facts }
    }

    fn version(&mut self) -> ModelNo {
        *self.random.pick(&ModelNo::ALL).unwrap_or(&ModelNo::First)
    }

    fn facts(&mut self, client: ClientNo, known: &Reference) -> Vec<Fact> {
        let many = if self.random.one_in(3) { 1 + self.random.small(self.commits.most) } else { 1 };
        (0..many).map(|_| self.fact(client, known)).collect()
    }

    /// Mostly what has a chance, and sometimes what has none.
    fn fact(&mut self, client: ClientNo, known: &Reference) -> Fact {
        let title = if self.random.one_in(40) { 200 } else { self.random.small(self.commits.titles) };
        let (any, other) = (self.random.small(self.commits.notes), self.random.small(self.commits.notes));
        let notes: Vec<u8> = known.notes().collect();
        let old = match self.random.pick(&notes) {
            Some(note) if !self.random.one_in(5) => *note,
            Some(_) | None => any,
        };
        if !known.has_member(client.0) && !self.random.one_in(8) {
            return Fact::Join(client.0);
        }
        if self.faults.crash && self.random.one_in(60) {
            return Fact::Crash;
        }
        match self.random.below(24) {
            0 => Fact::Join(self.random.small(self.clients)),
            1 => Fact::Leave(self.random.small(self.clients)),
            2..=6 => Fact::Add(any, title),
            7..=9 => Fact::Create(any, title, self.random.small(4)),
            10..=12 => Fact::Rename(old, title),
            13..=15 => Fact::Drop(old),
            16 => Fact::Link(old, other),
            17 => Fact::Star(old),
            _ => Fact::Stock(i8::try_from(self.random.small(8)).unwrap_or_default() - 3),
        }
    }
}
