//! How often what happened.

use std::fmt;

macro_rules! events {
    ($($name:ident $text:literal),* $(,)?) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $(#[doc = $text] $name,)*
        }

        const NAMES: &[&str] = &[$($text),*];
    };
}

events! {
    Operations "operations",
    Committed "committed",
    RefusedHere "refused by the session",
    Persisted "told persisted",
    Confirmed "told confirmed",
    Accepted "accepted",
    Rejected "rejected",
    AnsweredFromMemory "resent, and answered from memory",
    Conflicts "conflicted commits seen",
    Dismissed "dismissed",
    Elected "leaders elected",
    Resumed "leaders started again under a living session",
    Adopted "journals of ended sessions handed over",
    SetAside "journaled commits set aside",
    StorageRefused "inputs that a client's storage refused",
    ServerRefused "inputs that the server's storage refused",
    BadFrames "frames that a leader refused",
    SessionsBroken "sessions that could not go on",
    Cuts "sockets cut",
    HalfOpens "sockets half open at the server",
    Deafened "sockets half open at the client",
    GhostFrames "frames of a forgotten socket that arrived",
    Duplicates "frames doubled",
    Swaps "frames swapped",
    Snapshots "snapshots made",
    SnapshotsTaken "parts of snapshots that came to clients",
    Crashed "commits refused, as the server had crashed on them",
    Redactions "entries redacted",
    Rebuilds "steps of a rebuild at the server",
    Hibernations "hibernations",
    Restarts "server restarts",
    Kills "processes killed at a write",
    Closes "tabs ended",
    WorkersEnded "workers ended",
    DisksFull "disks full",
    WritesFailed "writes failed",
    PowerLosses "power losses",
    Restores "restores",
    Replacements "servers replaced",
    Clones "clients cloned",
    Deployments "other versions deployed",
    SignIns "other subjects signed in",
    Settled "times of quiet",
}

/// Counters, one for each kind of event.
#[derive(Clone, Debug)]
pub struct Tally([u64; NAMES.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; NAMES.len()])
    }
}

impl Tally {
    pub(crate) fn add(&mut self, event: Event) {
        self.add_many(event, 1);
    }

    pub(crate) fn add_many(&mut self, event: Event, times: u64) {
        if let Some(count) = self.0.get_mut(event as usize) {
            *count += times;
        }
    }

    /// How often.
    #[must_use]
    pub fn count(&self, event: Event) -> u64 {
        self.0.get(event as usize).copied().unwrap_or_default()
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NAMES.iter().zip(self.0).try_for_each(|(name, count)| writeln!(f, "  {name:<52} {count:>12}"))
    }
}
