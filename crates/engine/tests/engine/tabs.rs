//! Several sessions of one leader, as the tabs of a browser are.

use std::collections::VecDeque;

use proptest::prelude::*;
use syncline_engine::protocol::{Millis, RawEvent, Seq, SessionId, SessionNumber};
use syncline_engine::{Effects, Session};
use syncline_sqlite::Database;

use super::model::{added, removed, renamed, rules};
use super::world::{Client, World, notes};

/// A tab beside the one that [`Client`] has by itself. Between it and the leader are queues.
struct Tab {
    db: Database,
    session: Session,
    effects: Effects,
    to_leader: VecDeque<String>,
    from_leader: VecDeque<String>,
}

impl Tab {
    fn open(client: &mut Client, name: &str) -> Self {
        let (mut db, id) = (Database::open_memory().unwrap(), SessionId::parse(name).unwrap());
        let opened = client.leader.opened(&client.log, &id, Seq::ZERO).unwrap();
        let session = Session::open(&mut db, rules(), id, Millis::default(), &opened).unwrap();
        let (to_leader, from_leader) = (VecDeque::new(), VecDeque::new());
        let mut tab = Self { db, session, effects: Effects::default(), to_leader, from_leader };
        tab.sync(client);
        tab
    }

    fn commit(&mut self, event: RawEvent) -> Option<SessionNumber> {
        let number = self.session.commit(&mut self.db, Millis::default(), vec![event]).ok()?;
        self.to_leader.extend(self.session.take_hand_over());
        Some(number)
    }

    fn dismiss(&mut self) {
        let counter = self.session.rejections()[0].counter;
        self.session.dismiss(counter);
        self.to_leader.extend(self.session.take_hand_over());
    }

    fn hand_over(&mut self, client: &mut Client) {
        if let Some(message) = self.to_leader.pop_front() {
            client.leader.hand_over(&mut client.log, &message).unwrap();
            client.pump();
        }
    }

    /// What the leader has for it is on its way.
    fn poll(&mut self, client: &mut Client) {
        while let Some(text) = client.leader.poll_session(self.session.id()) {
            self.from_leader.push_back(text);
        }
    }

    fn hear(&mut self) {
        if let Some(text) = self.from_leader.pop_front() {
            let effects = self.session.receive(&mut self.db, Millis::default(), &text).unwrap();
            self.effects.persisted.extend(effects.persisted);
            self.effects.confirmed.extend(effects.confirmed);
            self.effects.rejected.extend(effects.rejected);
        }
    }

    fn sync(&mut self, client: &mut Client) {
        while !self.to_leader.is_empty() {
            self.hand_over(client);
        }
        self.poll(client);
        while !self.from_leader.is_empty() {
            self.hear();
        }
    }

    /// There is another leader, and all that was under way to and from the one before is gone.
    fn resume(&mut self, client: &mut Client) {
        self.to_leader.clear();
        self.from_leader.clear();
        let (id, epoch) = (self.session.id(), self.session.epoch());
        client.leader.resumed(&client.log, id, self.session.cursor(), epoch).unwrap();
        self.to_leader.extend(self.session.hand_over_again());
    }

    fn notes(&self) -> Vec<String> {
        notes(&self.db)
    }

    fn pending(&self) -> usize {
        self.session.pending().count()
    }
}

#[test]
fn what_one_tab_commits_the_others_show_at_once_and_offline() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    ann.cut();
    let mut tabs = ["ann-2", "ann-3"].map(|name| Tab::open(ann, name));
    let number = tabs[0].commit(added("1", "milk")).unwrap();
    tabs.iter_mut().for_each(|tab| tab.sync(ann));
    for tab in &tabs {
        assert_eq!((tab.notes(), tab.pending()), (vec!["1=milk/ann".to_owned()], 1));
    }
    assert_eq!((ann.notes(), ann.pending()), (vec!["1=milk/ann".to_owned()], 1));
    assert_eq!(tabs[0].effects.persisted, [number]);
    assert!(tabs[1].effects.persisted.is_empty(), "a receipt is of the tab that has committed");
    ann.connect();
    world.settle();
    let ann = &mut world.clients[0];
    tabs.iter_mut().for_each(|tab| tab.sync(ann));
    assert_eq!(tabs[0].effects.confirmed.len(), 1);
    assert!(tabs[1].effects.confirmed.is_empty());
    assert!(tabs.iter().all(|tab| tab.pending() == 0));
    world.assert_together();
}

/// Two tabs have taken the same title, and the leader has heard of the first.
fn two_with_one_title(ann: &mut Client) -> [Tab; 2] {
    let mut tabs = ["ann-2", "ann-3"].map(|name| Tab::open(ann, name));
    tabs[0].commit(added("1", "milk")).unwrap();
    tabs[1].commit(added("2", "milk")).unwrap();
    tabs[0].sync(ann);
    tabs
}

#[test]
fn what_a_tab_has_not_handed_over_lies_on_top_of_what_the_others_have() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let mut tabs = two_with_one_title(ann);
    tabs[1].poll(ann);
    tabs[1].hear();
    assert_eq!(tabs[1].notes(), ["1=milk/ann"], "the other's was first");
    let conflicted: Vec<bool> =
        tabs[1].session.pending().map(|pending| pending.conflicted.is_some()).collect();
    assert_eq!(conflicted, [false, true]);
    tabs[1].sync(ann);
    world.settle();
    let ann = &mut world.clients[0];
    tabs.iter_mut().for_each(|tab| tab.sync(ann));
    assert_eq!(tabs.each_ref().map(|tab| own_rejections(tab).count()), [0, 1]);
    assert_eq!(tabs[0].session.rejections().len(), 1, "every tab can show what was rejected");
    tabs[1].dismiss();
    tabs.iter_mut().rev().for_each(|tab| tab.sync(ann));
    assert!(
        tabs[0].session.rejections().is_empty(),
        "and the tab that has committed it dismisses it for all"
    );
    world.assert_together();
}

#[test]
fn what_one_tab_dismisses_is_told_to_the_tab_that_has_committed_it_all_the_same() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let mut tabs = two_with_one_title(ann);
    tabs[1].hand_over(ann);
    world.settle();
    let ann = &mut world.clients[0];
    tabs[0].sync(ann);
    tabs[0].dismiss();
    tabs[0].sync(ann);
    assert!(tabs[0].session.rejections().is_empty(), "there, it is not shown any more");
    // The leader ends before the other tab has heard anything.
    ann.adopt(rules());
    tabs.iter_mut().for_each(|tab| tab.resume(ann));
    tabs.iter_mut().for_each(|tab| tab.sync(ann));
    assert_eq!((own_rejections(&tabs[1]).count(), tabs[1].pending()), (1, 0));
}

#[test]
fn a_tab_goes_on_with_the_leader_that_follows() {
    let mut world = World::new(&["ann", "bob"]);
    let ann = &mut world.clients[0];
    let mut tabs = ["ann-2", "ann-3"].map(|name| Tab::open(ann, name));
    tabs[0].commit(added("1", "milk")).unwrap();
    tabs.iter_mut().for_each(|tab| tab.sync(ann));
    // It dies with what the second has made, and with what it had to say of the first.
    world.settle();
    tabs[1].commit(added("2", "eggs")).unwrap();
    let ann = &mut world.clients[0];
    ann.adopt(rules());
    ann.connect();
    tabs.iter_mut().for_each(|tab| tab.resume(ann));
    tabs.iter_mut().for_each(|tab| tab.sync(ann));
    world.settle();
    let ann = &mut world.clients[0];
    tabs.iter_mut().for_each(|tab| tab.sync(ann));
    for tab in &tabs {
        assert!(!tab.effects.persisted.is_empty(), "it may be told twice");
        assert_eq!((tab.effects.confirmed.len(), tab.pending()), (1, 0));
    }
    assert_eq!(tabs[0].notes(), tabs[1].notes());
    world.assert_together();
    assert_eq!(world.log().len(), 2, "exactly-once");
}

#[test]
fn a_tab_that_has_ended_is_told_nothing() {
    let mut world = World::new(&["ann"]);
    let ann = &mut world.clients[0];
    let mut tab = Tab::open(ann, "ann-2");
    ann.leader.session_ended(tab.session.id());
    ann.commit(&[added("1", "milk")]).unwrap();
    tab.sync(ann);
    assert!(tab.notes().is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    /// A tab commits: 0 is the leader's own.
    Commit(usize, u8, u8, u8),
    HandOver(usize),
    Poll(usize),
    Hear(usize),
    Others(u8, u8),
    Deliver(usize),
    Settle,
    Cut,
    /// The leader dies, and another takes its place.
    Replace,
    /// A tab is loaded again.
    Reload(usize),
    /// The server's log is another one, an older or an empty one.
    Restore(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let tab = 0..2_usize;
    let step = prop_oneof![
        6 => (tab.clone(), 0..3_u8, 0..4_u8, 0..3_u8).prop_map(|(tab, kind, id, title)| Step::Commit(tab, kind, id, title)),
        4 => tab.clone().prop_map(Step::HandOver),
        4 => tab.clone().prop_map(Step::Poll),
        4 => tab.clone().prop_map(Step::Hear),
        2 => (0..4_u8, 0..3_u8).prop_map(|(id, title)| Step::Others(id, title)),
        4 => (0..2_usize).prop_map(Step::Deliver),
        1 => Just(Step::Settle),
        1 => Just(Step::Cut),
        1 => Just(Step::Replace),
        1 => tab.prop_map(Step::Reload),
        1 => any::<bool>().prop_map(Step::Restore),
    ];
    prop::collection::vec(step, 1..60)
}

/// Ann with two tabs beside the leader's own, and Bob.
struct Browser {
    world: World,
    tabs: Vec<Tab>,
    loads: usize,
    made: usize,
    /// Confirmed and rejected, told to the tab that had committed it.
    told: usize,
    backup: Database,
    restored: usize,
}

impl Browser {
    fn new() -> Self {
        let mut world = World::new(&["ann", "bob"]);
        let tabs = ["tab-1", "tab-2"].map(|name| Tab::open(&mut world.clients[0], name)).into();
        let backup = world.backup();
        Self { world, tabs, loads: 2, made: 0, told: 0, backup, restored: 0 }
    }

    fn step(&mut self, step: &Step) {
        let ann = &mut self.world.clients[0];
        match *step {
            Step::Commit(tab, kind, id, title) => {
                let (id, title) = (format!("n{id}"), format!("t{title}"));
                let event = match kind {
                    0 => added(&id, &title),
                    1 => renamed(&id, &title),
                    _ => removed(&id),
                };
                self.made += usize::from(self.tabs[tab].commit(event).is_some());
            }
            Step::HandOver(tab) => self.tabs[tab].hand_over(ann),
            Step::Poll(tab) => self.tabs[tab].poll(ann),
            Step::Hear(tab) => self.tabs[tab].hear(),
            Step::Others(id, title) => {
                let _ = self.world.clients[1].commit(&[added(&format!("n{id}"), &format!("t{title}"))]);
            }
            Step::Deliver(place) => {
                self.world.deliver(place);
                if let Some(text) = self.world.clients[place].to_client.pop_front() {
                    self.world.clients[place].receive(&text);
                }
            }
            Step::Settle => self.world.settle(),
            Step::Cut => {
                ann.cut();
                ann.connect();
            }
            Step::Replace => {
                ann.cut();
                ann.adopt(rules());
                ann.connect();
                self.tabs.iter_mut().for_each(|tab| tab.resume(ann));
            }
            Step::Reload(tab) => self.reload(tab),
            Step::Restore(empty) => self.restore(empty),
        }
    }

    fn restore(&mut self, empty: bool) {
        let next = self.world.backup();
        let older = std::mem::replace(&mut self.backup, next);
        let db = if empty { Database::open_memory().unwrap() } else { older };
        self.restored += 1;
        self.world.replace_server(db, &format!("life-{}", self.restored));
        self.world.clients.iter_mut().for_each(Client::connect);
    }

    /// What it had not handed over is in its journal, and the leader's page finds it there.
    fn reload(&mut self, tab: usize) {
        let ann = &mut self.world.clients[0];
        self.loads += 1;
        let mut new = Tab::open(ann, &format!("tab-{}", self.loads));
        std::mem::swap(&mut new, &mut self.tabs[tab]);
        ann.leader.session_ended(new.session.id());
        if let Some(journal) = new.session.hand_over_again() {
            ann.leader.hand_over(&mut ann.log, &journal).unwrap();
            ann.pump();
        }
        self.told += told(&new);
    }

    fn end(mut self) {
        for _ in 0..3 {
            self.world.reconnect();
            let ann = &mut self.world.clients[0];
            self.tabs.iter_mut().for_each(|tab| tab.sync(ann));
        }
        self.world.assert_together();
        let truth = notes(&self.world.server.db);
        for tab in &self.tabs {
            assert_eq!((tab.notes(), tab.pending()), (truth.clone(), 0), "one-order");
            self.told += told(tab);
            let mut confirmed: Vec<_> = tab.effects.confirmed.iter().map(|told| told.number).collect();
            confirmed.extend(own_rejections(tab));
            confirmed.sort();
            let all = confirmed.len();
            confirmed.dedup();
            assert_eq!(confirmed.len(), all, "one verdict each");
            assert_eq!(Some(all), tab.session.last().get().try_into().ok(), "and each has one");
        }
        if self.restored > 0 {
            // What was confirmed before is lost.
            return;
        }
        let logged = self.world.log().iter().filter(|line| line.contains(" ann ")).count();
        let rejected = self.tabs[0].session.rejections().len();
        assert_eq!(logged + rejected, self.made, "exactly-once");
        assert!(self.told <= self.made);
    }
}

fn own_rejections(tab: &Tab) -> impl Iterator<Item = SessionNumber> {
    let own = tab.effects.rejected.iter().filter(|rejected| rejected.session == *tab.session.id());
    own.map(|rejected| rejected.number)
}

fn told(tab: &Tab) -> usize {
    tab.effects.confirmed.len() + own_rejections(tab).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn however_tabs_leaders_and_connections_come_and_go_each_commit_has_one_verdict(steps in steps()) {
        let mut browser = Browser::new();
        steps.iter().for_each(|step| browser.step(step));
        browser.end();
    }
}
