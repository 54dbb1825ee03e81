//! History: commits of the log are applied to a state, a part at a time. Each part is marked before it
//! is begun, so that a commit which crashes its host is set aside in the end (always-boots).

use syncline_protocol::{Entry, Seq};

use crate::attempt::Attempt;
use crate::mutation::{Mutation, together};
use crate::sql::nested;
use crate::{Rules, Sql, SqlError, quarantine, state};

/// Who applies history; no client has such an id.
const WHO: &str = "*history";

/// Notes, in the transaction that moves the state, which seq it then stands at.
type Note<'a> = &'a dyn Fn(&mut dyn Sql, Seq) -> Result<(), SqlError>;

/// What one life knows of applying history.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    attempt: Option<Attempt>,
}

impl History {
    /// Applies whole commits that follow `at`, which moves as the state does. One transaction, unless a
    /// former life has ended in the middle of it: then one for each commit.
    pub(crate) fn apply(
        &mut self,
        db: &mut dyn Sql,
        rules: &Rules,
        entries: &[Entry],
        at: &mut Seq,
        note: Note<'_>,
    ) -> Result<(), SqlError> {
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            return Ok(());
        };
        let attempt = match self.attempt.take() {
            Some(attempt) => attempt,
            None => Attempt::find(&*db, WHO)?,
        };
        let done = if attempt.was_cut() {
            one_by_one(db, &attempt, rules, entries, at, note)
        } else {
            attempt.begin(db, None)?;
            let done = together(Mutation::StateTorn, db, |db| {
                state::apply_history(db, rules, entries)?;
                note(db, last)?;
                attempt.end(db)
            });
            done.map(|()| *at = last)
        };
        if done.is_err() {
            attempt.give_up(db);
            self.attempt = Some(attempt);
        }
        done
    }
}

fn one_by_one(
    db: &mut dyn Sql,
    attempt: &Attempt,
    rules: &Rules,
    entries: &[Entry],
    at: &mut Seq,
    note: Note<'_>,
) -> Result<(), SqlError> {
    let end = entries.last().map_or(*at, |entry| entry.seq);
    for commit in entries.chunk_by(|entry, _| !entry.ends_commit()) {
        let (Some(first), Some(last)) = (commit.first(), commit.last()) else {
            continue;
        };
        let place = first.seq.get().cast_signed();
        let crashed = attempt.crashed(place);
        if crashed.is_none() {
            attempt.begin(db, Some(place))?;
        }
        nested(db, |db| {
            match &crashed {
                Some(why) => quarantine::put_as(db, first, why)?,
                None => state::apply_history(db, rules, commit)?,
            }
            note(db, last.seq)?;
            if last.seq == end { attempt.end(db) } else { Ok(()) }
        })?;
        *at = last.seq;
    }
    Ok(())
}
