//! Commits that are accepted together or not at all, for a protocol that has no verdicts.

use syncline_protocol::{ClientId, ErrorFrame, Millis, Push, Rejection, Subject};

use super::auth::Grant;
use super::connection::Output;
use super::contain::Contained;
use super::hello::without_socket;
use super::{Failure, Room};
use crate::sql::nested;
use crate::{Refusal, Sql, SqlError};

/// What is pushed whole, and by whom.
#[derive(Clone, Debug)]
pub struct Whole<'a> {
    /// What the token is good for.
    pub grant: &'a Grant,
    /// In the order of the log.
    pub runs: &'a [Run],
}

/// Commits of one client, whose counters have never been used.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which client.
    pub client: ClientId,
    /// Who is signed in there: the author of its commits.
    pub subject: Subject,
    /// Its commits.
    pub push: Push,
}

/// Why nothing of it was accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// The rules, or a constraint, refuse one of its commits: it would be refused again.
    Rejected(Rejection),
    /// Not now, or not from here; nothing is decided.
    Error(ErrorFrame),
    /// The host failed; nothing is decided.
    Host(SqlError),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Frame(frame) => Self::Error(frame),
            Failure::Host(error) => Self::Host(error),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => Self::Rejected(rejection),
            Refusal::Host(error) => Self::Host(error),
        }
    }
}

impl From<SqlError> for Refused {
    fn from(error: SqlError) -> Self {
        Self::Host(error)
    }
}

impl Room {
    /// Accepts all of it, or nothing: what is to be published.
    ///
    /// # Errors
    /// [`Refused`]; then the log is as it was, and no counter was used.
    pub fn push_whole(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        whole: &Whole<'_>,
    ) -> Result<Vec<Output>, Refused> {
        let Some(Run { client: first, .. }) = whole.runs.first() else { return Ok(Vec::new()) };
        self.refuse_while_rebuilding().map_err(Refused::from)?;
        for Run { client, subject, push } in whole.runs {
            let (connection, from) = without_socket(whole.grant.clone(), client.clone(), subject.clone());
            self.may_push(now, &connection, &from, push)?;
        }
        let contained = Contained::begin(self, db, first, place(whole))?;
        let before = (self.head, self.chain, self.unmerged, self.journal.as_ref().map(Vec::len));
        let decided = nested(db, |db| {
            let mut outputs = Vec::new();
            for Run { client, push, .. } in whole.runs {
                let known = vec![None; push.commits.len()];
                let decided = self.decide(db, now, client, &push.commits, known, None)?;
                if let Some(rejection) = decided.rejection() {
                    return Err(Refusal::Rejected(rejection.clone()));
                }
                let taken = self.take(decided).into_iter();
                outputs.extend(taken.filter(|output| matches!(output, Output::Publish(_))));
            }
            contained.end(db)?;
            Ok(outputs)
        });
        match decided {
            Ok(outputs) => {
                self.pushes.went_well(first);
                Ok(outputs)
            }
            Err(refusal) => {
                let kept;
                (self.head, self.chain, self.unmerged, kept) = before;
                if let (Some(journal), Some(kept)) = (&mut self.journal, kept) {
                    journal.truncate(kept);
                }
                contained.give_up(db);
                Err(refusal.into())
            }
        }
    }
}

/// What its first commit is known by among those of its client.
fn place(whole: &Whole<'_>) -> i64 {
    let first = whole.runs.first().and_then(|run| run.push.commits.first());
    first.map_or(0, |commit| commit.counter.sql())
}
