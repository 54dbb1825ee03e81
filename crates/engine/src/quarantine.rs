//! The quarantine: commits of history that a replica could not decode or apply. Each is skipped whole,
//! named, and tried again once the model may have learnt it.

use serde::Serialize;
use syncline_protocol::{Code, Entry, Rejection, Seq};

use crate::attempt::{self, Attempt};
use crate::segment;
use crate::{Query, Rules, Sql, SqlError};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_quarantine (
    seq INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL DEFAULT ''
) STRICT";

/// Its name.
pub(crate) const NAME: &str = "syncline_quarantine";

/// What decoding may say; nothing else is kept under these codes.
const OF_DECODING: [Code; 2] = [Code::UnknownEvent, Code::BadArgs];

/// Who looks whether a model has learnt something; no client has such an id.
const LOOKING: &str = "*quarantine";

pub(crate) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    attempt::create(db)?;
    db.run_script(TABLE)
}

pub(crate) fn clear(db: &mut dyn Sql) -> Result<(), SqlError> {
    create(db)?;
    db.execute("DELETE FROM syncline_quarantine", &[])?;
    Attempt::find(&*db, LOOKING)?.end(db)
}

/// Sets a commit aside that the rules refused.
pub(crate) fn put(db: &mut dyn Sql, rules: &Rules, commit: &[Entry], why: Rejection) -> Result<(), SqlError> {
    let Some(first) = commit.first() else {
        return Ok(());
    };
    let why = match undecodable(rules, commit) {
        Some(undecodable) => undecodable,
        // The model's own word, not that of the decoder.
        None if is_of_decoding(&why) => Rejection::coded(Code::ApplyFailed, why.to_string()),
        None => why,
    };
    put_as(db, first, &why)
}

/// Sets a commit aside for a reason that is known, without another look at it.
pub(crate) fn put_as(db: &mut dyn Sql, first: &Entry, why: &Rejection) -> Result<(), SqlError> {
    db.execute(
        "INSERT OR REPLACE INTO syncline_quarantine (seq, name, code, message) VALUES (?1, ?2, ?3, ?4)",
        &[first.seq.into(), first.name.as_str().into(), (&why.code).into(), (&why.message).into()],
    )
}

fn undecodable(rules: &Rules, commit: &[Entry]) -> Option<Rejection> {
    commit.iter().find_map(|entry| rules.decodes(entry.event()).err())
}

fn is_of_decoding(why: &Rejection) -> bool {
    OF_DECODING.iter().any(|code| code.as_str() == why.code)
}

/// Whether the model decodes a commit now that was set aside because it did not: then the state lacks
/// what a fresh one would have, although its tables are the same. `log` is the state's own database
/// where there is no other.
pub(crate) fn is_outgrown(
    state: &mut dyn Sql,
    log: Option<&dyn Query>,
    rules: &Rules,
) -> Result<bool, SqlError> {
    let [unknown, bad] = OF_DECODING.map(Code::as_str);
    let sql = "SELECT seq FROM syncline_quarantine WHERE code IN (?1, ?2) ORDER BY seq";
    let rows = state.query(sql, &[unknown.into(), bad.into()])?;
    if rows.is_empty() {
        return Ok(false);
    }
    let attempt = Attempt::find(&*state, LOOKING)?;
    if attempt.was_cut() {
        // A decoder that crashes: what makes the state anew contains that.
        return Ok(true);
    }
    let seqs = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<Seq>, _>>()?;
    attempt.begin(state, None)?;
    let learnt = decodes_one_of(&seqs, log.unwrap_or(&*state), rules);
    attempt.end(state)?;
    learnt
}

fn decodes_one_of(seqs: &[Seq], log: &dyn Query, rules: &Rules) -> Result<bool, SqlError> {
    let mut entries: Vec<Entry> = Vec::new();
    for &seq in seqs {
        if entries.last().is_none_or(|last| last.seq < seq) {
            let segment = segment::holding(log, seq)?;
            entries = segment.map_or(Ok(Vec::new()), |segment| segment::decode(&segment))?;
        }
        let mut commits = entries.chunk_by(|entry, _| !entry.ends_commit());
        let commit = commits.find(|commit| commit.first().is_some_and(|first| first.seq == seq));
        if commit.is_some_and(|commit| undecodable(rules, commit).is_none()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many commits this replica could not apply.
///
/// # Errors
/// [`SqlError`].
pub fn count_quarantined(db: &dyn Query) -> Result<u32, SqlError> {
    Ok(db.value("SELECT count(*) FROM syncline_quarantine", &[])?.unwrap_or_default())
}

/// A commit of history that this replica could not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// The seq of its first event.
    pub seq: Seq,
    /// The name of its first event.
    pub name: String,
    /// Why.
    pub why: Rejection,
}

/// The commits that this replica could not apply.
///
/// # Errors
/// [`SqlError`].
pub fn quarantined(db: &dyn Query) -> Result<Vec<Quarantined>, SqlError> {
    db.query("SELECT seq, name, code, message FROM syncline_quarantine ORDER BY seq", &[])?
        .iter()
        .map(|row| {
            Ok(Quarantined {
                seq: row.get(0)?,
                name: row.get(1)?,
                why: Rejection::new(row.get::<String>(2)?, row.get::<String>(3)?),
            })
        })
        .collect()
}
