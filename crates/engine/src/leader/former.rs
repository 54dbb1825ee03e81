//! What a client had confirmed from a log that its server no longer has (nothing-silent, whole-commits).
//!
//! A server that was reset, or restored from a backup, is found out at hello. Then the log is set aside, and
//! the server's followed from its start; once that is here, what both have is dropped from the former one.
//! The rest is lost: it is offered to the server again where the model's author allows it and this client
//! made it, and otherwise kept until the app dismisses it.

use std::collections::BTreeSet;

use syncline_protocol::{
    ClientId, Commit, CommitDigest, Counter, Digest, Entry, Limits, RedactionNumber, Seq, SessionId,
    SessionNumber,
};

use super::serve::To;
use super::{Leader, tables};
use crate::local::{Epoch, FORMER_SESSION, Lost, Told, Waiting};
use crate::mutation::{Mutation, is_on};
use crate::segment::{self, Segment};
use crate::sql::nested;
use crate::{Query, Sql, SqlError};

pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS syncline_former (
    id INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    chain TEXT NOT NULL,
    entries TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_lost (
    id INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    counter INTEGER NOT NULL,
    digest TEXT NOT NULL,
    author TEXT NOT NULL,
    first INTEGER NOT NULL,
    events TEXT NOT NULL
) STRICT;
";

/// More than one connection brings in a moment.
const NEWEST_SEGMENTS: u32 = 64;

/// Where the newest commits of this client stand in the log. Under a counter that waits, or was not given yet, it
/// is a copy's.
pub(super) fn newest_of(
    db: &dyn Query,
    client: &ClientId,
    next: Counter,
) -> Result<Vec<(Counter, Seq, Seq)>, SqlError> {
    let newest = "SELECT min(first) FROM (SELECT first FROM syncline_log ORDER BY first DESC LIMIT ?1)";
    let Some(from) = db.value::<Option<Seq>>(newest, &[NEWEST_SEGMENTS.into()])?.flatten() else {
        return Ok(Vec::new());
    };
    let (mut after, mut found) = (from.before(), Vec::new());
    loop {
        let segments = segment::page(db, after, Limits::SEGMENT_BYTES)?;
        let Some(last) = segments.last() else { return Ok(found) };
        after = last.last;
        for entry in segments.iter().map(segment::decode).collect::<Result<Vec<_>, _>>()?.iter().flatten() {
            let own = entry.client == *client && entry.index == 0 && entry.counter < next;
            if own && !tables::is_waiting(db, entry.counter)? {
                found.push((entry.counter, entry.seq, entry.seq.plus(u64::from(entry.of)).before()));
            }
        }
    }
}

/// Commits are told apart by what they are and what they say.
type Identity = (ClientId, Counter, String);

impl Leader {
    /// The server's log is another one: this one is set aside, and the server's is followed from its start.
    /// The outbox stays, all of it undecided.
    pub(super) fn set_aside(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        let epoch = Epoch::after(Some(&self.epoch), &self.config.fresh);
        nested(db, |db| {
            self.remember_confirmed(db)?;
            db.execute(
                "INSERT INTO syncline_former (first, last, chain, entries)
                    SELECT first, last, chain, entries FROM syncline_log ORDER BY first",
                &[],
            )?;
            db.execute("DELETE FROM syncline_log", &[])?;
            tables::undecide_all(db)?;
            if is_on(Mutation::AsideLosesOutbox) {
                db.execute("DELETE FROM syncline_outbox", &[])?;
            }
            let redactions = RedactionNumber::NONE;
            let facts = tables::Facts { incarnation: None, epoch: epoch.clone(), redactions, ..self.facts() };
            tables::put_facts(db, &facts)
        })?;
        (self.incarnation, self.redactions) = (None, RedactionNumber::NONE);
        (self.cursor, self.chain) = segment::head(db)?;
        self.former = true;
        self.epoch = epoch;
        // What was to be compared was a state of the other log.
        self.compare = None;
        self.restart_sessions(db)
    }

    /// The log goes: where the own commits in it stood is noted, for a session that lives on and has not
    /// been told yet. What it was told long ago is not looked for.
    pub(super) fn remember_confirmed(&self, db: &mut dyn Sql) -> Result<(), SqlError> {
        let newest = newest_of(&*db, &self.client, self.next)?;
        newest
            .into_iter()
            .try_for_each(|(counter, first, last)| tables::put_confirmed(db, counter, first, last))
    }

    /// Once the server's log is here: what both logs have is forgotten, the rest is offered again or lost.
    pub(super) fn sort_former(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        let (offered, next) = nested(db, |db| {
            let (missing, mut offered, mut next) = (missing(db)?, Vec::new(), self.next);
            for commit in missing {
                let counter = commit.first().map_or(Counter::NONE, |first| first.counter);
                // A copy of this client may have used a counter for another commit.
                match (self.offer(&commit), tables::digest_of(db, counter)?) {
                    (Some(waiting), None) => {
                        let digest = CommitDigest::of(&waiting.commit).to_string();
                        tables::put_waiting(db, &waiting, &digest)?;
                        // A server between the two may have rejected it: that is for this one to say.
                        tables::dismiss(db, counter)?;
                        next = next.max(counter.next());
                        offered.push(waiting);
                    }
                    (Some(_), Some(ours)) if ours == digest(&commit).to_string() => {}
                    (Some(_), Some(_)) | (None, _) => {
                        put_lost(db, &lost_of(&commit), &digest(&commit).to_string())?
                    }
                }
            }
            if next > self.next {
                tables::put_facts(db, &tables::Facts { next, ..self.facts() })?;
            }
            db.execute("DELETE FROM syncline_former", &[])?;
            Ok::<_, SqlError>((offered, next))
        })?;
        (self.former, self.next) = (false, next);
        self.lost = count_lost(db)?;
        if !offered.is_empty() {
            self.tell(To::All, &Told::Waiting(offered));
        }
        Ok(())
    }

    /// own-name: a commit is offered only by the client, and under the name, that it was made by.
    fn offer(&self, commit: &[Entry]) -> Option<Waiting> {
        let first = commit.first()?;
        let own =
            self.config.offer_lost && first.client == self.client && first.author == self.config.subject;
        own.then(|| Waiting {
            session: SessionId::parse(FORMER_SESSION).expect("it is a session id"),
            number: SessionNumber::new(first.counter.get()).unwrap_or_default(),
            commit: Commit {
                counter: first.counter,
                author: first.author.clone(),
                model_version: self.config.model_version,
                events: commit.iter().map(Entry::event).collect(),
            },
        })
    }

    /// Confirmed commits that the server's log no longer has, and that the app has not dismissed.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn lost(&self, db: &dyn Query) -> Result<Vec<Lost>, SqlError> {
        Ok(all_lost(db)?.into_iter().map(|(lost, _)| lost).collect())
    }

    /// The app has done with the lost commits up to this one.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn dismiss_lost(&mut self, db: &mut dyn Sql, upto: u64) -> Result<(), SqlError> {
        let upto = Seq::new(upto).unwrap_or_default();
        db.execute("DELETE FROM syncline_lost WHERE id <= ?1", &[upto.into()])?;
        self.lost = count_lost(db)?;
        Ok(())
    }
}

/// A commit that was lost is in the log again: its own client has offered it.
pub(super) fn found(db: &mut dyn Sql, commit: &[Entry]) -> Result<(), SqlError> {
    let (client, counter, digest) = identity(commit);
    db.execute(
        "DELETE FROM syncline_lost WHERE client = ?1 AND counter = ?2 AND digest = ?3",
        &[client.as_str().into(), counter.into(), (&digest).into()],
    )
}

/// With the digests of what they say.
pub(super) fn all_lost(db: &dyn Query) -> Result<Vec<(Lost, String)>, SqlError> {
    let sql = "SELECT id, client, counter, author, first, events, digest FROM syncline_lost ORDER BY id";
    tables::rows(db, sql, &[], |row| {
        let lost = Lost {
            id: row.get::<Seq>(0)?.get(),
            client: row.get(1)?,
            counter: row.get(2)?,
            author: row.get(3)?,
            first: row.get(4)?,
            events: serde_json::from_str(&row.get::<String>(5)?).map_err(tables::damaged)?,
        };
        Ok((lost, row.get(6)?))
    })
}

pub(super) fn is_former(db: &dyn Query) -> Result<bool, SqlError> {
    db.exists("SELECT 1 FROM syncline_former LIMIT 1", &[])
}

pub(super) fn count_lost(db: &dyn Query) -> Result<u32, SqlError> {
    Ok(db.value("SELECT count(*) FROM syncline_lost", &[])?.unwrap_or_default())
}

/// Keeps a commit, with its digest, until the app dismisses it.
pub(super) fn put_lost(db: &mut dyn Sql, lost: &Lost, digest: &str) -> Result<(), SqlError> {
    let events = serde_json::to_string(&lost.events).map_err(tables::damaged)?;
    db.execute(
        "INSERT INTO syncline_lost (client, counter, digest, author, first, events)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            lost.client.as_str().into(),
            lost.counter.into(),
            digest.into(),
            lost.author.as_str().into(),
            lost.first.into(),
            (&events).into(),
        ],
    )
}

fn lost_of(commit: &[Entry]) -> Lost {
    let first = commit.first().expect("a chunk is never empty");
    Lost {
        id: 0,
        client: first.client.clone(),
        counter: first.counter,
        author: first.author.clone(),
        first: first.seq,
        events: commit.iter().map(Entry::event).collect(),
    }
}

/// Before the client takes another id: what it has offered again was made, and may come back to the log, under
/// the one it had. Under another it might be logged twice, so it is lost.
pub(super) fn withdraw_offered(db: &mut dyn Sql, client: &ClientId) -> Result<(), SqlError> {
    for (Waiting { session, commit, .. }, digest) in tables::all_with_digests(db)? {
        if session.as_str() != FORMER_SESSION {
            continue;
        }
        let Commit { counter, author, events, .. } = commit;
        let lost = Lost { id: 0, client: client.clone(), counter, author, first: Seq::ZERO, events };
        put_lost(db, &lost, &digest)?;
        tables::remove_waiting(db, counter)?;
    }
    Ok(())
}

/// The commits of the former log that the log of today has not, in their order, each once.
fn missing(db: &dyn Query) -> Result<Vec<Vec<Entry>>, SqlError> {
    let former = db.query("SELECT first, last, chain, entries FROM syncline_former ORDER BY id", &[])?;
    let mut apart = Vec::new();
    let mut common = Seq::ZERO;
    for row in &former {
        let segment =
            Segment { first: row.get(0)?, last: row.get(1)?, chain: row.get(2)?, text: row.get(3)? };
        // The same chain at the same seq is the same log up to there.
        if segment::chain_at(db, segment.last)? == Some(segment.chain) {
            common = common.max(segment.last);
        } else {
            apart.push(segment);
        }
    }
    // Segments of several former logs may lie across the point up to which one of them was the same.
    let start = apart.iter().map(|segment| segment.first.before()).min().unwrap_or(common);
    let mut known = identities(db, start.min(common))?;
    let mut missing = Vec::new();
    for segment in apart {
        for commit in segment::decode(&segment)?.chunk_by(|entry, _| !entry.ends_commit()) {
            if known.insert(identity(commit)) {
                missing.push(commit.to_vec());
            }
        }
    }
    Ok(missing)
}

/// What the log of today has after a seq.
fn identities(db: &dyn Query, mut after: Seq) -> Result<BTreeSet<Identity>, SqlError> {
    let mut known = BTreeSet::new();
    loop {
        let segments = segment::page(db, after, Limits::SEGMENT_BYTES)?;
        let Some(last) = segments.last() else { return Ok(known) };
        after = last.last;
        for segment in &segments {
            known.extend(segment::decode(segment)?.chunk_by(|entry, _| !entry.ends_commit()).map(identity));
        }
    }
}

fn identity(commit: &[Entry]) -> Identity {
    let first = commit.first().expect("a chunk is never empty");
    (first.client.clone(), first.counter, digest(commit).to_string())
}

/// The digest of the commit that these entries are.
pub(super) fn digest(commit: &[Entry]) -> Digest {
    let first = commit.first().expect("a chunk is never empty");
    let mut digest = CommitDigest::by(&first.author);
    for entry in commit {
        digest.add(&entry.name, &entry.args_digest());
    }
    digest.finish()
}
