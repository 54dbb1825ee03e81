//! The leader: the client's durable half. It keeps log, outbox and cursor, and talks to the server.
//!
//! It knows no model: what it stores and sends are texts. Its state, for new tabs, is a [`Replica`]
//! beside it. Like the room it holds only a cache of what is in the database.

mod consume;
mod former;
mod hand_over;
mod history;
mod making;
mod presence;
mod push;
mod receive;
mod redacted;
mod repair;
mod replica;
mod serve;
mod snapshot;
mod tables;

use std::collections::VecDeque;

pub use consume::{Begin, Consumption};
pub use making::Making;
use presence::Presences;
pub use receive::LeaderError;
pub use repair::Salvage;
use replica::Advanced;
pub use replica::Replica;
use syncline_protocol::{
    Args, Auth, Chain, ClientId, Counter, Cursor, Digest, ErrorFrame, Hello, Incarnation, Limits,
    ModelVersion, PROTOCOL_VERSION, RedactionNumber, SchemaHash, Seq, SessionId, SnapshotOffer, StoreId,
    Subject,
};
use tables::Facts;

use crate::local::{Epoch, StateDue};
use crate::segment;
use crate::{HostFailure, Query, Rules, Sql, SqlError};

/// What a leader is for: one per (browser profile or process, store, subject).
#[derive(Clone, Debug)]
pub struct LeaderConfig {
    /// The store.
    pub store: StoreId,
    /// Who is signed in.
    pub subject: Subject,
    /// The model's version.
    pub model_version: ModelVersion,
    /// The model's tables.
    pub schema_hash: SchemaHash,
    /// A random id, another each time a leader is opened: the client's where the database has none yet, and
    /// the seed of the next one where a copy of the database turns up.
    pub fresh: ClientId,
    /// Whether the database ends with the page. Then what a session journals has to name each commit
    /// as the server may know it, from the first moment: the session gives the counters.
    pub volatile: bool,
    /// Whether what a restored server has lost is offered to it again; see [`crate::Model::OFFER_LOST`].
    pub offer_lost: bool,
    /// Whether the host brings sessions the state that the log begins with, as a copy of a database: then they are
    /// told when ([`crate::StateDue`]), and not its parts, which cost much more to take.
    pub brings_states: bool,
    /// A snapshot that saves fewer entries than this is not worth its download.
    pub snapshot_worth: u64,
    /// What the server's own hook wants to know at connect.
    pub payload: Option<Args>,
}

const SNAPSHOT_WORTH: u64 = 1_000;

impl LeaderConfig {
    /// For a model.
    ///
    /// # Errors
    /// [`SqlError`] when the model's tables are not portable.
    pub fn new(rules: &Rules, store: StoreId, subject: Subject, fresh: ClientId) -> Result<Self, SqlError> {
        let schema_hash = rules.schema_hash()?;
        Ok(Self {
            store,
            subject,
            model_version: rules.version(),
            schema_hash,
            fresh,
            volatile: false,
            offer_lost: rules.offer_lost(),
            brings_states: false,
            snapshot_worth: SNAPSHOT_WORTH,
            payload: None,
        })
    }
}

/// More than one advance has ever to mend.
const MENDINGS: usize = 8;

/// The client's durable half.
#[derive(Clone, Debug)]
pub struct Leader {
    config: LeaderConfig,
    client: ClientId,
    incarnation: Option<Incarnation>,
    next: Counter,
    epoch: Epoch,
    redactions: RedactionNumber,
    /// Whether there is a former log to be sorted.
    former: bool,
    /// Lost commits that the app has not dismissed.
    lost: u32,
    /// The snapshot of the server that the state is still to be compared with.
    compare: Option<SnapshotOffer>,
    /// A snapshot that was not what it said.
    bad_snapshot: Option<Digest>,
    /// Where the state differed from the server's, and was made anew.
    diverged_at: Option<Seq>,
    /// What went wrong, and was mended.
    notice: Option<ErrorFrame>,
    cursor: Seq,
    chain: Chain,
    link: Link,
    presence: Presences,
    to_server: VecDeque<String>,
    /// The sessions that live, and what waits for each: a few, and in the browser a map takes more room.
    to_sessions: Vec<(SessionId, VecDeque<String>)>,
}

/// The connection, as far as it has come.
#[derive(Clone, Debug)]
enum Link {
    Down,
    /// `hello` is sent.
    Greeting,
    Up(Up),
    /// The server said why it does not go on; the host connects again when that may have changed.
    Stopped(ErrorFrame),
}

#[derive(Clone, Debug)]
struct Up {
    limits: Limits,
    head: Seq,
    /// The last counter of the push whose verdicts are awaited.
    in_flight: Option<Counter>,
    /// The last counter that was pushed on this connection.
    pushed: Counter,
    pulling: bool,
    /// Why nothing is pushed on this connection for now; what others push still comes.
    held: Option<ErrorFrame>,
    /// The snapshot whose parts are asked for, in place of the log.
    fetching: Option<Box<snapshot::Fetch>>,
}

/// Where a leader stands.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderStatus {
    /// Welcomed, and caught up.
    pub live: bool,
    /// Why the server does not go on: the host connects again when that may have changed.
    pub stopped: Option<ErrorFrame>,
    /// Why the server takes no commits for now, although the log is followed: see [`Leader::push_again`].
    pub held: Option<ErrorFrame>,
    /// Confirmed commits that the server's log no longer has; see [`Leader::lost`].
    pub lost: u32,
    /// What went wrong since the leader was opened, and was mended: worth a report.
    pub notice: Option<ErrorFrame>,
    /// Commits without a verdict.
    pub pending: u32,
    /// The last entry of the log here.
    pub cursor: Seq,
    /// The last entry of the server's log, as far as it is known.
    pub head: Seq,
}

impl Leader {
    /// Opens the client's database, and creates what is missing.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn open(db: &mut dyn Sql, config: LeaderConfig) -> Result<Self, SqlError> {
        tables::create(db)?;
        let facts = match tables::facts(db)? {
            Some(facts) => facts,
            None => {
                let facts = Facts {
                    client: config.fresh.clone(),
                    incarnation: None,
                    next: Counter::NONE.next(),
                    epoch: Epoch::after(None, &config.fresh),
                    redactions: RedactionNumber::NONE,
                };
                tables::put_facts(db, &facts)?;
                facts
            }
        };
        let (cursor, chain) = segment::head(db)?;
        let (former, lost) = (former::is_former(db)?, former::count_lost(db)?);
        let mut leader = Self {
            config,
            client: facts.client,
            incarnation: facts.incarnation,
            next: facts.next,
            epoch: facts.epoch,
            redactions: facts.redactions,
            former,
            lost,
            compare: None,
            bad_snapshot: None,
            diverged_at: None,
            notice: None,
            cursor,
            chain,
            link: Link::Down,
            presence: Presences::default(),
            to_server: VecDeque::new(),
            to_sessions: Vec::new(),
        };
        leader.drop_outdated(db)?;
        Ok(leader)
    }

    /// Whose outbox it is.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// The last entry of the log here.
    #[must_use]
    pub const fn cursor(&self) -> Seq {
        self.cursor
    }

    /// Brings a state up to the log. What shows on the way is mended, and told in the status: a snapshot that
    /// makes no state, a segment that is not what was written, a state that is not the server's.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn advance(
        &mut self,
        log: &mut dyn Sql,
        replica: &mut Replica,
        state: &mut dyn Sql,
    ) -> Result<(), SqlError> {
        // Each mending removes its cause, or is not done twice.
        for _ in 0..MENDINGS {
            match replica.advance(state, &*log, &self.epoch, self.compare.as_ref()) {
                Ok(Advanced::ToHead) => return Ok(()),
                Ok(Advanced::Compared) => self.compare = None,
                Ok(Advanced::Diverged(message)) => {
                    let seq = self.compare.take().map_or(Seq::ZERO, |offer| offer.seq);
                    self.diverged(log, seq, message)?;
                }
                Ok(Advanced::NoState(why)) => self.drop_snapshot(log, &why)?,
                Err(SqlError::Host { failure: HostFailure::Corrupt, message }) => {
                    if !self.repair(log, &message)? {
                        return Err(SqlError::Host { failure: HostFailure::Corrupt, message });
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether a state that a session was told of is what the log begins with still. Where it is not, the session
    /// is told of another one next.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn is_due(&self, log: &dyn Query, due: &StateDue) -> Result<bool, SqlError> {
        Ok(due.epoch == self.epoch && due.seq == segment::start(log)?)
    }

    /// Whether a state is to be brought up to the log: it lags by more than some entries, was made from another
    /// life of the log, or holds what the log here does not, after a loss of power.
    #[must_use]
    pub fn lags(&self, replica: &Replica, tail: u64) -> bool {
        let (log, state) = (self.cursor.get(), replica.seq().get());
        replica.epoch() != Some(&self.epoch) || state > log || log - state > tail
    }

    /// Which life of the log this is, here.
    #[must_use]
    pub const fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    fn facts(&self) -> Facts {
        Facts {
            client: self.client.clone(),
            incarnation: self.incarnation.clone(),
            next: self.next,
            epoch: self.epoch.clone(),
            redactions: self.redactions,
        }
    }

    /// A socket is open: `hello` is the first that goes out on it.
    pub fn connected(&mut self, token: Option<String>) {
        let cursor = match &self.incarnation {
            Some(incarnation) if self.cursor > Seq::ZERO => {
                Some(Cursor { incarnation: incarnation.clone(), seq: self.cursor, chain: self.chain })
            }
            Some(_) | None => None,
        };
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            store: self.config.store.clone(),
            client: self.client.clone(),
            subject: Some(self.config.subject.clone()),
            model_version: self.config.model_version,
            schema_hash: self.config.schema_hash.clone(),
            token,
            cursor,
            snapshots: true,
            redactions: self.redactions,
            payload: self.config.payload.clone(),
        };
        self.is_alone();
        self.link = Link::Greeting;
        self.to_server = VecDeque::from([hello.encode()]);
    }

    /// A fresh token on the open socket, and what could not be done without.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn sign_in(&mut self, db: &dyn Query, token: String) -> Result<(), SqlError> {
        if !matches!(self.link, Link::Up(_)) {
            return Ok(());
        }
        self.to_server.push_back(Auth { token }.encode());
        self.push_again(db)?;
        self.pull();
        Ok(())
    }

    /// The socket is closed. Why the server stopped stays known until the next connection.
    pub fn disconnected(&mut self) {
        self.to_server.clear();
        self.is_alone();
        if !matches!(self.link, Link::Stopped(_)) {
            self.link = Link::Down;
        }
    }

    /// The next frame for the server.
    pub fn poll_server(&mut self) -> Option<String> {
        self.to_server.pop_front()
    }

    /// The next message for a session that was opened.
    pub fn poll_session(&mut self, session: &SessionId) -> Option<String> {
        self.to_sessions.iter_mut().find(|(id, _)| id == session)?.1.pop_front()
    }

    /// A session has ended: it is told nothing more. What it has handed over stays.
    pub fn session_ended(&mut self, session: &SessionId) {
        self.to_sessions.retain(|(id, _)| id != session);
        self.is_gone(session);
    }

    /// Where it stands.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn status(&self, db: &dyn Query) -> Result<LeaderStatus, SqlError> {
        let (head, held) = match &self.link {
            Link::Up(up) => (up.head, up.held.clone()),
            Link::Stopped(_) | Link::Down | Link::Greeting => (self.cursor, None),
        };
        Ok(LeaderStatus {
            live: self.is_live(),
            stopped: self.stopped().cloned(),
            held,
            lost: self.lost,
            notice: self.notice.clone(),
            pending: tables::pending(db)?,
            cursor: self.cursor,
            head,
        })
    }

    /// Why the server does not go on: the host closes the socket, and connects again when that may have changed.
    #[must_use]
    pub const fn stopped(&self) -> Option<&ErrorFrame> {
        match &self.link {
            Link::Stopped(error) => Some(error),
            Link::Up(_) | Link::Down | Link::Greeting => None,
        }
    }

    fn is_live(&self) -> bool {
        matches!(&self.link, Link::Up(up) if up.head <= self.cursor)
    }
}
