//! What a page needs: rows as JSON, the tables behind a query, the tables that have changed.

use syncline_engine::{Flow, Param, Rewind, Sql, SqlError};
use syncline_sqlite::Database;

fn database() -> Database {
    let mut db = Database::open_memory().unwrap();
    db.run_script(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT) STRICT;
         CREATE TABLE rooms (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people ON DELETE CASCADE) STRICT;
         CREATE TABLE pins (room INTEGER PRIMARY KEY REFERENCES rooms ON DELETE SET NULL, at INTEGER) STRICT, WITHOUT ROWID;
         CREATE TABLE notes (room INTEGER REFERENCES rooms ON DELETE SET NULL, text TEXT) STRICT;
         CREATE TABLE audit (text TEXT) STRICT;
         CREATE TRIGGER note_people AFTER UPDATE ON people BEGIN INSERT INTO audit (text) VALUES (NEW.name); END;
         CREATE VIEW owners AS SELECT name, rooms.id AS room FROM people JOIN rooms ON owner = people.id;
         INSERT INTO people (id, name) VALUES (1, 'Ada'), (2, 'Bob');
         INSERT INTO rooms (id, owner) VALUES (1, 1);",
    )
    .unwrap();
    db.take_changed_tables();
    db
}

fn changed(db: &mut Database) -> Vec<String> {
    db.take_changed_tables()
}

#[test]
fn rows_are_an_array_of_objects() {
    let db = Database::open_memory().unwrap();
    assert_eq!(db.query_json("SELECT 1 WHERE 0", &[]).unwrap(), "[]");
    let json = db
        .query_json(
            "SELECT 1 AS one, -2.0 AS two, 'a\"b\\c' || char(10, 1, 9) || 'é😀' AS text, NULL AS none,
                    x'00ff' AS bytes, x'' AS no_bytes, ?1 AS \"odd \"\"name\", 9007199254740991 AS most
             UNION ALL SELECT 0, 1e300, '', NULL, x'01', x'', 1.5, -9007199254740991",
            &[Param::Real(0.1)],
        )
        .unwrap();
    let expected = "[{\"one\":1,\"two\":-2.0,\"text\":\"a\\\"b\\\\c\\n\\u0001\\u0009é😀\",\"none\":null,\
        \"bytes\":[0,255],\"no_bytes\":[],\"odd \\\"name\":0.1,\"most\":9007199254740991},\n\
        {\"one\":0,\"two\":1e+300,\"text\":\"\",\"none\":null,\
        \"bytes\":[1],\"no_bytes\":[],\"odd \\\"name\":1.5,\"most\":-9007199254740991}]";
    assert_eq!(json, expected);
}

#[test]
fn what_json_cannot_carry_exactly_is_refused() {
    let db = Database::open_memory().unwrap();
    for sql in ["SELECT 9007199254740992", "SELECT -9007199254740992", "SELECT 1e999", "SELECT -1e999"] {
        assert!(matches!(db.query_json(sql, &[]), Err(SqlError::Refused(_))), "{sql}");
    }
}

#[test]
fn a_query_names_the_tables_that_it_reads() {
    let mut db = database();
    for (sql, tables) in [
        ("SELECT 1", &[][..]),
        ("SELECT count(*) FROM people", &["people"]),
        ("SELECT 1 FROM people", &["people"]),
        ("SELECT p.name FROM PEOPLE p", &["people"]),
        ("SELECT room FROM owners", &["people", "rooms"]),
        ("SELECT 1 WHERE EXISTS (SELECT 1 FROM pins)", &["pins"]),
        ("WITH notes AS (SELECT id FROM rooms) SELECT id FROM notes", &["rooms"]),
        ("SELECT value FROM json_each('[1]')", &[]),
        (
            "SELECT (SELECT count(*) FROM audit), a.text FROM notes a LEFT JOIN rooms ON id = room",
            &["audit", "notes", "rooms"],
        ),
    ] {
        for _ in 0..2 {
            let read = db.tables_read_by(sql).unwrap();
            assert_eq!(read, tables, "{sql}");
        }
    }
    db.run_script("DROP VIEW owners; CREATE VIEW owners AS SELECT text AS room FROM audit").unwrap();
    let read = db.tables_read_by("SELECT room FROM owners").unwrap();
    assert_eq!(read, ["audit"]);
    for sql in ["DROP TABLE IF EXISTS later", "CREATE TABLE later (n INTEGER) STRICT"] {
        db.run_script(sql).unwrap();
    }
    assert_eq!(db.tables_read_by("SELECT n FROM later").unwrap(), ["later"]);
}

#[test]
fn a_schema_that_is_undone_is_forgotten() {
    let mut db = database();
    let sql = "SELECT * FROM owners";
    let read = |db: &Database| db.tables_read_by(sql).unwrap();
    db.in_transaction(&mut |inner| {
        inner.run_script("DROP VIEW owners; CREATE VIEW owners AS SELECT text FROM audit").unwrap();
        inner.query(sql, &[]).unwrap();
        Flow::Undo
    })
    .unwrap();
    assert_eq!(read(&db), ["people", "rooms"]);
    db.set_point().unwrap();
    db.run_script("DROP VIEW owners; CREATE VIEW owners AS SELECT text FROM audit").unwrap();
    assert_eq!(read(&db), ["audit"]);
    db.rewind().unwrap();
    assert_eq!(read(&db), ["people", "rooms"]);
}

#[test]
fn a_query_of_all_columns_follows_the_schema() {
    let mut db = database();
    let sql = "SELECT * FROM rooms";
    let before = "[{\"id\":1,\"owner\":1}]";
    let after = "[{\"id\":1,\"owner\":1,\"topic\":null}]";
    assert_eq!(db.query_json(sql, &[]).unwrap(), before);
    db.in_transaction(&mut |inner| {
        inner.run_script("ALTER TABLE rooms ADD COLUMN topic TEXT").unwrap();
        assert_eq!(inner.query(sql, &[]).unwrap()[0].columns().len(), 3);
        Flow::Undo
    })
    .unwrap();
    assert_eq!(db.query_json(sql, &[]).unwrap(), before);
    db.execute("ALTER TABLE rooms ADD COLUMN topic TEXT", &[]).unwrap();
    assert_eq!(db.query_json(sql, &[]).unwrap(), after);
}

#[test]
fn every_way_of_writing_a_table_counts() {
    let mut db = database();
    for (sql, tables) in [
        ("INSERT INTO notes (room, text) VALUES (1, 'a'), (1, 'b')", &["notes"][..]),
        ("INSERT INTO pins (room, at) VALUES (1, 1)", &["pins"]),
        ("UPDATE pins SET at = 2", &["pins"]),
        ("DELETE FROM pins WHERE room = 1", &["pins"]),
        ("UPDATE people SET name = 'Ava' WHERE id = 1", &["audit", "people"]),
        ("UPDATE people SET name = 'Ava' WHERE id = 99", &[]),
        ("INSERT INTO people (id, name) VALUES (1, 'Ada') ON CONFLICT DO NOTHING", &[]),
        ("DELETE FROM notes", &["notes"]),
        ("INSERT INTO notes (room) SELECT id FROM rooms", &["notes"]),
        ("SELECT * FROM people", &[]),
    ] {
        db.execute(sql, &[]).unwrap();
        assert_eq!(changed(&mut db), tables, "{sql}");
        assert!(changed(&mut db).is_empty());
    }
    // By way of two foreign keys.
    db.execute("DELETE FROM people WHERE id = 1", &[]).unwrap();
    let tables = changed(&mut db);
    for table in ["people", "rooms", "notes"] {
        assert!(tables.iter().any(|name| name == table), "{table} in {tables:?}");
    }
}

#[test]
fn a_rewind_changes_every_table_written_since_the_point() {
    let mut db = database();
    db.execute("INSERT INTO audit (text) VALUES ('before')", &[]).unwrap();
    db.set_point().unwrap();
    db.execute("INSERT INTO notes (text) VALUES ('a')", &[]).unwrap();
    assert_eq!(changed(&mut db), ["audit", "notes"]);
    db.execute("DELETE FROM rooms WHERE id = 77", &[]).unwrap();
    db.rewind().unwrap();
    assert_eq!(changed(&mut db), ["notes"]);
    db.rewind().unwrap();
    assert!(changed(&mut db).is_empty());
    db.execute("INSERT INTO notes (text) VALUES ('b')", &[]).unwrap();
    db.set_point().unwrap();
    db.take_changed_tables();
    db.rewind().unwrap();
    assert!(changed(&mut db).is_empty());
}

#[test]
fn statements_that_differ_each_time_do_not_pile_up() {
    let db = database();
    for n in 0..5_000 {
        assert_eq!(db.query_json(&format!("SELECT {n} AS n"), &[]).unwrap(), format!("[{{\"n\":{n}}}]"));
    }
}
