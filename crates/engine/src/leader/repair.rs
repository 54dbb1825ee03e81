//! A client's database that is damaged: what is bad is set aside, and read again from the server.
//!
//! A segment that is not what was written is found by its chain; the log from there on is fetched again. A
//! database that SQLite cannot read is another matter: its host keeps the file, and opens a new one with the
//! outbox of the old, as far as that can be read.

use syncline_protocol::{Chain, Code, Counter, Cursor, ErrorFrame, Limits, RedactionNumber, Seq, SessionId};

use super::{Leader, LeaderConfig, consume, former, tables};
use crate::local::{Lost, Rejected, Taken, Waiting};
use crate::segment;
use crate::sql::nested;
use crate::{Query, Rejection, Sql, SqlError};

/// What could be read of a damaged database, beside the log, which the server has.
pub struct Salvage {
    facts: tables::Facts,
    waiting: Vec<(Waiting, String)>,
    taken: Vec<(SessionId, Taken)>,
    rejected: Vec<Rejected>,
    lost: Vec<(Lost, String)>,
    consumers: Vec<(String, Cursor)>,
    /// Where the newest commits stood in the log: for a session that lives on and was not told yet.
    confirmed: Vec<(Counter, Seq, Seq)>,
    /// What could not be read, for people.
    unread: Vec<&'static str>,
}

impl Salvage {
    /// Reads what it can. Without the client's id nothing can be offered again, as it may be in the log
    /// under it: then there is nothing to salvage, and the file has to be kept.
    #[must_use]
    pub fn read(db: &dyn Query) -> Option<Self> {
        let facts = tables::facts(db).ok()??;
        let mut salvage = Self {
            facts,
            waiting: Vec::new(),
            taken: Vec::new(),
            rejected: Vec::new(),
            lost: Vec::new(),
            consumers: Vec::new(),
            confirmed: Vec::new(),
            unread: Vec::new(),
        };
        match tables::all_with_digests(db) {
            Ok(waiting) => salvage.waiting = waiting,
            Err(_) => salvage.unread.push("the outbox"),
        }
        match tables::all_taken(db) {
            Ok(taken) => salvage.taken = taken,
            Err(_) => salvage.unread.push("what sessions were told"),
        }
        match tables::all_rejected(db) {
            Ok(rejected) => salvage.rejected = rejected,
            Err(_) => salvage.unread.push("the rejected commits"),
        }
        match former::all_lost(db) {
            Ok(lost) => salvage.lost = lost,
            Err(_) => salvage.unread.push("the lost commits"),
        }
        match consume::all(db) {
            Ok(consumers) => salvage.consumers = consumers,
            Err(_) => salvage.unread.push("the places of consumers"),
        }
        let newest = former::newest_of(db, &salvage.facts.client, salvage.facts.next);
        for confirmed in [tables::all_confirmed(db), newest] {
            match confirmed {
                Ok(confirmed) => salvage.confirmed.extend(confirmed),
                Err(_) => salvage.unread.push("what was confirmed"),
            }
        }
        Some(salvage)
    }
}

impl Leader {
    /// Whether no leader was ever opened over a database.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn is_new(db: &mut dyn Sql) -> Result<bool, SqlError> {
        tables::create(db)?;
        Ok(tables::facts(&*db)?.is_none())
    }

    /// Opens a new database in place of a damaged one. The status tells what became of it.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn open_in_place_of(
        db: &mut dyn Sql,
        config: LeaderConfig,
        salvage: Option<Salvage>,
        kept_as: &str,
    ) -> Result<Self, SqlError> {
        let mut message = format!("the damaged database is kept as {kept_as}");
        match salvage {
            Some(salvage) => {
                for part in &salvage.unread {
                    message.push_str(&format!("; {part} could not be read"));
                }
                nested(db, |db| {
                    tables::create(db)?;
                    put(db, &salvage)
                })?;
            }
            None => message.push_str("; nothing in it could be read"),
        }
        let mut leader = Self::open(db, config)?;
        // What was made from the damaged log starts anew.
        leader.restart_from(db, Seq::ZERO)?;
        leader.notice = Some(ErrorFrame::new(Code::StorageDamaged, message));
        Ok(leader)
    }

    /// Looks for the first segment that is not what was written, and fetches the log again from there.
    /// `false` where all of them are.
    pub(super) fn repair(&mut self, db: &mut dyn Sql, message: &str) -> Result<bool, SqlError> {
        let Some(sound) = sound(db)? else { return Ok(false) };
        self.restart_from(db, sound)?;
        self.notice = Some(ErrorFrame::new(Code::StorageDamaged, message));
        Ok(true)
    }
}

/// The last seq before the first damaged segment, if there is one.
fn sound(db: &dyn Query) -> Result<Option<Seq>, SqlError> {
    let mut sound = segment::start(db)?;
    let mut chain = if sound == Seq::ZERO { Some(Chain::GENESIS) } else { segment::chain_at(db, sound)? };
    loop {
        let segments = match segment::page(db, sound, Limits::SEGMENT_BYTES) {
            Ok(segments) => segments,
            Err(_) => return Ok(Some(sound)),
        };
        if segments.is_empty() {
            return Ok(None);
        }
        for segment in &segments {
            let follows = segment.first == sound.next();
            let Some(before) = chain.filter(|_| follows) else { return Ok(Some(sound)) };
            if segment::verify(segment, before).is_err() {
                return Ok(Some(sound));
            }
            (sound, chain) = (segment.last, Some(segment.chain));
        }
    }
}

fn put(db: &mut dyn Sql, salvage: &Salvage) -> Result<(), SqlError> {
    // The server's `welcome` names a later counter where one was lost.
    let last = salvage.waiting.iter().map(|(waiting, _)| waiting.commit.counter).max();
    let next = salvage.facts.next.max(last.map_or(Counter::NONE, Counter::next));
    let facts =
        tables::Facts { incarnation: None, next, redactions: RedactionNumber::NONE, ..salvage.facts.clone() };
    tables::put_facts(db, &facts)?;
    for (waiting, digest) in &salvage.waiting {
        tables::put_waiting(db, waiting, digest)?;
    }
    for (session, taken) in &salvage.taken {
        tables::put_taken(db, session, *taken)?;
    }
    for (lost, digest) in &salvage.lost {
        former::put_lost(db, lost, digest)?;
    }
    for (counter, first, last) in &salvage.confirmed {
        tables::put_confirmed(db, *counter, *first, *last)?;
    }
    for (name, place) in &salvage.consumers {
        consume::put(db, name, place)?;
    }
    for rejected in &salvage.rejected {
        let Rejected { code, message, .. } = rejected;
        let why = Rejection { code: code.clone(), message: message.clone() };
        tables::put_rejected(
            db,
            rejected.counter,
            &rejected.session,
            rejected.number,
            &rejected.events,
            &why,
        )?;
    }
    Ok(())
}
