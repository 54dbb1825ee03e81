//! Segments that the archive has leave the room's database, where the host wants that. Their rows stay, with
//! the chain and without entries: so the log has no gap, nothing is read that is not there, and what the host
//! brings back is held against what was written.

use syncline_protocol::{
    Args, ClientId, Counter, Digest, Entry, Incarnation, Millis, Seq, Subject, encode_segment,
};

use super::Room;
use crate::segment::{self, Segment};
use crate::sql::nested;
use crate::{Query, Sql, SqlError};

/// Of the segments that have no entries here: under which life the archive has them, and their size.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_released (
    first INTEGER PRIMARY KEY,
    incarnation TEXT NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
";

/// As much goes, or comes back, at once.
const BYTES: u32 = 512 << 10;

/// As many rows are looked at for that.
const ROWS: usize = 256;

/// Some segments that follow each other, as the archive knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Under which life of the log.
    pub incarnation: Incarnation,
    /// The first entry of the first.
    pub first: Seq,
    /// The last entry of the last.
    pub last: Seq,
}

impl Stretch {
    fn wrong(&self, why: &str) -> SqlError {
        let Self { incarnation, first, last } = self;
        segment::damage(format!(
            "the archive does not have {first} to {last} of {incarnation} as written: {why}"
        ))
    }
}

/// An entry as the archive has it: seq, client, counter, index, author, time, name, args as a text, and the
/// digest of the args before where they were redacted.
type Row = (Seq, ClientId, Counter, u32, Subject, Millis, String, String, Option<Digest>);

impl Room {
    /// What may leave next: what the archive has, a snapshot holds, and is old enough. Nothing does while the
    /// archive has not heard of a redaction.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn releasable(&mut self, db: &dyn Query) -> Result<Option<Stretch>, SqlError> {
        let (Some(hot), Some(facts)) = (self.config.upkeep.keep_hot, super::tables::facts(db)?) else {
            return Ok(None);
        };
        let bound = facts.archived.min(self.snapshot).get().min(self.head.get().saturating_sub(hot));
        if bound <= self.released.get()
            || self.is_rebuilding()
            || db.exists("SELECT 1 FROM syncline_redactions WHERE archived = 0", &[])?
        {
            return Ok(None);
        }
        let sql = format!(
            "SELECT first, last, octet_length(entries),
                EXISTS (SELECT 1 FROM syncline_quarantine WHERE seq BETWEEN first AND last)
                FROM syncline_log WHERE first > ?1 AND last <= ?2 ORDER BY first LIMIT {ROWS}"
        );
        loop {
            let rows = db.query(&sql, &[self.released.into(), bound.cast_signed().into()])?;
            if rows.is_empty() {
                return Ok(None);
            }
            let (mut found, mut size) = (None::<(Seq, Seq)>, 0_u32);
            for row in &rows {
                let (first, last, bytes): (Seq, Seq, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let stays = segment::is_released(bytes) || row.get::<bool>(3)?;
                size = size.saturating_add(bytes);
                match found {
                    Some(_) if stays || size > BYTES => break,
                    None if stays => {
                        self.released = last;
                        size = 0;
                    }
                    Some((start, _)) => found = Some((start, last)),
                    None => found = Some((first, last)),
                }
            }
            if let Some((first, last)) = found {
                return Ok(Some(Stretch { incarnation: self.incarnation.clone(), first, last }));
            }
        }
    }

    /// Lets a stretch go, once its host has read it back from the archive: `rows` are a JSON array, as in
    /// [`ArchivePage::rows`]. What the archive has otherwise than it was written stays here, and what was set
    /// aside, as a model may learn to read it.
    ///
    /// [`ArchivePage::rows`]: super::ArchivePage::rows
    ///
    /// # Errors
    /// [`SqlError`]; nothing has changed then.
    pub fn release(&mut self, db: &mut dyn Sql, stretch: &Stretch, rows: &str) -> Result<(), SqlError> {
        let segments = read(&*db, stretch, rows).inspect_err(|_| {
            // It is not tried again by this instance.
            self.released = self.released.max(stretch.last);
        })?;
        if segments != segment::between(&*db, stretch.first, stretch.last)? {
            // The chain does not say what was redacted meanwhile.
            return Err(stretch.wrong("it has changed here"));
        }
        nested(db, |db| {
            for Segment { first, last, text, .. } in &segments {
                let set_aside = "SELECT 1 FROM syncline_quarantine WHERE seq BETWEEN ?1 AND ?2";
                if db.exists(set_aside, &[(*first).into(), (*last).into()])? {
                    continue;
                }
                let bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
                db.execute(
                    "INSERT INTO syncline_released (first, incarnation, bytes) VALUES (?1, ?2, ?3)",
                    &[(*first).into(), stretch.incarnation.as_str().into(), bytes.into()],
                )?;
                segment::release(db, *first)?;
            }
            Ok(())
        })
    }

    /// What was released, from a seq on: a stretch that is read from the archive at once.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn released(db: &dyn Query, from: Seq) -> Result<Option<Stretch>, SqlError> {
        let sql = format!(
            "SELECT log.first, last, incarnation, bytes FROM syncline_released AS gone
                JOIN syncline_log AS log ON log.first = gone.first
                WHERE gone.first >= COALESCE((SELECT max(first) FROM syncline_log WHERE first <= ?1), 0)
                    AND last >= ?1
                ORDER BY gone.first LIMIT {ROWS}"
        );
        let (mut stretch, mut size) = (None::<Stretch>, 0_u32);
        for row in db.query(&sql, &[from.into()])? {
            let (first, last, incarnation): (Seq, Seq, Incarnation) = (row.get(0)?, row.get(1)?, row.get(2)?);
            size = size.saturating_add(row.get(3)?);
            match &mut stretch {
                None => stretch = Some(Stretch { incarnation, first, last }),
                Some(begun)
                    if begun.last.next() == first && begun.incarnation == incarnation && size <= BYTES =>
                {
                    begun.last = last;
                }
                Some(_) => break,
            }
        }
        Ok(stretch)
    }

    /// Puts a stretch back where it was, from the archive's rows, if it is still gone.
    ///
    /// # Errors
    /// [`SqlError`]; nothing has changed then. `Corrupt` where the archive does not have what was written.
    pub fn bring_back(&mut self, db: &mut dyn Sql, stretch: &Stretch, rows: &str) -> Result<(), SqlError> {
        if Self::released(&*db, stretch.first)?.as_ref() != Some(stretch) {
            // Somebody else was faster, and it may have been redacted since.
            return Ok(());
        }
        let segments = read(&*db, stretch, rows)?;
        let before = stretch.first.before();
        nested(db, |db| {
            for Segment { first, text, .. } in &segments {
                segment::put_text(db, *first, text)?;
            }
            let sql = "DELETE FROM syncline_released WHERE first BETWEEN ?1 AND ?2";
            db.execute(sql, &[stretch.first.into(), stretch.last.into()])?;
            if stretch.incarnation != self.incarnation {
                // Of this life, the archive does not have it yet.
                let sql = "UPDATE syncline_room SET archived = min(archived, ?1) WHERE id = 1";
                db.execute(sql, &[before.into()])?;
            }
            Ok::<_, SqlError>(())
        })?;
        self.released = self.released.min(before);
        Ok(())
    }

    /// Whether the archive has a stretch as it was written.
    ///
    /// # Errors
    /// [`SqlError`]: `Corrupt` where it does not.
    pub fn check_released(db: &dyn Query, stretch: &Stretch, rows: &str) -> Result<(), SqlError> {
        read(db, stretch, rows).map(drop)
    }
}

/// The last entry before the next that is here, after one that ends a segment.
pub(super) fn end(db: &dyn Query, after: Seq) -> Result<Seq, SqlError> {
    let here = segment::next_here(db, after)?;
    Ok(here.map_or(segment::head(db)?.0, Seq::before))
}

/// How many entries, and how many rows.
pub(super) fn size(db: &dyn Query) -> Result<(u64, u64), SqlError> {
    let row = db.first(
        "SELECT COALESCE(sum(last - log.first + 1), 0), count(*) FROM syncline_released AS gone
            JOIN syncline_log AS log ON log.first = gone.first",
        &[],
    )?;
    row.map_or(Ok((0, 0)), |row| Ok((row.get::<i64>(0)?.unsigned_abs(), row.get::<i64>(1)?.unsigned_abs())))
}

/// The segments of a stretch, from the archive's rows: each holds what its chain says.
fn read(db: &dyn Query, stretch: &Stretch, rows: &str) -> Result<Vec<Segment>, SqlError> {
    let wrong = |why: &str| stretch.wrong(why);
    let mut entries = entries(rows).map_err(|why| wrong(&why))?.into_iter().peekable();
    let mut segments = segment::between(db, stretch.first, stretch.last)?;
    let (mut next, mut chain) = (stretch.first, segment::chain_before(db, stretch.first)?);
    for segment in &mut segments {
        let own: Vec<Entry> =
            std::iter::from_fn(|| entries.next_if(|entry| entry.seq <= segment.last)).collect();
        let before = chain.filter(|_| segment.first == next && !own.is_empty());
        segment.text = encode_segment(&own);
        let before = before.ok_or_else(|| wrong("entries are missing"))?;
        segment::verify(segment, before).map_err(|error| wrong(&error.to_string()))?;
        (next, chain) = (segment.last.next(), Some(segment.chain));
    }
    if next.before() != stretch.last || entries.next().is_some() {
        return Err(wrong("it is divided otherwise"));
    }
    Ok(segments)
}

fn entries(rows: &str) -> Result<Vec<Entry>, String> {
    let rows: Vec<Row> = serde_json::from_str(rows).map_err(|error| error.to_string())?;
    let mut entries = Vec::with_capacity(rows.len());
    // A commit begins at index 0, and the archive has it whole.
    for commit in rows.chunk_by(|_, (.., index, _, _, _, _, _)| *index > 0) {
        let of = u32::try_from(commit.len()).map_err(|error| error.to_string())?;
        for (seq, client, counter, index, author, time, name, args, redacted) in commit {
            entries.push(Entry {
                seq: *seq,
                client: client.clone(),
                counter: *counter,
                index: *index,
                of,
                author: author.clone(),
                time: *time,
                name: name.clone(),
                args: Args::parse(args).map_err(|error| error.to_string())?,
                redacted: *redacted,
            });
        }
    }
    Ok(entries)
}
