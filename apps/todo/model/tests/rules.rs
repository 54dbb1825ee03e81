//! What the rules of the list accept, what they refuse, and how it is taken back.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use serde_json::{Value as Json, json};
use syncline_engine::protocol::{Millis, RawEvent, Subject};
use syncline_engine::{ApplyContext, CheckContext, Query, Refusal, Rejection, Rules, Sql, nested};
use syncline_sqlite::Database;
use todo_model::Todos;

struct List {
    db: Database,
    rules: Rules,
    author: Subject,
}

impl List {
    fn of(texts: &[&str]) -> Self {
        let rules = Rules::of::<Todos>();
        let mut db = Database::open_memory().unwrap();
        db.run_script(rules.tables()).unwrap();
        let mut list = Self { db, rules, author: Subject::parse("ann").unwrap() };
        for text in texts {
            list.commit("todoAdded", json!({ "id": text, "text": text })).unwrap();
        }
        list
    }

    fn commit(&mut self, name: &str, args: Json) -> Result<(), Rejection> {
        self.admit(event(name, args))
    }

    /// As a room would.
    fn admit(&mut self, event: RawEvent) -> Result<(), Rejection> {
        let (rules, author) = (self.rules, &self.author);
        let check = CheckContext { author, now: Millis::default() };
        let admitted = nested(&mut self.db, |db| rules.admit(event, &check, &ApplyContext { author }, db));
        admitted.map_err(|refusal| match refusal {
            Refusal::Rejected(rejection) => rejection,
            Refusal::Host(error) => panic!("{error}"),
        })
    }

    fn refuses(&mut self, name: &str, args: Json, code: &str) {
        assert_eq!(self.commit(name, args).unwrap_err().code, code);
    }

    fn rows(&self) -> Vec<(String, bool)> {
        let rows = self.db.query("SELECT text, done FROM todos ORDER BY id", &[]).unwrap();
        rows.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect()
    }

    /// Asserts that the event can be taken back, so that nothing is left of it.
    fn undoes(&mut self, name: &str, args: Json) {
        let before = self.rows();
        let event = event(name, args);
        let inverse = self.rules.inverse(event.clone(), &ApplyContext { author: &self.author }, &self.db);
        self.admit(event).unwrap();
        assert_ne!(self.rows(), before, "{name}");
        for event in inverse.unwrap() {
            self.admit(event).unwrap();
        }
        assert_eq!(self.rows(), before, "{name}");
    }
}

fn event(name: &str, args: Json) -> RawEvent {
    serde_json::from_value(json!({ "name": name, "args": args })).unwrap()
}

fn open(text: &str) -> (String, bool) {
    (text.to_owned(), false)
}

fn done(text: &str) -> (String, bool) {
    (text.to_owned(), true)
}

#[test]
fn a_todo_is_added_renamed_completed_reopened_and_removed() {
    let mut list = List::of(&["bread", "milk"]);
    list.commit("todoRenamed", json!({ "id": "milk", "text": "oat milk" })).unwrap();
    list.commit("todoCompleted", json!({ "id": "bread" })).unwrap();
    assert_eq!(list.rows(), [done("bread"), open("oat milk")]);
    list.commit("todoReopened", json!({ "id": "bread" })).unwrap();
    list.commit("todoRemoved", json!({ "id": "milk" })).unwrap();
    assert_eq!(list.rows(), [open("bread")]);
}

#[test]
fn the_same_thing_is_on_the_list_once_until_it_is_done() {
    let mut list = List::of(&["bread", "milk"]);
    list.refuses("todoAdded", json!({ "id": "2", "text": "milk" }), "already-listed");
    list.refuses("todoRenamed", json!({ "id": "bread", "text": "milk" }), "already-listed");
    list.commit("todoRenamed", json!({ "id": "milk", "text": "milk" })).unwrap();
    list.commit("todoCompleted", json!({ "id": "milk" })).unwrap();
    list.commit("todoAdded", json!({ "id": "2", "text": "milk" })).unwrap();
    list.refuses("todoReopened", json!({ "id": "milk" }), "already-listed");
}

#[test]
fn what_is_not_on_the_list_cannot_be_changed() {
    let mut list = List::of(&[]);
    list.refuses("todoRenamed", json!({ "id": "1", "text": "x" }), "no-such-todo");
    for name in ["todoCompleted", "todoReopened", "todoRemoved"] {
        list.refuses(name, json!({ "id": "1" }), "no-such-todo");
    }
}

#[test]
fn a_text_has_1_to_200_characters() {
    let mut list = List::of(&[]);
    for text in [String::new(), "  ".to_owned(), "x".repeat(201)] {
        list.refuses("todoAdded", json!({ "id": "1", "text": text }), "constraint-check");
    }
    list.commit("todoAdded", json!({ "id": "1", "text": "x".repeat(200) })).unwrap();
    list.refuses("todoRenamed", json!({ "id": "1", "text": " " }), "constraint-check");
}

#[test]
fn everything_can_be_undone() {
    let mut list = List::of(&["bread", "milk"]);
    list.commit("todoCompleted", json!({ "id": "milk" })).unwrap();
    list.undoes("todoAdded", json!({ "id": "eggs", "text": "eggs" }));
    list.undoes("todoRenamed", json!({ "id": "bread", "text": "rolls" }));
    list.undoes("todoCompleted", json!({ "id": "bread" }));
    list.undoes("todoReopened", json!({ "id": "milk" }));
    list.undoes("todoRemoved", json!({ "id": "bread" }));
    list.undoes("todoRemoved", json!({ "id": "milk" }));
}
