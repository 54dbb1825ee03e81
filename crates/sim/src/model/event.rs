//! The versions, and the events that all of them know.

use std::fmt;
use std::str::FromStr;

/// A version of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelNo {
    /// Notes have a title.
    First,
    /// Notes have a colour and stars; `noteAdded` became `noteCreated`.
    Second,
    /// Authors are counted, and a title that was allowed no longer is.
    Third,
}

impl ModelNo {
    /// All, oldest first.
    pub const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    /// `Model::VERSION`.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
        }
    }
}

impl fmt::Display for ModelNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.number())
    }
}

impl FromStr for ModelNo {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|version| version.to_string() == text);
        found.ok_or_else(|| format!("no version of the model: {text:?}"))
    }
}

/// The event type of a version: what all know, and what this one adds. Each event has an id of its
/// own, unique in the world, so that once and twice can be told apart.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($field:ident : $type:ty),* }),* $(,)?) => {
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(tag = "name", content = "args", rename_all = "camelCase")]
        pub(super) enum Event {
            MemberJoined { id: u32, member: String },
            MemberRemoved { id: u32, member: String },
            NoteRenamed { id: u32, note: i64, title: String },
            NoteRemoved { id: u32, note: i64 },
            NotesLinked { id: u32, from: i64, to: i64 },
            StockMoved { id: u32, by: i64 },
            ServerCrashed { id: u32 },
            $($(#[$doc])* $name { id: u32, $($field: $type),* },)*
        }

        impl Event {
            const fn id(&self) -> u32 {
                match self {
                    Self::MemberJoined { id, .. }
                    | Self::MemberRemoved { id, .. }
                    | Self::NoteRenamed { id, .. }
                    | Self::NoteRemoved { id, .. }
                    | Self::NotesLinked { id, .. }
                    | Self::StockMoved { id, .. }
                    | Self::ServerCrashed { id, .. }
                    $(| Self::$name { id, .. })* => *id,
                }
            }
        }
    };
}
pub(super) use events;
