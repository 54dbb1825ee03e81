//! The state: the tables that `apply` writes. Derived, so that it can always be rebuilt from the log.

use syncline_protocol::{Entry, Millis, RawEvent, Subject};

use crate::sql::nested;
use crate::{ApplyContext, CheckContext, Refusal, Rules, Sql, SqlError, quarantine};

/// What is in the database and neither SQLite's, nor the engine's, nor the host's: workerd has tables of
/// its own in an object's database, and so has miniflare around it.
pub(crate) const IS_MODELS: &str = "name NOT GLOB 'sqlite_*' AND name NOT GLOB 'syncline_*'
    AND name NOT GLOB '_cf_*' AND name NOT GLOB '__miniflare_*'";

/// Creates the model's tables in a database that has none.
pub(crate) fn create(db: &mut dyn Sql, rules: &Rules) -> Result<(), SqlError> {
    quarantine::create(db)?;
    db.run_script(rules.tables())
}

/// Drops every table and view that is not the engine's or the host's.
pub(crate) fn drop_all(db: &mut dyn Sql) -> Result<(), SqlError> {
    quarantine::clear(db)?;
    let mut left = objects(db)?;
    while !left.is_empty() {
        // A table that others refer to cannot go before them: what fails is tried again.
        let before = left.len();
        let mut last_error = None;
        for (kind, name) in &left {
            let sql = format!("DROP {kind} \"{}\"", name.replace('"', "\"\""));
            if let Err(error) = nested(db, |db| db.run_script(&sql)) {
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
    let sql = format!(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND {IS_MODELS}
            ORDER BY type DESC, rowid DESC"
    );
    db.query(&sql, &[])?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Applies whole commits of history. One that cannot be applied is skipped and named in the
/// quarantine (always-boots); a failure of the host stops, and nothing of its commit stays.
pub(crate) fn apply_history(db: &mut dyn Sql, rules: &Rules, entries: &[Entry]) -> Result<(), SqlError> {
    for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
        let applied = nested(db, |db| apply_commit(db, rules, commit));
        match applied {
            Ok(()) => {}
            Err(Refusal::Host(error)) => return Err(error),
            Err(Refusal::Rejected(why)) => quarantine::put(db, rules, commit, why)?,
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
