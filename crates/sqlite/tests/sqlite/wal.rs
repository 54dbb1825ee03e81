//! The write-ahead log, and how it is brought into the file.

use std::path::Path;

use syncline_engine::{Query, Rewind, Sql};
use syncline_sqlite::{Database, Durability};

const PAGES: u64 = 64;

fn database(path: &Path) -> Database {
    let mut db = Database::open_file(path, Durability::Normal).unwrap();
    db.leave_checkpoints().unwrap();
    db.run_script("CREATE TABLE t (data BLOB) STRICT").unwrap();
    db
}

fn grow(db: &mut Database) {
    db.execute(&format!("INSERT INTO t (data) VALUES (zeroblob({}))", PAGES * 4096), &[]).unwrap();
}

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

#[test]
fn no_commit_makes_a_checkpoint_and_the_pages_that_wait_for_one_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let mut db = database(&path);
    for n in 1..=40 {
        grow(&mut db);
        assert!(u64::from(db.wal_pages()) > n * PAGES, "SQLite by itself stops at a thousand");
    }
    let before = bytes(&path);
    db.checkpoint_passive().unwrap();
    assert!(bytes(&path) > before + 39 * PAGES * 4096);
    grow(&mut db);
    assert!(u64::from(db.wal_pages()) < 2 * PAGES, "it has begun anew");
    db.checkpoint().unwrap();
    assert_eq!((db.wal_pages(), bytes(&folder.path().join("db-wal"))), (0, 0));
}

#[test]
fn another_connection_makes_a_checkpoint_while_a_transaction_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    assert!(Database::checkpoint_beside(&path).is_err() && !path.exists(), "it makes no file");
    let mut db = database(&path);
    grow(&mut db);
    db.set_point().unwrap();
    grow(&mut db);
    let (waiting, before) = (db.wal_pages(), bytes(&path));
    assert_eq!(Database::checkpoint_beside(&path).unwrap(), waiting, "all that is committed");
    assert!(bytes(&path) > before);
    grow(&mut db);
    db.commit_point().unwrap();
    assert!(db.wal_pages() > waiting, "its end was in use, so it goes on");
    assert_eq!(db.query("SELECT count(*) FROM t", &[]).unwrap()[0].get::<i64>(0).unwrap(), 3);
    db.check().unwrap();
}
