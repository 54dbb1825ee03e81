//! A snapshot in place of the log's beginning: got in parts, checked by its digest, and kept until the state
//! has been made from it. A bad one is dropped, and the whole log read instead (always-boots).

use std::collections::VecDeque;

use syncline_protocol::{
    Chain, Code, Digest, ErrorFrame, Hasher, Incarnation, Pull, Seq, Snapshot, SnapshotOffer,
};

use super::receive::confirmed;
use super::serve::To;
use super::{Leader, Link, Up, consume, tables};
use crate::local::{Epoch, StateDue, Told};
use crate::segment;
use crate::sql::nested;
use crate::{Query, Sql, SqlError};

pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS syncline_base (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    digest TEXT NOT NULL,
    schema_hash TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_base_part (
    part INTEGER PRIMARY KEY,
    data TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_incoming (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_incoming_part (
    part INTEGER PRIMARY KEY,
    data TEXT NOT NULL
) STRICT;
";

/// Parts that are on their way at once: the server reads one while another travels, and a third is written here.
const AHEAD: usize = 3;

/// A snapshot that is on its way.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    offer: SnapshotOffer,
    /// The parts that are still to be asked for.
    to_ask: VecDeque<u32>,
    /// The digest of so many parts from the first on, taken while others travel.
    hashed: (u32, Hasher),
}

impl Fetch {
    pub(super) const fn digest(&self) -> Digest {
        self.offer.digest
    }
}

impl Leader {
    /// What to ask for after `welcome`: the snapshot that the server offers, where it saves much. While a
    /// former log is to be sorted, every entry is wanted; so are those that a consumer has not seen.
    pub(super) fn begin(&mut self, db: &mut dyn Sql, offer: Option<SnapshotOffer>) -> Result<(), SqlError> {
        // What a former connection was offered may be of a log that is no more.
        self.compare = offer;
        let Some(offer) = offer else { return Ok(()) };
        let saved = offer.seq.get().saturating_sub(self.cursor.get());
        let known = self.incarnation.as_ref().map_or("", Incarnation::as_str);
        let refused = self.former
            || self.bad_snapshot == Some(offer.digest)
            || consume::is_needed(&*db, known, offer.seq)?;
        if saved > 0
            && let Link::Up(up) = &mut self.link
        {
            up.pulling = false;
            if saved >= self.config.snapshot_worth && !refused {
                return self.fetch(db, offer);
            }
        }
        self.pull();
        Ok(())
    }

    /// Asks for the first of the parts that are not here yet, or takes the whole.
    fn fetch(&mut self, db: &mut dyn Sql, offer: SnapshotOffer) -> Result<(), SqlError> {
        let have = incoming(db, &offer)?;
        if have.is_empty() {
            nested(db, |db| {
                forget_incoming(db)?;
                let sql = "INSERT INTO syncline_incoming (id, seq, digest) VALUES (1, ?1, ?2)";
                db.execute(sql, &[offer.seq.into(), (&offer.digest.to_string()).into()])
            })?;
        }
        let to_ask: VecDeque<u32> = (0..offer.parts).filter(|part| !have.contains(part)).collect();
        if to_ask.is_empty() {
            return self.take_snapshot(db, &offer, None);
        }
        if let Link::Up(up) = &mut self.link {
            up.fetching = Some(Box::new(Fetch { offer, to_ask, hashed: (0, Hasher::default()) }));
        }
        (0..AHEAD).for_each(|_| self.ask_for_part());
        Ok(())
    }

    fn ask_for_part(&mut self) {
        let Link::Up(Up { fetching: Some(fetch), .. }) = &mut self.link else { return };
        if let Some(part) = fetch.to_ask.pop_front() {
            self.to_server.push_back(Pull { after: fetch.offer.seq, part: Some(part) }.encode());
        }
    }

    /// One part has come.
    pub(super) fn part(&mut self, db: &mut dyn Sql, snapshot: &Snapshot) -> Result<(), SqlError> {
        let Link::Up(Up { fetching: Some(fetch), .. }) = &mut self.link else { return Ok(()) };
        let offer = fetch.offer;
        if offer.seq != snapshot.seq || offer.digest != snapshot.digest {
            return Ok(());
        }
        let sql = "INSERT OR IGNORE INTO syncline_incoming_part (part, data) VALUES (?1, ?2)";
        db.execute(sql, &[snapshot.part.into(), (&snapshot.data).into()])?;
        if fetch.hashed.0 == snapshot.part {
            fetch.hashed.0 += 1;
            fetch.hashed.1.add(snapshot.data.as_bytes());
        }
        let here: u32 = db.value("SELECT count(*) FROM syncline_incoming_part", &[])?.unwrap_or_default();
        if here < offer.parts {
            self.ask_for_part();
            return Ok(());
        }
        // Parts of a former connection were not counted here.
        let digest = (fetch.hashed.0 == offer.parts).then(|| fetch.hashed.1.clone().finish());
        self.take_snapshot(db, &offer, digest)
    }

    /// There is no more of it to ask for.
    pub(super) fn snapshot_gone(&mut self) {
        if matches!(&self.link, Link::Up(Up { fetching: Some(_), .. })) {
            self.read_log();
        }
    }

    /// The log is read on from here. Also where that is the head already, as it is the page which reaches it that
    /// makes the socket live.
    fn read_log(&mut self) {
        if let Link::Up(up) = &mut self.link {
            (up.fetching, up.pulling) = (None, true);
            self.to_server.push_back(Pull { after: self.cursor, part: None }.encode());
        }
    }

    /// All parts are here; their digest is known, or taken now.
    fn take_snapshot(
        &mut self,
        db: &mut dyn Sql,
        offer: &SnapshotOffer,
        digest: Option<Digest>,
    ) -> Result<(), SqlError> {
        let digest = match digest {
            Some(digest) => digest,
            None => incoming_digest(db, offer.parts)?,
        };
        if digest != offer.digest {
            nested(db, forget_incoming)?;
            self.refuse_snapshot(offer, "its digest is another");
            self.read_log();
            return Ok(());
        }
        let epoch = Epoch::after(Some(&self.epoch), &self.config.fresh);
        let inside = nested(db, |db| {
            self.remember_confirmed(db)?;
            // The one that the log began with was needed until here.
            forget(db)?;
            db.execute(
                "INSERT INTO syncline_base (id, seq, digest, schema_hash)
                    SELECT id, seq, digest, ?1 FROM syncline_incoming",
                &[self.config.schema_hash.as_str().into()],
            )?;
            // Nothing is copied: the parts may be large.
            db.run_script(
                "DROP TABLE syncline_base_part;
                ALTER TABLE syncline_incoming_part RENAME TO syncline_base_part;",
            )?;
            db.run_script(TABLES)?;
            forget_incoming(db)?;
            db.execute("DELETE FROM syncline_log", &[])?;
            segment::append(db, &segment::base(offer.seq, offer.chain))?;
            tables::put_facts(db, &tables::Facts { epoch: epoch.clone(), ..self.facts() })?;
            // The verdict came first, and said that the entries are still to come.
            let inside = tables::accepted_until(&*db, offer.seq)?.into_iter();
            inside
                .map(|(counter, first, last)| confirmed(db, counter, first, last))
                .collect::<Result<Vec<_>, _>>()
        })?;
        (self.cursor, self.chain, self.epoch) = (offer.seq, offer.chain, epoch);
        self.restart_sessions(db)?;
        inside.iter().for_each(|told| self.tell(To::All, told));
        self.read_log();
        Ok(())
    }

    fn refuse_snapshot(&mut self, offer: &SnapshotOffer, why: &str) {
        self.bad_snapshot = Some(offer.digest);
        self.compare = None;
        let message = format!("the snapshot at {} is not used: {why}", offer.seq);
        self.notice = Some(ErrorFrame::new(Code::SnapshotDamaged, message));
    }

    /// What the log begins with does not make a state: the whole log is read instead.
    pub(super) fn drop_snapshot(&mut self, db: &mut dyn Sql, why: &str) -> Result<(), SqlError> {
        let row = db.first("SELECT seq, digest FROM syncline_base", &[])?;
        let offer = row
            .map(|row| {
                let (seq, digest) = (row.get(0)?, row.get(1)?);
                Ok::<_, SqlError>(SnapshotOffer { seq, chain: Chain::GENESIS, digest, parts: 0 })
            })
            .transpose()?;
        if let Some(offer) = offer {
            self.refuse_snapshot(&offer, why);
        }
        self.read_again(db)
    }

    /// A snapshot of other tables, from before an upgrade, is of no use: the server has another, or the log.
    pub(super) fn drop_outdated(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        let sql = "SELECT 1 FROM syncline_base WHERE schema_hash <> ?1";
        if !db.exists(sql, &[self.config.schema_hash.as_str().into()])? {
            return Ok(());
        }
        if segment::start(&*db)? > Seq::ZERO { self.read_again(db) } else { nested(db, forget) }
    }

    /// The whole log is fetched again. What comes may begin with a snapshot, which does not say whose commits are
    /// in it.
    pub(super) fn read_again(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        self.remember_confirmed(db)?;
        self.restart_from(db, Seq::ZERO)
    }

    /// The log from a seq on is fetched again, and everything that was made from it made anew.
    pub(super) fn restart_from(&mut self, db: &mut dyn Sql, keep: Seq) -> Result<(), SqlError> {
        let epoch = Epoch::after(Some(&self.epoch), &self.config.fresh);
        nested(db, |db| {
            db.execute("DELETE FROM syncline_log WHERE last > ?1", &[keep.into()])?;
            if keep == Seq::ZERO {
                db.execute("DELETE FROM syncline_log", &[])?;
                forget(db)?;
            }
            tables::put_facts(db, &tables::Facts { epoch: epoch.clone(), ..self.facts() })
        })?;
        (self.cursor, self.chain) = segment::head(db)?;
        self.epoch = epoch;
        self.restart_sessions(db)?;
        if let Link::Up(up) = &mut self.link {
            (up.pulling, up.fetching) = (false, None);
        }
        self.pull();
        Ok(())
    }

    /// The snapshot that the log begins with, for a session that has nothing of it.
    pub(super) fn tell_snapshot(&mut self, db: &dyn Query, to: To<'_>, seq: Seq) -> Result<(), SqlError> {
        if self.config.brings_states {
            let due = StateDue { epoch: self.epoch.clone(), seq };
            self.tell(to, &Told::State(due));
            return Ok(());
        }
        let mut parts = VecDeque::from(parts(db)?);
        for part in 0.. {
            let Some(data) = parts.pop_front() else { break };
            self.tell(to, &Told::Snapshot { seq, part, data, more: !parts.is_empty() });
        }
        Ok(())
    }

    /// Two states at one seq are not the same.
    pub(super) fn diverged(&mut self, db: &mut dyn Sql, seq: Seq, message: String) -> Result<(), SqlError> {
        self.notice = Some(ErrorFrame::new(Code::StateDiverged, message));
        // Once: what differs again is not mended by doing it again.
        if self.diverged_at == Some(seq) {
            return Ok(());
        }
        self.diverged_at = Some(seq);
        if segment::start(&*db)? > Seq::ZERO {
            // The snapshot that the state was made from may be what is wrong.
            return self.read_again(db);
        }
        let epoch = Epoch::after(Some(&self.epoch), &self.config.fresh);
        tables::put_facts(db, &tables::Facts { epoch: epoch.clone(), ..self.facts() })?;
        self.epoch = epoch;
        self.restart_sessions(db)
    }
}

/// The parts of the snapshot that the log begins with.
pub(super) fn parts(db: &dyn Query) -> Result<Vec<String>, SqlError> {
    tables::rows(db, "SELECT data FROM syncline_base_part ORDER BY part", &[], |row| row.get(0))
}

/// Which parts of a snapshot are here.
fn incoming(db: &dyn Query, offer: &SnapshotOffer) -> Result<Vec<u32>, SqlError> {
    let sql = "SELECT part FROM syncline_incoming_part WHERE EXISTS
        (SELECT 1 FROM syncline_incoming WHERE seq = ?1 AND digest = ?2)";
    tables::rows(db, sql, &[offer.seq.into(), (&offer.digest.to_string()).into()], |row| row.get(0))
}

/// One part after the other: together they may be large.
fn incoming_digest(db: &dyn Query, parts: u32) -> Result<Digest, SqlError> {
    let mut hasher = Hasher::default();
    for part in 0..parts {
        let sql = "SELECT data FROM syncline_incoming_part WHERE part = ?1";
        let data: Option<String> = db.value(sql, &[part.into()])?;
        hasher.add(data.unwrap_or_default().as_bytes());
    }
    Ok(hasher.finish())
}

fn forget_incoming(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("DELETE FROM syncline_incoming", &[])?;
    db.execute("DELETE FROM syncline_incoming_part", &[])
}

fn forget(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("DELETE FROM syncline_base", &[])?;
    db.execute("DELETE FROM syncline_base_part", &[])
}
