//! Records of what was decided, for a host that makes the pushes of many stores durable by one write to a
//! journal of its own, and by none to their databases: what those have lost with the machine, it plays back.

use serde::{Deserialize, Serialize};
use syncline_protocol::{Chain, ClientId, Incarnation, Seq, encode_entries};
use thiserror::Error;

use super::decisions::{self, DecisionRow};
use super::push::Decided;
use super::rebuild::Standing;
use super::{Connection, Room, tables};
use crate::segment::{self, Segment};
use crate::sql::nested;
use crate::{Sql, SqlError};

/// What one decided push has written: its part of the log, and its decisions. The state follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    incarnation: Incarnation,
    client: ClientId,
    before: Seq,
    segments: Vec<Segment>,
    decisions: Vec<DecisionRow>,
}

/// Bytes that are not a record.
#[derive(Debug, Error)]
#[error("not a record of a journal: {0}")]
pub struct InvalidRecord(#[from] serde_json::Error);

/// A record without its texts, which follow as they are: they are most of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    incarnation: Incarnation,
    client: ClientId,
    before: Seq,
    segments: Vec<(Seq, Seq, Chain, usize)>,
    decisions: Vec<DecisionRow>,
}

impl Record {
    /// The life of the log that it is of.
    #[must_use]
    pub const fn incarnation(&self) -> &Incarnation {
        &self.incarnation
    }

    /// The head that it follows.
    #[must_use]
    pub const fn before(&self) -> Seq {
        self.before
    }

    /// The entries of pushes that follow each other, as one frame for every live socket in place of the one of
    /// each push; none, where none was accepted. `head` is the head after the last.
    #[must_use]
    pub fn published(records: &[Self], head: Seq) -> Option<String> {
        let segments = || records.iter().flat_map(|record| &record.segments);
        let first = segments().next()?;
        let texts: Vec<&str> = segments().map(|segment| segment.text.as_str()).collect();
        Some(encode_entries(first.first.before(), head, &texts))
    }

    /// Bytes of its entries.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.text.len()).sum()
    }

    /// Appends its bytes.
    ///
    /// # Errors
    /// [`InvalidRecord`]; none is known.
    pub fn encode(&self, into: &mut Vec<u8>) -> Result<(), InvalidRecord> {
        let header = Header {
            incarnation: self.incarnation.clone(),
            client: self.client.clone(),
            before: self.before,
            segments: self.segments.iter().map(|s| (s.first, s.last, s.chain, s.text.len())).collect(),
            decisions: self.decisions.clone(),
        };
        // JSON has no line break outside of texts, and escapes those.
        serde_json::to_writer(&mut *into, &header)?;
        into.push(b'\n');
        self.segments.iter().for_each(|segment| into.extend_from_slice(segment.text.as_bytes()));
        Ok(())
    }

    /// Reads what [`Record::encode`] has written.
    ///
    /// # Errors
    /// [`InvalidRecord`].
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidRecord> {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (header, texts) = bytes.split_at(end);
        let header: Header = serde_json::from_slice(header)?;
        let mut texts = texts.get(1..).unwrap_or_default();
        let mut segments = Vec::with_capacity(header.segments.len().min(1 << 10));
        for (first, last, chain, size) in header.segments {
            let (text, rest) =
                texts.split_at_checked(size).ok_or_else(|| invalid("its texts are cut off"))?;
            let text = std::str::from_utf8(text).map_err(invalid)?.to_owned();
            segments.push(Segment { first, last, chain, text });
            texts = rest;
        }
        let Header { incarnation, client, before, decisions, .. } = header;
        Ok(Self { incarnation, client, before, segments, decisions })
    }

    pub(super) fn of(incarnation: &Incarnation, before: Seq, decided: Decided) -> Option<Self> {
        let Decided { client, segments, decisions, .. } = decided;
        let incarnation = incarnation.clone();
        (!decisions.is_empty()).then_some(Self { incarnation, client, before, segments, decisions })
    }
}

fn invalid(why: impl std::fmt::Display) -> InvalidRecord {
    InvalidRecord(serde::de::Error::custom(why))
}

/// What became of a record that was played back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The store has it now.
    Done,
    /// The store had it.
    Known,
    /// It is not of this log, and nothing was done.
    Aside(Aside),
}

/// Why a record cannot be played back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Aside {
    /// The store was reset, or restored, after it.
    #[error("it is of another life of the log: {0}")]
    OtherLife(Incarnation),
    /// Something before it is missing: the store's file is older than the journal.
    #[error("it follows seq {before}, and the log ends at {head}")]
    Gap {
        /// The head that it follows.
        before: Seq,
        /// The head that there is.
        head: Seq,
    },
    /// The log has other entries at its place.
    #[error("the log has other entries at its place, after {0}")]
    Diverged(Seq),
    /// It does not hold what its chain says.
    #[error("it does not hold what its chain says: {0}")]
    Damaged(SqlError),
}

impl Room {
    /// From now on the room keeps a record of each decided push, for [`Room::take_journal`].
    pub fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    /// The records of what was decided since this was last asked, in their order. What they say is in the
    /// database once the transaction around [`Room::receive`] is.
    pub fn take_journal(&mut self) -> Vec<Record> {
        self.journal.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether what this socket pushes is marked before it is tried: as long as its client has pushed nothing
    /// in this life of the room. A mark has to outlive a crash, so a host that handles several inputs in one
    /// transaction leaves such a push out of it.
    #[must_use]
    pub fn marks(&self, connection: &Connection) -> bool {
        connection.greeted().is_some_and(|greeted| self.marks_client(&greeted.client))
    }

    /// The same for what comes without a hello.
    #[must_use]
    pub fn marks_client(&self, client: &ClientId) -> bool {
        !self.pushes.is_known(client)
    }

    /// Plays a record back, which may be in the log already. The state follows by [`Room::rebuild_step`]: as
    /// history, without the rules.
    ///
    /// # Errors
    /// [`SqlError`] of the host; nothing was done then.
    pub fn replay(&mut self, db: &mut dyn Sql, record: &Record) -> Result<Replayed, SqlError> {
        if record.incarnation != self.incarnation {
            return Ok(Replayed::Aside(Aside::OtherLife(record.incarnation.clone())));
        }
        if record.before > self.head {
            let (before, head) = (record.before, self.head);
            return Ok(Replayed::Aside(Aside::Gap { before, head }));
        }
        if decisions::are_known(&*db, &record.client, &record.decisions)? {
            let same = match record.segments.last() {
                Some(last) => segment::chain_at(&*db, last.last)? == Some(last.chain),
                None => true,
            };
            return Ok(if same { Replayed::Known } else { diverged(record) });
        }
        if record.segments.first().is_some_and(|first| first.first != self.head.next()) {
            return Ok(diverged(record));
        }
        let mut chain = self.chain;
        for segment in &record.segments {
            if let Err(damage) = segment::verify(segment, chain) {
                return Ok(Replayed::Aside(Aside::Damaged(damage)));
            }
            chain = segment.chain;
        }
        let grows = !record.segments.is_empty();
        let at_head = !self.is_rebuilding();
        nested(db, |db| {
            record.segments.iter().try_for_each(|segment| segment::append(db, segment))?;
            decisions::keep(db, &record.client, &record.decisions)?;
            if grows && at_head { tables::put_behind(db, Some(self.head)) } else { Ok(()) }
        })?;
        if grows && at_head {
            self.standing = Standing::Behind(self.head);
        }
        if let Some(last) = record.segments.last() {
            (self.head, self.chain) = (last.last, last.chain);
        }
        Ok(Replayed::Done)
    }
}

const fn diverged(record: &Record) -> Replayed {
    Replayed::Aside(Aside::Diverged(record.before))
}
