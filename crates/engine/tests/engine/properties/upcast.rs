//! Events keep their meaning when their names and shapes change.

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use syncline_engine::protocol::{
    Args, ClientId, ClientMessage, Commit, Counter, Hello, Incarnation, Millis, ModelVersion, Outcome,
    PROTOCOL_VERSION, Push, RawEvent, SchemaHash, ServerMessage, Subject,
};
use syncline_engine::{
    ApplyContext, ApplyError, CheckContext, Connection, Model, Query, Rejection, Room, Rules, SharedToken,
    Sql, quarantined,
};
use syncline_sqlite::Database;

use crate::world::{TOKEN, reply, store};

/// Its third version: points were called `itemTagged` and had no weight, then `itemScored` with a text.
struct Scores;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Event {
    PointsGiven { item: u8, points: i64 },
    ItemDropped { item: u8 },
}

impl Model for Scores {
    type Event = Event;
    const TABLES: &'static str = "CREATE TABLE scores (
        item INTEGER PRIMARY KEY, points INTEGER NOT NULL CHECK (points <= 9)) STRICT;";
    const VERSION: u32 = 3;

    fn upcast(event: RawEvent) -> RawEvent {
        let Ok(args) = serde_json::from_str::<Value>(event.args.get()) else { return event };
        let args = match event.name.as_str() {
            "itemTagged" => json!({ "item": args["id"], "points": 1 }),
            "itemScored" => {
                let points = args["score"].as_str().and_then(|score| score.parse::<i64>().ok());
                json!({ "item": args["item"], "points": points })
            }
            _ => return event,
        };
        RawEvent { name: "pointsGiven".into(), args: Args::parse(args.to_string()).unwrap() }
    }

    fn check(event: &Event, _: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        match event {
            Event::PointsGiven { .. } => Ok(()),
            Event::ItemDropped { item } => {
                let known = db.exists("SELECT 1 FROM scores WHERE item = ?1", &[i64::from(*item).into()])?;
                if known { Ok(()) } else { Err(Rejection::new("no-such-item", "There is no such item.")) }
            }
        }
    }

    fn apply(event: &Event, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            Event::PointsGiven { item, points } => db.execute(
                "INSERT INTO scores (item, points) VALUES (?1, ?2)
                    ON CONFLICT (item) DO UPDATE SET points = points + ?2",
                &[i64::from(*item).into(), (*points).into()],
            )?,
            Event::ItemDropped { item } => {
                db.execute("DELETE FROM scores WHERE item = ?1", &[i64::from(*item).into()])?;
            }
        }
        Ok(())
    }
}

/// The same events and other tables, so that a room makes its state anew from the log.
struct Rebuilt;

impl Model for Rebuilt {
    type Event = Event;
    const TABLES: &'static str = "CREATE TABLE scores (
        item INTEGER PRIMARY KEY, points INTEGER NOT NULL) STRICT;";
    const VERSION: u32 = 4;

    fn upcast(event: RawEvent) -> RawEvent {
        Scores::upcast(event)
    }

    fn check(event: &Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        Scores::check(event, cx, db)
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        Scores::apply(event, cx, db)
    }
}

/// One thing that happened, in today's words or in one of those that it had before.
#[derive(Clone, Copy, Debug)]
enum Fact {
    One { item: u8, age: u8 },
    Many { item: u8, points: i64, old: bool },
    Dropped { item: u8 },
}

fn event(name: &str, args: &Value) -> RawEvent {
    RawEvent { name: name.into(), args: Args::parse(args.to_string()).unwrap() }
}

impl Fact {
    fn today(self) -> RawEvent {
        match self {
            Self::One { item, .. } => event("pointsGiven", &json!({ "item": item, "points": 1 })),
            Self::Many { item, points, .. } => {
                event("pointsGiven", &json!({ "item": item, "points": points }))
            }
            Self::Dropped { item } => event("itemDropped", &json!({ "item": item })),
        }
    }

    fn as_it_was_written(self) -> RawEvent {
        match self {
            Self::One { item, age: 2 } => event("itemTagged", &json!({ "id": item })),
            Self::One { item, age: 1 } => event("itemScored", &json!({ "item": item, "score": "1" })),
            Self::Many { item, points, old: true } => {
                event("itemScored", &json!({ "item": item, "score": points.to_string() }))
            }
            Self::One { .. } | Self::Many { .. } | Self::Dropped { .. } => self.today(),
        }
    }
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (0_u8..3, 0_u8..3).prop_map(|(item, age)| Fact::One { item, age }),
        (0_u8..3, 2_i64..6, any::<bool>()).prop_map(|(item, points, old)| Fact::Many { item, points, old }),
        (0_u8..3).prop_map(|item| Fact::Dropped { item }),
    ]
}

fn push(room: &mut Room, db: &mut Database, commits: &[Vec<RawEvent>]) -> Vec<Outcome> {
    let mut connection = Connection::new(None);
    let ann = Subject::parse("ann").unwrap();
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        store: store(),
        client: ClientId::parse("ann").unwrap(),
        subject: Some(ann.clone()),
        model_version: ModelVersion(1),
        schema_hash: SchemaHash::parse("older").unwrap(),
        token: Some(TOKEN.to_owned()),
        cursor: None,
        snapshots: false,
        redactions: Default::default(),
        payload: None,
    };
    let commits = (1..).zip(commits).map(|(counter, events)| Commit {
        counter: Counter::new(counter).unwrap(),
        author: ann.clone(),
        model_version: ModelVersion(1),
        events: events.clone(),
    });
    let push = Push { commits: commits.collect() };
    let auth = SharedToken::new(TOKEN);
    let mut receive = |message: ClientMessage| {
        room.receive(db, Millis::new(1).unwrap(), &mut connection, &message.encode(), &auth)
    };
    receive(ClientMessage::Hello(hello));
    let outputs = receive(ClientMessage::Push(push));
    let ServerMessage::Verdicts(verdicts) = reply(&outputs) else { panic!("no verdicts") };
    verdicts.verdicts.into_iter().map(|verdict| verdict.outcome).collect()
}

fn open(db: &mut Database, rules: Rules) -> Room {
    Room::open(db, rules, store(), Incarnation::parse("life").unwrap()).unwrap()
}

fn scores(db: &Database) -> Vec<(i64, i64)> {
    let rows = db.query("SELECT item, points FROM scores ORDER BY item", &[]).unwrap();
    rows.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn old_names_and_shapes_lead_to_the_verdicts_and_the_state_of_new_ones(
        facts in prop::collection::vec(prop::collection::vec(fact(), 1..4), 1..12),
    ) {
        let written = |write: fn(Fact) -> RawEvent| -> Vec<Vec<RawEvent>> {
            facts.iter().map(|commit| commit.iter().copied().map(write).collect()).collect()
        };
        let [mut old, mut new] = [(); 2].map(|()| Database::open_memory().unwrap());
        let mut room = open(&mut old, Rules::of::<Scores>());
        let outcomes = push(&mut room, &mut old, &written(Fact::as_it_was_written));
        let mut room = open(&mut new, Rules::of::<Scores>());
        prop_assert_eq!(outcomes, push(&mut room, &mut new, &written(Fact::today)));
        prop_assert_eq!(scores(&old), scores(&new));

        // And the log, which holds them as they were written, leads there again.
        open(&mut old, Rules::of::<Rebuilt>());
        prop_assert_eq!(quarantined(&old).unwrap(), []);
        prop_assert_eq!(scores(&old), scores(&new));
    }
}

#[test]
fn an_old_shape_that_means_nothing_today_is_rejected_and_a_name_that_nobody_knows_stays_as_it_is() {
    let mut db = Database::open_memory().unwrap();
    let mut room = open(&mut db, Rules::of::<Scores>());
    let commits = [
        vec![event("itemScored", &json!({ "item": 1, "score": "many" }))],
        vec![event("itemPainted", &json!({ "item": 1 }))],
    ];
    let codes: Vec<_> = push(&mut room, &mut db, &commits)
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Rejected(rejection) => rejection.code,
            Outcome::Accepted { .. } => "accepted".to_owned(),
        })
        .collect();
    assert_eq!(codes, ["bad-args", "unknown-event"]);
}
