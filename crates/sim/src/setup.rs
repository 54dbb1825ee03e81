//! What a world begins with, and which faults it may meet.

use std::fmt;
use std::str::FromStr;

use crate::model::ModelNo;

macro_rules! faults {
    ($($(#[$doc:meta])* $field:ident $word:literal),* $(,)?) => {
        /// Which kinds of faults happen.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Faults {
            $($(#[$doc])* pub $field: bool,)*
        }

        impl Faults {
            /// Every kind, by its name.
            pub const NAMES: &[&str] = &[$($word),*];

            /// All kinds.
            #[must_use]
            pub const fn all() -> Self {
                Self { $($field: true),* }
            }

            /// One of them, by its name: a new kind comes last, see [`setup_of`](crate::setup_of).
            pub fn by_name(&mut self, name: &str) -> Option<&mut bool> {
                match name {
                    $($word => Some(&mut self.$field),)*
                    _ => None,
                }
            }

            /// The names of those that are on.
            pub fn on(&self) -> impl Iterator<Item = &'static str> {
                [$(($word, self.$field)),*].into_iter().filter_map(|(name, on)| on.then_some(name))
            }
        }
    };
}

faults! {
    /// The server makes snapshots. No fault, but not there in every world.
    snapshot "snapshot",
    /// Sockets break.
    cut "cut",
    /// One side of a socket does not see that it is broken.
    half_open "half-open",
    /// Frames come twice.
    duplicate "duplicate",
    /// Frames come in another order.
    reorder "reorder",
    /// The server is dropped from memory between two inputs.
    hibernate "hibernate",
    /// The server ends.
    restart "restart",
    /// Tabs end.
    close "close",
    /// Workers end, and their tabs live on.
    end_worker "end-worker",
    /// Processes are killed at a write.
    kill "kill",
    /// Disks have no room for a while.
    full "full",
    /// Writes fail.
    error "error",
    /// Clients' machines lose what was not synced.
    power_loss "power-loss",
    /// The server is restored from an older backup.
    restore "restore",
    /// The server is replaced by an empty one.
    replace "replace",
    /// A client's data is copied to another machine.
    clone_client "clone",
    /// Clients and server get other versions of the model, up and down.
    deploy "deploy",
    /// Another subject signs in, over the same database.
    sign_in "sign-in",
    /// A client's database cannot be opened, but be read.
    damage "damage",
    /// A model crashes the server.
    crash "crash",
    /// Now and then all that is on its way comes. No fault, but not there in every world.
    rest "rest",
    /// Entries are redacted. No fault, but not there in every world, and in none whose log is another's.
    redact "redact",
    /// Tabs are served beside the one that leads. No fault, but not there in every world.
    share "share",
}

impl Faults {
    /// Switches a kind on or off.
    ///
    /// # Errors
    /// That there is no such kind, and which there are.
    pub fn switch(&mut self, name: &str, on: bool) -> Result<(), String> {
        match self.by_name(name) {
            Some(fault) => *fault = on,
            None => return Err(format!("no kind of fault: {name:?}; there are {}", Self::NAMES.join(", "))),
        }
        Ok(())
    }

    /// The kinds that the engine's promises cover.
    #[must_use]
    pub const fn usual() -> Self {
        Self { redact: false, ..Self::all() }
    }
}

/// What a world begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Browser profiles.
    pub clients: u8,
    /// Tabs of each.
    pub tabs: u8,
    /// The server's model.
    pub server: ModelNo,
    /// The clients' models, one after the other, again and again.
    pub versions: Vec<ModelNo>,
    /// A tail longer than this is applied to the leader's state before a session opens.
    pub tail: u16,
    /// And, while it runs, one longer than this.
    pub step: u16,
    /// How far clients' clocks go wrong, in milliseconds.
    pub skew: u16,
    /// Whether time stands still but for `tick`: then the order of what happened leaves no other trace.
    pub still: bool,
    /// What may go wrong.
    pub faults: Faults,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clients: 2,
            tabs: 2,
            server: ModelNo::First,
            versions: vec![ModelNo::First],
            tail: 4,
            step: 16,
            skew: 0,
            still: false,
            faults: Faults::default(),
        }
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clients, tabs, server, versions, tail, step, skew, still, faults } = self;
        let versions = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        write!(
            f,
            "clients={clients} tabs={tabs} server={server} versions={versions} tail={tail} step={step} skew={skew}"
        )?;
        if *still {
            f.write_str(" still=true")?;
        }
        let faults = faults.on().collect::<Vec<_>>().join(",");
        write!(f, " faults={faults}")
    }
}

impl FromStr for Setup {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut setup = Self::default();
        for word in text.split_whitespace() {
            let bad = || format!("no setup: {word:?}");
            let (name, value) = word.split_once('=').ok_or_else(bad)?;
            let small = || value.parse().map_err(|_| bad());
            match name {
                "clients" => setup.clients = value.parse().map_err(|_| bad())?,
                "tabs" => setup.tabs = value.parse().map_err(|_| bad())?,
                "server" => setup.server = value.parse()?,
                "versions" => {
                    setup.versions = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                "tail" => setup.tail = small()?,
                "step" => setup.step = small()?,
                "skew" => setup.skew = small()?,
                "still" => setup.still = value.parse().map_err(|_| bad())?,
                "faults" => {
                    for name in value.split(',').filter(|name| !name.is_empty()) {
                        *setup.faults.by_name(name).ok_or_else(bad)? = true;
                    }
                }
                _ => return Err(bad()),
            }
        }
        Ok(setup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_reads_back_from_its_line() {
        for faults in [Faults::default(), Faults::all()] {
            let setup = Setup { faults, versions: vec![ModelNo::First, ModelNo::Third], ..Setup::default() };
            assert_eq!(setup.to_string().parse::<Setup>().unwrap(), setup);
        }
        "clients=many".parse::<Setup>().unwrap_err();
        "faults=plague".parse::<Setup>().unwrap_err();
    }
}
