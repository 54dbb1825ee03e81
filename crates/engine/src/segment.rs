//! The log as rows: segments, each the encoded entries of some whole commits, as they go on the wire.
//! Rooms and leaders keep the same table, `syncline_log`.

use syncline_protocol::{Chain, DecodeError, Entry, Limits, Seq, decode_entries, encode_segment};
use thiserror::Error;

use crate::mutation::{Mutation, is_on};
use crate::promise::assert_promise;
use crate::{HostFailure, Query, Sql, SqlError};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_log (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    chain TEXT NOT NULL,
    entries TEXT NOT NULL
) STRICT";

pub(crate) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.run_script(TABLE)
}

/// What a row holds whose entries are in the archive alone. No entry is so short.
const RELEASED: &str = "@";

/// Some whole commits, encoded once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    pub(crate) chain: Chain,
    pub(crate) text: String,
}

/// A stored segment that does not read back.
#[derive(Debug, Error)]
#[error("the segment at {first} is damaged: {source}")]
struct Damaged {
    first: Seq,
    source: DecodeError,
}

/// Builds segments of at most [`Limits::SEGMENT_BYTES`] from commits, in the order of the log.
pub(crate) struct Builder {
    chain: Chain,
    done: Vec<Segment>,
}

impl Builder {
    pub(crate) const fn new(chain: Chain) -> Self {
        Self { chain, done: Vec::new() }
    }

    /// Adds a commit; it is never divided (whole-commits).
    pub(crate) fn add(&mut self, commit: &[Entry]) {
        let (Some(first), Some(last)) = (commit.first(), commit.last()) else {
            return;
        };
        assert_promise!(last.ends_commit(), "whole-commits: a segment ends where a commit ends");
        for entry in commit {
            self.chain = self.chain.after(entry, &entry.args_digest());
        }
        let lost = usize::from(commit.len() > 1 && is_on(Mutation::SegmentLosesEntry));
        let text = encode_segment(commit.get(..commit.len() - lost).unwrap_or_default());
        match self.done.last_mut() {
            Some(open) if open.text.len() + 1 + text.len() <= Limits::SEGMENT_BYTES => {
                assert_promise!(first.seq == open.last.next(), "one-order: the log has no gap");
                open.text.push(',');
                open.text.push_str(&text);
                open.last = last.seq;
                open.chain = self.chain;
            }
            Some(_) | None => {
                self.done.push(Segment { first: first.seq, last: last.seq, chain: self.chain, text });
            }
        }
    }

    pub(crate) const fn chain(&self) -> Chain {
        self.chain
    }

    pub(crate) fn finish(self) -> Vec<Segment> {
        self.done
    }
}

pub(crate) fn append(db: &mut dyn Sql, segment: &Segment) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO syncline_log (first, last, chain, entries) VALUES (?1, ?2, ?3, ?4)",
        &[
            segment.first.into(),
            segment.last.into(),
            (&segment.chain.to_string()).into(),
            (&segment.text).into(),
        ],
    )
}

/// Where a log begins that starts from a snapshot: a segment without entries, at the seq before its first.
pub(crate) const fn base(seq: Seq, chain: Chain) -> Segment {
    Segment { first: seq, last: seq, chain, text: String::new() }
}

/// Where the log begins: after a snapshot, or at its start.
pub(crate) fn start(db: &dyn Query) -> Result<Seq, SqlError> {
    let sql = "SELECT first FROM syncline_log WHERE entries = '' ORDER BY first LIMIT 1";
    Ok(db.value(sql, &[])?.unwrap_or(Seq::ZERO))
}

/// Whether a segment holds what its chain says, going on from the chain before it.
pub(crate) fn verify(segment: &Segment, before: Chain) -> Result<Vec<Entry>, SqlError> {
    let entries = decode(segment)?;
    let mut chain = before;
    let mut seq = segment.first.before();
    for entry in &entries {
        seq = seq.next();
        chain = chain.after(entry, &entry.args_digest());
        if entry.seq != seq {
            break;
        }
    }
    if entries.is_empty() || (seq == segment.last && chain == segment.chain) {
        return Ok(entries);
    }
    let message = format!("the segment at {} is not what was written", segment.first);
    Err(SqlError::Host { failure: HostFailure::Corrupt, message })
}

/// An error of the host: the log is not what was written.
pub(crate) const fn damage(message: String) -> SqlError {
    SqlError::Host { failure: HostFailure::Corrupt, message }
}

/// The last seq of the log and the chain there.
pub(crate) fn head(db: &dyn Query) -> Result<(Seq, Chain), SqlError> {
    let row = db.first("SELECT last, chain FROM syncline_log ORDER BY first DESC LIMIT 1", &[])?;
    row.map_or(Ok((Seq::ZERO, Chain::GENESIS)), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The segments after a seq, at most `bytes` of them but at least one; the first may hold entries at
/// or below the seq. They end before one that was released; where that would be the first, it is named.
pub(crate) fn page(db: &dyn Query, after: Seq, bytes: usize) -> Result<Vec<Segment>, SqlError> {
    // Sizes first: a page is chosen without reading what will not be sent.
    let sizes = db.query(
        "SELECT first, octet_length(entries) FROM syncline_log
            WHERE first >= COALESCE((SELECT max(first) FROM syncline_log WHERE first <= ?1 + 1), 0) AND last > ?1
            ORDER BY first LIMIT 4096",
        &[after.into()],
    )?;
    let mut total = 0;
    let mut range: Option<(Seq, Seq)> = None;
    for row in &sizes {
        let (first, size): (Seq, u32) = (row.get(0)?, row.get(1)?);
        if is_released(size) {
            if is_on(Mutation::ReleasedSkipped) {
                continue;
            }
            if range.is_none() {
                return Err(released(first));
            }
            break;
        }
        total += size as usize;
        if range.is_some() && total > bytes {
            break;
        }
        range = Some((range.map_or(first, |(start, _)| start), first));
    }
    let Some((start, end)) = range else {
        return Ok(Vec::new());
    };
    between(db, start, end)
}

pub(crate) fn between(db: &dyn Query, start: Seq, end: Seq) -> Result<Vec<Segment>, SqlError> {
    db.query(
        "SELECT first, last, chain, entries FROM syncline_log WHERE first BETWEEN ?1 AND ?2 ORDER BY first",
        &[start.into(), end.into()],
    )?
    .iter()
    .map(|row| Ok(Segment { first: row.get(0)?, last: row.get(1)?, chain: row.get(2)?, text: row.get(3)? }))
    .collect()
}

/// The segment that holds a seq.
pub(crate) fn holding(db: &dyn Query, seq: Seq) -> Result<Option<Segment>, SqlError> {
    let sql = "SELECT max(first) FROM syncline_log WHERE first <= ?1 AND last >= ?1";
    match db.value::<Option<Seq>>(sql, &[seq.into()])?.flatten() {
        Some(first) => Ok(between(db, first, first)?.into_iter().next()),
        None => Ok(None),
    }
}

/// The chain at a seq, if the log reaches it.
pub(crate) fn chain_at(db: &dyn Query, seq: Seq) -> Result<Option<Chain>, SqlError> {
    if seq == Seq::ZERO {
        return Ok(Some(Chain::GENESIS));
    }
    let Some(segment) = holding(db, seq)? else {
        return Ok(None);
    };
    if segment.last == seq {
        return Ok(Some(segment.chain));
    }
    let Some(mut chain) = chain_before(db, segment.first)? else {
        return Ok(None);
    };
    for entry in decode(&segment)?.iter().take_while(|entry| entry.seq <= seq) {
        chain = chain.after(entry, &entry.args_digest());
    }
    Ok(Some(chain))
}

pub(crate) fn chain_before(db: &dyn Query, first: Seq) -> Result<Option<Chain>, SqlError> {
    if first.before() == Seq::ZERO {
        return Ok(Some(Chain::GENESIS));
    }
    db.value(
        "SELECT chain FROM syncline_log WHERE last = ?1 ORDER BY first DESC LIMIT 1",
        &[first.before().into()],
    )
}

/// An entry, and the segment that holds it.
pub(crate) fn entry(db: &dyn Query, seq: Seq) -> Result<Option<(Segment, Entry)>, SqlError> {
    let Some(segment) = holding(db, seq)? else {
        return Ok(None);
    };
    let entry = decode(&segment)?.into_iter().find(|entry| entry.seq == seq);
    Ok(entry.map(|entry| (segment, entry)))
}

/// Writes a segment again with one entry replaced: as two, where it has become too large.
pub(crate) fn replace(db: &mut dyn Sql, segment: &Segment, entry: &Entry) -> Result<(), SqlError> {
    let Some(before) = chain_before(&*db, segment.first)? else {
        let message = format!("nothing leads to the segment at {}", segment.first);
        return Err(SqlError::Host { failure: HostFailure::Corrupt, message });
    };
    let mut entries = decode(segment)?;
    for each in &mut entries {
        if each.seq == entry.seq {
            each.clone_from(entry);
        }
    }
    let mut log = Builder::new(before);
    for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
        log.add(commit);
    }
    assert_promise!(log.chain() == segment.chain, "one-order: a redacted log is the same log");
    db.execute("DELETE FROM syncline_log WHERE first = ?1", &[segment.first.into()])?;
    log.finish().iter().try_for_each(|segment| append(db, segment))
}

/// The entries of segments after a seq.
pub(crate) fn entries_after(segments: &[Segment], seq: Seq) -> Result<Vec<Entry>, SqlError> {
    let mut entries = Vec::new();
    for segment in segments {
        entries.extend(decode(segment)?);
    }
    entries.retain(|entry| entry.seq > seq);
    Ok(entries)
}

/// Whether a row of so many bytes holds no entries, as the archive alone has them.
pub(crate) const fn is_released(bytes: u32) -> bool {
    bytes as usize == RELEASED.len()
}

/// Where the next segment after a seq begins that was not released.
pub(crate) fn next_here(db: &dyn Query, after: Seq) -> Result<Option<Seq>, SqlError> {
    let sql = "SELECT first FROM syncline_log WHERE first > ?1 AND octet_length(entries) <> octet_length(?2)
        ORDER BY first LIMIT 1";
    db.value(sql, &[after.into(), RELEASED.into()])
}

/// The entries of a segment are in the archive alone from now on.
pub(crate) fn release(db: &mut dyn Sql, first: Seq) -> Result<(), SqlError> {
    put_text(db, first, RELEASED)
}

/// They are here again.
pub(crate) fn put_text(db: &mut dyn Sql, first: Seq, text: &str) -> Result<(), SqlError> {
    db.execute("UPDATE syncline_log SET entries = ?2 WHERE first = ?1", &[first.into(), text.into()])
}

fn released(first: Seq) -> SqlError {
    let message = format!("the segment at {first} is to be brought back");
    SqlError::Host { failure: HostFailure::Released(first), message }
}

pub(crate) fn decode(segment: &Segment) -> Result<Vec<Entry>, SqlError> {
    if segment.text == RELEASED {
        return Err(released(segment.first));
    }
    decode_entries(&segment.text).map_err(|source| SqlError::Host {
        failure: HostFailure::Corrupt,
        message: Damaged { first: segment.first, source }.to_string(),
    })
}
