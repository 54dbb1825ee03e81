//! What a client keeps: log, outbox and replica in files, the session in memory, and the receipts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chat_model::Chat;
use syncline_engine::protocol::{RawEvent, Seq, SessionId, SessionNumber};
use syncline_engine::{
    Effects, Leader, LeaderConfig, LeaderError, Query, Refusal, Replica, Rules, Session, SessionError,
    quarantined, state_digest,
};
use syncline_sqlite::{Database, Durability};

use super::{Assignment, RECEIPTS, now};
use crate::Report;
use crate::receipt::{Receipt, Receipts, fingerprint, tag_of};

/// Codes of a server that is only just coming or going: the leader waits, and tries again.
const PASSING: [&str; 2] = ["server-failed", "rebuilding"];

/// How long commits wait that the server would not take, where it names no time.
const HELD: Duration = Duration::from_secs(1);

/// The replica follows the log in steps of this many entries.
const STEP: u64 = 200;

pub(super) struct Device {
    name: String,
    folder: PathBuf,
    log: Database,
    leader: Leader,
    replica_db: Database,
    replica: Replica,
    db: Database,
    session: Session,
    /// The sessions of this process so far.
    sessions: u64,
    life: u64,
    /// The commits of this session.
    tags: BTreeMap<SessionNumber, String>,
    receipts: Receipts,
    reported: Option<Report>,
    /// Since when the server takes no commits, if it does not.
    held_since: Option<Instant>,
}

impl Device {
    /// What a start of the app does: the leader opens its files, the session starts from the leader.
    pub(super) fn open(assignment: &Assignment) -> Result<Self> {
        let rules = Rules::of::<Chat>();
        let mut log = Database::open_file(assignment.folder.join("log.db"), Durability::Normal)?;
        let mut replica_db = Database::open_file(assignment.folder.join("state.db"), Durability::Normal)?;
        let config = LeaderConfig::new(
            &rules,
            assignment.store.clone(),
            assignment.subject.clone(),
            assignment.fresh.clone(),
        )?;
        let mut leader = Leader::open(&mut log, config)?;
        let mut replica = Replica::open(&mut replica_db, rules)?;
        let name = assignment.subject.to_string();
        let (db, session) =
            start_session(&name, assignment.life, 0, &mut leader, &mut log, &mut replica, &mut replica_db)?;
        let receipts = Receipts::open(&assignment.folder.join(RECEIPTS))?;
        let mut device = Self {
            name,
            folder: assignment.folder.clone(),
            log,
            leader,
            replica_db,
            replica,
            db,
            session,
            sessions: 0,
            life: assignment.life,
            tags: BTreeMap::new(),
            receipts,
            reported: None,
            held_since: None,
        };
        device.take_rejections()?;
        device.pump()?;
        Ok(device)
    }

    /// The tab is loaded again while the leader lives on.
    pub(super) fn reload(&mut self) -> Result<()> {
        self.pump()?;
        self.sessions += 1;
        let (db, session) = start_session(
            &self.name,
            self.life,
            self.sessions,
            &mut self.leader,
            &mut self.log,
            &mut self.replica,
            &mut self.replica_db,
        )?;
        (self.db, self.session) = (db, session);
        self.tags.clear();
        self.take_rejections()?;
        self.pump()
    }

    /// Rejections that the app has not dismissed: their receipts may be missing, where a process was
    /// killed before it had written them.
    fn take_rejections(&mut self) -> Result<()> {
        let rejected = self.session.rejections().to_vec();
        let effects = Effects { rejected, ..Effects::default() };
        self.note(effects)
    }

    /// Commits in the session alone; [`Device::hand_over`] makes it durable.
    pub(super) fn commit(&mut self, tag: &str, events: Vec<RawEvent>) -> Result<bool> {
        let digest = fingerprint(events.iter().map(|event| (event.name.as_str(), event.args.get())));
        self.receipts.write(&[Receipt::Made { tag: tag.to_owned(), digest }])?;
        match self.session.commit(&mut self.db, now(), events) {
            Ok(number) => {
                self.tags.insert(number, tag.to_owned());
                Ok(true)
            }
            Err(Refusal::Rejected(why)) => {
                self.receipts.write(&[Receipt::Refused { tag: tag.to_owned(), code: why.code }])?;
                Ok(false)
            }
            Err(Refusal::Host(error)) => Err(error).context("the session's database"),
        }
    }

    pub(super) fn hand_over(&mut self) -> Result<()> {
        if let Some(message) = self.session.take_hand_over() {
            self.leader.hand_over(&mut self.log, &message).context("hand over")?;
        }
        self.pump()
    }

    /// Gives the leader again what it may have: as after a message that nobody knows the fate of.
    pub(super) fn hand_over_again(&mut self) -> Result<()> {
        if let Some(message) = self.session.hand_over_again() {
            self.leader.hand_over(&mut self.log, &message).context("hand over again")?;
        }
        self.pump()
    }

    pub(super) fn connected(&mut self, token: &str) {
        self.leader.connected(Some(token.to_owned()));
    }

    pub(super) fn disconnected(&mut self) {
        self.leader.disconnected();
    }

    pub(super) fn poll_server(&mut self) -> Option<String> {
        self.leader.poll_server()
    }

    /// Whether the socket is still of use.
    pub(super) fn received(&mut self, frame: &str) -> Result<bool> {
        match self.leader.receive(&mut self.log, frame) {
            Ok(()) => {
                self.pump()?;
                Ok(true)
            }
            Err(error @ (LeaderError::Frame(_) | LeaderError::OutOfOrder(_))) => {
                self.trouble(error.code().as_str(), &error.to_string())?;
                Ok(false)
            }
            Err(error) => Err(error).context("the leader's database"),
        }
    }

    /// Whether the server does not go on. Where it takes no commits for now, they are offered again.
    pub(super) fn is_stopped(&mut self) -> Result<bool> {
        let status = self.leader.status(&self.log)?;
        if let Some(error) = status.held {
            let wait = error.retry_after_ms.map_or(HELD, |ms| Duration::from_millis(ms.into()));
            let since = *self.held_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= wait {
                self.held_since = None;
                self.leader.push_again(&self.log)?;
            }
        }
        let Some(error) = status.stopped else { return Ok(false) };
        if !PASSING.contains(&error.code.as_str()) {
            self.trouble(error.code.as_str(), &error.message)?;
        }
        Ok(true)
    }

    fn trouble(&mut self, code: &str, message: &str) -> Result<()> {
        self.receipts.write(&[Receipt::Trouble { code: code.to_owned(), message: message.to_owned() }])
    }

    /// Carries what the leader says to the session, and notes what that promises.
    pub(super) fn pump(&mut self) -> Result<()> {
        let mut all = Effects::default();
        while let Some(message) = self.leader.poll_session(self.session.id()) {
            match self.session.receive(&mut self.db, now(), &message) {
                Ok(effects) => {
                    all.persisted.extend(effects.persisted);
                    all.confirmed.extend(effects.confirmed);
                    all.rejected.extend(effects.rejected);
                }
                Err(
                    error @ (SessionError::Message(_) | SessionError::Gap(_) | SessionError::Snapshot(..)),
                ) => {
                    self.trouble(error.code().as_str(), &error.to_string())?;
                }
                Err(SessionError::Host(error)) => return Err(error).context("the session's database"),
            }
        }
        self.note(all)?;
        if self.leader.lags(&self.replica, STEP) {
            self.leader.advance(&mut self.log, &mut self.replica, &mut self.replica_db)?;
        }
        Ok(())
    }

    fn note(&mut self, effects: Effects) -> Result<()> {
        let mut receipts = Vec::new();
        let named = |number: &SessionNumber| self.tags.get(number).cloned();
        receipts.extend(effects.persisted.iter().filter_map(named).map(|tag| Receipt::Persisted { tag }));
        for confirmed in &effects.confirmed {
            let (first, last) = (confirmed.first, confirmed.last);
            receipts.extend(named(&confirmed.number).map(|tag| Receipt::Confirmed { tag, first, last }));
        }
        for rejected in effects.rejected {
            let tag = tag_of(&rejected.events).context("a rejected commit has no name")?;
            receipts.push(Receipt::Rejected { tag, code: rejected.code });
        }
        self.receipts.write(&receipts)
    }

    /// The app has done with what was rejected; the receipts are written.
    pub(super) fn dismiss_all(&mut self) -> Result<()> {
        let counters: Vec<_> = self.session.rejections().iter().map(|rejected| rejected.counter).collect();
        counters.into_iter().for_each(|counter| self.session.dismiss(counter));
        self.hand_over()
    }

    pub(super) fn state(&self) -> &dyn Query {
        &self.db
    }

    /// Says how it stands, where that has changed.
    pub(super) fn report(&mut self, round: u32) -> Result<()> {
        let status = self.leader.status(&self.log)?;
        let pending = self.session.pending().count();
        let level = self.session.cursor() == status.cursor && status.cursor == status.head;
        let drained = status.live && status.pending == 0 && pending == 0 && level;
        let stopped = status.stopped.map(|error| error.code.as_str().to_owned());
        let last = self.reported.as_ref();
        let same = last.is_some_and(|last| {
            (last.round, last.drained, last.outbox, last.pending, last.cursor)
                == (round, drained, status.pending, pending, status.cursor)
                && last.stopped == stopped
        });
        if same {
            return Ok(());
        }
        let (mut session, mut replica, mut skipped) = Default::default();
        if drained {
            self.leader.advance(&mut self.log, &mut self.replica, &mut self.replica_db)?;
            (session, replica) =
                (state_digest(&self.db)?.to_string(), state_digest(&self.replica_db)?.to_string());
            skipped = quarantined(&self.db)?.len() + quarantined(&self.replica_db)?.len();
        }
        let log: &dyn Query = &self.log;
        let chain = log.value("SELECT chain FROM syncline_log ORDER BY first DESC LIMIT 1", &[])?;
        let report = Report {
            round,
            client: self.leader.client().to_string(),
            drained,
            outbox: status.pending,
            pending,
            stopped,
            lost: status.lost,
            cursor: status.cursor,
            chain: chain.unwrap_or_default(),
            quarantined: skipped,
            session,
            replica,
        };
        report.write(&self.folder)?;
        self.reported = Some(report);
        Ok(())
    }
}

/// A session over a copy of the replica's state, as a page gets it.
fn start_session(
    name: &str,
    life: u64,
    session: u64,
    leader: &mut Leader,
    log: &mut Database,
    replica: &mut Replica,
    replica_db: &mut Database,
) -> Result<(Database, Session)> {
    leader.advance(log, replica, replica_db)?;
    let mut db = if replica.seq() == Seq::ZERO {
        Database::open_memory()?
    } else {
        Database::deserialize(&replica_db.serialize()?)?
    };
    let id = SessionId::parse(format!("{name}-{life}-{session}"))?;
    let opened = leader.opened(log, &id, replica.seq())?;
    let session = Session::open(&mut db, Rules::of::<Chat>(), id, now(), &opened)?;
    Ok((db, session))
}
