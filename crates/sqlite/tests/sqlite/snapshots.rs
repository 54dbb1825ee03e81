//! A whole database as bytes, and back.

use syncline_engine::{Flow, HostFailure, Param, Query, Rewind, Sql, SqlError};
use syncline_sqlite::{Database, Durability};

fn fill(db: &mut Database, rows: i64) {
    db.run_script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT").unwrap();
    db.in_transaction(&mut |db| {
        for n in 0..rows {
            let params = [n.into(), Param::Text("some text for a row")];
            db.execute("INSERT INTO t (n, text) VALUES (?1, ?2)", &params).unwrap();
        }
        Flow::Keep
    })
    .unwrap();
}

fn rows(db: &Database) -> i64 {
    (db as &dyn Query).value("SELECT count(*) FROM t", &[]).unwrap().unwrap()
}

#[test]
fn bytes_of_memory_a_file_and_bytes_open_alike() {
    let folder = tempfile::tempdir().unwrap();
    let file = Database::open_file(folder.path().join("log.db"), Durability::Normal).unwrap();
    for mut db in [Database::open_memory().unwrap(), file] {
        fill(&mut db, 1_000);
        let bytes = db.serialize().unwrap();
        let mut copy = Database::deserialize(&bytes).unwrap();
        assert_eq!(rows(&copy), 1_000);
        // It grows, nests, rewinds and serializes like any other.
        copy.set_point().unwrap();
        copy.execute("DELETE FROM t WHERE n < 500", &[]).unwrap();
        assert_eq!(rows(&copy), 500);
        copy.rewind().unwrap();
        copy.set_point().unwrap();
        assert!(matches!(copy.serialize(), Err(SqlError::Refused(_))));
        let mut copy = Database::deserialize(&bytes).unwrap();
        copy.run_script("CREATE TABLE u (n INTEGER) STRICT").unwrap();
        copy.in_transaction(&mut |db| {
            db.execute("INSERT INTO t (n, text) SELECT n + 1000, text FROM t", &[]).unwrap();
            Flow::Keep
        })
        .unwrap();
        let bytes = copy.serialize().unwrap();
        assert_eq!(rows(&Database::deserialize(&bytes).unwrap()), 2_000);
        assert_eq!(rows(&db), 1_000);
    }
}

#[test]
fn the_bytes_of_a_file_as_it_lies_on_disk_open_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let mut db = Database::open_file(&path, Durability::Normal).unwrap();
    fill(&mut db, 10);
    drop(db);
    assert_eq!(rows(&Database::deserialize(&std::fs::read(&path).unwrap()).unwrap()), 10);
}

#[test]
fn an_empty_database_goes_there_and_back() {
    let bytes = Database::open_memory().unwrap().serialize().unwrap();
    let mut copy = Database::deserialize(&bytes).unwrap();
    fill(&mut copy, 1);
    assert_eq!(rows(&copy), 1);
    let mut none = Database::deserialize(&[]).unwrap();
    fill(&mut none, 1);
    assert_eq!(rows(&none), 1);
}

#[test]
fn bytes_that_are_no_database_are_reported_as_damaged() {
    let mut db = Database::open_memory().unwrap();
    fill(&mut db, 100);
    let bytes = db.serialize().unwrap();
    let torn = bytes.get(..50).unwrap().to_vec();
    let mut scribbled = bytes.clone();
    scribbled[..16].fill(0);
    for bytes in [vec![7; 3], vec![7; 19], vec![7; 20], vec![7; 4_096], torn, scribbled] {
        let opened = Database::deserialize(&bytes);
        let damaged = matches!(opened, Err(SqlError::Host { failure: HostFailure::Corrupt, .. }));
        assert!(damaged, "{} bytes: {opened:?}", bytes.len());
    }
}

#[test]
fn a_damaged_file_is_found_out_by_looking_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let mut db = Database::open_file(&path, Durability::Normal).unwrap();
    db.run_script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT; CREATE INDEX i ON t (text)")
        .unwrap();
    for n in 0..2_000_i64 {
        db.execute("INSERT INTO t (n, text) VALUES (?1, ?2)", &[n.into(), (&"x".repeat(40)).into()]).unwrap();
    }
    db.check().unwrap();
    drop(db);
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[8_192..20_000] {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, bytes).unwrap();
    let damaged = Database::open_file(&path, Durability::Normal).and_then(|db| db.check()).unwrap_err();
    assert!(matches!(damaged, SqlError::Host { failure: HostFailure::Corrupt, .. }), "{damaged}");
}

#[test]
fn a_database_that_is_written_over_has_what_the_other_has_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut file = Database::open_file(&path, Durability::Normal).unwrap();
    file.run_script("CREATE TABLE gone (n INTEGER) STRICT; CREATE TABLE t (other TEXT) STRICT").unwrap();
    file.execute("INSERT INTO t (other) VALUES ('x')", &[]).unwrap();
    assert_eq!(rows(&file), 1);
    let mut memory = Database::open_memory().unwrap();
    fill(&mut memory, 1_000);
    memory.set_point().unwrap();
    assert!(matches!(file.overwrite(&mut memory), Err(SqlError::Refused(_))));
    assert_eq!(rows(&file), 1);

    let mut memory = Database::open_memory().unwrap();
    fill(&mut memory, 1_000);
    file.overwrite(&mut memory).unwrap();
    assert_eq!(rows(&file), 1_000, "by a statement that was prepared before");
    assert!(file.query("SELECT * FROM gone", &[]).is_err());
    file.execute("DELETE FROM t WHERE n = 0", &[]).unwrap();
    drop(file);
    assert_eq!(rows(&Database::open_file(&path, Durability::Normal).unwrap()), 999);
    assert_eq!(rows(&memory), 1_000);
}
