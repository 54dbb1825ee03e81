//! Attempt marks: what may crash its host is written down before it is begun, so that the next life
//! knows of it, and contains it.

use syncline_protocol::{Code, Rejection};

use crate::{Query, Sql, SqlError};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_attempts (
    who TEXT PRIMARY KEY, place INTEGER NOT NULL, tries INTEGER NOT NULL
) STRICT, WITHOUT ROWID";

/// How often a commit is tried alone. More than once: a machine may lose its power at that moment.
const TRIES: u32 = 2;

/// Where many commits are tried at once.
const MANY: i64 = 0;

pub(crate) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.run_script(TABLE)
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    place: i64,
    tries: u32,
}

/// Something that is tried, and what former lives have left of trying it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    who: String,
    found: Option<Mark>,
}

impl Attempt {
    pub(crate) fn find(db: &dyn Query, who: &str) -> Result<Self, SqlError> {
        let row = db.first("SELECT place, tries FROM syncline_attempts WHERE who = ?1", &[who.into()])?;
        let found = row.map(|row| Ok::<_, SqlError>(Mark { place: row.get(0)?, tries: row.get(1)? }));
        Ok(Self { who: who.to_owned(), found: found.transpose()? })
    }

    /// Whether a life has ended in the middle of it: then commits are tried one by one.
    pub(crate) const fn was_cut(&self) -> bool {
        self.found.is_some()
    }

    /// Why the commit at this place is not tried again: alone, it has crashed its host each time.
    pub(crate) fn crashed(&self, place: i64) -> Option<Rejection> {
        let tries = self.tries(place);
        (tries >= TRIES).then(|| {
            let message = format!("it has crashed its host {} times", tries.saturating_add(1));
            Rejection::coded(Code::Crashed, message)
        })
    }

    /// Marks that it begins: many commits at once, or the one at a place. Durable before what it marks
    /// begins, so never in the transaction that this is done in.
    pub(crate) fn begin(&self, db: &mut dyn Sql, place: Option<i64>) -> Result<(), SqlError> {
        let place = place.unwrap_or(MANY);
        self.put(db, Mark { place, tries: self.tries(place).saturating_add(1) })
    }

    /// It has ended, well or not: in the transaction with what came of it (together).
    pub(crate) fn end(&self, db: &mut dyn Sql) -> Result<(), SqlError> {
        db.execute("DELETE FROM syncline_attempts WHERE who = ?1", &[self.who.as_str().into()])
    }

    /// The host failed, which is nobody's crash. A mark that cannot be taken back is that of this life
    /// alone: what was found counts, however often this life tries.
    pub(crate) fn give_up(&self, db: &mut dyn Sql) {
        let _ = match self.found {
            Some(mark) => self.put(db, mark),
            None => self.end(db),
        };
    }

    fn tries(&self, place: i64) -> u32 {
        self.found.filter(|mark| mark.place == place).map_or(0, |mark| mark.tries)
    }

    fn put(&self, db: &mut dyn Sql, mark: Mark) -> Result<(), SqlError> {
        db.execute(
            "INSERT OR REPLACE INTO syncline_attempts (who, place, tries) VALUES (?1, ?2, ?3)",
            &[self.who.as_str().into(), mark.place.into(), mark.tries.into()],
        )
    }
}
