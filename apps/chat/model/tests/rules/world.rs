//! A chat with its database, where commits of one event are admitted as a room would.

use chat_model::Chat;
use serde_json::{Value as Json, json};
use syncline_engine::protocol::{Millis, RawEvent, Subject};
use syncline_engine::{
    ApplyContext, CheckContext, Flow, Param, Query, Refusal, Rejection, Row, Rules, Sql, SqlError, Value,
    nested,
};
use syncline_sqlite::Database;

pub(crate) const NOW: u64 = 1_800_000_000_000;

pub(crate) struct World {
    pub(crate) db: Database,
    rules: Rules,
}

/// What `admit` and `apply` are told about an event by `author`.
fn told<T>(author: &str, tell: impl FnOnce(&CheckContext<'_>, &ApplyContext<'_>) -> T) -> T {
    let author = &Subject::parse(author).unwrap();
    tell(&CheckContext { author, now: Millis::new(NOW).unwrap() }, &ApplyContext { author })
}

pub(crate) fn event(name: &str, args: Json) -> RawEvent {
    serde_json::from_value(json!({ "name": name, "args": args })).unwrap()
}

impl World {
    pub(crate) fn empty() -> Self {
        let mut db = Database::open_memory().unwrap();
        let rules = Rules::of::<Chat>();
        db.run_script(rules.tables()).unwrap();
        Self { db, rules }
    }

    /// Ada and Grace are in the chat. Ada opened the channel `general`, and posted `hello` there.
    pub(crate) fn with_a_channel() -> Self {
        let mut world = Self::empty();
        world.accepts("ada", "personJoined", json!({ "name": "Ada", "avatar": "🦊" }));
        world.accepts("grace", "personJoined", json!({ "name": "Grace" }));
        world.accepts("ada", "channelCreated", json!({ "id": "general", "name": "general" }));
        world.accepts("ada", "messagePosted", message("hello"));
        world
    }

    pub(crate) fn commit(&mut self, author: &str, name: &str, args: Json) -> Result<(), Rejection> {
        let (rules, event) = (self.rules, event(name, args));
        let result =
            told(author, |check, apply| nested(&mut self.db, |db| rules.admit(event, check, apply, db)));
        result.map_err(|refusal| match refusal {
            Refusal::Rejected(rejection) => rejection,
            Refusal::Host(error) => panic!("{error}"),
        })
    }

    pub(crate) fn accepts(&mut self, author: &str, name: &str, args: Json) {
        if let Err(rejection) = self.commit(author, name, args) {
            panic!("{author} {name}: {rejection}");
        }
    }

    /// Asserts that it is rejected, with this code, and that the state stays as it was.
    pub(crate) fn rejects(&mut self, author: &str, name: &str, args: Json, code: &str) -> String {
        let before = self.state();
        let rejection = self.commit(author, name, args).expect_err(name);
        assert_eq!(rejection.code, code, "{rejection}");
        assert_eq!(self.state(), before);
        rejection.message
    }

    /// An entry of history: applied, not checked.
    pub(crate) fn replays(&mut self, author: &str, name: &str, args: Json) -> Result<(), Refusal> {
        let (rules, event) = (self.rules, event(name, args));
        told(author, |_, apply| nested(&mut self.db, |db| rules.apply(event, apply, db)))
    }

    /// What would take the event back.
    pub(crate) fn inverse(&self, author: &str, name: &str, args: Json) -> Vec<RawEvent> {
        told(author, |_, apply| self.rules.inverse(event(name, args), apply, &self.db)).unwrap()
    }

    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let rows = self.db.query(sql, &[]).unwrap();
        rows.iter().map(|row| row.columns().to_vec()).collect()
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.db.query(sql, &[]).unwrap()[0].get(0).unwrap()
    }

    pub(crate) fn state(&self) -> Vec<Vec<Vec<Value>>> {
        ["people", "workspace", "invites", "channels", "members", "messages", "reactions"]
            .map(|table| self.rows(&format!("SELECT * FROM {table}")))
            .into()
    }

    /// How many queries and how many writing statements it takes to admit the event.
    pub(crate) fn statements(&mut self, author: &str, name: &str, args: Json) -> (usize, usize) {
        let event = event(name, args);
        let mut counted = Counted { db: &mut self.db, queries: std::cell::Cell::new(0), statements: 0 };
        told(author, |check, apply| {
            self.rules.admit(event, check, apply, &mut counted).unwrap();
        });
        (counted.queries.get(), counted.statements)
    }
}

pub(crate) fn message(id: &str) -> Json {
    json!({ "id": id, "channel": "general", "text": format!("text of {id}"), "postedAt": NOW })
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

struct Counted<'a> {
    db: &'a mut Database,
    queries: std::cell::Cell<usize>,
    statements: usize,
}

impl Query for Counted<'_> {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.queries.set(self.queries.get() + 1);
        self.db.query(sql, params)
    }
}

impl Sql for Counted<'_> {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        self.statements += 1;
        self.db.execute(sql, params)
    }

    fn run_script(&mut self, script: &str) -> Result<(), SqlError> {
        self.db.run_script(script)
    }

    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        self.db.in_transaction(body)
    }
}
