//! What can happen in a world, one line of a trace each: to be printed, read again, and left out.

use std::fmt;
use std::str::FromStr;

use crate::disk::Trouble;
use crate::model::{Fact, ModelNo};

/// A browser profile, or a machine: one database of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientNo(pub u8);

/// A tab of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TabNo(pub u8);

/// Who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectNo(pub u8);

/// A socket of a client: 0 is its newest, 1 the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SocketNo {
    /// Whose.
    pub client: ClientNo,
    /// How many newer ones there are.
    pub age: u8,
}

/// One of the two ways of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From client to server.
    Up,
    /// From server to client.
    Down,
}

/// A disk in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskNo {
    /// The server's.
    Room,
    /// A client's log and outbox.
    Log(ClientNo),
    /// A client's copy of the state.
    State(ClientNo),
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident $word:literal { $($(#[$field_doc:meta])* $field:ident : $type:ty),* }),* $(,)?) => {
        /// One step of one machine, or one fault.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $type),* },)*
        }

        impl Action {
            /// The first word of its line.
            #[must_use]
            pub const fn word(&self) -> &'static str {
                match self { $(Self::$name { .. } => $word,)* }
            }
        }

        impl fmt::Display for Action {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())?;
                match self {
                    $(Self::$name { $($field),* } => {
                        $(write!(f, " {}", $field.word())?;)*
                    })*
                }
                Ok(())
            }
        }

        impl FromStr for Action {
            type Err = String;
            fn from_str(line: &str) -> Result<Self, String> {
                let mut words = line.split_whitespace();
                let action = match words.next().unwrap_or_default() {
                    $($word => Self::$name { $($field: <$type as Word>::read(&mut words)?),* },)*
                    other => return Err(format!("no action: {other:?}")),
                };
                match words.next() {
                    None => Ok(action),
                    Some(more) => Err(format!("{line:?}: what is {more:?}?")),
                }
            }
        }
    };
}

actions! {
    /// A tab is opened; it waits until no other tab of its client has the store open.
    Open "open" { /// Where.
        client: ClientNo, /// Which.
        tab: TabNo, /// Who is signed in there.
        subject: SubjectNo },
    /// A tab ends, by itself, by its user or by a crash: nothing of it stays but its journal.
    Close "close" { /// Where.
        client: ClientNo, /// Which.
        tab: TabNo },
    /// The tab that waits longest gets the lock: its worker opens the leader, and then its session.
    Elect "elect" { /// Where.
        client: ClientNo },
    /// A tab that waits for the lock is served by the leader of another tab.
    Serve "serve" { /// Where.
        client: ClientNo, /// Which.
        tab: TabNo },
    /// Another tab that is served does what is done next.
    Turn "turn" { /// Where.
        client: ClientNo, /// Which.
        tab: TabNo },
    /// The user of a tab that is served commits something.
    Commit "commit" { /// Where.
        client: ClientNo, /// What.
        facts: Vec<Fact> },
    /// The leader takes the next message of its page.
    Hand "hand" { /// Where.
        client: ClientNo },
    /// The page takes the next message of its leader.
    Tell "tell" { /// Where.
        client: ClientNo },
    /// The worker ends, and its page lives on; `elect` starts the next.
    EndWorker "end-worker" { /// Where.
        client: ClientNo },
    /// The leader is offered again what its storage has refused.
    Retry "retry" { /// Where.
        client: ClientNo },
    /// The leader offers again what the server would not take for now.
    PushAgain "push-again" { /// Where.
        client: ClientNo },
    /// The leader brings its copy of the state up to its log.
    Advance "advance" { /// Where.
        client: ClientNo },
    /// The app has done with the oldest rejected commit.
    Dismiss "dismiss" { /// Where.
        client: ClientNo },

    /// The worker opens a socket.
    Connect "connect" { /// Where.
        client: ClientNo },
    /// The server takes the next frame of a socket.
    Up "up" { /// Which.
        socket: SocketNo },
    /// The client takes the next frame of its newest socket, or sees that the server has closed it.
    Down "down" { /// Where.
        client: ClientNo },
    /// A socket breaks, and both sides see it: what was on its way is lost.
    Cut "cut" { /// Where.
        client: ClientNo },
    /// The client gives its socket up, and the server does not see it: what was sent may still arrive.
    HalfOpen "half-open" { /// Where.
        client: ClientNo },
    /// The server's side of a socket is gone, and the client does not see it.
    Deafen "deafen" { /// Where.
        client: ClientNo },
    /// The server sees that a socket is broken.
    Forget "forget" { /// Which.
        socket: SocketNo },
    /// The next frame comes twice. No WebSocket does that.
    Duplicate "duplicate" { /// Which.
        socket: SocketNo, /// Where.
        way: Way },
    /// The next frame comes after the one behind it. No WebSocket does that.
    Swap "swap" { /// Which.
        socket: SocketNo, /// Where.
        way: Way },

    /// The server makes a part of its state anew.
    Rebuild "rebuild" {},
    /// The server makes a snapshot.
    Snapshot "snapshot" {},
    /// Somebody has the args of an entry replaced; the event stays the same kind of event.
    Redact "redact" { /// Its seq.
        seq: u8, /// By what: the first that is such an event.
        facts: Vec<Fact> },
    /// The server is dropped from memory; its sockets stay.
    Hibernate "hibernate" {},
    /// The server ends and is started again: all sockets are closed.
    Restart "restart" {},
    /// Somebody makes a backup of the server's database.
    Backup "backup" {},
    /// The server's database becomes that of a backup, 0 being the last; with another incarnation, or not.
    Restore "restore" { /// How many newer backups there are.
        age: u8, /// Whether whoever restores says so.
        fresh: bool },
    /// The server's database is replaced by an empty one.
    Replace "replace" {},
    /// The server is started with a version of the model.
    DeployServer "deploy-server" { /// Which.
        version: ModelNo },

    /// Tabs that a client opens from now on have a version of the model.
    Deploy "deploy" { /// Where.
        client: ClientNo, /// Which.
        version: ModelNo },
    /// A client's databases and journals are copied to another machine, over what is there.
    Clone "clone" { /// From where.
        from: ClientNo, /// To where.
        to: ClientNo },
    /// A client's log and outbox cannot be opened any more: the file is kept, and the next leader opens a new one.
    Damage "damage" { /// Where.
        client: ClientNo },
    /// A client's operating system has written everything to the disk.
    Sync "sync" { /// Where.
        client: ClientNo },
    /// A client's machine loses power: its files are those of a former sync, 0 being the last.
    PowerLoss "power-loss" { /// Where.
        client: ClientNo, /// Of the log.
        log: u8, /// Of the state.
        state: u8 },

    /// Something will happen at a write to a disk.
    Plan "plan" { /// Where.
        disk: DiskNo, /// How many writes from now; 0 is the next.
        after: u8, /// What.
        trouble: Trouble },
    /// A disk has no room from now on.
    Fill "fill" { /// Which.
        disk: DiskNo },
    /// A disk has room again.
    Free "free" { /// Which.
        disk: DiskNo },

    /// Time passes, in milliseconds.
    Tick "tick" { /// How much.
        ms: u16 },
    /// Nothing new happens until all that is on its way has come, on the sockets that there are.
    Rest "rest" {},
    /// All faults end, everything connects, and all that waits is done.
    Settle "settle" {},
    /// The server gets the newest model, every subject signs in once more at every client, and after that
    /// nothing may be undecided.
    Finish "finish" {},
}

/// A part of a line.
trait Word: Sized {
    fn word(&self) -> String;
    fn read<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Self, String>;
}

fn parse<'a, T: FromStr>(words: &mut impl Iterator<Item = &'a str>) -> Result<T, String> {
    let word = words.next().ok_or("a word is missing")?;
    word.parse().map_err(|_| format!("what is {word:?}?"))
}

macro_rules! plain_words {
    ($($type:ty)*) => {$(
        impl Word for $type {
            fn word(&self) -> String {
                self.to_string()
            }
            fn read<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Self, String> {
                parse(words)
            }
        }
    )*};
}
plain_words! { u8 u16 bool ModelNo Trouble ClientNo TabNo SubjectNo SocketNo Way DiskNo }

impl Word for Vec<Fact> {
    fn word(&self) -> String {
        self.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn read<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Self, String> {
        words.map(str::parse).collect()
    }
}

macro_rules! numbered {
    ($($type:ident $letter:literal)*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }

        impl FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let number = text.strip_prefix($letter).and_then(|number| number.parse().ok());
                number.map(Self).ok_or_else(|| format!("what is {text:?}?"))
            }
        }
    )*};
}
numbered! { ClientNo "c" TabNo "t" SubjectNo "s" }

impl fmt::Display for SocketNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.client)?;
        if self.age == 0 { Ok(()) } else { write!(f, "~{}", self.age) }
    }
}

impl FromStr for SocketNo {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (client, age) = text.split_once('~').unwrap_or((text, "0"));
        Ok(Self { client: client.parse()?, age: age.parse().map_err(|_| format!("what is {text:?}?"))? })
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

impl FromStr for Way {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "up" => Ok(Self::Up),
            "down" => Ok(Self::Down),
            _ => Err(format!("no way: {text:?}")),
        }
    }
}

impl fmt::Display for DiskNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room => f.write_str("room"),
            Self::Log(client) => write!(f, "log/{client}"),
            Self::State(client) => write!(f, "state/{client}"),
        }
    }
}

impl FromStr for DiskNo {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            None if text == "room" => Ok(Self::Room),
            Some(("log", client)) => client.parse().map(Self::Log),
            Some(("state", client)) => client.parse().map(Self::State),
            None | Some(_) => Err(format!("no disk: {text:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reads_back_from_its_line() {
        for line in [
            "open c0 t1 s0",
            "commit c1 add:3:5 stock:-2",
            "up c2~1",
            "up c2",
            "plan log/c0 3 kill",
            "restore 1 true",
            "swap c0 down",
            "redact 3 add:1:2",
            "deploy c0 v2",
            "settle",
        ] {
            assert_eq!(line.parse::<Action>().unwrap().to_string(), line);
        }
        for line in ["", "open c0", "hop", "settle now", "up 3", "plan disk 0 kill"] {
            line.parse::<Action>().unwrap_err();
        }
    }
}
