//! What clients do: tabs, commits, and the way between a page and its worker.

use syncline_engine::Refusal;
use syncline_engine::protocol::RawEvent;

use super::World;
use crate::action::{ClientNo, SubjectNo, TabNo};
use crate::client::{Client, Failed};
use crate::model::Fact;
use crate::oracle::{Committed, Violation};
use crate::tally::Event;

impl World {
    pub(super) fn open(&mut self, no: ClientNo, tab: TabNo, subject: SubjectNo) -> bool {
        let (tabs, sign_in) = (self.setup.tabs, self.setup.faults.sign_in);
        let Some(client) = self.client(no) else { return false };
        if tab.0 >= tabs || client.has_tab(tab) {
            return false;
        }
        // A copy of a client is its owner's, whatever its number is.
        let subject = if sign_in { subject } else { client.last };
        let other = subject != client.last;
        client.waiting.push_back((tab, subject));
        if other {
            self.tally.add(Event::SignIns);
        }
        true
    }

    pub(super) fn close(&mut self, no: ClientNo, tab: TabNo) -> bool {
        let Some(client) = self.client(no).filter(|client| client.has_tab(tab)) else { return false };
        client.close(tab);
        self.tally.add(Event::Closes);
        true
    }

    pub(super) fn elect(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let (now, tail) = (self.time_at(no), self.setup.tail);
        let Some(client) = self.client(no) else { return Ok(false) };
        if client.worker.is_some() || !client.load_page() {
            return Ok(false);
        }
        let resumed = client.page.as_ref().is_some_and(|page| page.live.is_some());
        let journals = client.journal.len();
        let started = client.start_worker(now, tail);
        // What waits to be dismissed is shown, and so told.
        let live = client.page.as_ref().and_then(|page| page.live.as_ref());
        let rejections = live.map(|live| live.session.rejections().to_vec()).unwrap_or_default();
        let adopted = journals > 0;
        self.oracle.shown(&rejections);
        self.tally.add(if resumed { Event::Resumed } else { Event::Elected });
        if adopted {
            self.tally.add(Event::Adopted);
        }
        self.after_worker(no, started)?;
        Ok(true)
    }

    pub(super) fn serve(&mut self, no: ClientNo, tab: TabNo) -> Result<bool, Violation> {
        let (now, tail) = (self.time_at(no), self.setup.tail);
        let Some(client) = self.client(no) else { return Ok(false) };
        let Some(served) = client.serve(tab, now, tail) else { return Ok(false) };
        let live = client.page.as_ref().and_then(|page| page.live.as_ref());
        let rejections = live.map(|live| live.session.rejections().to_vec()).unwrap_or_default();
        if live.is_none() {
            // It calls again.
            client.give_up(tab);
        }
        self.oracle.shown(&rejections);
        self.tally.add(Event::Served);
        self.after_worker(no, served.map(|()| Vec::new()))?;
        Ok(true)
    }

    pub(super) fn end_worker(&mut self, no: ClientNo) -> bool {
        let Some(client) = self.client(no).filter(|client| client.worker.is_some()) else { return false };
        client.end_worker();
        self.tally.add(Event::WorkersEnded);
        true
    }

    pub(super) fn commit(&mut self, no: ClientNo, facts: &[Fact]) -> Result<bool, Violation> {
        let (now, first) = (self.time_at(no), self.oracle.next_event(no));
        let Some(client) = self.client(no) else { return Ok(false) };
        let Some(page) = client.page.as_ref().filter(|page| page.live.is_some() && !page.broken) else {
            return Ok(false);
        };
        let (version, author, session) = (page.version, page.subject, page.id.clone());
        let events: Vec<_> = (first..).zip(facts).map(|(id, fact)| fact.made(id, version)).collect();
        let raw: Vec<RawEvent> = events.iter().map(|made| made.raw.clone()).collect();
        match client.commit(now, raw) {
            None => Ok(false),
            Some(Ok(number)) => {
                self.oracle.committed(Committed {
                    client: no,
                    session,
                    number,
                    author,
                    events,
                    persisted: false,
                    confirmed: false,
                    told_rejected: false,
                    excused: false,
                })?;
                self.tally.add(Event::Committed);
                Ok(true)
            }
            Some(Err(Refusal::Rejected(_))) => {
                self.tally.add(Event::RefusedHere);
                Ok(true)
            }
            Some(Err(Refusal::Host(error))) => {
                Err(Violation::new("always-boots", format!("a session's memory fails: {error}")))
            }
        }
    }

    pub(super) fn hand(&mut self, no: ClientNo) -> Result<bool, Violation> {
        match self.client(no).and_then(Client::hand) {
            None => Ok(false),
            Some(handed) => {
                self.after_worker(no, handed)?;
                Ok(true)
            }
        }
    }

    pub(super) fn retry(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let Some(client) = self.client(no).filter(|client| client.has_offers()) else { return Ok(false) };
        let handed = client.retry();
        self.after_worker(no, handed)?;
        Ok(true)
    }

    pub(super) fn push_again(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let Some(client) = self.client(no).filter(|client| client.held().is_some()) else { return Ok(false) };
        client.push_again().map_err(super::host)?;
        Ok(true)
    }

    pub(super) fn advance(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let Some(client) = self.client(no).filter(|client| client.worker.is_some()) else { return Ok(false) };
        let advanced = client.follow(0).map(|()| Vec::new());
        self.after_worker(no, advanced)?;
        Ok(true)
    }

    pub(super) fn dismiss(&mut self, no: ClientNo) -> bool {
        let dismissed = self.client(no).and_then(Client::dismiss).is_some();
        if dismissed {
            self.tally.add(Event::Dismissed);
        }
        dismissed
    }

    pub(super) fn tell(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let now = self.time_at(no);
        let Some(client) = self.clients.get_mut(usize::from(no.0)) else { return Ok(false) };
        let Some(told) = client.tell(now) else { return Ok(false) };
        let Some(page) = &client.page else { return Ok(true) };
        let effects = match &told {
            Ok(effects) => effects,
            Err(error) => {
                let what = format!("the session {} cannot go on: {error}", page.id);
                return Err(Violation::new("always-boots", what));
            }
        };
        if page.live.as_ref().is_some_and(|live| live.session.pending().any(|one| one.conflicted.is_some())) {
            self.tally.add(Event::Conflicts);
        }
        let log = client.log.look();
        self.oracle.told(&page.id, effects, &|commit| commit.is_kept(log), &mut self.tally)?;
        Ok(true)
    }

    /// What a worker could not do is counted; one that was killed at a write is gone.
    pub(super) fn after_worker(
        &mut self,
        no: ClientNo,
        done: Result<Vec<Failed>, Failed>,
    ) -> Result<(), Violation> {
        let Some(client) = self.clients.get_mut(usize::from(no.0)) else { return Ok(()) };
        let killed = [client.log.take_dead(), client.state.take_dead()];
        if killed.contains(&true) {
            client.end_worker();
            client.log.resume().and_then(|()| client.state.resume()).map_err(super::host)?;
            self.tally.add(Event::Kills);
            return Ok(());
        }
        let troubles = done.unwrap_or_else(|failed| vec![failed]);
        for trouble in troubles {
            match trouble {
                Failed::Storage(_) => self.tally.add(Event::StorageRefused),
                Failed::SetAside((_, session, number), error) => {
                    let what = format!("the journal of {session}#{number} is set aside: {error}");
                    return Err(Violation::new("exactly-once", what));
                }
                Failed::Broken(why) => return Err(Violation::new("always-boots", why)),
            }
        }
        Ok(())
    }
}
