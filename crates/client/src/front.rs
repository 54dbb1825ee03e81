//! The half of a store that every thread of the app reaches at once: the session, and what waits on it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use syncline_engine::protocol::{Code, ErrorFrame, Millis, RawEvent, Rejection, Seq, SessionId};
use syncline_engine::{Effects, Epoch, Refusal, Session, count_quarantined};
use syncline_sqlite::Database;
use tokio::sync::{Notify, watch};

use crate::presence::Present;
use crate::receipt::{Confirmation, Receipt, Receipts};
use crate::{Error, Status};

/// What a store's calls and its leader's thread share.
pub(crate) struct Shared {
    front: Mutex<Front>,
    /// The session has something for the leader.
    pub(crate) wake: Notify,
    /// Counts what has happened to the session.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) status: watch::Sender<Status>,
    /// What the others who are here tell.
    pub(crate) present: watch::Sender<Vec<Present>>,
    /// The life of the log, how far it has come here, and whether that is its head.
    pub(crate) log: watch::Sender<Option<(Epoch, Seq, bool)>>,
}

pub(crate) struct Front {
    pub(crate) db: Database,
    pub(crate) session: Session,
    id: SessionId,
    /// Whether what the leader has taken survives the process.
    durable: bool,
    receipts: Receipts,
    /// When each table has changed, by the count of changes.
    changed: BTreeMap<String, u64>,
    count: u64,
    pub(crate) quarantined: u32,
    /// Why it cannot go on.
    pub(crate) failure: Option<ErrorFrame>,
    closed: bool,
}

impl Shared {
    pub(crate) fn new(front: Front, status: Status) -> Self {
        Self {
            front: Mutex::new(front),
            wake: Notify::new(),
            changes: watch::Sender::new(0),
            status: watch::Sender::new(status),
            present: watch::Sender::new(Vec::new()),
            log: watch::Sender::new(None),
        }
    }

    /// For a call of the app.
    pub(crate) fn front(&self) -> Result<MutexGuard<'_, Front>, Error> {
        let front = self.held();
        match &front.failure {
            _ if front.closed => Err(Error::Closed),
            Some(why) => Err(Error::Stopped(Box::new(why.clone()))),
            None => Ok(front),
        }
    }

    /// For the leader. What a panic has left half done is not gone on with.
    pub(crate) fn held(&self) -> MutexGuard<'_, Front> {
        self.front.lock().unwrap_or_else(|poisoned| {
            let mut front = poisoned.into_inner();
            front.fail(ErrorFrame::new(Code::SessionFailed, "a call of the session panicked"));
            front
        })
    }

    /// Whoever watches looks again.
    pub(crate) fn tell(&self, mut front: MutexGuard<'_, Front>) {
        front.note_changed();
        let count = front.count;
        drop(front);
        self.changes.send_replace(count);
    }
}

impl Front {
    pub(crate) fn new(db: Database, session: Session, id: SessionId, durable: bool) -> Self {
        Self {
            db,
            session,
            id,
            durable,
            receipts: Receipts::default(),
            changed: BTreeMap::new(),
            count: 0,
            quarantined: 0,
            failure: None,
            closed: false,
        }
    }

    pub(crate) fn commit(&mut self, events: Vec<RawEvent>) -> Result<Receipt, Error> {
        match self.session.commit(&mut self.db, now(), events) {
            Ok(number) => Ok(self.receipts.open(number)),
            Err(Refusal::Rejected(why)) => Err(Error::Rejected(why)),
            Err(Refusal::Host(error)) => Err(Error::Storage(error)),
        }
    }

    /// Takes a message of the leader.
    pub(crate) fn receive(&mut self, message: &str) {
        if self.failure.is_some() {
            return;
        }
        match self.session.receive(&mut self.db, now(), message) {
            Ok(effects) => self.follow(effects),
            Err(error) => self.fail(ErrorFrame::new(error.code(), error.to_string())),
        }
    }

    fn follow(&mut self, effects: Effects) {
        for number in effects.persisted {
            if self.durable {
                self.receipts.persisted(number);
            }
        }
        for confirmed in effects.confirmed {
            let place = Confirmation { first: confirmed.first, last: confirmed.last };
            self.receipts.confirmed(confirmed.number, place);
        }
        for rejected in effects.rejected {
            if rejected.session == self.id {
                let why = Rejection { code: rejected.code, message: rejected.message };
                self.receipts.rejected(rejected.number, why);
            }
        }
        self.quarantined = count_quarantined(&self.db).unwrap_or(self.quarantined);
    }

    /// It cannot go on: what is with the leader is safe.
    pub(crate) fn fail(&mut self, why: ErrorFrame) {
        self.failure.get_or_insert(why);
        self.receipts.close();
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.receipts.close();
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether one of the tables has changed since a count.
    pub(crate) fn changed_since(&self, tables: &[String], count: u64) -> bool {
        tables.iter().any(|table| self.changed.get(table).is_some_and(|changed| *changed > count))
    }

    /// How often something has happened.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    fn note_changed(&mut self) {
        self.count += 1;
        for table in self.db.take_changed_tables() {
            self.changed.insert(table, self.count);
        }
    }
}

/// The clock; one that is set before 1970 counts as 1970.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).ok().and_then(|ms| Millis::new(ms).ok()).unwrap_or_default()
}
