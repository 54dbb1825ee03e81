//! Quiet: faults end, everything connects, and all that waits is done. Then the promises hold that
//! speak of the end.

use std::collections::BTreeSet;

use syncline_engine::protocol::Code;

use super::{World, host};
use crate::action::{Action, ClientNo, SocketNo, SubjectNo, TabNo};
use crate::client::Client;
use crate::model::ModelNo;
use crate::oracle::{CommitNo, Oracle, Violation, promise};
use crate::tally::Event;

/// A world that needs more steps than this to come to rest never does.
const STEPS: usize = 20_000;

/// Connections of one client in one time of quiet: what is refused again and again is refused.
pub(crate) const CONNECTIONS: u8 = 6;

impl World {
    pub(super) fn settle(&mut self) -> Result<bool, Violation> {
        self.heal();
        let mut connections = vec![0_u8; self.clients.len()];
        let mut crashes = self.tally.count(Event::Kills);
        for _ in 0..STEPS {
            let mut quiet = true;
            // A commit that crashes the server does so as often as it is tried, and each time all connect again.
            if crashes != self.tally.count(Event::Kills) {
                crashes = self.tally.count(Event::Kills);
                connections.fill(0);
            }
            for (place, connected) in connections.iter_mut().enumerate() {
                let no = ClientNo(u8::try_from(place).unwrap_or(u8::MAX));
                quiet &= !self.work_off(no)?;
                if *connected < CONNECTIONS && self.step(&Action::Connect { client: no })? {
                    *connected += 1;
                    quiet = false;
                }
            }
            if quiet {
                self.tally.add(Event::Settled);
                self.check()?;
                self.check_quiet()?;
                return Ok(true);
            }
        }
        Err(Violation::new("liveness", "the world does not come to rest"))
    }

    /// Disks are well, and all that waits is done, but nobody connects anew: who is connected hears of
    /// everything, whatever the server has slept through.
    pub(super) fn rest(&mut self) -> Result<bool, Violation> {
        self.heal_disks();
        for _ in 0..STEPS {
            let mut quiet = true;
            for no in (0..self.setup.clients).map(ClientNo) {
                quiet &= !self.work_off(no)?;
            }
            if quiet {
                self.tally.add(Event::Rested);
                // A copy, or an older self, may hold for its own what is logged, until the server refuses it. And who
                // is not connected has not heard of redactions.
                let faults = self.setup.faults;
                if !faults.clone_client && !faults.power_loss && !faults.redact {
                    self.check()?;
                }
                self.check_connected()?;
                return Ok(true);
            }
        }
        Err(Violation::new("liveness", "the world does not come to rest"))
    }

    /// A client whose socket was never tampered with stands at the head, and what it has made is decided.
    fn check_connected(&self) -> Result<(), Violation> {
        let faults = self.setup.faults;
        if faults.duplicate || faults.reorder {
            return Ok(());
        }
        let head = self.oracle.mirror.head;
        for client in &self.clients {
            let socket = client.sockets.front().filter(|socket| socket.client && socket.server.is_some());
            let (Some(_), Some(worker)) = (socket, &client.worker) else { continue };
            let status = worker.leader.status(&client.log).map_err(host)?;
            if !status.live || status.stopped.is_some() {
                continue;
            }
            let (no, cursor, pending) = (client.no, status.cursor, status.pending);
            promise!("liveness", cursor == head, "{no} is connected, and stands at {cursor} of {head}");
            let waits = pending == 0 || status.held.is_some();
            promise!("liveness", waits, "{no} is connected, and {pending} commits wait for nothing");
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<bool, Violation> {
        self.step(&Action::DeployServer { version: ModelNo::Third })?;
        self.settle()?;
        // Subjects wait for each other, where one has committed behind the other: until nobody waits.
        while let Some((client, subject)) = self.awaited()? {
            let undecided = self.waiting()?;
            for tab in (0..self.setup.tabs).map(TabNo) {
                self.close(client, tab);
            }
            self.open(client, TabNo(0), subject);
            self.settle()?;
            let left = self.waiting()?;
            promise!(
                "liveness",
                left < undecided,
                "{subject} signs in at {client}, and {left} commits wait on"
            );
        }
        let left = self.waiting()?;
        promise!("liveness", left == 0, "{left} commits are never decided");
        Ok(true)
    }

    /// How many commits wait in outboxes and journals.
    fn waiting(&self) -> Result<usize, Violation> {
        let texts = self.clients.iter().map(Client::waiting_texts);
        texts.map(|texts| Ok(texts.map_err(host)?.len())).sum()
    }

    /// Who has to sign in where, for the next commit to go on.
    fn awaited(&self) -> Result<Option<(ClientNo, SubjectNo)>, Violation> {
        for client in &self.clients {
            let outbox = client.outbox().map_err(host)?;
            let first = outbox.first().and_then(|text| self.oracle.commit_of_event(text));
            let first = first.and_then(|no| self.oracle.commit(no)).map(|commit| commit.author);
            let journaled = client.journal.keys().next().map(|(subject, ..)| *subject);
            if let Some(subject) = first.or(journaled) {
                return Ok(Some((client.no, subject)));
            }
        }
        Ok(None)
    }

    /// Everything is well again, and each client has a tab that works.
    fn heal(&mut self) {
        self.heal_disks();
        for client in &mut self.clients {
            if let Some(socket) = client.sockets.front_mut() {
                socket.server_closes();
            }
            client.heal();
            client.sockets.iter_mut().for_each(crate::socket::Socket::breaks);
            client.forget_sockets();
        }
    }

    /// Does what a client and its socket can do now. Returns whether there was anything.
    fn work_off(&mut self, client: ClientNo) -> Result<bool, Violation> {
        let mut any = false;
        if let Some(tab) = self.client(client).and_then(|client| client.busy()) {
            any = self.step(&Action::Turn { client, tab })?;
        }
        for action in work_of(client) {
            while self.step(&action)? {
                any = true;
                if matches!(action, Action::Retry { .. } | Action::Elect { .. }) {
                    break;
                }
            }
        }
        Ok(any)
    }

    /// The promises that speak of the end.
    fn check_quiet(&mut self) -> Result<(), Violation> {
        self.check_each_at_rest()?;
        let mut texts = Vec::new();
        for client in &self.clients {
            texts.extend(client.waiting_texts().map_err(host)?);
            texts.extend(client.reported_texts().map_err(host)?);
        }
        let without_log = self.setup.faults.snapshot || self.setup.faults.damage;
        self.oracle.check_none_lost(texts.iter().map(String::as_str), without_log)
    }

    /// Those that speak of one client and the server.
    pub(crate) fn check_each_at_rest(&mut self) -> Result<(), Violation> {
        let head = self.oracle.mirror.head;
        for client in &mut self.clients {
            let no = client.no;
            let Some(worker) = &client.worker else {
                return Err(Violation::new("liveness", format!("{no} has no leader")));
            };
            let status = worker.leader.status(&client.log).map_err(host)?;
            let why = status.stopped.as_ref().map(|error| error.code);
            let held = status.held.as_ref().map(|error| error.code);
            let waits = held.is_some_and(|code| HELD.contains(&code));
            let pending = status.pending;
            promise!(
                "liveness",
                pending == 0 || waits,
                "{no}: {pending} commits wait for nothing ({held:?}, {why:?})"
            );
            promise!("liveness", why.is_none(), "{no} does not go on: {why:?}");
            let notice = status.notice;
            let expected = client.was_damaged().then_some(Code::StorageDamaged);
            let notice = notice.filter(|notice| Some(notice.code) != expected);
            promise!("one-order", notice.is_none(), "{no} has mended what was well: {notice:?}");
            promise!("liveness", status.cursor == head, "{no} stands at {} of {head}", status.cursor);
            if held.is_none() {
                let sessions = client.pages().filter_map(|page| page.live.as_ref());
                let pending: usize = sessions.map(|live| live.session.pending().count()).sum();
                promise!("liveness", pending == 0, "{no}: {pending} commits are pending in the page alone");
            }
            client.follow(0).map_err(|failed| Violation::new("always-boots", format!("{failed:?}")))?;
        }
        self.server.bring_all_back().map_err(host)?;
        self.check_replicas()
    }
}

impl Oracle {
    /// From the call to commit on: in the log, or rejected, or still on its way. `kept` is what clients have of
    /// commits that wait, or are reported; `jumps` is whether a snapshot may have jumped over some, or a log was
    /// damaged.
    pub(crate) fn check_none_lost<'a>(
        &self,
        kept: impl Iterator<Item = &'a str>,
        jumps: bool,
    ) -> Result<(), Violation> {
        let kept: BTreeSet<_> = kept.filter_map(|text| self.commit_of_event(text)).collect();
        for (place, commit) in self.commits.iter().enumerate() {
            let no = CommitNo(place);
            let decided = self.mirror.decided.contains_key(&no) || commit.told_rejected;
            // Of what a snapshot has jumped over, or a damaged log had, a client has nothing that it could offer,
            // or report.
            let jumped = jumps && self.was_logged(no);
            promise!(
                "exactly-once",
                decided || kept.contains(&no) || commit.excused || jumped,
                "{commit} is lost"
            );
        }
        Ok(())
    }
}

/// What a client and its socket can do, in the order in which it is done where there is quiet.
pub(crate) fn work_of(client: ClientNo) -> [Action; 7] {
    let socket = SocketNo { client, age: 0 };
    [
        Action::Elect { client },
        Action::Retry { client },
        Action::Rebuild {},
        Action::Hand { client },
        Action::Tell { client },
        Action::Up { socket },
        Action::Down { client },
    ]
}

impl Client {
    /// The socket is gone, a page that was broken is loaded again, and there is a tab.
    pub(crate) fn heal(&mut self) {
        self.drop_socket();
        if let Some(worker) = &mut self.worker {
            worker.halted = None;
        }
        let broken = self.pages().filter(|page| page.broken).map(|page| (page.tab, page.subject));
        for (tab, subject) in broken.collect::<Vec<_>>() {
            self.close(tab);
            self.waiting.push_front((tab, subject));
        }
        if self.page.is_none() && self.waiting.is_empty() {
            self.waiting.push_back((TabNo(0), self.last));
        }
    }
}

/// What holds commits back, but not reading.
const HELD: [Code; 2] = [Code::ServerBehind, Code::AuthorMismatch];
