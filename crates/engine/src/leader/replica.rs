//! The leader's copy of the state: behind the log, advanced in large steps, so that a new tab starts
//! from it and a short tail instead of the whole log.

use syncline_protocol::{SchemaHash, Seq};

use crate::history::History;
use crate::local::Epoch;
use crate::segment;
use crate::sql::nested;
use crate::{Query, Rules, Sql, SqlError, attempt, quarantine, state};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch TEXT NOT NULL,
    schema_hash TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT";

/// Entries are applied in transactions of about this size.
const STEP_BYTES: usize = 4 << 20;

/// A state in a database of its own, with the seq that it stands at. It is derived: a host may delete
/// the database at any time.
pub struct Replica {
    rules: Rules,
    schema_hash: SchemaHash,
    seq: Seq,
    epoch: Option<Epoch>,
    /// Whether its quarantine was looked at, for what this build decodes and a former one did not.
    looked: bool,
    history: History,
}

impl Replica {
    /// Opens the state, or an empty one where it is of other tables.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn open(db: &mut dyn Sql, rules: Rules) -> Result<Self, SqlError> {
        let schema_hash = rules.schema_hash()?;
        db.run_script(TABLE)?;
        attempt::create(db)?;
        let row = db.first("SELECT epoch, schema_hash, seq FROM syncline_state", &[])?;
        let stored = row
            .map(|row| Ok::<_, SqlError>((Epoch::kept(row.get(0)?), row.get::<SchemaHash>(1)?, row.get(2)?)))
            .transpose()?;
        let mut replica = Self {
            rules,
            schema_hash,
            seq: Seq::ZERO,
            epoch: None,
            looked: false,
            history: History::default(),
        };
        match stored {
            Some((epoch, hash, seq)) if hash == replica.schema_hash => {
                replica.seq = seq;
                replica.epoch = Some(epoch);
            }
            Some(_) | None => nested(db, |db| replica.clear(db))?,
        }
        Ok(replica)
    }

    /// The last entry that it holds.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// Which life of the log it was made from; none where it holds nothing.
    #[must_use]
    pub const fn epoch(&self) -> Option<&Epoch> {
        self.epoch.as_ref()
    }

    /// Applies what the log has beyond it, in large transactions; the seq moves with the rows
    /// (together). A state that lacks a commit which the model has learnt to decode begins anew.
    ///
    /// # Errors
    /// [`SqlError`]; the steps before it stay.
    pub fn advance(&mut self, db: &mut dyn Sql, log: &dyn Query, epoch: &Epoch) -> Result<(), SqlError> {
        if self.epoch.as_ref().is_some_and(|known| known != epoch) {
            nested(db, |db| self.clear(db))?;
        }
        if !self.looked {
            if quarantine::is_outgrown(db, Some(log), &self.rules)? {
                nested(db, |db| self.clear(db))?;
            }
            self.looked = true;
        }
        self.epoch = Some(epoch.clone());
        loop {
            let segments = segment::page(log, self.seq, STEP_BYTES)?;
            if segments.is_empty() {
                return Ok(());
            }
            let note = |db: &mut dyn Sql, seq: Seq| {
                db.execute(
                    "INSERT OR REPLACE INTO syncline_state (id, epoch, schema_hash, seq)
                        VALUES (1, ?1, ?2, ?3)",
                    &[epoch.as_str().into(), self.schema_hash.as_str().into(), seq.into()],
                )
            };
            self.history.apply(db, &self.rules, &segments, &mut self.seq, &note)?;
        }
    }

    fn clear(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        state::drop_all(db)?;
        db.execute("DELETE FROM syncline_state", &[])?;
        state::create(db, &self.rules)?;
        self.seq = Seq::ZERO;
        self.epoch = None;
        Ok(())
    }
}
