//! An event as the model gets it, and the SQL that a model may run.

use std::cell::RefCell;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use syncline_engine::protocol::{Args, Code, Millis, RawEvent};
use syncline_engine::{
    ApplyContext, ApplyError, CheckContext, Flow, Model, Param, Query, Refusal, Rejection, Row, Rules, Sql,
    SqlError, nested, refuse_unportable,
};

use crate::model::{memory, rows, subject};

/// Every shape that an event of a model may have.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Shape {
    Told {
        text: String,
        times: u32,
        maybe: Option<i64>,
        #[serde(default)]
        list: Vec<Shape>,
    },
    Wrapped(Box<Shape>),
    Paired(f64, char),
    Ended,
}

/// Writes down what it was given.
struct Echo;

impl Model for Echo {
    type Event = Shape;
    const TABLES: &'static str = "";
    const VERSION: u32 = 1;

    fn check(_: &Shape, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(event: &Shape, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        Ok(db.execute("INSERT INTO heard VALUES (?1)", &[(&json(event)).into()])?)
    }
}

fn json(event: &Shape) -> String {
    serde_json::to_string(event).expect("an event has text keys")
}

/// A database that only listens.
#[derive(Default)]
struct Ear(RefCell<Vec<String>>);

impl Query for Ear {
    fn query(&self, _: &str, _: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        Ok(Vec::new())
    }
}

impl Sql for Ear {
    fn execute(&mut self, _: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        if let Some(Param::Text(text)) = params.first() {
            self.0.get_mut().push((*text).to_owned());
        }
        Ok(())
    }

    fn run_script(&mut self, _: &str) -> Result<(), SqlError> {
        Ok(())
    }

    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        body(self);
        Ok(())
    }
}

/// The name on the first line, the args after it: decoded in place, which must come to what serde makes of
/// the event as an object.
pub(crate) fn event(text: &str) {
    let Some((name, args)) = text.split_once('\n') else { return };
    let Ok(args) = Args::parse(args) else { return };
    let event = RawEvent { name: name.to_owned(), args };
    let object = serde_json::to_string(&event).expect("an event has text keys");
    let expected = serde_json::from_str::<Shape>(&object);

    let mut ear = Ear::default();
    let author = subject();
    let cx = ApplyContext { author: &author };
    let applied = Rules::of::<Echo>().apply(event.clone(), &cx, &mut ear);
    let heard = ear.0.take();
    let (mut ear, check) = (Ear::default(), CheckContext { author: &author, now: Millis::default() });
    assert_eq!(Rules::of::<Echo>().admit(event, &check, &cx, &mut ear), applied, "admitted as applied");
    match (applied, expected) {
        (Ok(()), Ok(event)) => assert_eq!(heard, [json(&event)]),
        (Err(Refusal::Rejected(rejection)), Err(_)) => {
            assert!([Code::UnknownEvent, Code::BadArgs].iter().any(|code| code.as_str() == rejection.code));
            assert!(heard.is_empty());
        }
        (applied, expected) => panic!("{object}: {applied:?}, but as an object {expected:?}"),
    }
    // Whatever is JSON is kept as it was written.
    let raw: Box<RawValue> = serde_json::from_str(&object).expect("it was encoded");
    assert_eq!(raw.get(), object);
}

/// Runs the SQL that its event holds, as no model should.
struct Shell;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase")]
enum Line {
    LineRead { sql: String },
}

impl Model for Shell {
    type Event = Line;
    const TABLES: &'static str = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL) STRICT;";
    const VERSION: u32 = 1;

    fn check(event: &Line, _: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        let Line::LineRead { sql } = event;
        // Its rows are of no interest; that it is refused where it is more than a query is.
        let _ = db.query(sql, &[]);
        Ok(())
    }

    fn apply(event: &Line, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        let Line::LineRead { sql } = event;
        Ok(db.execute(sql, &[])?)
    }
}

/// SQL that never ends is the model's own fault, and no concern of the guard.
fn may_loop(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    sql.len() > 400
        || ["recursive", "with", "zeroblob", "printf", "format", "join"].iter().any(|word| sql.contains(word))
}

const OWN: [&str; 1] = ["syncline_own"];

/// Whatever SQL a model runs: the engine's tables and transactions are out of its reach, and a refusal does
/// not depend on how the words are written or what stands around them.
pub(crate) fn model_sql(sql: &str) {
    let refused = refuse_unportable(sql).is_err();
    assert_eq!(refuse_unportable(&sql.to_ascii_uppercase()).is_err(), refused);
    assert_eq!(refuse_unportable(&sql.to_ascii_lowercase()).is_err(), refused);
    let half = sql.len() / 2;
    if !refused && sql.is_char_boundary(half) {
        let (head, tail) = sql.split_at(half);
        assert!(refuse_unportable(head).is_ok() && refuse_unportable(tail).is_ok(), "{sql}");
    }
    assert!(refuse_unportable(&format!("{sql} RANDOM()")).is_err());
    if may_loop(sql) {
        return;
    }

    let (mut db, rules, author) = (memory(), Rules::of::<Shell>(), subject());
    db.run_script(Shell::TABLES).expect("the tables are fine");
    db.run_script("CREATE TABLE syncline_own (a INTEGER PRIMARY KEY, b TEXT) STRICT").expect("so is this");
    db.execute("INSERT INTO syncline_own VALUES (1, 'ours')", &[]).expect("it is written");
    let before = rows(&db, &OWN);
    let event = RawEvent {
        name: "lineRead".into(),
        args: Args::parse(serde_json::json!({ "sql": sql }).to_string()).expect("it is JSON"),
    };
    let (check, apply) =
        (CheckContext { author: &author, now: Millis::default() }, ApplyContext { author: &author });
    let mut ran = false;
    let outer = nested(&mut db, |db| {
        db.execute("INSERT INTO t (a, b) VALUES (1000, 'before')", &[])?;
        let inner = nested(db, |db| rules.admit(event, &check, &apply, db));
        ran = inner.is_ok();
        assert!(!(refused && ran), "{sql} is refused, and ran");
        db.execute("INSERT INTO syncline_own VALUES (2, 'after')", &[])
    });
    assert_eq!(outer, Ok(()), "the transaction is still there after {sql}");
    assert_eq!(rows(&db, &OWN).matches("after").count(), 1);
    db.execute("DELETE FROM syncline_own WHERE a = 2", &[]).expect("it is there");
    assert_eq!(rows(&db, &OWN), before, "{sql} reached the engine's tables");
    let tables: Vec<Row> =
        db.query("SELECT name FROM sqlite_schema WHERE type <> 'index'", &[]).expect("there is one");
    assert_eq!(tables.len(), 2, "{sql} changed the schema");
    if !ran {
        let left: Vec<Row> = db.query("SELECT a FROM t WHERE a <> 1000", &[]).expect("t is there");
        assert!(left.is_empty(), "whole-commits: {sql} left something behind");
    }
}
