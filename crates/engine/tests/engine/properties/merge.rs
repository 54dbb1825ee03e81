//! Merging is a rebase: whatever order a session hears of things in, it shows the log up to its cursor with
//! its pending commits on top, and in the end the log alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use serde_json::{Value, json};
use syncline_engine::protocol::{Millis, RawEvent, SessionId, SessionNumber};
use syncline_engine::{Effects, Session};
use syncline_sqlite::Database;

use crate::model::{added, removed, renamed, rules};
use crate::world::notes;

/// An event of the notes: few ids and titles, so that commits often concern the same.
#[derive(Clone, Copy, Debug)]
enum Event {
    Added(u8, u8),
    Renamed(u8, u8),
    Removed(u8),
}

type Commit = Vec<Event>;

impl Event {
    fn raw(self) -> RawEvent {
        match self {
            Self::Added(id, title) => added(&format!("n{id}"), &format!("t{title}")),
            Self::Renamed(id, title) => renamed(&format!("n{id}"), &format!("t{title}")),
            Self::Removed(id) => removed(&format!("n{id}")),
        }
    }
}

/// The notes and their rules once more, without SQL: id to title and author.
#[derive(Clone, Default)]
struct Naive(BTreeMap<u8, (u8, &'static str)>);

impl Naive {
    fn admit(&mut self, author: &'static str, commit: &[Event]) -> bool {
        let mut next = self.clone();
        let admitted = commit.iter().all(|event| next.admit_one(author, *event));
        if admitted {
            *self = next;
        }
        admitted
    }

    fn admit_one(&mut self, author: &'static str, event: Event) -> bool {
        let taken = |notes: &BTreeMap<u8, (u8, &str)>, id: u8, title: u8| {
            notes.iter().any(|(other, (theirs, _))| *other != id && *theirs == title)
        };
        let mine =
            |notes: &BTreeMap<u8, (u8, &str)>, id: u8| notes.get(&id).is_some_and(|note| note.1 == author);
        match event {
            Event::Added(id, title) => {
                let fits = !self.0.contains_key(&id) && !taken(&self.0, id, title);
                if fits {
                    self.0.insert(id, (title, author));
                }
                fits
            }
            Event::Renamed(id, title) => {
                let fits = mine(&self.0, id) && !taken(&self.0, id, title);
                if fits {
                    self.0.insert(id, (title, author));
                }
                fits
            }
            Event::Removed(id) => mine(&self.0, id) && self.0.remove(&id).is_some(),
        }
    }

    fn notes(&self) -> Vec<String> {
        self.0.iter().map(|(id, (title, author))| format!("n{id}=t{title}/{author}")).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// This session commits.
    Commit(Commit),
    /// Another client's commit comes to the server.
    Other(Commit),
    /// The server decides this many of ours, as one push.
    Decide(usize),
    /// The server rejects the next of ours for a reason that only it knows: a rule that looks at the clock.
    Refuse,
    /// The session hears the next thing.
    Hear,
    /// The page is loaded again: another session, from nothing but what the leader has.
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let event = prop_oneof![
        3 => (0_u8..5, 0_u8..5).prop_map(|(id, title)| Event::Added(id, title)),
        2 => (0_u8..5, 0_u8..5).prop_map(|(id, title)| Event::Renamed(id, title)),
        2 => (0_u8..5).prop_map(Event::Removed),
    ];
    let commit = prop::collection::vec(event, 1..3);
    prop_oneof![
        5 => commit.clone().prop_map(Step::Commit),
        4 => commit.prop_map(Step::Other),
        3 => (1_usize..4).prop_map(Step::Decide),
        1 => Just(Step::Refuse),
        8 => Just(Step::Hear),
        1 => Just(Step::Reload),
    ]
}

struct Ours {
    session: String,
    number: SessionNumber,
    counter: u64,
    commit: Commit,
}

/// The session under test, and everything that it hears of, as lists.
struct World {
    db: Database,
    session: Session,
    name: String,
    loads: u32,
    to_session: VecDeque<String>,
    log: Vec<(&'static str, Commit)>,
    entries: Vec<Value>,
    server: Naive,
    undecided: VecDeque<Ours>,
    rejected: Vec<Value>,
    counter: u64,
    /// What this session made, and what it was told has become of it.
    made: BTreeSet<SessionNumber>,
    told: Vec<SessionNumber>,
}

fn open(name: &str, pending: &[Value], rejected: &[Value]) -> (Database, Session) {
    let mut db = Database::open_memory().unwrap();
    let opened = json!({
        "client": "ann", "subject": "ann", "epoch": "e", "taken": [], "pending": pending, "rejected": rejected,
        "state": 0
    });
    let id = SessionId::parse(name).unwrap();
    let session = Session::open(&mut db, rules(), id, Millis::default(), &opened.to_string()).unwrap();
    (db, session)
}

impl World {
    fn new() -> Self {
        let (db, session) = open("load-0", &[], &[]);
        Self {
            db,
            session,
            name: "load-0".to_owned(),
            loads: 0,
            to_session: VecDeque::new(),
            log: Vec::new(),
            entries: Vec::new(),
            server: Naive::default(),
            undecided: VecDeque::new(),
            rejected: Vec::new(),
            counter: 0,
            made: BTreeSet::new(),
            told: Vec::new(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Commit(commit) => self.commit(commit),
            Step::Other(commit) => {
                if self.server.admit("bob", &commit) {
                    let entries = self.append("bob", self.log.len() as u64 + 1, commit);
                    self.to_session.push_back(json!({ "entries": entries }).to_string());
                }
            }
            Step::Decide(most) => self.decide(most),
            Step::Refuse => {
                if let Some(ours) = self.undecided.pop_front() {
                    let told = self.refuse(&ours);
                    self.to_session.push_back(told);
                }
            }
            Step::Hear => self.hear(),
            Step::Reload => self.reload(),
        }
        self.check();
    }

    fn commit(&mut self, commit: Commit) {
        let events = commit.iter().map(|event| event.raw()).collect();
        let admitted = self.view().admit("ann", &commit);
        let done = self.session.commit(&mut self.db, Millis::default(), events);
        assert_eq!(done.is_ok(), admitted, "rules-hold: {commit:?}");
        let Ok(number) = done else { return };
        assert!(self.session.take_hand_over().is_some());
        self.counter += 1;
        self.made.insert(number);
        let taken = json!({ "number": number, "counter": self.counter });
        self.to_session.push_back(json!({ "taken": { "session": self.name, "taken": [taken] } }).to_string());
        self.undecided.push_back(Ours { session: self.name.clone(), number, counter: self.counter, commit });
    }

    /// As a room answers a push: what it published first, what it refused after that.
    fn decide(&mut self, most: usize) {
        let (mut entries, mut refused) = (Vec::new(), Vec::new());
        let most = most.min(self.undecided.len());
        for ours in self.undecided.drain(..most).collect::<Vec<_>>() {
            if self.server.admit("ann", &ours.commit) {
                entries.extend(self.append("ann", ours.counter, ours.commit));
                continue;
            }
            refused.push(self.refuse(&ours));
        }
        if !entries.is_empty() {
            self.to_session.push_back(json!({ "entries": entries }).to_string());
        }
        self.to_session.extend(refused);
    }

    fn refuse(&mut self, ours: &Ours) -> String {
        let events: Vec<_> = ours.commit.iter().map(|event| event.raw()).collect();
        self.rejected.push(json!({
            "counter": ours.counter, "session": ours.session, "number": ours.number, "events": events,
            "code": "no", "message": "No."
        }));
        let why = json!({ "code": "no", "message": "No." });
        json!({ "rejected": { "counter": ours.counter, "why": why } }).to_string()
    }

    fn append(&mut self, author: &'static str, counter: u64, commit: Commit) -> Vec<Value> {
        let of = commit.len();
        let entries: Vec<_> = (0..)
            .zip(&commit)
            .map(|(index, event)| {
                let RawEvent { name, args } = event.raw();
                let seq = self.entries.len() + 1 + index;
                json!({
                    "seq": seq, "client": author, "counter": counter, "index": index, "of": of,
                    "author": author, "time": 1, "name": name, "args": args
                })
            })
            .collect();
        self.entries.extend(entries.clone());
        self.log.push((author, commit));
        entries
    }

    fn hear(&mut self) {
        let Some(message) = self.to_session.pop_front() else { return };
        let Effects { confirmed, rejected, .. } =
            self.session.receive(&mut self.db, Millis::default(), &message).unwrap();
        self.told.extend(confirmed.iter().map(|confirmed| confirmed.number));
        let ours = rejected.iter().filter(|rejected| rejected.session.as_str() == self.name);
        self.told.extend(ours.map(|rejected| rejected.number));
    }

    fn reload(&mut self) {
        let pending: Vec<_> = self
            .undecided
            .iter()
            .map(|ours| {
                let events: Vec<_> = ours.commit.iter().map(|event| event.raw()).collect();
                let commit =
                    json!({ "counter": ours.counter, "author": "ann", "modelVersion": 2, "events": events });
                json!({ "session": ours.session, "number": ours.number, "commit": commit })
            })
            .collect();
        self.loads += 1;
        self.name = format!("load-{}", self.loads);
        (self.db, self.session) = open(&self.name, &pending, &self.rejected);
        self.to_session = VecDeque::from([json!({ "entries": self.entries }).to_string()]);
        self.made.clear();
        self.told.clear();
    }

    /// The log up to the session's cursor, with what it has not set aside on top.
    fn view(&self) -> Naive {
        let (mut view, mut seq) = (Naive::default(), 0);
        for (author, commit) in &self.log {
            if seq == self.session.cursor().get() {
                break;
            }
            assert!(view.admit(author, commit), "the naive server admitted it");
            seq += commit.len() as u64;
        }
        assert_eq!(seq, self.session.cursor().get(), "whole-commits");
        for pending in self.session.pending().filter(|pending| pending.conflicted.is_none()) {
            let commit = self.find(pending.events);
            assert!(view.admit("ann", &commit), "what is in the view applies there: {commit:?}");
        }
        view
    }

    /// Back from raw events.
    fn find(&self, events: &[RawEvent]) -> Commit {
        let number =
            |args: &Value, key: &str| args[key].as_str().map_or(0, |text| text[1..].parse().unwrap());
        let read = |event: &RawEvent| {
            let args: Value = serde_json::from_str(event.args.get()).unwrap();
            let (id, title) = (number(&args, "id"), number(&args, "title"));
            match event.name.as_str() {
                "noteAdded" => Event::Added(id, title),
                "noteRenamed" => Event::Renamed(id, title),
                _ => Event::Removed(id),
            }
        };
        events.iter().map(read).collect()
    }

    fn check(&self) {
        assert_eq!(notes(&self.db), self.view().notes(), "one-order");
        let told: BTreeSet<_> = self.told.iter().copied().collect();
        assert_eq!(told.len(), self.told.len(), "exactly-once: {:?}", self.told);
        let waiting: BTreeSet<_> = self
            .session
            .pending()
            .filter(|pending| pending.session.as_str() == self.name)
            .map(|pending| pending.number)
            .collect();
        assert!(waiting.is_disjoint(&told), "what has a verdict is not pending");
        assert_eq!(&waiting | &told, self.made, "nothing is lost on the way");
    }

    fn finish(mut self) {
        self.decide(usize::MAX);
        while !self.to_session.is_empty() {
            self.hear();
            self.check();
        }
        assert_eq!(self.session.pending().count(), 0);
        assert_eq!(self.session.cursor().get(), self.entries.len() as u64);
        assert_eq!(notes(&self.db), self.server.notes());
        assert_eq!(self.session.rejections().len(), self.rejected.len(), "nothing-silent");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(800) })]

    #[test]
    fn a_session_shows_the_log_with_its_pending_commits_on_top_in_whatever_order_things_happen(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.step(step));
        world.finish();
    }
}
