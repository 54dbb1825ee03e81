//! A log that was exported becomes a store's file.

use std::io::{self, BufRead};
use std::path::Path;

use syncline_engine::protocol::{Entry, Incarnation, Seq, StoreId};
use syncline_engine::{Quarantined, Room, Rules, SqlError, count_quarantined, quarantined};
use syncline_sqlite::{Database, Durability};
use thiserror::Error;

use crate::shard::incarnation;

/// About as much is taken at once.
const PART_BYTES: usize = 1 << 20;

/// Why a log is not taken. Nothing of it is, then.
#[derive(Debug, Error)]
pub(crate) enum ImportError {
    #[error("line {line}: {why}")]
    Line { line: u64, why: String },
    #[error("the lines cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    #[error("{0}")]
    Host(SqlError),
}

impl From<SqlError> for ImportError {
    fn from(error: SqlError) -> Self {
        Self::Host(error)
    }
}

/// What was taken.
pub(crate) struct Imported {
    pub(crate) head: Seq,
    /// Commits that are set aside, as the model cannot apply them.
    pub(crate) aside: u32,
}

/// How a log is taken.
pub(crate) struct Import<'a> {
    pub(crate) rules: Rules,
    pub(crate) store: &'a StoreId,
    /// Whether commits that the model cannot apply are set aside; else they refuse the whole.
    pub(crate) aside: bool,
    /// The incarnation that it goes on under, where its clients are to go on; else it gets another.
    pub(crate) incarnation: Option<Incarnation>,
}

impl Import<'_> {
    /// Makes a new file of the entries, a line each; durable, when it returns.
    pub(crate) fn run(
        &self,
        lines: impl BufRead,
        path: &Path,
        mut progress: impl FnMut(u64),
    ) -> Result<Imported, ImportError> {
        let mut db = Database::open_file(path, Durability::Normal)?;
        let fresh = self.incarnation.clone().map_or_else(incarnation, Ok)?;
        let mut room = Room::open(&mut db, self.rules, self.store.clone(), fresh)?;
        let (mut part, mut bytes, mut commit_line): (Vec<Entry>, usize, u64) = (Vec::new(), 0, 1);
        let mut line = 0;
        for text in lines.lines() {
            line += 1;
            let text = text.map_err(|error| {
                let is_text = error.kind() != io::ErrorKind::InvalidData;
                if is_text { ImportError::Unreadable(error) } else { at(line, "it is not UTF-8") }
            })?;
            let entry: Entry = serde_json::from_str(&text).map_err(|error| at(line, error))?;
            if entry.seq.get() != line {
                return Err(at(line, format!("its seq is {}: a log begins at 1, without a gap", entry.seq)));
            }
            let starts = part.last().is_none_or(Entry::ends_commit);
            let follows = match part.last() {
                Some(last) if !starts => (last.index + 1, last.of, &last.client, last.counter),
                Some(_) | None => (0, entry.of, &entry.client, entry.counter),
            };
            if (entry.index, entry.of, &entry.client, entry.counter) != follows {
                return Err(at(line, "it does not go on with the commit before it"));
            }
            if starts {
                commit_line = line;
            }
            bytes += text.len();
            let ends = entry.ends_commit();
            part.push(entry);
            if ends && bytes >= PART_BYTES {
                self.take(&mut room, &mut db, &part)?;
                progress(line);
                part.clear();
                bytes = 0;
            }
        }
        if part.last().is_some_and(|entry| !entry.ends_commit()) {
            return Err(at(commit_line, "the log ends within the commit that begins here"));
        }
        self.take(&mut room, &mut db, &part)?;
        progress(line);
        db.checkpoint()?;
        let aside = count_quarantined(&db)?;
        Ok(Imported { head: room.head(), aside })
    }

    fn take(&self, room: &mut Room, db: &mut Database, part: &[Entry]) -> Result<(), ImportError> {
        let Some(first) = part.first() else { return Ok(()) };
        room.import(db, part).map_err(|error| match error.clone() {
            SqlError::Refused(why) => at(first.seq.get(), why),
            SqlError::Constraint(_)
            | SqlError::Type { .. }
            | SqlError::Statement(_)
            | SqlError::Host { .. } => ImportError::Host(error),
        })?;
        if self.aside {
            return Ok(());
        }
        match quarantined(&*db)?.first() {
            Some(Quarantined { seq, name, why }) => {
                Err(at(seq.get(), format!("the model does not take {name}: {why}")))
            }
            None => Ok(()),
        }
    }
}

fn at(line: u64, why: impl ToString) -> ImportError {
    ImportError::Line { line, why: why.to_string() }
}
