//! What clients do: the steps of a leader, of a page, and of both.

use std::rc::Rc;

use syncline_engine::Refusal;
use syncline_engine::protocol::RawEvent;

use super::{Machines, OPEN, now};
use crate::action::{ClientNo, SubjectNo, TabNo};
use crate::client::{Client, Failed, Live, Page, ToPage, adopt};
use crate::explore::Bounds;
use crate::explore::intern::Id;
use crate::explore::parts::{Durable, Fast, Paper, Past, Saying, Sitting, Uses, VERSION, tables};
use crate::model::Fact;
use crate::oracle::{Committed, Violation};
use crate::socket::Socket;
use crate::world::{View, host};

/// What happens to a client, with all of its sockets that this depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::explore) enum Input {
    Open(u8),
    Close(u8),
    Elect,
    EndWorker,
    /// What the script has at this place, with this id as the first; and whether there is a worker.
    Commit(u8, u32, bool),
    /// The next message of the page; and whether there is a socket.
    Hand(Id<String>, bool),
    Tell(Id<ToPage>),
    Retry(bool),
    PushAgain(bool),
    Connect,
    Down(Id<String>),
    /// The socket is gone.
    Lose,
    /// As a world that comes to rest begins.
    Heal,
}

/// A step: who, what, and those halves that the outcome depends on.
#[derive(PartialEq, Eq, Hash)]
pub(in crate::explore) struct Step {
    no: u8,
    input: Input,
    durable: Option<Id<Durable>>,
    fast: Option<Id<Fast>>,
}

/// What a step has come to.
pub(in crate::explore) struct Did {
    /// Each half, where it is another than before.
    pub(in crate::explore) durable: Option<Id<Durable>>,
    pub(in crate::explore) fast: Option<Id<Fast>>,
    /// Frames for the server.
    pub(in crate::explore) up: Vec<Id<String>>,
    pub(in crate::explore) to_leader: Vec<Id<String>>,
    pub(in crate::explore) from_leader: Vec<Id<ToPage>>,
    /// The socket is given up.
    pub(in crate::explore) drops: bool,
    /// What was between page and worker is gone.
    pub(in crate::explore) clears: bool,
    pub(in crate::explore) saying: Option<Id<Saying>>,
}

impl Input {
    const fn uses(self) -> Uses {
        let disks = matches!(
            self,
            Self::Elect | Self::Hand(..) | Self::Retry(_) | Self::PushAgain(_) | Self::Down(_)
        );
        Uses { disks, live: matches!(self, Self::Elect | Self::Commit(..) | Self::Tell(_)) }
    }

    /// Whether what comes of it depends on the leader and its disks, and whether on the pages.
    const fn depends(self) -> (bool, bool) {
        match self {
            Self::Open(_) | Self::Commit(..) | Self::Tell(_) => (false, true),
            Self::EndWorker
            | Self::Hand(..)
            | Self::PushAgain(_)
            | Self::Connect
            | Self::Down(_)
            | Self::Lose => (true, false),
            Self::Close(_) | Self::Elect | Self::Retry(_) | Self::Heal => (true, true),
        }
    }

    const fn is_connected(self) -> bool {
        match self {
            Self::Hand(_, connected) | Self::Retry(connected) | Self::PushAgain(connected) => connected,
            Self::Close(_) | Self::EndWorker | Self::Down(_) | Self::Lose | Self::Heal => true,
            Self::Open(_) | Self::Elect | Self::Commit(..) | Self::Tell(_) | Self::Connect => false,
        }
    }
}

impl Machines {
    pub(in crate::explore) fn client(
        &mut self,
        no: ClientNo,
        durable: Id<Durable>,
        fast: Id<Fast>,
        input: Input,
    ) -> Result<Rc<Did>, Violation> {
        let (on_durable, on_fast) = input.depends();
        let step =
            Step { no: no.0, input, durable: on_durable.then_some(durable), fast: on_fast.then_some(fast) };
        if let Some(did) = self.client_steps.get(&step) {
            return Ok(Rc::clone(did));
        }
        let mut client = self.assemble(no, durable, fast, input)?;
        let saying = self.run(&mut client, input)?;
        let saying = saying.map(|saying| self.say(saying));
        let did = Rc::new(self.take_apart(client, durable, fast, input, saying)?);
        self.client_steps.insert(step, Rc::clone(&did));
        Ok(did)
    }

    pub(super) fn assemble(
        &mut self,
        no: ClientNo,
        durable: Id<Durable>,
        fast: Id<Fast>,
        input: Input,
    ) -> Result<Client, Violation> {
        let uses = input.uses();
        let (log, state) = if uses.disks {
            let durable = self.durables.get(durable);
            (durable.log.open().map_err(host)?, durable.state.open().map_err(host)?)
        } else {
            (self.spare()?, self.spare()?)
        };
        let mut client = Client::over(no, VERSION, log, state);
        let half = self.durables.get(durable);
        client.worker.clone_from(&half.worker);
        client.starts = half.starts;
        let half = self.fasts.get(fast);
        client.waiting.clone_from(&half.waiting);
        client.journal.clone_from(&half.journal);
        (client.last, client.loads) = (half.last, half.loads);
        client.page = half.page.as_ref().map(|paper| paper.page(no));
        let sitting = half.page.as_ref().and_then(|paper| paper.sitting);
        if let Some(sitting) = sitting.filter(|_| uses.live) {
            let live = self.live(sitting)?;
            if let Some(page) = &mut client.page {
                page.live = Some(live);
            }
        }
        if input.is_connected() {
            client.sockets.push_front(Socket::open(crate::model::subject(no.0)));
        }
        Ok(client)
    }

    /// Does it, as [`crate::world::World::step`] does.
    fn run(&mut self, client: &mut Client, input: Input) -> Result<Option<Saying>, Violation> {
        match input {
            Input::Open(tab) => client.waiting.push_back((TabNo(tab), client.last)),
            Input::Close(tab) => client.close(TabNo(tab)),
            Input::Elect => {
                client.load_page();
                let started = client.start_worker(now(), Bounds::setup().tail);
                let live = client.page.as_ref().and_then(|page| page.live.as_ref());
                let rejections = live.map(|live| live.session.rejections().to_vec()).unwrap_or_default();
                went_well(started)?;
                return Ok((!rejections.is_empty()).then_some(Saying::Shown(rejections)));
            }
            Input::EndWorker => client.end_worker(),
            Input::Commit(place, first, _) => return commit(client, place, first),
            Input::Hand(text, _) => {
                if let Some(page) = &mut client.page {
                    page.to_leader.push_front(self.texts.get(text).clone());
                }
                went_well(client.hand().unwrap_or_else(|| Ok(Vec::new())))?;
            }
            Input::Tell(message) => {
                let message = self.to_pages.get(message).clone();
                return Ok(tell(client, message).map(|(id, effects)| Saying::Told(id, effects)));
            }
            Input::Retry(_) => went_well(client.retry())?,
            Input::PushAgain(_) => client.push_again().map_err(host)?,
            Input::Connect => drop(client.connect()),
            Input::Down(text) => {
                if let Some(socket) = client.sockets.front_mut() {
                    socket.down.push_front(self.texts.get(text).clone());
                }
                // What cannot be received ends the socket, and no more.
                let _ = client.receive(Bounds::setup().step);
            }
            Input::Lose => client.drop_socket(),
            Input::Heal => client.heal(),
        }
        Ok(None)
    }

    fn take_apart(
        &mut self,
        mut client: Client,
        durable: Id<Durable>,
        fast: Id<Fast>,
        input: Input,
        saying: Option<Id<Saying>>,
    ) -> Result<Did, Violation> {
        let (no, uses) = (client.no, input.uses());
        let clears = matches!(input, Input::EndWorker) || (client.worker.is_none() && client.page.is_none());
        let (mut to_leader, mut from_leader) = (Vec::new(), Vec::new());
        if let Some(page) = &mut client.page {
            to_leader.extend(page.to_leader.drain(..).map(|text| self.texts.text(text)));
            for message in page.from_leader.drain(..) {
                from_leader.push(self.to_pages.keep(&format!("{message:?}"), message));
            }
        }
        let socket = client.sockets.front_mut();
        let drops = input.is_connected() && socket.as_ref().is_none_or(|socket| !socket.client);
        let up = socket.map(|socket| std::mem::take(&mut socket.up)).unwrap_or_default();
        let up = up.into_iter().map(|text| self.texts.text(text)).collect();

        let (on_durable, on_fast) = input.depends();
        let mut new_durable = None;
        if on_durable {
            let half = Durable::of(&mut client, self.durables.get(durable), uses.disks)?;
            new_durable = Some(self.keep_durable(no, half));
        }
        let new_fast = if on_fast { Some(self.keep_pages(&mut client, durable, fast, input)?) } else { None };
        if !uses.disks {
            self.spare.extend([client.log, client.state]);
        }
        Ok(Did { durable: new_durable, fast: new_fast, up, to_leader, from_leader, drops, clears, saying })
    }

    /// Keeps the tabs of a client.
    fn keep_pages(
        &mut self,
        client: &mut Client,
        durable: Id<Durable>,
        fast: Id<Fast>,
        input: Input,
    ) -> Result<Id<Fast>, Violation> {
        let no = client.no;
        let before = self.fasts.get(fast).page.as_ref();
        let mut page = None;
        if let Some(mut now) = client.page.take() {
            let sitting = before.filter(|before| before.id == now.id).and_then(|before| before.sitting);
            let sitting = match (now.live.take(), input, sitting) {
                (None, _, sitting) => sitting,
                (Some(live), Input::Commit(place, first, _), Some(before)) => {
                    Some(self.keep_sitting(&now, live, Past::Committed(before, no, place, first))?)
                }
                (Some(live), Input::Tell(message), Some(before)) => {
                    Some(self.keep_sitting(&now, live, Past::Told(before, message))?)
                }
                (Some(live), _, Some(same)) => Some(self.keep_open(same, live)),
                (Some(live), _, None) => {
                    Some(self.keep_sitting(&now, live, Past::Elected(no, durable, fast))?)
                }
            };
            page = Some(Paper { tab: now.tab, id: now.id, broken: now.broken, sitting });
        }
        let (waiting, journal) = (std::mem::take(&mut client.waiting), std::mem::take(&mut client.journal));
        Ok(self.keep_fast(no, Fast { waiting, page, journal, last: client.last, loads: client.loads }))
    }

    pub(super) fn keep_durable(&mut self, no: ClientNo, half: Durable) -> Id<Durable> {
        let text = half.text(no);
        self.durables.keep(&text, half)
    }

    pub(super) fn keep_fast(&mut self, no: ClientNo, half: Fast) -> Id<Fast> {
        let text = half.text(no);
        self.fasts.keep(&text, half)
    }

    fn keep_sitting(&mut self, page: &Page, live: Live, past: Past) -> Result<Id<Sitting>, Violation> {
        let mut text = format!("{:?}\n", live.session);
        tables(&mut text, &live.db).map_err(host)?;
        let id = match self.sittings.find(&text) {
            Some(id) => id,
            None => self.sittings.keep(&text, Sitting { past, view: View::of(page, &live)? }),
        };
        Ok(self.keep_open(id, live))
    }

    fn keep_open(&mut self, id: Id<Sitting>, live: Live) -> Id<Sitting> {
        self.open.push_back((id, live));
        if self.open.len() > OPEN {
            self.open.pop_front();
        }
        id
    }

    /// A session as it was, opened again if it has to be.
    pub(in crate::explore) fn live(&mut self, id: Id<Sitting>) -> Result<Live, Violation> {
        if let Some(place) = self.open.iter().rposition(|(open, _)| *open == id)
            && let Some((_, live)) = self.open.remove(place)
        {
            return Ok(live);
        }
        let lost = || Violation::new("always-boots", "a session does not open as it did");
        match self.sittings.get(id).past {
            Past::Elected(no, durable, fast) => {
                let mut client = self.assemble(no, durable, fast, Input::Elect)?;
                self.run(&mut client, Input::Elect)?;
                client.page.and_then(|page| page.live).ok_or_else(lost)
            }
            Past::Committed(before, no, place, first) => {
                let mut live = self.live(before)?;
                let events = events(no, place, first).into_iter().map(|made| made.raw).collect();
                let again = live.session.commit(&mut live.db, now(), events);
                again.map_err(|_| lost())?;
                live.session.take_hand_over();
                Ok(live)
            }
            Past::Told(before, message) => {
                let mut live = self.live(before)?;
                match self.to_pages.get(message) {
                    ToPage::Text(text) => live.session.receive(&mut live.db, now(), text).map(drop),
                    ToPage::State(due, bytes) => adopt(&mut live, now(), due, bytes).map(drop),
                    ToPage::Kept(_) => Ok(()),
                }
                .map_err(|_| lost())?;
                Ok(live)
            }
        }
    }

    pub(super) fn say(&mut self, saying: Saying) -> Id<Saying> {
        self.sayings.keep(&format!("{saying:?}"), saying)
    }
}

fn events(no: ClientNo, place: u8, first: u32) -> Vec<crate::model::Made> {
    let script = Bounds::script(no);
    let facts: &[Fact] = script.get(usize::from(place)).map_or(&[], Vec::as_slice);
    (first..).zip(facts).map(|(id, fact)| fact.made(id, VERSION)).collect()
}

fn commit(client: &mut Client, place: u8, first: u32) -> Result<Option<Saying>, Violation> {
    let events = events(client.no, place, first);
    let raw: Vec<RawEvent> = events.iter().map(|made| made.raw.clone()).collect();
    let Some(session) = client.page.as_ref().map(|page| page.id.clone()) else { return Ok(None) };
    match client.commit(now(), raw) {
        None | Some(Err(Refusal::Rejected(_))) => Ok(None),
        Some(Ok(number)) => Ok(Some(Saying::Committed(Committed {
            client: client.no,
            session,
            number,
            author: SubjectNo(client.no.0),
            events,
            persisted: false,
            confirmed: false,
            told_rejected: false,
            excused: false,
        }))),
        Some(Err(Refusal::Host(error))) => {
            Err(Violation::new("always-boots", format!("a session's memory fails: {error}")))
        }
    }
}

fn tell(
    client: &mut Client,
    message: ToPage,
) -> Option<(syncline_engine::protocol::SessionId, syncline_engine::Effects)> {
    let page = client.page.as_mut()?;
    page.from_leader.push_front(message);
    let id = page.id.clone();
    let effects = client.tell(now())?.ok()?;
    (effects != syncline_engine::Effects::default()).then_some((id, effects))
}

/// Nothing of what a worker does fails in these worlds.
fn went_well(done: Result<Vec<Failed>, Failed>) -> Result<(), Violation> {
    let failed = match done {
        Ok(troubles) => troubles.into_iter().next(),
        Err(failed) => Some(failed),
    };
    match failed {
        None => Ok(()),
        Some(failed) => Err(Violation::new("always-boots", format!("{failed:?}"))),
    }
}
