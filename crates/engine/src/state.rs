//! The state: the tables that `apply` writes. Derived, so that it can always be rebuilt from the log.

use syncline_protocol::{Entry, Millis, RawEvent, Rejection, Seq, Subject};

use crate::sql::nested;
use crate::{ApplyContext, CheckContext, Query, Refusal, Rules, Sql, SqlError};

/// What every replica's state has beside the model's tables: the commits that it had to skip.
const QUARANTINE: &str = "CREATE TABLE IF NOT EXISTS syncline_quarantine (
    seq INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL
) STRICT";

/// Creates the model's tables in a database that has none.
pub(crate) fn create(db: &mut dyn Sql, rules: &Rules) -> Result<(), SqlError> {
    db.run_script(QUARANTINE)?;
    db.run_script(rules.tables())
}

/// Drops every table and view that is not the engine's or the host's.
pub(crate) fn drop_all(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.run_script(QUARANTINE)?;
    db.execute("DELETE FROM syncline_quarantine", &[])?;
    let mut left = objects(db)?;
    while !left.is_empty() {
        // A table that others refer to cannot go before them: what fails is tried again.
        let before = left.len();
        let mut last_error = None;
        for (kind, name) in &left {
            let sql = format!("DROP {kind} \"{}\"", name.replace('"', "\"\""));
            if let Err(error) = nested(db, |db| db.execute(&sql, &[])) {
                last_error = Some(error);
            }
        }
        left = objects(db)?;
        if let Some(error) = last_error
            && left.len() == before
        {
            return Err(error);
        }
    }
    Ok(())
}

fn objects(db: &mut dyn Sql) -> Result<Vec<(String, String)>, SqlError> {
    let sql = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')
        AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'syncline_*' AND name NOT GLOB '_cf_*'
        ORDER BY type DESC, rowid DESC";
    db.query(sql, &[])?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Applies whole commits of history. One that cannot be applied is skipped and named in the
/// quarantine (always-boots); a failure of the host stops, and nothing of its commit stays.
pub(crate) fn apply_history(db: &mut dyn Sql, rules: &Rules, entries: &[Entry]) -> Result<(), SqlError> {
    for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
        let applied = nested(db, |db| apply_commit(db, rules, commit));
        match (applied, commit.first()) {
            (Ok(()), _) | (Err(_), None) => {}
            (Err(Refusal::Host(error)), Some(_)) => return Err(error),
            (Err(Refusal::Rejected(why)), Some(first)) => quarantine(db, first, &why)?,
        }
    }
    Ok(())
}

fn apply_commit(db: &mut dyn Sql, rules: &Rules, commit: &[Entry]) -> Result<(), Refusal> {
    commit.iter().try_for_each(|entry| {
        let cx = ApplyContext { author: &entry.author };
        rules.apply(entry.event(), &cx, db)
    })
}

fn quarantine(db: &mut dyn Sql, first: &Entry, why: &Rejection) -> Result<(), SqlError> {
    db.execute(
        "INSERT OR REPLACE INTO syncline_quarantine (seq, name, code, message) VALUES (?1, ?2, ?3, ?4)",
        &[first.seq.into(), first.name.as_str().into(), (&why.code).into(), (&why.message).into()],
    )
}

/// A commit of history that this replica could not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Admits the events of a commit one by one; the caller undoes what was written when one is refused.
pub(crate) fn admit_commit(
    db: &mut dyn Sql,
    rules: &Rules,
    now: Millis,
    author: &Subject,
    events: &[RawEvent],
) -> Result<(), Refusal> {
    let (check, apply) = (CheckContext { author, now }, ApplyContext { author });
    events.iter().try_for_each(|event| rules.admit(event.clone(), &check, &apply, db))
}
