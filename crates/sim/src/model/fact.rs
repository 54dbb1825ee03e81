//! What a simulated user does: an event before it has an id, short enough for a trace.

use std::fmt;
use std::str::FromStr;

use serde_json::json;
use syncline_engine::protocol::{Args, RawEvent};

use super::ModelNo;

/// One event of a commit, as a trace writes it: `join:1`, `add:3:t5`, `link:3:4`, `stock:-2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A subject becomes a member.
    Join(u8),
    /// A subject is a member no more.
    Leave(u8),
    /// A note, with a title.
    Add(u8, u8),
    /// A note of the second version: with a colour.
    Create(u8, u8, u8),
    /// A note gets another title.
    Rename(u8, u8),
    /// A note is gone.
    Drop(u8),
    /// One note refers to another.
    Link(u8, u8),
    /// A star for a note; the first version does not know it.
    Star(u8),
    /// Pieces that come to the stock, or go.
    Stock(i8),
    /// Nothing, but at the server, which crashes.
    Crash,
}

/// An event as it was made, with what it was before.
#[derive(Clone, Debug)]
pub struct Made {
    /// Unique in the world.
    pub id: u32,
    /// What it means.
    pub fact: Fact,
    /// As it travels.
    pub raw: RawEvent,
}

impl Fact {
    /// The event, as a client of a version makes it.
    #[must_use]
    pub fn made(&self, id: u32, version: ModelNo) -> Made {
        let fact = match (self, version) {
            (Self::Add(note, title), ModelNo::Second | ModelNo::Third) => Self::Create(*note, *title, 0),
            (Self::Create(note, title, _), ModelNo::First) => Self::Add(*note, *title),
            (known, _) => known.clone(),
        };
        let (name, args) = match &fact {
            Self::Join(who) => ("memberJoined", json!({ "id": id, "member": subject(*who) })),
            Self::Leave(who) => ("memberRemoved", json!({ "id": id, "member": subject(*who) })),
            Self::Add(note, name) => ("noteAdded", json!({ "id": id, "note": note, "title": title(*name) })),
            Self::Create(note, name, colour) => {
                ("noteCreated", json!({ "id": id, "note": note, "title": title(*name), "colour": colour }))
            }
            Self::Rename(note, name) => {
                ("noteRenamed", json!({ "id": id, "note": note, "title": title(*name) }))
            }
            Self::Drop(note) => ("noteRemoved", json!({ "id": id, "note": note })),
            Self::Link(from, to) => ("notesLinked", json!({ "id": id, "from": from, "to": to })),
            Self::Star(note) => ("noteStarred", json!({ "id": id, "note": note })),
            Self::Stock(by) => ("stockMoved", json!({ "id": id, "by": by })),
            Self::Crash => ("serverCrashed", json!({ "id": id })),
        };
        let args = Args::parse(args.to_string()).expect("a JSON value prints as JSON");
        Made { id, fact, raw: RawEvent { name: name.to_owned(), args } }
    }
}

/// The name of a subject.
pub(crate) fn subject(who: u8) -> String {
    format!("s{who}")
}

/// A title; the larger ones are too long for the tables.
pub(crate) fn title(name: u8) -> String {
    format!("t{name}")
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join(who) => write!(f, "join:{who}"),
            Self::Leave(who) => write!(f, "leave:{who}"),
            Self::Add(note, title) => write!(f, "add:{note}:{title}"),
            Self::Create(note, title, colour) => write!(f, "create:{note}:{title}:{colour}"),
            Self::Rename(note, title) => write!(f, "rename:{note}:{title}"),
            Self::Drop(note) => write!(f, "drop:{note}"),
            Self::Link(from, to) => write!(f, "link:{from}:{to}"),
            Self::Star(note) => write!(f, "star:{note}"),
            Self::Stock(by) => write!(f, "stock:{by}"),
            Self::Crash => f.write_str("crash"),
        }
    }
}

impl FromStr for Fact {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("no fact: {text:?}");
        let mut words = text.split(':');
        let kind = words.next().ok_or_else(bad)?;
        let numbers: Vec<i16> = words.map(str::parse).collect::<Result<_, _>>().map_err(|_| bad())?;
        let small = |n: i16| u8::try_from(n).map_err(|_| bad());
        Ok(match (kind, numbers.as_slice()) {
            ("join", [who]) => Self::Join(small(*who)?),
            ("leave", [who]) => Self::Leave(small(*who)?),
            ("add", [note, title]) => Self::Add(small(*note)?, small(*title)?),
            ("create", [note, title, colour]) => Self::Create(small(*note)?, small(*title)?, small(*colour)?),
            ("rename", [note, title]) => Self::Rename(small(*note)?, small(*title)?),
            ("drop", [note]) => Self::Drop(small(*note)?),
            ("link", [from, to]) => Self::Link(small(*from)?, small(*to)?),
            ("star", [note]) => Self::Star(small(*note)?),
            ("crash", []) => Self::Crash,
            ("stock", [by]) => Self::Stock(i8::try_from(*by).map_err(|_| bad())?),
            _ => return Err(bad()),
        })
    }
}
