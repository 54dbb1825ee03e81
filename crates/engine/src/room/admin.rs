//! What an operator asks of a room, and does to it.

use serde::Serialize;
use syncline_protocol::{Chain, Digest, Entry, Incarnation, ModelVersion, SchemaHash, Seq};

use super::{Room, decisions, release, snapshot, tables};
use crate::segment::{self, Builder};
use crate::sql::nested;
use crate::{Query, Sql, SqlError, dump, quarantine, state};

/// About what is read at once.
const PAGE_BYTES: usize = 1 << 20;

/// Where a room stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomInfo {
    /// Which life of the log this is.
    pub incarnation: Incarnation,
    /// The last entry of the log.
    pub head: Seq,
    /// The fingerprint of the log.
    pub chain: Chain,
    /// The model that decides.
    pub model_version: ModelVersion,
    /// Its tables.
    pub schema_hash: SchemaHash,
    /// Entries of the log, in bytes.
    pub log_bytes: u64,
    /// Rows that they lie in.
    pub segments: u64,
    /// Clients that have had a commit decided.
    pub clients: u64,
    /// Where the snapshot stands; 0 where there is none.
    pub snapshot: Seq,
    /// The last entry that the archive has; 0 where there is no archive.
    pub archived: Seq,
    /// Entries that are in the archive alone.
    pub released: u64,
    /// Commits of history that could not be decoded or applied.
    pub quarantined: u32,
    /// Whether the state is being made anew: pushes wait.
    pub rebuilding: bool,
    /// A digest of all of it: the same, as long as nothing has changed.
    pub stamp: Digest,
}

/// What was found when a log and its state were looked through.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Whether all is as it was written.
    pub sound: bool,
    /// Entries that were read, up to the first that is not.
    pub entries: u64,
    /// The first thing that is wrong.
    pub problem: Option<String>,
    /// Of the state that is there.
    pub state: Digest,
    /// Of the state made anew from the log, twice, where there was a database to make it in.
    pub rebuilt: Option<Digest>,
}

impl Room {
    /// Where it stands.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn info(&self, db: &dyn Query) -> Result<RoomInfo, SqlError> {
        let sizes =
            db.first("SELECT count(*), COALESCE(sum(octet_length(entries)), 0) FROM syncline_log", &[])?;
        let (segments, log_bytes) =
            sizes.map_or(Ok((0, 0)), |row| Ok::<_, SqlError>((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
        let (released, rows) = release::size(db)?;
        let clients: Option<i64> = db.value("SELECT count(DISTINCT client) FROM syncline_decisions", &[])?;
        Ok(RoomInfo {
            incarnation: self.incarnation.clone(),
            head: self.head,
            chain: self.chain,
            model_version: self.rules.version(),
            schema_hash: self.rules.schema_hash()?,
            log_bytes: log_bytes.unsigned_abs().saturating_sub(rows),
            segments: segments.unsigned_abs(),
            clients: clients.unwrap_or_default().unsigned_abs(),
            snapshot: self.snapshot,
            archived: tables::facts(db)?.map_or(Seq::ZERO, |facts| facts.archived),
            released,
            quarantined: quarantine::count_quarantined(db)?,
            rebuilding: self.is_rebuilding(),
            stamp: Self::stamp(db)?,
        })
    }

    /// Reads the whole log and compares it with its chain; where there are two empty databases, it makes the
    /// state anew in each, and compares these with the one that is there.
    ///
    /// # Errors
    /// [`SqlError`] of the host; what is wrong with the log is in the answer.
    pub fn verify(&self, db: &dyn Query, empty: Option<[&mut dyn Sql; 2]>) -> Result<Verified, SqlError> {
        let (entries, problem) = match self.read_through(db) {
            Ok(entries) => (entries, None),
            Err((entries, error)) => (entries, Some(error.to_string())),
        };
        let state = dump::state_digest(db)?;
        let mut verified = Verified { sound: problem.is_none(), entries, problem, state, rebuilt: None };
        if let (Some([first, second]), true) = (empty, verified.sound) {
            self.state_at(db, self.head, first)?;
            self.state_at(db, self.head, second)?;
            let (first, second) = (dump::state_digest(&*first)?, dump::state_digest(&*second)?);
            verified.rebuilt = Some(first);
            if first != second {
                verified.problem = Some("two rebuilds differ: `apply` is not deterministic".to_owned());
            } else if first != state && !self.is_rebuilding() {
                verified.problem = Some("the state is not what the log comes to".to_owned());
            }
            verified.sound = verified.problem.is_none();
        }
        Ok(verified)
    }

    fn read_through(&self, db: &dyn Query) -> Result<u64, (u64, SqlError)> {
        fn read<T>(done: Result<T, SqlError>, at: Seq) -> Result<T, (u64, SqlError)> {
            done.map_err(|error| (at.get(), error))
        }
        let (mut at, mut chain) = (Seq::ZERO, Chain::GENESIS);
        loop {
            let (segments, released) = match segment::page(db, at, PAGE_BYTES) {
                Ok(segments) => (segments, false),
                Err(error) => match error.released() {
                    // Whether the archive has what was written, its host asks it.
                    Some(first) => (read(segment::between(db, first, first), at)?, true),
                    None => return Err((at.get(), error)),
                },
            };
            if segments.is_empty() {
                break;
            }
            for segment in &segments {
                if segment.first != at.next() {
                    let message = format!("{} follows {at}: the log has a gap", segment.first);
                    return Err((at.get(), segment::damage(message)));
                }
                if !released {
                    read(segment::verify(segment, chain), at)?;
                }
                (at, chain) = (segment.last, segment.chain);
            }
        }
        if at == self.head && chain == self.chain {
            return Ok(at.get());
        }
        Err((at.get(), segment::damage(format!("the log ends at {at}, its head is {}", self.head))))
    }

    /// Begins another life of the log, an empty one. Clients have followed the former: the host closes their
    /// sockets, and they learn it when they connect. What they had confirmed is theirs to offer again.
    ///
    /// # Errors
    /// [`SqlError`]; nothing has changed then.
    pub fn reset(&mut self, db: &mut dyn Sql, fresh: Incarnation) -> Result<(), SqlError> {
        nested(db, |db| {
            state::drop_all(db)?;
            state::create(db, &self.rules)?;
            snapshot::discard(db)?;
            for table in ["log", "released", "decisions", "redactions", "attempts"] {
                db.execute(&format!("DELETE FROM syncline_{table}"), &[])?;
            }
            tables::put_behind(db, None)?;
            let facts = tables::Facts {
                incarnation: fresh,
                schema_hash: self.rules.schema_hash()?,
                archived: Seq::ZERO,
            };
            tables::put_facts(db, &facts)
        })?;
        self.reopen(db)
    }

    /// Takes entries of another log into one that has none yet, as they are: an export, or a part of it that
    /// follows the part before. What their clients have had decided is known from them, so that a commit
    /// which comes again is not logged twice; rejections are not in a log.
    ///
    /// # Errors
    /// [`SqlError`]: `Refused` for entries that do not follow, or divide a commit. Nothing is taken then.
    pub fn import(&mut self, db: &mut dyn Sql, entries: &[Entry]) -> Result<(), SqlError> {
        let mut expected = self.head;
        for entry in entries {
            expected = expected.next();
            if entry.seq != expected {
                return Err(SqlError::refused(format!("seq {} comes where {expected} should", entry.seq)));
            }
        }
        let mut log = Builder::new(self.chain);
        let mut made = Vec::new();
        for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
            let size = u32::try_from(commit.len()).unwrap_or(u32::MAX);
            let (Some(first), Some(last)) = (commit.first(), commit.last()) else { continue };
            let whole = commit.iter().zip(0..).all(|(entry, index)| {
                (entry.index, entry.of) == (index, size)
                    && (&entry.client, entry.counter) == (&first.client, first.counter)
            });
            if !whole || !last.ends_commit() {
                return Err(SqlError::refused(format!("the commit at {} is not whole", first.seq)));
            }
            log.add(commit);
            made.push((first.client.clone(), first.counter, first.seq.before(), size));
        }
        nested(db, |db| {
            for run in made.chunk_by(|(one, counter, ..), (next, following, ..)| {
                one == next && counter.next() == *following
            }) {
                let mut runs = decisions::Runs::new();
                for (_, counter, after, size) in run {
                    runs.add(*counter, *after, decisions::Kept::Accepted(*size));
                }
                if let Some((client, ..)) = run.first() {
                    decisions::keep(db, client, &runs.rows()?)?;
                }
            }
            for segment in log.finish() {
                segment::append(db, &segment)?;
            }
            state::apply_history(db, &self.rules, entries)
        })?;
        self.reopen(db)
    }

    /// Reads back from the database what is cached of it.
    fn reopen(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        let facts = tables::facts(&*db)?.ok_or_else(|| SqlError::refused("the room has no facts"))?;
        let mut room = Self::open(db, self.rules, self.store.clone(), facts.incarnation)?;
        room.config = self.config;
        *self = room;
        Ok(())
    }
}
