//! The worker of the tab that is served: the leader, and what its host does around it.

use std::collections::VecDeque;

use syncline_engine::protocol::{ClientId, Code, Millis, Seq, SessionId, Subject};
use syncline_engine::{
    Leader, LeaderConfig, LeaderError, Making, Query, Replica, Salvage, Session, SqlError, StateDue,
};
use syncline_sqlite::Database;

use super::{Client, JournalKey, Live, Page, ToPage};
use crate::action::TabNo;
use crate::model::{self, ModelNo};
use crate::server::{TOKEN, store};
use crate::socket::Socket;

#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) leader: Leader,
    pub(crate) replica: Replica,
    /// Hand-overs that the storage has refused, or that wait behind such.
    waiting: VecDeque<Offer>,
    /// Nothing but a new page makes connecting useful again.
    pub(crate) halted: Option<Code>,
}

#[derive(Clone, Debug)]
struct Offer {
    message: String,
    /// Where it lies in the journal, if it is of a page that has ended.
    journaled: Option<JournalKey>,
}

impl Worker {
    /// Whether commits of former pages wait.
    fn has_journaled(&self) -> bool {
        self.waiting.iter().any(|offer| offer.journaled.is_some())
    }
}

/// Why a step of a worker did not come to its end.
#[derive(Debug)]
pub(crate) enum Failed {
    /// A write failed: it is tried again.
    Storage(SqlError),
    /// A former page's commit was refused, and set aside.
    SetAside(JournalKey, LeaderError),
    /// What should not happen; the worker ends.
    Broken(String),
}

impl From<SqlError> for Failed {
    fn from(error: SqlError) -> Self {
        Self::Storage(error)
    }
}

impl Client {
    /// Starts the worker of the page: the leader opens, takes what former pages have journaled, and
    /// then what this page has not been told is taken.
    pub(crate) fn start_worker(&mut self, now: Millis, tail: u16) -> Result<Vec<Failed>, Failed> {
        let started = self.try_start_worker(now, tail);
        if started.is_err() {
            self.end_worker();
        }
        started
    }

    fn try_start_worker(&mut self, now: Millis, tail: u16) -> Result<Vec<Failed>, Failed> {
        let Some(page) = &self.page else { return Ok(Vec::new()) };
        let (rules, own) = (model::rules(page.version), page.subject);
        let living: Vec<SessionId> = self.pages().map(|page| page.id.clone()).collect();
        let subject = Subject::parse(model::subject(own.0)).expect("a name");
        let again: Vec<String> =
            self.pages().filter_map(|page| page.live.as_ref()?.session.hand_over_again()).collect();

        self.starts += 1;
        let fresh = ClientId::parse(format!("{}x{}", self.no, self.starts)).expect("a slug");
        let replica = Replica::open(&mut self.state, rules)?;
        let mut config = LeaderConfig::new(&rules, store(), subject, fresh)?;
        config.snapshot_worth = u64::from(tail).max(1);
        config.brings_states = self.brings_states;
        let leader = self.open_leader(config)?;
        self.worker = Some(Worker { leader, replica, waiting: VecDeque::new(), halted: None });

        let ended =
            self.journal.iter().filter(|((by, session, _), _)| *by == own && !living.contains(session));
        let mut offers: Vec<Offer> = ended
            .map(|(key, message)| Offer { message: message.clone(), journaled: Some(key.clone()) })
            .collect();
        // Ids of sessions begin with the time in a browser: the oldest page comes first.
        offers.sort_by_key(|offer| {
            offer.journaled.as_ref().map(|(_, session, number)| (load_of(session), *number))
        });
        offers.extend(again.into_iter().map(|message| Offer { message, journaled: None }));
        let troubles = self.offer(offers)?;
        self.pump();

        self.follow(tail)?;
        self.open_sessions(now)?;
        self.pump();
        Ok(troubles)
    }

    /// What is new in place of a damaged file begins with what can be read of that.
    fn open_leader(&mut self, config: LeaderConfig) -> Result<Leader, SqlError> {
        match &self.damaged {
            Some(damaged) if Leader::is_new(&mut self.log)? => {
                let salvage = Salvage::read(&Database::deserialize(damaged)?);
                Leader::open_in_place_of(&mut self.log, config, salvage, "log.db")
            }
            Some(_) | None => Leader::open(&mut self.log, config),
        }
    }

    /// Sessions that live go on, and the page gets one where it has none.
    pub(crate) fn open_sessions(&mut self, now: Millis) -> Result<(), Failed> {
        let Some(worker) = &mut self.worker else { return Ok(()) };
        for page in self.page.iter().chain(&self.others) {
            let Some(Live { session, .. }) = &page.live else { continue };
            worker.leader.resumed(&self.log, &page.id, session.cursor(), session.epoch())?;
        }
        self.open_session(now)
    }

    /// A tab is served that waits for the lock.
    pub(crate) fn serve(&mut self, tab: TabNo, now: Millis, tail: u16) -> Option<Result<(), Failed>> {
        self.add_page(tab)?;
        let served = self.follow(tail).and_then(|()| self.open_session(now));
        self.pump();
        Some(served)
    }

    fn open_session(&mut self, now: Millis) -> Result<(), Failed> {
        let (Some(worker), Some(page)) = (&mut self.worker, &mut self.page) else { return Ok(()) };
        if page.live.is_some() {
            return Ok(());
        }
        let opened = worker.leader.opened(&self.log, &page.id, worker.replica.seq())?;
        let mut db = if worker.replica.seq() == Seq::ZERO {
            Database::open_memory()?
        } else {
            Database::deserialize(&self.state.database().serialize()?)?
        };
        let session = Session::open(&mut db, model::rules(page.version), page.id.clone(), now, &opened)
            .map_err(|error| Failed::Broken(format!("the session does not open: {error}")))?;
        page.live = Some(Live { db, session });
        Ok(())
    }

    /// Brings the leader's copy of the state up to its log, where it lags.
    pub(crate) fn follow(&mut self, tail: u16) -> Result<(), Failed> {
        let Some(worker) = &mut self.worker else { return Ok(()) };
        if worker.leader.lags(&worker.replica, tail.into()) {
            worker.leader.advance(&mut self.log, &mut worker.replica, &mut self.state)?;
        }
        Ok(())
    }

    /// The leader takes the next message of its page.
    pub(crate) fn hand(&mut self) -> Option<Result<Vec<Failed>, Failed>> {
        self.worker.as_ref()?;
        let message = self.page.as_mut()?.to_leader.pop_front()?;
        let taken = self.offer(vec![Offer { message, journaled: None }]);
        self.pump();
        Some(taken)
    }

    /// Whether the storage has refused something.
    pub(crate) fn has_offers(&self) -> bool {
        self.worker.as_ref().is_some_and(|worker| !worker.waiting.is_empty())
    }

    /// What the storage has refused is offered again.
    pub(crate) fn retry(&mut self) -> Result<Vec<Failed>, Failed> {
        let taken = self.drain();
        self.pump();
        taken
    }

    fn offer(&mut self, offers: Vec<Offer>) -> Result<Vec<Failed>, Failed> {
        let Some(worker) = &mut self.worker else { return Ok(Vec::new()) };
        let had_to_wait = !worker.waiting.is_empty();
        worker.waiting.extend(offers);
        // While something is refused, a timer decides when it is tried again.
        if had_to_wait { Ok(Vec::new()) } else { self.drain() }
    }

    fn drain(&mut self) -> Result<Vec<Failed>, Failed> {
        let (Some(worker), Some(page)) = (&mut self.worker, &mut self.page) else { return Ok(Vec::new()) };
        let (mut kept, mut troubles) = (Vec::new(), Vec::new());
        while let Some(offer) = worker.waiting.front() {
            match (worker.leader.hand_over(&mut self.log, &offer.message), &offer.journaled) {
                (Ok(()), None) => {}
                (Ok(()), Some(key)) => {
                    kept.push(key.clone());
                }
                (Err(LeaderError::Host(error)), _) => {
                    troubles.push(Failed::Storage(error));
                    break;
                }
                (Err(error), Some(key)) => {
                    troubles.push(Failed::SetAside(key.clone(), error));
                    self.journal.remove(key);
                }
                (Err(error), None) => return Err(Failed::Broken(format!("a hand-over is refused: {error}"))),
            }
            worker.waiting.pop_front();
        }
        if !kept.is_empty() {
            page.from_leader.push_back(ToPage::Kept(kept));
        }
        Ok(troubles)
    }

    /// Opens a socket.
    pub(crate) fn connect(&mut self) -> bool {
        if self.is_connected() || self.worker.as_ref().is_none_or(|worker| worker.halted.is_some()) {
            return false;
        }
        // What former pages have journaled may be in the log already: it gets its counters before the
        // server names later ones.
        if self.worker.as_ref().is_some_and(Worker::has_journaled) {
            return false;
        }
        let subject = self.page.as_ref().map_or(self.last, |page| page.subject);
        self.sockets.push_front(Socket::open(model::subject(subject.0)));
        self.forget_sockets();
        if let Some(worker) = &mut self.worker {
            worker.leader.connected(Some(TOKEN.to_owned()));
        }
        self.pump();
        true
    }

    /// The leader takes the next frame of its socket, or sees that the server has closed it. Nothing
    /// where there is neither.
    pub(crate) fn receive(&mut self, step: u16) -> Option<Result<(), LeaderError>> {
        let worker = self.worker.as_mut()?;
        let socket = self.sockets.front_mut().filter(|socket| socket.client)?;
        let Some(text) = socket.down.pop_front() else {
            if socket.server.is_some() {
                return None;
            }
            self.drop_socket();
            return Some(Ok(()));
        };
        let mut received = worker.leader.receive(&mut self.log, &text);
        if received.is_ok()
            && let Err(failed) = self.follow(step)
        {
            received = Err(match failed {
                Failed::Storage(error) => LeaderError::Host(error),
                Failed::SetAside(_, error) => error,
                Failed::Broken(why) => LeaderError::Host(SqlError::refused(why)),
            });
        }
        self.pump();
        if received.is_err() || self.is_stopped() {
            self.drop_socket();
        }
        Some(received)
    }

    /// Whether the server has said that it does not go on: some errors pass, others need a new page.
    fn is_stopped(&mut self) -> bool {
        let Some(worker) = &mut self.worker else { return false };
        let Some(stopped) = worker.leader.stopped() else { return false };
        const FINAL: [Code; 2] = [Code::StoreMismatch, Code::UnsupportedProtocol];
        if FINAL.contains(&stopped.code) {
            worker.halted = Some(stopped.code);
        }
        true
    }

    /// Why the server takes no commits for now.
    pub(crate) fn held(&self) -> Option<Code> {
        let status = self.worker.as_ref()?.leader.status(&self.log).ok()?;
        status.held.map(|error| error.code)
    }

    /// Commits that the server would not take are offered to it again.
    pub(crate) fn push_again(&mut self) -> Result<(), SqlError> {
        let Some(worker) = &mut self.worker else { return Ok(()) };
        worker.leader.push_again(&self.log)?;
        self.pump();
        Ok(())
    }

    /// Carries out what the leader wants after anything happened to it. A worker that was killed at a
    /// write does nothing any more.
    pub(crate) fn pump(&mut self) {
        if self.log.is_dead() || self.state.is_dead() {
            return;
        }
        let Some(worker) = &mut self.worker else { return };
        let mut socket = self.sockets.front_mut().filter(|socket| socket.client);
        while let Some(text) = worker.leader.poll_server() {
            if let Some(socket) = &mut socket {
                socket.send_up(text);
            }
        }
        for page in self.page.iter_mut().chain(&mut self.others) {
            tell(&mut worker.leader, self.log.look(), page);
        }
    }
}

/// Which load of a page a session is.
fn load_of(session: &SessionId) -> Option<u32> {
    session.as_str().rsplit('-').next()?.parse().ok()
}

fn tell(leader: &mut Leader, log: &dyn Query, page: &mut Page) {
    while let Some(text) = leader.poll_session(&page.id) {
        let Some(due) = StateDue::of(&text) else {
            page.from_leader.push_back(ToPage::Text(text));
            continue;
        };
        if leader.is_due(log, &due).unwrap_or_default() {
            let made = state(leader, log, &due, page.version).map(|bytes| ToPage::State(due, bytes));
            page.from_leader.push_back(made.unwrap_or(ToPage::Text(text)));
        }
    }
}

/// None where what the log begins with makes no state: the session is told so.
fn state(leader: &Leader, log: &dyn Query, due: &StateDue, version: ModelNo) -> Option<Vec<u8>> {
    let snapshot = leader.base(log).ok()??;
    let mut memory = Database::open_scratch().ok()?;
    let making = Making::begin(&mut memory, model::rules(version), snapshot).ok()?;
    making.finish(&mut memory, log, due).ok()?;
    memory.check_references().ok()?;
    memory.serialize().ok()
}
