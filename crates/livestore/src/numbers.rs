//! From a seq of the log to the number that LiveStore's clients know the entry by, and back.
//!
//! The number of an entry follows from those before it: the counter of its commit, where a LiveStore client made it;
//! else the one after the last. So all of this is derived from the log, and may be lost at any time. Numbers mostly
//! go up by one, as seqs do: only where they leap, there is a row.

use serde::Deserialize;
use syncline_engine::protocol::{ClientId, Incarnation, Seq};
use syncline_engine::{HostFailure, Query, Room, Sql, SqlError, nested};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS syncline_livestore (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    incarnation TEXT NOT NULL,
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_livestore_leaps (
    seq INTEGER PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE
) STRICT;
";

/// As many entries are read again, at most, once a room is opened.
const STORE_EVERY: u64 = 1_000;

/// About as much of the log is read at once.
const READ_BYTES: usize = 1 << 20;

/// From this entry on, numbers go up by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    seq: Seq,
    number: u64,
}

impl Run {
    const fn at(self, seq: Seq) -> u64 {
        self.number.saturating_add(seq.get().saturating_sub(self.seq.get()))
    }
}

/// The numbers of a log, up to a seq.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    incarnation: Option<Incarnation>,
    /// From some entry on, as far back as what is published can begin: the first begins within another.
    runs: Vec<Run>,
    /// Up to here the tables have them.
    stored: Run,
    head: Run,
}

/// The number of an entry that follows one with the number `before`.
pub(crate) fn number_after(before: u64, client: &str, counter: u64) -> u64 {
    let is_theirs = client.starts_with(ClientId::LIVESTORE) && counter > before;
    if is_theirs { counter } else { before.saturating_add(1) }
}

/// What the number of an entry follows from.
#[derive(Deserialize)]
struct Header<'a> {
    seq: Seq,
    client: &'a str,
    counter: u64,
}

impl Numbers {
    /// The last entry whose number is known.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.head.seq
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.head.number
    }

    pub(crate) fn is_of(&self, room: &Room) -> bool {
        self.incarnation.as_ref() == Some(room.incarnation())
    }

    /// The next entry, and its number.
    pub(crate) fn follow(&mut self, seq: Seq, client: &str, counter: u64) -> u64 {
        let number = number_after(self.head.number, client, counter);
        if number != self.head.number.saturating_add(1) {
            self.runs.push(Run { seq, number });
        }
        self.head = Run { seq, number };
        number
    }

    /// Reads what was written to the log since.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn catch_up(&mut self, room: &Room, db: &mut dyn Sql) -> Result<(), SqlError> {
        if !self.is_of(room) || self.head.seq > room.head() {
            *self = Self::load(room, db)?;
        }
        while self.head.seq < room.head() {
            let before = self.head.seq;
            for part in Room::log_texts(&*db, before, READ_BYTES)? {
                let array = format!("[{}]", part.text);
                let headers: Vec<Header<'_>> = serde_json::from_str(&array).map_err(damaged)?;
                for Header { seq, client, counter } in headers {
                    if seq == self.head.seq.next() {
                        self.follow(seq, client, counter);
                    }
                }
            }
            if self.head.seq == before {
                return Err(damaged(format!("nothing follows {before}, and the head is {}", room.head())));
            }
        }
        if self.head.seq.get().saturating_sub(self.stored.seq.get()) >= STORE_EVERY {
            self.store(room, db)?;
        }
        Ok(())
    }

    fn load(room: &Room, db: &mut dyn Sql) -> Result<Self, SqlError> {
        db.run_script(TABLES)?;
        let row = db.first("SELECT incarnation, seq, number FROM syncline_livestore", &[])?;
        let (mut stored, mut known) = (Run::default(), false);
        if let Some(row) = row {
            let (of, seq): (Incarnation, Seq) = (row.get(0)?, row.get(1)?);
            known = of == *room.incarnation() && seq <= room.head();
            if known {
                stored = Run { seq, number: row.get::<i64>(2)?.unsigned_abs() };
            }
        }
        if !known {
            nested(db, |db| {
                db.execute("DELETE FROM syncline_livestore_leaps", &[])?;
                db.execute("DELETE FROM syncline_livestore", &[])
            })?;
        }
        let incarnation = Some(room.incarnation().clone());
        Ok(Self { incarnation, runs: vec![stored], stored, head: stored })
    }

    fn store(&mut self, room: &Room, db: &mut dyn Sql) -> Result<(), SqlError> {
        nested(db, |db| {
            for Run { seq, number } in self.runs.iter().filter(|run| run.seq > self.stored.seq) {
                let sql = "INSERT INTO syncline_livestore_leaps (seq, number) VALUES (?1, ?2)";
                db.execute(sql, &[(*seq).into(), number.cast_signed().into()])?;
            }
            db.execute(
                "INSERT OR REPLACE INTO syncline_livestore (id, incarnation, seq, number) VALUES (1, ?1, ?2, ?3)",
                &[
                    room.incarnation().as_str().into(),
                    self.head.seq.into(),
                    self.head.number.cast_signed().into(),
                ],
            )
        })?;
        // What was written last may not be published yet.
        let begin = std::mem::replace(&mut self.stored, self.head);
        self.runs.retain(|run| run.seq > begin.seq);
        self.runs.insert(0, begin);
        Ok(())
    }

    fn begin(&self) -> Run {
        self.runs.first().copied().unwrap_or_default()
    }

    /// The number of an entry, where that needs no database.
    pub(crate) fn recent(&self, seq: Seq) -> Option<u64> {
        if seq < self.begin().seq || seq > self.head.seq {
            return None;
        }
        let after = self.runs.partition_point(|run| run.seq <= seq);
        self.runs.get(after.checked_sub(1)?).map(|run| run.at(seq))
    }

    /// The number of an entry.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn of(&self, db: &dyn Query, seq: Seq) -> Result<u64, SqlError> {
        if let Some(number) = self.recent(seq) {
            return Ok(number);
        }
        let sql =
            "SELECT seq, number FROM syncline_livestore_leaps WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
        Ok(leap(db, sql, seq.sql())?.unwrap_or_default().at(seq))
    }

    /// The last entry with at most this number.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn seq_at(&self, db: &dyn Query, number: u64) -> Result<Seq, SqlError> {
        let (run, next) = if number >= self.begin().number {
            let after = self.runs.partition_point(|run| run.number <= number);
            let run = after.checked_sub(1).and_then(|place| self.runs.get(place));
            (run.copied().unwrap_or_default(), self.runs.get(after).map(|run| run.seq))
        } else {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            let sql = "SELECT seq, number FROM syncline_livestore_leaps
                WHERE number <= ?1 ORDER BY number DESC LIMIT 1";
            let run = leap(db, sql, number)?.unwrap_or_default();
            let sql = "SELECT seq, number FROM syncline_livestore_leaps WHERE seq > ?1 ORDER BY seq LIMIT 1";
            (run, leap(db, sql, run.seq.sql())?.map(|next| next.seq))
        };
        let last = next.map_or(self.head.seq, Seq::before);
        Ok(run.seq.plus(number.saturating_sub(run.number)).min(last))
    }
}

fn leap(db: &dyn Query, sql: &str, at: i64) -> Result<Option<Run>, SqlError> {
    let row = db.first(sql, &[at.into()])?;
    row.map(|row| Ok(Run { seq: row.get(0)?, number: row.get::<i64>(1)?.unsigned_abs() })).transpose()
}

pub(crate) fn damaged(why: impl ToString) -> SqlError {
    SqlError::Host { failure: HostFailure::Corrupt, message: why.to_string() }
}
