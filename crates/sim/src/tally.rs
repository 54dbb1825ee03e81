//! How often what happened.

use std::fmt;

use crate::setup::Faults;

/// Whether an event is due: in each long run, in one that allows a kind of fault, or only where a script has it.
macro_rules! due {
    ($faults:ident, scripted) => {
        false
    };
    ($faults:ident, always) => {
        true
    };
    ($faults:ident, $($fault:ident)|+) => {
        $($faults.$fault)||+
    };
}

macro_rules! events {
    ($($name:ident $text:literal ($($due:tt)+)),* $(,)?) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $(#[doc = $text] $name,)*
        }

        const NAMES: &[&str] = &[$($text),*];

        impl Event {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Whether it has to happen in a long run with these faults: one in which it did not has not
            /// shown what it should.
            #[must_use]
            pub const fn is_due(self, faults: Faults) -> bool {
                match self {
                    $(Self::$name => due!(faults, $($due)+),)*
                }
            }
        }
    };
}

events! {
    Operations "operations" (always),
    Committed "committed" (always),
    RefusedHere "refused by the session" (always),
    Persisted "told persisted" (always),
    Confirmed "told confirmed" (always),
    Accepted "accepted" (always),
    Rejected "rejected" (always),
    AnsweredFromMemory "resent, and answered from memory" (cut | half_open | restart | hibernate | kill | duplicate),
    Conflicts "conflicted commits seen" (always),
    Dismissed "dismissed" (always),
    Elected "leaders elected" (always),
    Served "tabs served beside another" (share),
    Resumed "leaders started again under a living session" (end_worker | kill),
    Adopted "journals of ended sessions handed over" (close | kill),
    StorageRefused "inputs that a client's storage refused" (full | error),
    ServerRefused "inputs that the server's storage refused" (full | error | kill),
    BadFrames "frames that a leader refused" (full | error | duplicate | reorder),
    Cuts "sockets cut" (cut),
    HalfOpens "sockets half open at the server" (half_open),
    Deafened "sockets half open at the client" (half_open),
    GhostFrames "frames of a forgotten socket that arrived" (half_open),
    Duplicates "frames doubled" (duplicate),
    Swaps "frames swapped" (reorder),
    Snapshots "snapshots made" (snapshot),
    SnapshotsTaken "parts of snapshots that came to clients" (snapshot),
    Crashed "commits refused, as the server had crashed on them" (crash),
    Redactions "entries redacted" (redact),
    Rebuilds "steps of a rebuild at the server" (deploy),
    Hibernations "hibernations" (hibernate),
    Restarts "server restarts" (restart),
    Kills "processes killed at a write" (kill),
    Closes "tabs ended" (close),
    WorkersEnded "workers ended" (end_worker),
    NoRoom "writes that found no room" (full),
    WritesFailed "writes failed" (error),
    Damages "databases damaged" (damage),
    PowerLosses "power losses" (power_loss),
    Restores "restores" (restore),
    Replacements "servers replaced" (replace),
    Clones "clients cloned" (clone_client),
    Deployments "other versions deployed" (deploy),
    SignIns "other subjects signed in" (sign_in),
    Rested "times of rest" (rest),
    Settled "times of quiet" (always),
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

    /// What was due with these faults, and never happened.
    pub fn missing(&self, faults: Faults) -> impl Iterator<Item = Event> {
        Event::ALL.iter().copied().filter(move |event| event.is_due(faults) && self.count(*event) == 0)
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.get(*self as usize).copied().unwrap_or_default())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NAMES.iter().zip(self.0).try_for_each(|(name, count)| writeln!(f, "  {name:<52} {count:>12}"))
    }
}
