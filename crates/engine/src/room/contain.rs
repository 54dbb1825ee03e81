//! A push that crashes its host is contained: the next lives try its commits one by one, and the
//! commit at fault gets its verdict without being tried again.

use std::collections::BTreeMap;

use syncline_protocol::{ClientId, Commit, Millis, Verdict};

use super::{Output, Room, refusal};
use crate::attempt::Attempt;
use crate::mutation::{Mutation, together};
use crate::sql::nested;
use crate::{Query, Refusal, Sql, SqlError};

/// As many clients are known at once; one that is forgotten costs two rows more.
const KNOWN: usize = 10_000;

/// What one life of the room knows of its clients' pushes. Only the first of each is marked: whoever
/// crashes the room with a later one comes again, and is the first then.
#[derive(Clone, Debug, Default)]
pub(super) struct Pushes(BTreeMap<ClientId, Option<Attempt>>);

impl Pushes {
    /// None for a client that has pushed in this life, and all was well.
    pub(super) fn attempt(&mut self, db: &dyn Query, client: &ClientId) -> Result<Option<Attempt>, SqlError> {
        if let Some(known) = self.0.get(client) {
            return Ok(known.clone());
        }
        if self.0.len() >= KNOWN {
            self.0.clear();
        }
        let attempt = Attempt::find(db, client.as_str())?;
        self.0.insert(client.clone(), Some(attempt.clone()));
        Ok(Some(attempt))
    }

    pub(super) fn is_known(&self, client: &ClientId) -> bool {
        matches!(self.0.get(client), Some(None))
    }

    fn forget(&mut self, client: &ClientId) {
        self.0.remove(client);
    }

    pub(super) fn went_well(&mut self, client: &ClientId) {
        self.0.insert(client.clone(), None);
    }
}

/// Something that is decided as a whole, marked while it is tried.
pub(super) struct Contained(Option<Attempt>);

impl Contained {
    /// Marks it, by the place of its first commit. What has crashed the host each time is refused once, and then
    /// tried again: without verdicts nobody would stop sending it, or send something else at its place.
    pub(super) fn begin(
        room: &mut Room,
        db: &mut dyn Sql,
        client: &ClientId,
        place: i64,
    ) -> Result<Self, Refusal> {
        let Some(attempt) = room.pushes.attempt(&*db, client)? else { return Ok(Self(None)) };
        if let Some(crashed) = attempt.crashed(place) {
            attempt.end(db)?;
            room.pushes.forget(client);
            return Err(Refusal::Rejected(crashed));
        }
        attempt.begin(db, Some(place))?;
        Ok(Self(Some(attempt)))
    }

    pub(super) fn end(&self, db: &mut dyn Sql) -> Result<(), SqlError> {
        self.0.as_ref().map_or(Ok(()), |attempt| attempt.end(db))
    }

    pub(super) fn give_up(&self, db: &mut dyn Sql) {
        if let Some(attempt) = &self.0 {
            attempt.give_up(db);
        }
    }
}

impl Room {
    pub(super) fn decide_contained(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        client: &ClientId,
        commits: &[Commit],
        known: Vec<Option<Verdict>>,
    ) -> Result<Vec<Output>, SqlError> {
        if known.iter().all(Option::is_some) {
            // Nothing of it is tried.
            let decided = self.decide(db, now, client, commits, known, None)?;
            return Ok(self.take(decided));
        }
        let Some(attempt) = self.pushes.attempt(&*db, client)? else {
            let decided = together(Mutation::DecisionTorn, db, |db| {
                self.decide(db, now, client, commits, known, None)
            })?;
            return Ok(self.take(decided));
        };
        if attempt.was_cut() {
            return Ok(self.decide_one_by_one(db, now, client, commits, known, &attempt));
        }
        attempt.begin(db, None)?;
        let decided = together(Mutation::DecisionTorn, db, |db| {
            let decided = self.decide(db, now, client, commits, known, None)?;
            attempt.end(db)?;
            Ok::<_, SqlError>(decided)
        });
        let decided = decided.inspect_err(|_| attempt.give_up(db))?;
        self.pushes.went_well(client);
        Ok(self.take(decided))
    }

    /// Each commit is marked, and decided in a transaction of its own. What stops it comes after what
    /// it has decided.
    fn decide_one_by_one(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        client: &ClientId,
        commits: &[Commit],
        known: Vec<Option<Verdict>>,
        attempt: &Attempt,
    ) -> Vec<Output> {
        let mut outputs = Vec::new();
        for (left, (commit, known)) in (0..commits.len()).rev().zip(commits.iter().zip(known)) {
            let place = commit.counter.get().cast_signed();
            let crashed = attempt.crashed(place);
            let begun =
                if known.is_none() && crashed.is_none() { attempt.begin(db, Some(place)) } else { Ok(()) };
            let decided = begun.and_then(|()| {
                nested(db, |db| {
                    let commits = std::slice::from_ref(commit);
                    let decided = self.decide(db, now, client, commits, vec![known], crashed.as_ref())?;
                    if left == 0 {
                        attempt.end(db)?;
                    }
                    Ok::<_, SqlError>(decided)
                })
            });
            match decided {
                Ok(decided) => outputs.extend(self.take(decided)),
                Err(error) => {
                    attempt.give_up(db);
                    outputs.extend(refusal(error.into()));
                    return outputs;
                }
            }
        }
        self.pushes.went_well(client);
        outputs
    }
}
