//! A client: a browser profile with its disks, its journals, its tabs, and the worker of the tab that
//! is served. What a host does around the engine is done here as the product's hosts do it.

mod worker;

use std::collections::{BTreeMap, VecDeque};

use syncline_engine::protocol::{Counter, Millis, RawEvent, SessionId, SessionNumber};
use syncline_engine::{Effects, Query, Refusal, Session, SessionError, SqlError, StateDue};
use syncline_sqlite::Database;

use crate::action::{ClientNo, SubjectNo, TabNo};
use crate::disk::Disk;
use crate::model::ModelNo;
use crate::socket::Socket;

pub(crate) use worker::{Failed, Worker};

/// How many checkpoints of its files a client keeps.
const CHECKPOINTS: usize = 4;

/// What a client remembers of broken sockets, at most.
pub(crate) const SOCKETS: usize = 4;

/// Whose commit a journal holds: subject, session, number.
pub(crate) type JournalKey = (SubjectNo, SessionId, SessionNumber);

pub(crate) struct Client {
    pub(crate) no: ClientNo,
    pub(crate) log: Disk,
    pub(crate) state: Disk,
    /// Of the tabs that open from now on.
    pub(crate) version: ModelNo,
    /// Tabs that wait for the lock.
    pub(crate) waiting: VecDeque<(TabNo, SubjectNo)>,
    /// The tab that does what is done next: it leads, or another does, and serves it.
    pub(crate) page: Option<Page>,
    /// Tabs beside it that are served, or were until their leader ended. They wait for the lock, too.
    pub(crate) others: Vec<Page>,
    /// The tab that has the lock, where it is not the page.
    leading: Option<TabNo>,
    /// The tab that had the lock has ended, and others live on.
    orphaned: bool,
    pub(crate) worker: Option<Worker>,
    /// The file of the log that was damaged, as far as it can be read.
    pub(crate) damaged: Option<Vec<u8>>,
    pub(crate) journal: BTreeMap<JournalKey, String>,
    /// The newest first.
    pub(crate) sockets: VecDeque<Socket>,
    pub(crate) checkpoints: VecDeque<Checkpoint>,
    /// Whether its machine has ever lost power.
    pub(crate) lost_power: bool,
    /// Who was signed in last.
    pub(crate) last: SubjectNo,
    /// Page loads, for the ids of sessions.
    pub(crate) loads: u32,
    /// Starts of workers, for the client ids that would be fresh.
    pub(crate) starts: u32,
    /// Whether its sessions are brought the state that the log begins with.
    pub(crate) brings_states: bool,
}

/// A tab that has the store open.
pub(crate) struct Page {
    pub(crate) tab: TabNo,
    pub(crate) subject: SubjectNo,
    pub(crate) version: ModelNo,
    pub(crate) id: SessionId,
    /// None until the leader has opened.
    pub(crate) live: Option<Live>,
    pub(crate) to_leader: VecDeque<String>,
    pub(crate) from_leader: VecDeque<ToPage>,
    /// The session cannot go on: the page has to be loaded again.
    pub(crate) broken: bool,
}

/// A session and its database.
pub(crate) struct Live {
    pub(crate) db: Database,
    pub(crate) session: Session,
}

/// From the worker to its page.
#[derive(Clone, Debug)]
pub(crate) enum ToPage {
    /// For the session.
    Text(String),
    /// The state that its session goes on from.
    State(StateDue, Vec<u8>),
    /// These journaled commits are in the outbox.
    Kept(Vec<JournalKey>),
}

/// A client's files as the operating system had written them.
pub(crate) struct Checkpoint {
    pub(crate) log: Vec<u8>,
    pub(crate) state: Vec<u8>,
    pub(crate) damaged: Option<Vec<u8>>,
    pub(crate) journal: BTreeMap<JournalKey, String>,
    /// How many commits had been made in the world.
    pub(crate) commits: usize,
}

impl Client {
    pub(crate) fn new(no: ClientNo, version: ModelNo) -> Result<Self, SqlError> {
        let disk = || Ok::<_, SqlError>(Disk::new(Database::open_memory()?));
        Ok(Self::over(no, version, disk()?, disk()?))
    }

    /// One that has done nothing yet.
    pub(crate) const fn over(no: ClientNo, version: ModelNo, log: Disk, state: Disk) -> Self {
        Self {
            no,
            log,
            state,
            version,
            waiting: VecDeque::new(),
            page: None,
            others: Vec::new(),
            leading: None,
            orphaned: false,
            worker: None,
            damaged: None,
            journal: BTreeMap::new(),
            sockets: VecDeque::new(),
            checkpoints: VecDeque::new(),
            lost_power: false,
            last: SubjectNo(no.0),
            loads: 0,
            starts: 0,
            // Half of them do, half have their sessions take the parts of a snapshot.
            brings_states: no.0 % 2 == 1,
        }
    }

    /// Whether a tab is open, served or not.
    pub(crate) fn has_tab(&self, tab: TabNo) -> bool {
        self.pages().any(|page| page.tab == tab) || self.waiting.iter().any(|(waiting, _)| *waiting == tab)
    }

    /// All tabs that have a session, or are to get one.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.page.iter().chain(&self.others)
    }

    pub(crate) fn pages_mut(&mut self) -> impl Iterator<Item = &mut Page> {
        self.page.iter_mut().chain(&mut self.others)
    }

    fn leader(&self) -> Option<TabNo> {
        let front = self.page.as_ref().map(|page| page.tab);
        if self.orphaned { None } else { self.leading.or(front) }
    }

    /// Another tab does what is done next. Nothing where it has no session.
    pub(crate) fn turn(&mut self, tab: TabNo) -> bool {
        let leader = self.leader();
        let Some(place) = self.others.iter().position(|page| page.tab == tab) else { return false };
        let next = self.others.remove(place);
        self.others.extend(self.page.replace(next));
        self.leading = leader;
        true
    }

    /// A tab beside the page that has something to hand over, or to hear.
    pub(crate) fn busy(&self) -> Option<TabNo> {
        let has_work = |page: &&Page| {
            let hands = self.worker.is_some() && !page.to_leader.is_empty();
            hands || (page.live.is_some() && !page.broken && !page.from_leader.is_empty())
        };
        self.others.iter().find(has_work).map(|page| page.tab)
    }

    /// Whether the worker has a socket that it thinks is open.
    pub(crate) fn is_connected(&self) -> bool {
        self.sockets.front().is_some_and(|socket| socket.client)
    }

    /// Gives the socket up: the worker is told, the server is not.
    pub(crate) fn drop_socket(&mut self) {
        if let Some(socket) = self.sockets.front_mut().filter(|socket| socket.client) {
            socket.client_closes();
            if let Some(worker) = &mut self.worker {
                worker.leader.disconnected();
            }
        }
        self.forget_sockets();
    }

    pub(crate) fn forget_sockets(&mut self) {
        self.sockets.retain(|socket| !socket.is_gone());
        self.sockets.truncate(SOCKETS);
    }

    /// The worker ends, with everything that was under way between it and its page.
    pub(crate) fn end_worker(&mut self) {
        self.worker = None;
        self.drop_socket();
        for page in self.pages_mut() {
            page.to_leader.clear();
            page.from_leader.clear();
        }
    }

    /// A tab ends. The worker ends with it, where it is that tab's.
    pub(crate) fn close(&mut self, tab: TabNo) {
        self.waiting.retain(|(waiting, _)| *waiting != tab);
        let leads = self.leader() == Some(tab);
        self.end_page(tab);
        if leads {
            self.end_worker();
            self.leading = None;
            self.orphaned = self.page.is_some();
        }
    }

    /// The session of a tab ends.
    fn end_page(&mut self, tab: TabNo) {
        let leader = self.leader();
        let is_front = self.page.as_ref().is_some_and(|page| page.tab == tab);
        let place = self.others.iter().position(|page| page.tab == tab);
        let ended = if is_front { self.page.take() } else { place.map(|place| self.others.remove(place)) };
        if let (Some(page), Some(worker)) = (ended, &mut self.worker) {
            worker.leader.session_ended(&page.id);
        }
        if is_front {
            self.page = self.others.pop();
            self.leading = leader;
        }
    }

    /// The lock goes to the tab that waits longest.
    pub(crate) fn load_page(&mut self) -> bool {
        if self.page.is_some() && !self.orphaned {
            return true;
        }
        let Some((tab, subject)) = self.waiting.pop_front() else { return false };
        self.last = subject;
        self.turn(tab);
        if self.page.as_ref().is_none_or(|page| page.tab != tab) {
            let page = self.new_page(tab, subject);
            self.others.extend(self.page.replace(page));
        }
        (self.leading, self.orphaned) = (None, false);
        // A leader serves its own subject and model alone: the others are loaded again.
        let own = self.page.as_ref().map(|page| (page.subject, page.version));
        self.others.retain(|page| Some((page.subject, page.version)) == own);
        true
    }

    /// A tab that waits for the lock is served by the leader of another. `None` where it cannot be.
    pub(crate) fn add_page(&mut self, tab: TabNo) -> Option<SessionId> {
        let front = self.page.as_ref().filter(|_| self.worker.is_some())?;
        let own = (front.subject, front.version);
        let (_, subject) = *self.waiting.iter().find(|(waiting, _)| *waiting == tab)?;
        if (subject, self.version) != own || self.pages().any(|page| page.tab == tab) {
            return None;
        }
        let page = self.new_page(tab, subject);
        let id = page.id.clone();
        self.others.push(page);
        self.turn(tab);
        Some(id)
    }

    /// A tab that could not be served waits on.
    pub(crate) fn give_up(&mut self, tab: TabNo) {
        self.end_page(tab);
    }

    fn new_page(&mut self, tab: TabNo, subject: SubjectNo) -> Page {
        self.loads += 1;
        Page {
            tab,
            subject,
            version: self.version,
            id: SessionId::parse(format!("{}-{}", self.no, self.loads)).expect("a slug"),
            live: None,
            to_leader: VecDeque::new(),
            from_leader: VecDeque::new(),
            broken: false,
        }
    }

    /// Commits in the page: applied, journaled, and on its way to the leader.
    pub(crate) fn commit(
        &mut self,
        now: Millis,
        events: Vec<RawEvent>,
    ) -> Option<Result<SessionNumber, Refusal>> {
        let page = self.page.as_mut().filter(|page| !page.broken)?;
        let live = page.live.as_mut()?;
        let number = match live.session.commit(&mut live.db, now, events) {
            Ok(number) => number,
            Err(refusal) => return Some(Err(refusal)),
        };
        if let Some(message) = live.session.take_hand_over() {
            self.journal.insert((page.subject, page.id.clone(), number), message.clone());
            if self.worker.is_some() {
                page.to_leader.push_back(message);
            }
        }
        Some(Ok(number))
    }

    /// The app has done with its oldest rejected commit.
    pub(crate) fn dismiss(&mut self) -> Option<Counter> {
        let page = self.page.as_mut().filter(|page| !page.broken)?;
        let live = page.live.as_mut()?;
        let counter = live.session.rejections().first()?.counter;
        live.session.dismiss(counter);
        if let Some(message) = live.session.take_hand_over()
            && self.worker.is_some()
        {
            page.to_leader.push_back(message);
        }
        Some(counter)
    }

    /// The page takes the next message of its leader.
    pub(crate) fn tell(&mut self, now: Millis) -> Option<Result<Effects, SessionError>> {
        let page = self.page.as_mut()?;
        let message = page.from_leader.pop_front()?;
        let live = page.live.as_mut().filter(|_| !page.broken)?;
        let taken = match message {
            ToPage::Text(text) => live.session.receive(&mut live.db, now, &text),
            ToPage::State(due, bytes) => adopt(live, now, &due, &bytes),
            ToPage::Kept(keys) => {
                keys.iter().for_each(|key| drop(self.journal.remove(key)));
                return Some(Ok(Effects::default()));
            }
        };
        let effects = match taken {
            Ok(effects) => effects,
            Err(error) => {
                page.broken = true;
                return Some(Err(error));
            }
        };
        let own = effects.rejected.iter().filter(|rejected| rejected.session == page.id);
        let done = effects.persisted.iter().copied();
        let done = done.chain(effects.confirmed.iter().map(|confirmed| confirmed.number));
        for number in done.chain(own.map(|rejected| rejected.number)) {
            self.journal.remove(&(page.subject, page.id.clone(), number));
        }
        Some(Ok(effects))
    }

    /// The commits in the outbox, as they are pushed.
    pub(crate) fn outbox(&self) -> Result<Vec<String>, SqlError> {
        let db: &dyn Query = self.log.look();
        if !has_tables(db)? {
            return Ok(Vec::new());
        }
        let rows = db.query("SELECT encoded FROM syncline_outbox ORDER BY counter", &[])?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The commits that wait here, in the outbox or in a journal, as texts that have their events.
    pub(crate) fn waiting_texts(&self) -> Result<Vec<String>, SqlError> {
        let mut texts = self.outbox()?;
        texts.extend(self.journal.values().cloned());
        Ok(texts)
    }

    /// The commits that the app is told are lost, or rejected, as texts that have their events.
    pub(crate) fn reported_texts(&self) -> Result<Vec<String>, SqlError> {
        let db: &dyn Query = self.log.look();
        if !has_tables(db)? {
            return Ok(Vec::new());
        }
        let rows =
            db.query("SELECT events FROM syncline_lost UNION ALL SELECT events FROM syncline_rejected", &[])?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The log cannot be opened any more. Returns false where there is none, or nothing in it yet.
    pub(crate) fn damage(&mut self) -> Result<bool, SqlError> {
        let db: &dyn Query = self.log.look();
        if !has_tables(db)? || !db.exists("SELECT 1 FROM syncline_leader", &[])? {
            return Ok(false);
        }
        self.end_worker();
        self.damaged = Some(self.log.database().serialize()?);
        self.log.replace(Database::open_memory()?);
        Ok(true)
    }

    /// Whether its log was damaged once.
    pub(crate) const fn was_damaged(&self) -> bool {
        self.damaged.is_some()
    }

    /// Everything is on the disk now.
    pub(crate) fn sync(&mut self, commits: usize) -> Result<(), SqlError> {
        let checkpoint = Checkpoint {
            log: self.log.database().serialize()?,
            state: self.state.database().serialize()?,
            damaged: self.damaged.clone(),
            journal: self.journal.clone(),
            commits,
        };
        self.checkpoints.push_front(checkpoint);
        self.checkpoints.truncate(CHECKPOINTS);
        Ok(())
    }

    /// The machine stops, and starts with what was on its disk. Returns since when commits may be lost.
    pub(crate) fn lose_power(&mut self, log: usize, state: usize) -> Result<Option<usize>, SqlError> {
        let (Some(old_log), Some(old_state)) = (self.checkpoints.get(log), self.checkpoints.get(state))
        else {
            return Ok(None);
        };
        self.log.replace(Database::deserialize(&old_log.log)?);
        self.state.replace(Database::deserialize(&old_state.state)?);
        self.damaged.clone_from(&old_log.damaged);
        self.journal.clone_from(&old_log.journal);
        let since = old_log.commits;
        self.checkpoints.clear();
        self.lost_power = true;
        self.end_all_tabs();
        Ok(Some(since))
    }

    /// Whether a page that lives has commits that its leader may not have heard of.
    pub(crate) fn has_unheard(&self) -> bool {
        self.journal.keys().any(|(_, session, _)| self.pages().any(|page| page.id == *session))
    }

    /// Becomes a copy of another client.
    pub(crate) fn become_copy(&mut self, log: &[u8], state: &[u8], from: &Self) -> Result<(), SqlError> {
        self.end_all_tabs();
        self.log.replace(Database::deserialize(log)?);
        self.state.replace(Database::deserialize(state)?);
        self.damaged.clone_from(&from.damaged);
        self.journal.clone_from(&from.journal);
        self.loads = self.loads.max(from.loads);
        self.version = from.version;
        self.lost_power = from.lost_power;
        self.last = from.last;
        self.checkpoints.clear();
        Ok(())
    }

    pub(crate) fn end_all_tabs(&mut self) {
        self.page = None;
        self.others.clear();
        (self.leading, self.orphaned) = (None, false);
        self.waiting.clear();
        self.end_worker();
    }
}

/// Whether a leader has ever opened here.
pub(crate) fn has_tables(log: &dyn Query) -> Result<bool, SqlError> {
    log.exists("SELECT 1 FROM sqlite_master WHERE name = 'syncline_outbox'", &[])
}

pub(crate) fn adopt(
    live: &mut Live,
    now: Millis,
    due: &StateDue,
    bytes: &[u8],
) -> Result<Effects, SessionError> {
    live.db = Database::deserialize(bytes)?;
    live.session.adopt(&mut live.db, now, due)?;
    Ok(Effects::default())
}
