//! The naive reference: what the model means, in plain maps, without SQL, engine or sync. It applies
//! everything in the server's order; whatever differs from it is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use syncline_engine::{Query, SqlError};

use crate::model::{Fact, ModelNo, STOCK, TITLE, TRAIL, is_shut, subject, title};

/// The state that the model's tables should have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    members: BTreeSet<String>,
    notes: BTreeMap<u8, Note>,
    links: BTreeSet<(u8, u8)>,
    stars: BTreeMap<u8, i64>,
    authors: BTreeMap<String, i64>,
    stock: Option<i64>,
    trail: Option<(i64, i64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    title: String,
    author: String,
    colour: u8,
}

/// Why a commit is refused: the code of the rejection.
pub(crate) type Why = &'static str;

impl Reference {
    /// Checks and applies a commit, whole or not at all.
    ///
    /// # Errors
    /// The code of the rejection that the server must have given.
    pub fn admit<'a>(
        &mut self,
        version: ModelNo,
        now: u64,
        author: &str,
        events: impl Iterator<Item = (u32, &'a Fact)>,
    ) -> Result<(), &'static str> {
        let mut next = self.clone();
        for (id, fact) in events {
            known(version, fact)?;
            next.check(now, author, fact)?;
            next.apply(version, author, id, fact)?;
        }
        *self = next;
        Ok(())
    }

    /// Applies a commit of history; one that cannot be applied is skipped whole.
    ///
    /// # Errors
    /// The code that it is in the quarantine with.
    pub fn follow<'a>(
        &mut self,
        version: ModelNo,
        author: &str,
        events: impl Iterator<Item = (u32, &'a Fact)>,
    ) -> Result<(), &'static str> {
        let mut next = self.clone();
        for (id, fact) in events {
            known(version, fact)?;
            next.apply(version, author, id, fact)?;
        }
        *self = next;
        Ok(())
    }

    fn check(&self, now: u64, author: &str, fact: &Fact) -> Result<(), &'static str> {
        let members_only = if self.members.contains(author) { Ok(()) } else { Err("members-only") };
        match fact {
            Fact::Join(_) => Ok(()),
            // Whoever admits it is a server, and gets no further.
            Fact::Crash => Err("crashed"),
            Fact::Leave(who) if self.members.contains(&subject(*who)) => Ok(()),
            Fact::Leave(_) => Err("no-such-member"),
            Fact::Rename(note, _) | Fact::Drop(note) => match self.notes.get(note) {
                None => Err("no-such-note"),
                Some(note) if note.author != author => Err("not-the-author"),
                Some(_) => Ok(()),
            },
            Fact::Add(..) | Fact::Create(..) | Fact::Link(..) | Fact::Star(_) => members_only,
            Fact::Stock(_) if is_shut(now) => Err("shop-shut"),
            Fact::Stock(_) => members_only,
        }
    }

    fn apply(&mut self, version: ModelNo, author: &str, id: u32, fact: &Fact) -> Result<(), &'static str> {
        match fact {
            Fact::Join(who) => {
                if !self.members.insert(subject(*who)) {
                    return Err("constraint-unique");
                }
            }
            Fact::Leave(who) => drop(self.members.remove(&subject(*who))),
            Fact::Add(note, title) => self.add(version, author, *note, *title, 0)?,
            Fact::Create(note, title, colour) => self.add(version, author, *note, *title, *colour)?,
            Fact::Rename(note, name) => self.rename(version, *note, title(*name))?,
            Fact::Drop(note) => {
                let linked = self.links.iter().any(|(from, to)| from == note || to == note);
                if self.notes.contains_key(note) && (linked || self.stars.contains_key(note)) {
                    return Err("constraint-foreign-key");
                }
                self.notes.remove(note);
            }
            Fact::Link(from, to) => {
                if !self.links.insert((*from, *to)) {
                    return Err("constraint-unique");
                }
                if !self.notes.contains_key(from) || !self.notes.contains_key(to) {
                    return Err("constraint-foreign-key");
                }
            }
            Fact::Star(note) => {
                *self.stars.entry(*note).or_default() += 1;
                if !self.notes.contains_key(note) {
                    return Err("constraint-foreign-key");
                }
            }
            Fact::Stock(by) => {
                let pieces = self.stock.unwrap_or_default() + i64::from(*by);
                if !(0..=STOCK).contains(&pieces) {
                    return Err("constraint-check");
                }
                self.stock = Some(pieces);
            }
            Fact::Crash => {}
        }
        let id = i64::from(id);
        self.trail = Some(match self.trail {
            None => (id % TRAIL, 1),
            Some((hash, events)) => ((hash * 31 + id % TRAIL) % TRAIL, events + 1),
        });
        Ok(())
    }

    fn add(
        &mut self,
        version: ModelNo,
        author: &str,
        note: u8,
        name: u8,
        colour: u8,
    ) -> Result<(), &'static str> {
        let title = title(name);
        allowed(version, &title)?;
        if self.notes.contains_key(&note) || self.notes.values().any(|other| other.title == title) {
            return Err("constraint-unique");
        }
        self.notes.insert(note, Note { title, author: author.to_owned(), colour });
        if version >= ModelNo::Third {
            *self.authors.entry(author.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    fn rename(&mut self, version: ModelNo, note: u8, title: String) -> Result<(), &'static str> {
        if !self.notes.contains_key(&note) {
            return Ok(());
        }
        allowed(version, &title)?;
        if self.notes.iter().any(|(id, other)| *id != note && other.title == title) {
            return Err("constraint-unique");
        }
        if let Some(note) = self.notes.get_mut(&note) {
            note.title = title;
        }
        Ok(())
    }

    /// The notes that there are.
    pub(crate) fn notes(&self) -> impl Iterator<Item = u8> {
        self.notes.keys().copied()
    }

    /// Whether a subject is a member.
    pub(crate) fn has_member(&self, who: u8) -> bool {
        self.members.contains(&subject(who))
    }

    /// The hash and the number of all events.
    pub(crate) const fn trail(&self) -> Option<(i64, i64)> {
        self.trail
    }

    /// The state as text, to be compared with [`dump`].
    #[must_use]
    pub fn text(&self, version: ModelNo) -> String {
        let mut text = String::new();
        let mut line = |words: &dyn std::fmt::Display| {
            writeln!(text, "{words}").expect("a string takes all that is written");
        };
        self.members.iter().for_each(|member| line(&format_args!("member {member}")));
        for (id, Note { title, author, colour }) in &self.notes {
            match version {
                ModelNo::First => line(&format_args!("note {id} {title} {author}")),
                ModelNo::Second | ModelNo::Third => {
                    line(&format_args!("note {id} {title} {author} {colour}"));
                }
            }
        }
        self.links.iter().for_each(|(from, to)| line(&format_args!("link {from} {to}")));
        self.stars.iter().for_each(|(note, count)| line(&format_args!("star {note} {count}")));
        self.authors.iter().for_each(|(name, notes)| line(&format_args!("author {name} {notes}")));
        self.stock.iter().for_each(|pieces| line(&format_args!("stock {pieces}")));
        self.trail.iter().for_each(|(hash, events)| line(&format_args!("trail {hash} {events}")));
        text
    }
}

fn known(version: ModelNo, fact: &Fact) -> Result<(), &'static str> {
    match fact {
        Fact::Create(..) | Fact::Star(_) if version == ModelNo::First => Err("unknown-event"),
        Fact::Join(_)
        | Fact::Leave(_)
        | Fact::Add(..)
        | Fact::Create(..)
        | Fact::Rename(..)
        | Fact::Drop(_)
        | Fact::Link(..)
        | Fact::Star(_)
        | Fact::Stock(_)
        | Fact::Crash => Ok(()),
    }
}

fn allowed(version: ModelNo, title: &str) -> Result<(), &'static str> {
    let banned = version >= ModelNo::Third && title == "t0";
    if title.len() > TITLE || banned { Err("constraint-check") } else { Ok(()) }
}

/// The tables of a state as text, in an order of their own.
///
/// # Errors
/// [`SqlError`].
pub fn dump(db: &dyn Query, version: ModelNo) -> Result<String, SqlError> {
    let notes = match version {
        ModelNo::First => "SELECT 'note ' || id || ' ' || title || ' ' || author FROM notes ORDER BY id",
        ModelNo::Second | ModelNo::Third => {
            "SELECT 'note ' || id || ' ' || title || ' ' || author || ' ' || colour FROM notes ORDER BY id"
        }
    };
    let stars = "SELECT 'star ' || note || ' ' || count FROM stars ORDER BY note";
    let authors = "SELECT 'author ' || name || ' ' || notes FROM authors ORDER BY name";
    let queries = [
        Some("SELECT 'member ' || name FROM members ORDER BY name"),
        Some(notes),
        Some("SELECT 'link ' || source || ' ' || target FROM links ORDER BY source, target"),
        (version >= ModelNo::Second).then_some(stars),
        (version >= ModelNo::Third).then_some(authors),
        Some("SELECT 'stock ' || pieces FROM stock"),
        Some("SELECT 'trail ' || hash || ' ' || events FROM trail"),
    ];
    let mut text = String::new();
    for sql in queries.into_iter().flatten() {
        for row in db.query(sql, &[])? {
            text.push_str(&row.get::<String>(0)?);
            text.push('\n');
        }
    }
    Ok(text)
}

/// The trail alone: what every event leaves in the state.
///
/// # Errors
/// [`SqlError`].
pub(crate) fn trail(db: &dyn Query) -> Result<Option<(i64, i64)>, SqlError> {
    let row = db.first("SELECT hash, events FROM trail", &[])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
