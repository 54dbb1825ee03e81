//! The leader's own tables, beside the log. None of them knows a model.

use syncline_protocol::{
    ClientId, Commit, Counter, Incarnation, RawEvent, RedactionNumber, Rejection, Seq, SessionId,
    SessionNumber,
};

use crate::local::{Epoch, Rejected, Taken, Waiting};
use crate::mutation::{Mutation, is_on};
use crate::segment;
use crate::{HostFailure, Param, Query, Row, Sql, SqlError};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS syncline_leader (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    client TEXT NOT NULL,
    incarnation TEXT,
    next INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    redactions INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_outbox (
    counter INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    encoded TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_taken (
    session TEXT NOT NULL,
    number INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    PRIMARY KEY (session, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS syncline_confirmed (
    counter INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_rejected (
    counter INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    number INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    events TEXT NOT NULL
) STRICT;
";

#[derive(Clone)]
pub(super) struct Facts {
    pub(super) client: ClientId,
    pub(super) incarnation: Option<Incarnation>,
    pub(super) next: Counter,
    pub(super) epoch: Epoch,
    /// The last redaction of this incarnation that the log here has.
    pub(super) redactions: RedactionNumber,
}

pub(super) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    segment::create(db)?;
    db.run_script(TABLES)?;
    db.run_script(super::former::TABLES)?;
    db.run_script(super::consume::TABLES)?;
    db.run_script(super::snapshot::TABLES)
}

pub(super) fn facts(db: &dyn Query) -> Result<Option<Facts>, SqlError> {
    let row = db.first("SELECT client, incarnation, next, epoch, redactions FROM syncline_leader", &[])?;
    row.map(|row| {
        Ok(Facts {
            client: row.get(0)?,
            incarnation: row.get(1)?,
            next: row.get(2)?,
            epoch: Epoch::kept(row.get(3)?),
            redactions: row.get(4)?,
        })
    })
    .transpose()
}

pub(super) fn put_facts(db: &mut dyn Sql, facts: &Facts) -> Result<(), SqlError> {
    db.execute(
        "INSERT OR REPLACE INTO syncline_leader (id, client, incarnation, next, epoch, redactions)
            VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        &[
            facts.client.as_str().into(),
            facts.incarnation.as_ref().map(Incarnation::as_str).into(),
            facts.next.into(),
            facts.epoch.as_str().into(),
            facts.redactions.into(),
        ],
    )
}

/// The last number that a session has handed over.
pub(super) fn last_taken(db: &dyn Query, session: &SessionId) -> Result<SessionNumber, SqlError> {
    let sql = "SELECT max(number) FROM syncline_taken WHERE session = ?1";
    Ok(db.value::<Option<SessionNumber>>(sql, &[session.as_str().into()])?.flatten().unwrap_or_default())
}

pub(super) fn taken(db: &dyn Query, session: &SessionId) -> Result<Vec<Taken>, SqlError> {
    let sql = "SELECT number, counter FROM syncline_taken WHERE session = ?1 ORDER BY number";
    rows(db, sql, &[session.as_str().into()], |row| Ok(Taken { number: row.get(0)?, counter: row.get(1)? }))
}

pub(super) fn all_taken(db: &dyn Query) -> Result<Vec<(SessionId, Taken)>, SqlError> {
    rows(db, "SELECT session, number, counter FROM syncline_taken ORDER BY session, number", &[], |row| {
        Ok((row.get(0)?, Taken { number: row.get(1)?, counter: row.get(2)? }))
    })
}

pub(super) fn counter_of(
    db: &dyn Query,
    session: &SessionId,
    number: SessionNumber,
) -> Result<Option<Counter>, SqlError> {
    let sql = "SELECT counter FROM syncline_taken WHERE session = ?1 AND number = ?2";
    db.value(sql, &[session.as_str().into(), number.into()])
}

pub(super) fn put_taken(db: &mut dyn Sql, session: &SessionId, taken: Taken) -> Result<(), SqlError> {
    if is_on(Mutation::ResendTakenAgain) {
        let sql = "DELETE FROM syncline_taken WHERE session = ?1 AND number = ?2";
        db.execute(sql, &[session.as_str().into(), taken.number.into()])?;
    }
    db.execute(
        "INSERT INTO syncline_taken (session, number, counter) VALUES (?1, ?2, ?3)",
        &[session.as_str().into(), taken.number.into(), taken.counter.into()],
    )
}

/// Forgets counters that the session knows; never the last number, which tells old from new.
pub(super) fn forget_taken(
    db: &mut dyn Sql,
    session: &SessionId,
    upto: SessionNumber,
) -> Result<(), SqlError> {
    db.execute(
        "DELETE FROM syncline_taken WHERE session = ?1 AND number <= ?2
            AND number < (SELECT max(number) FROM syncline_taken WHERE session = ?1)",
        &[session.as_str().into(), upto.into()],
    )
}

pub(super) fn put_waiting(db: &mut dyn Sql, waiting: &Waiting, digest: &str) -> Result<(), SqlError> {
    let encoded = serde_json::to_string(&waiting.commit).map_err(damaged)?;
    db.execute(
        "INSERT INTO syncline_outbox (counter, session, number, digest, encoded) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            waiting.commit.counter.into(),
            waiting.session.as_str().into(),
            waiting.number.into(),
            digest.into(),
            (&encoded).into(),
        ],
    )
}

const WAITING: &str = "SELECT session, number, encoded FROM syncline_outbox";

pub(super) fn all_waiting(db: &dyn Query) -> Result<Vec<Waiting>, SqlError> {
    rows(db, &format!("{WAITING} ORDER BY counter"), &[], waiting)
}

/// With the digests of what they say.
pub(super) fn all_with_digests(db: &dyn Query) -> Result<Vec<(Waiting, String)>, SqlError> {
    let sql = "SELECT session, number, encoded, digest FROM syncline_outbox ORDER BY counter";
    rows(db, sql, &[], |row| Ok((waiting(row)?, row.get(3)?)))
}

pub(super) fn one_waiting(db: &dyn Query, counter: Counter) -> Result<Option<Waiting>, SqlError> {
    let found = rows(db, &format!("{WAITING} WHERE counter = ?1"), &[counter.into()], waiting)?;
    Ok(found.into_iter().next())
}

fn waiting(row: &Row) -> Result<Waiting, SqlError> {
    let commit: Commit = serde_json::from_str(&row.get::<String>(2)?).map_err(damaged)?;
    Ok(Waiting { session: row.get(0)?, number: row.get(1)?, commit })
}

/// The commits after a counter that wait for a verdict, encoded as a push carries them.
pub(super) fn to_push(
    db: &dyn Query,
    after: Counter,
    most: usize,
) -> Result<Vec<(Counter, String)>, SqlError> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let sql = "SELECT counter, encoded FROM syncline_outbox
        WHERE counter > ?1 AND accepted = 0 ORDER BY counter LIMIT ?2";
    rows(db, sql, &[after.into(), most.into()], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub(super) fn pending(db: &dyn Query) -> Result<u32, SqlError> {
    Ok(db.value("SELECT count(*) FROM syncline_outbox", &[])?.unwrap_or_default())
}

pub(super) fn first_waiting_digest(db: &dyn Query) -> Result<Option<String>, SqlError> {
    db.value("SELECT digest FROM syncline_outbox ORDER BY counter LIMIT 1", &[])
}

pub(super) fn digest_of(db: &dyn Query, counter: Counter) -> Result<Option<String>, SqlError> {
    db.value("SELECT digest FROM syncline_outbox WHERE counter = ?1", &[counter.into()])
}

/// Its entries, up to this one, are still to come.
pub(super) fn mark_accepted(db: &mut dyn Sql, counter: Counter, last: Seq) -> Result<(), SqlError> {
    if is_on(Mutation::OutboxClearedAtVerdict) {
        return remove_waiting(db, counter);
    }
    db.execute("UPDATE syncline_outbox SET accepted = ?2 WHERE counter = ?1", &[counter.into(), last.into()])
}

/// The commits that are accepted up to a seq: counter, first and last.
pub(super) fn accepted_until(db: &dyn Query, seq: Seq) -> Result<Vec<(Counter, Seq, Seq)>, SqlError> {
    let sql = "SELECT counter, accepted, encoded FROM syncline_outbox
        WHERE accepted BETWEEN 1 AND ?1 ORDER BY counter";
    rows(db, sql, &[seq.into()], |row| {
        let (last, commit): (Seq, Commit) =
            (row.get(1)?, serde_json::from_str(&row.get::<String>(2)?).map_err(damaged)?);
        let first = commit.events.iter().skip(1).fold(last, |seq, _| seq.before());
        Ok((row.get(0)?, first, last))
    })
}

/// Whether a commit is accepted whose entries have not come yet.
pub(super) fn any_accepted(db: &dyn Query) -> Result<bool, SqlError> {
    db.exists("SELECT 1 FROM syncline_outbox WHERE accepted > 0 LIMIT 1", &[])
}

/// Until its entries are here, an acceptance may be forgotten by a server that is restored.
pub(super) fn undecide_all(db: &mut dyn Sql) -> Result<(), SqlError> {
    if is_on(Mutation::AcceptanceOutlivesServer) {
        return Ok(());
    }
    db.execute("UPDATE syncline_outbox SET accepted = 0 WHERE accepted > 0", &[])
}

pub(super) fn is_waiting(db: &dyn Query, counter: Counter) -> Result<bool, SqlError> {
    db.exists("SELECT 1 FROM syncline_outbox WHERE counter = ?1", &[counter.into()])
}

pub(super) fn remove_waiting(db: &mut dyn Sql, counter: Counter) -> Result<(), SqlError> {
    db.execute("DELETE FROM syncline_outbox WHERE counter = ?1", &[counter.into()])
}

/// More than a session has pending that lives on while its leader is replaced.
const CONFIRMED_KEPT: i64 = 10_000;

/// A commit was confirmed by its verdict, as its entries lie below what is read: no entry will tell a
/// session that missed it.
pub(super) fn put_confirmed(
    db: &mut dyn Sql,
    counter: Counter,
    first: Seq,
    last: Seq,
) -> Result<(), SqlError> {
    let sql = "INSERT OR REPLACE INTO syncline_confirmed (counter, first, last) VALUES (?1, ?2, ?3)";
    db.execute(sql, &[counter.into(), first.into(), last.into()])?;
    let old = "DELETE FROM syncline_confirmed WHERE counter < ?1";
    db.execute(old, &[(counter.sql() - CONFIRMED_KEPT).into()])
}

pub(super) fn all_confirmed(db: &dyn Query) -> Result<Vec<(Counter, Seq, Seq)>, SqlError> {
    rows(db, "SELECT counter, first, last FROM syncline_confirmed ORDER BY counter", &[], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })
}

pub(super) fn put_rejected(
    db: &mut dyn Sql,
    counter: Counter,
    session: &SessionId,
    number: SessionNumber,
    events: &[RawEvent],
    why: &Rejection,
) -> Result<(), SqlError> {
    if is_on(Mutation::RejectionNotKept) {
        return Ok(());
    }
    let events = serde_json::to_string(events).map_err(damaged)?;
    db.execute(
        "INSERT INTO syncline_rejected (counter, session, number, code, message, events)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            counter.into(),
            session.as_str().into(),
            number.into(),
            (&why.code).into(),
            (&why.message).into(),
            (&events).into(),
        ],
    )
}

pub(super) fn all_rejected(db: &dyn Query) -> Result<Vec<Rejected>, SqlError> {
    let sql =
        "SELECT counter, session, number, events, code, message FROM syncline_rejected ORDER BY counter";
    rows(db, sql, &[], |row| {
        let events: Vec<RawEvent> = serde_json::from_str(&row.get::<String>(3)?).map_err(damaged)?;
        Ok(Rejected {
            counter: row.get(0)?,
            session: row.get(1)?,
            number: row.get(2)?,
            events,
            code: row.get(4)?,
            message: row.get(5)?,
        })
    })
}

/// The session that made a commit which was rejected.
pub(super) fn rejected_by(db: &dyn Query, counter: Counter) -> Result<Option<SessionId>, SqlError> {
    db.value("SELECT session FROM syncline_rejected WHERE counter = ?1", &[counter.into()])
}

pub(super) fn dismiss(db: &mut dyn Sql, counter: Counter) -> Result<(), SqlError> {
    db.execute("DELETE FROM syncline_rejected WHERE counter = ?1", &[counter.into()])
}

pub(super) fn rows<T>(
    db: &dyn Query,
    sql: &str,
    params: &[Param<'_>],
    read: impl Fn(&Row) -> Result<T, SqlError>,
) -> Result<Vec<T>, SqlError> {
    db.query(sql, params)?.iter().map(read).collect()
}

pub(super) fn damaged(error: serde_json::Error) -> SqlError {
    SqlError::Host { failure: HostFailure::Corrupt, message: error.to_string() }
}
