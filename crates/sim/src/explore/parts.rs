//! The parts that a world is put together from: each a machine as it stands between two of its steps.

use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::rc::Rc;

use syncline_engine::protocol::{Entry, SessionId};
use syncline_engine::{Query, Room, SqlError};
use syncline_sqlite::Database;

use super::intern::Id;
use crate::action::{ClientNo, SubjectNo, TabNo};
use crate::client::{Client, JournalKey, Page, ToPage, Worker};
use crate::disk::Disk;
use crate::model::ModelNo;
use crate::oracle::{Committed, Violation};
use crate::world::{Outbox, View, host};

/// The version of the model in every world that is searched.
pub(super) const VERSION: ModelNo = ModelNo::First;

/// A database as it is: what it holds as text, which tells it from others, and its bytes.
#[derive(Clone)]
pub(super) struct Image {
    pub(super) text: Rc<str>,
    /// Shared with the image before it, where they are the same.
    pages: Vec<Rc<[u8]>>,
}

const PAGE: usize = 4096;

impl Image {
    pub(super) fn of(db: &mut Database, before: Option<&Self>) -> Result<Self, SqlError> {
        let mut text = String::new();
        tables(&mut text, db)?;
        let bytes = db.serialize()?;
        let old = before.map_or(&[][..], |before| &before.pages);
        let old = old.iter().map(Some).chain(iter::repeat(None));
        let pages = bytes.chunks(PAGE).zip(old).map(|(page, old)| match old {
            Some(old) if **old == *page => Rc::clone(old),
            Some(_) | None => Rc::from(page),
        });
        Ok(Self { text: text.into(), pages: pages.collect() })
    }

    pub(super) fn open(&self) -> Result<Disk, SqlError> {
        Ok(Disk::new(Database::deserialize(&self.pages.concat())?))
    }
}

/// Every table, row by row.
pub(super) fn tables(text: &mut String, db: &dyn Query) -> Result<(), SqlError> {
    let names =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name";
    for row in db.query(names, &[])? {
        let name: String = row.get(0)?;
        let rows = db.query(&format!("SELECT * FROM {name}"), &[])?;
        let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}\n")).collect();
        rows.sort();
        *text += &format!("{name}\n{}", rows.concat());
    }
    Ok(())
}

/// A client's durable half: its disks, and the worker over them, if there is one.
pub(super) struct Durable {
    pub(super) log: Image,
    pub(super) state: Image,
    pub(super) worker: Option<Worker>,
    pub(super) starts: u32,
    pub(super) outbox: Rc<Outbox>,
    /// Commits that the app is told are lost, or rejected.
    pub(super) reported: Rc<Vec<String>>,
    /// Whether the server takes no commits for now.
    pub(super) held: bool,
    /// Whether the storage has refused something.
    pub(super) offers: bool,
}

/// A client's other half: its tabs and their journals.
pub(super) struct Fast {
    pub(super) waiting: VecDeque<(TabNo, SubjectNo)>,
    pub(super) page: Option<Paper>,
    pub(super) journal: BTreeMap<JournalKey, String>,
    pub(super) last: SubjectNo,
    pub(super) loads: u32,
}

/// A page that has the store open.
#[derive(Clone, Debug)]
pub(super) struct Paper {
    pub(super) tab: TabNo,
    pub(super) id: SessionId,
    pub(super) broken: bool,
    pub(super) sitting: Option<Id<Sitting>>,
}

impl Fast {
    pub(super) const fn new(no: ClientNo) -> Self {
        Self {
            waiting: VecDeque::new(),
            page: None,
            journal: BTreeMap::new(),
            last: SubjectNo(no.0),
            loads: 0,
        }
    }

    /// What tells it from others.
    pub(super) fn text(&self, no: ClientNo) -> String {
        let Self { waiting, page, journal, last, loads } = self;
        format!("{no} {waiting:?} {page:?} {journal:?} {last} {loads}")
    }

    pub(super) fn is_live(&self) -> bool {
        self.page.as_ref().is_some_and(|page| page.sitting.is_some() && !page.broken)
    }

    pub(super) fn has_tab(&self, tab: TabNo) -> bool {
        self.page.as_ref().is_some_and(|page| page.tab == tab)
            || self.waiting.iter().any(|(waiting, _)| *waiting == tab)
    }
}

/// A session with its database, whose rewind point no image can hold: it is known by what led to it.
pub(super) struct Sitting {
    pub(super) past: Past,
    pub(super) view: View,
}

#[derive(Clone, Copy)]
pub(super) enum Past {
    /// Opened in an election, of these halves.
    Elected(ClientNo, Id<Durable>, Id<Fast>),
    /// Its page has committed what the script has at this place, with this id as the first.
    Committed(Id<Sitting>, ClientNo, u8, u32),
    /// It was told this.
    Told(Id<Sitting>, Id<ToPage>),
}

/// The server between two frames.
pub(super) struct Serving {
    pub(super) image: Image,
    pub(super) room: Option<Room>,
    /// Whether its state stands at the head of its log.
    pub(super) ready: bool,
    pub(super) state: String,
    pub(super) log: Vec<Entry>,
}

/// What an oracle hears of a step.
#[derive(Debug)]
pub(super) enum Saying {
    Committed(Committed),
    Shown(Vec<syncline_engine::Rejected>),
    Told(SessionId, syncline_engine::Effects),
    Served { frame: String, client: ClientNo, outputs: Vec<syncline_engine::Output>, log: Vec<Entry> },
}

/// Parts of a client that a step uses: what it does not is left empty.
#[derive(Clone, Copy, Default)]
pub(super) struct Uses {
    pub(super) disks: bool,
    pub(super) live: bool,
}

impl Paper {
    pub(super) fn page(&self, no: ClientNo) -> Page {
        Page {
            tab: self.tab,
            subject: SubjectNo(no.0),
            version: VERSION,
            id: self.id.clone(),
            live: None,
            to_leader: VecDeque::new(),
            from_leader: VecDeque::new(),
            broken: self.broken,
        }
    }
}

impl Durable {
    /// What a worker has made of it; where no disk was used, those from before are kept.
    pub(super) fn of(client: &mut Client, before: &Self, used: bool) -> Result<Self, Violation> {
        let mut half = Self {
            log: before.log.clone(),
            state: before.state.clone(),
            worker: client.worker.clone(),
            starts: client.starts,
            outbox: Rc::clone(&before.outbox),
            reported: Rc::clone(&before.reported),
            // Nothing is held back on no connection.
            held: used && client.held().is_some(),
            offers: client.has_offers(),
        };
        if used {
            half.outbox = Rc::new(Outbox::of(client)?);
            half.reported = Rc::new(client.reported_texts().map_err(host)?);
            half.log = Image::of(client.log.database(), Some(&before.log)).map_err(host)?;
            half.state = Image::of(client.state.database(), Some(&before.state)).map_err(host)?;
        }
        Ok(half)
    }

    /// The commits that it keeps, as texts that have their events.
    pub(super) fn kept(&self) -> impl Iterator<Item = &str> {
        self.outbox.commits.iter().chain(self.reported.iter()).map(String::as_str)
    }

    /// What tells it from others.
    pub(super) fn text(&self, no: ClientNo) -> String {
        format!("{no} {:?} {}\n{}\n{}", self.worker, self.starts, self.log.text, self.state.text)
    }
}
