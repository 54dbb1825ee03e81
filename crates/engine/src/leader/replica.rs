//! The leader's copy of the state: behind the log, advanced in large steps, so that a new tab starts
//! from it and a short tail instead of the whole log.

use syncline_protocol::{SchemaHash, Seq, SnapshotOffer};

use crate::history::History;
use crate::local::{Epoch, StateDue};
use crate::segment::{self, Segment};
use crate::sql::nested;
use crate::{Query, Rules, Sql, SqlError, attempt, load, quarantine, state, state_digest};

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
#[derive(Clone, Debug)]
pub struct Replica {
    rules: Rules,
    schema_hash: SchemaHash,
    seq: Seq,
    epoch: Option<Epoch>,
    /// Whether its quarantine was looked at, for what this build decodes and a former one did not.
    looked: bool,
    history: History,
}

/// What bringing a state up to the log came to.
pub(super) enum Advanced {
    ToHead,
    /// The state is the one that the server has at the same seq.
    Compared,
    /// It is not: both digests.
    Diverged(String),
    /// The log begins with a snapshot, and that makes no state of these tables.
    NoState(String),
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
            Some(_) | None => replica.begin_anew(db)?,
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
    /// (together). A state that lacks a commit which the model has learnt to decode begins anew. It stops
    /// where there is a digest to compare with.
    ///
    /// # Errors
    /// [`SqlError`]; the steps before it stay.
    pub(super) fn advance(
        &mut self,
        db: &mut dyn Sql,
        log: &dyn Query,
        epoch: &Epoch,
        compare: Option<&SnapshotOffer>,
    ) -> Result<Advanced, SqlError> {
        // The two databases are synced each at its own time: after a loss of power the log may be the older one.
        if self.epoch.as_ref().is_some_and(|known| known != epoch) || segment::head(log)?.0 < self.seq {
            self.begin_anew(db)?;
        }
        if !self.looked {
            if quarantine::is_outgrown(db, Some(log), &self.rules)? {
                self.begin_anew(db)?;
            }
            self.looked = true;
        }
        self.epoch = Some(epoch.clone());
        let start = segment::start(log)?;
        if self.seq < start
            && let Err(why) = self.load(db, log, epoch, start)?
        {
            return Ok(Advanced::NoState(why));
        }
        loop {
            if let Some(offer) = compare.filter(|offer| offer.seq == self.seq) {
                let ours = state_digest(&*db)?;
                if ours == offer.digest {
                    return Ok(Advanced::Compared);
                }
                let message =
                    format!("at {} the state here is {ours}, the server's {}", offer.seq, offer.digest);
                return Ok(Advanced::Diverged(message));
            }
            let segments = segment::page(log, self.seq, STEP_BYTES)?;
            let Some(end) = segments.last().map(|segment| segment.last) else {
                return Ok(Advanced::ToHead);
            };
            let stop = compare.map(|offer| offer.seq).filter(|seq| self.seq < *seq && *seq < end);
            self.step(db, log, epoch, &segments, stop.unwrap_or(end))?;
        }
    }

    /// Applies segments up to a seq, each once it was found to be what was written.
    fn step(
        &mut self,
        db: &mut dyn Sql,
        log: &dyn Query,
        epoch: &Epoch,
        segments: &[Segment],
        to: Seq,
    ) -> Result<(), SqlError> {
        let first = segments.first().map_or(Seq::ZERO, |segment| segment.first);
        let mut before = segment::chain_before(log, first)?;
        let mut entries = Vec::new();
        for segment in segments {
            entries.extend(match before {
                Some(chain) => segment::verify(segment, chain)?,
                None => segment::decode(segment)?,
            });
            before = Some(segment.chain);
        }
        entries.retain(|entry| self.seq < entry.seq && entry.seq <= to);
        let hash = &self.schema_hash;
        let note = |db: &mut dyn Sql, seq: Seq| note(db, epoch, hash, seq);
        self.history.apply(db, &self.rules, &entries, &mut self.seq, &note)
    }

    /// Of a state that was made elsewhere, of the snapshot that the log begins with.
    pub(super) fn made(db: &mut dyn Sql, rules: Rules, due: &StateDue) -> Result<Self, SqlError> {
        note(db, &due.epoch, &rules.schema_hash()?, due.seq)?;
        Self::open(db, rules)
    }

    /// Makes the state from the snapshot that the log begins with; the inner error says why it is none.
    fn load(
        &mut self,
        db: &mut dyn Sql,
        log: &dyn Query,
        epoch: &Epoch,
        start: Seq,
    ) -> Result<Result<(), String>, SqlError> {
        let parts = super::snapshot::parts(log)?;
        if parts.is_empty() {
            return Ok(Err("it is not there".to_owned()));
        }
        let loaded = nested(db, |db| {
            load::load(db, &self.rules, &parts)?;
            note(db, epoch, &self.schema_hash, start)
        });
        match loaded {
            Ok(()) => self.seq = start,
            Err(error) if error.is_host() => return Err(error),
            Err(error) => return Ok(Err(error.to_string())),
        }
        Ok(Ok(()))
    }

    /// together: what is known here of the rows moves only once they have.
    fn begin_anew(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        nested(db, |db| {
            state::drop_all(db)?;
            db.execute("DELETE FROM syncline_state", &[])?;
            state::create(db, &self.rules)
        })?;
        self.seq = Seq::ZERO;
        self.epoch = None;
        Ok(())
    }
}

fn note(db: &mut dyn Sql, epoch: &Epoch, hash: &SchemaHash, seq: Seq) -> Result<(), SqlError> {
    db.execute(
        "INSERT OR REPLACE INTO syncline_state (id, epoch, schema_hash, seq) VALUES (1, ?1, ?2, ?3)",
        &[epoch.as_str().into(), hash.as_str().into(), seq.into()],
    )
}
