//! docs/database-schema.md has every table with every column, and its queries run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chat_model::Chat;
use syncline_engine::protocol::{ClientId, Incarnation, StoreId, Subject};
use syncline_engine::{Leader, LeaderConfig, Query, Replica, Room, Rules, Sql};
use syncline_livestore::LiveStore;
use syncline_sqlite::Database;

use super::{blocks, root};

/// Of each table the columns, with the type and whether it is of the key.
type Tables = BTreeMap<String, Vec<(String, String, bool)>>;

fn text() -> String {
    fs::read_to_string(root().join("docs/database-schema.md")).unwrap()
}

fn memory() -> Database {
    Database::open_memory().unwrap()
}

fn archive() -> Database {
    let mut db = memory();
    let folder = root().join("crates/worker/migrations");
    let migrations: BTreeSet<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!migrations.is_empty());
    for migration in migrations {
        db.run_script(&fs::read_to_string(migration).unwrap()).unwrap();
    }
    db
}

/// What the code creates, but for the one table of the Durable Object, which stands there as an excerpt.
fn created() -> Tables {
    let store = StoreId::parse("team-1").unwrap();
    let (mut room, mut leader, mut replica) = (memory(), memory(), memory());
    let life = Incarnation::parse("first").unwrap();
    let opened = Room::open(&mut room, Rules::of::<Chat>(), store.clone(), life).unwrap();
    LiveStore::default().catch_up(&opened, &mut room).unwrap();
    let rules = Rules::of::<Chat>();
    let client = ClientId::parse("client-a").unwrap();
    let config = LeaderConfig::new(&rules, store, Subject::parse("ann").unwrap(), client).unwrap();
    Leader::open(&mut leader, config).unwrap();
    Replica::open(&mut replica, rules).unwrap();

    let mut object = memory();
    let facts = fs::read_to_string(root().join("crates/worker/src/object/facts.rs")).unwrap();
    let table = facts.split("= \"CREATE").nth(1).unwrap().split("\";").next().unwrap();
    object.run_script(&format!("CREATE{table}")).unwrap();

    let mut tables = Tables::new();
    for db in [room, leader, replica, object] {
        let ours = columns(&db).into_iter().filter(|(name, _)| name.starts_with("syncline_"));
        tables.extend(ours);
    }
    tables.extend(columns(&archive()));
    tables
}

fn columns(db: &Database) -> Tables {
    let sql =
        "SELECT s.name, c.name, c.type, c.pk > 0 FROM sqlite_schema AS s, pragma_table_info(s.name) AS c
        WHERE s.type = 'table' ORDER BY s.name, c.cid";
    let mut tables = Tables::new();
    for row in db.query(sql, &[]).unwrap() {
        let column = (row.get(1).unwrap(), row.get(2).unwrap(), row.get(3).unwrap());
        tables.entry(row.get(0).unwrap()).or_default().push(column);
    }
    tables
}

/// The tables under the headings that are a name in backticks.
fn documented(text: &str) -> Tables {
    let mut tables = Tables::new();
    for section in text.split("\n### `").skip(1) {
        let (name, rest) = section.split_once('`').unwrap();
        let rows = rest.split("\n#").next().unwrap().lines().filter_map(|line| line.strip_prefix("| `"));
        for row in rows {
            let (column, rest) = row.split_once("` | ").unwrap();
            let kind = rest.split(" |").next().unwrap();
            let base = kind.split(',').next().unwrap();
            let column = (column.to_owned(), base.to_owned(), kind.ends_with(", key"));
            tables.entry(name.to_owned()).or_default().push(column);
        }
    }
    tables
}

#[test]
fn every_table_has_every_column_in_the_docs() {
    let (created, documented) = (created(), documented(&text()));
    let names = |tables: &Tables| tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&documented), names(&created));
    for (name, columns) in created {
        assert_eq!(documented.get(&name), Some(&columns), "{name}");
    }
}

#[test]
fn every_query_over_the_archive_runs_and_finds_what_it_is_for() {
    let mut db = archive();
    db.run_script(
        "INSERT INTO events VALUES
            ('team-1', 'first', 1, 'client-a', 1, 0, 'ann', 1760000000000, 'joined', '{}', NULL),
            ('team-1', 'second', 1, 'client-a', 2, 0, 'ann', 1760000001000, 'channelCreated',
                '{\"channel\":\"general\"}', NULL),
            ('team-1', 'second', 2, 'client-a', 2, 1, 'ann', 1760000001000, 'messagePosted',
                '{\"channel\":\"general\"}', 'a digest');
        INSERT INTO stores VALUES ('team-1', 'first', 1, 1, 1760000000500), ('team-1', 'second', 5, 2, 1760000001500)",
    )
    .unwrap();
    let text = text();
    let queries: Vec<_> =
        blocks(&text).into_iter().filter(|block| block.before.starts_with("<!-- query: archive")).collect();
    assert!(!queries.is_empty());
    for query in queries {
        let sql = query.body.join("\n");
        let found = db.query(sql.trim_end_matches(';'), &[]).unwrap_or_else(|error| panic!("{error}: {sql}"));
        assert_eq!(found.is_empty(), query.before.ends_with(", empty -->"), "{sql}");
    }

    db.run_script("DELETE FROM events WHERE seq = 1").unwrap();
    let gap = blocks(&text).into_iter().find(|block| block.before.ends_with(", empty -->")).unwrap();
    assert!(!db.query(gap.body.join("\n").trim_end_matches(';'), &[]).unwrap().is_empty());
}
