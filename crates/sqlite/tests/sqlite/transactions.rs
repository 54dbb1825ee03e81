//! Transactions, one in the other, and the point to rewind to.

use std::panic::{AssertUnwindSafe, catch_unwind};

use syncline_engine::{ConstraintKind, Flow, HostFailure, Param, Query, Rewind, Sql, SqlError, nested};
use syncline_sqlite::{Database, Durability};

fn database() -> Database {
    let mut db = Database::open_memory().unwrap();
    db.run_script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT").unwrap();
    db
}

fn insert(db: &mut dyn Sql, n: i64) -> Result<(), SqlError> {
    db.execute("INSERT INTO t (n, text) VALUES (?1, 'x')", &[n.into()])
}

fn numbers(db: &dyn Query) -> Vec<i64> {
    let rows = db.query("SELECT n FROM t ORDER BY n", &[]).unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

fn refused() -> SqlError {
    SqlError::refused("as the test wants")
}

#[test]
fn an_inner_transaction_is_undone_without_the_outer() {
    for with_point in [false, true] {
        let mut db = database();
        if with_point {
            db.set_point().unwrap();
        }
        nested(&mut db, |db| {
            insert(db, 1)?;
            let inner: Result<(), SqlError> = nested(db, |db| {
                insert(db, 2)?;
                nested(db, |db| insert(db, 3))?;
                Err(refused())
            });
            assert_eq!(inner, Err(refused()));
            nested(db, |db| insert(db, 4))
        })
        .unwrap();
        assert_eq!(numbers(&db), [1, 4]);
        let outer: Result<(), SqlError> = nested(&mut db, |db| {
            nested(db, |db| insert(db, 5))?;
            Err(refused())
        });
        assert_eq!(outer, Err(refused()));
        assert_eq!(numbers(&db), [1, 4]);
    }
}

#[test]
fn a_constraint_that_fails_leaves_the_transaction_usable() {
    let mut db = database();
    nested(&mut db, |db| {
        insert(db, 1)?;
        let Err(SqlError::Constraint(constraint)) = insert(db, 1) else { panic!("twice") };
        assert_eq!((constraint.kind, constraint.name.as_str()), (ConstraintKind::Unique, "t.n"));
        insert(db, 2)
    })
    .unwrap();
    assert_eq!(numbers(&db), [1, 2]);
}

#[test]
fn a_commit_that_fails_is_rolled_back() {
    let mut db = database();
    db.run_script("CREATE TABLE child (t INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED) STRICT")
        .unwrap();
    let orphan = |db: &mut dyn Sql| db.execute("INSERT INTO child (t) VALUES (99)", &[]);
    let result = nested(&mut db, |db| {
        insert(db, 1)?;
        nested(db, orphan)
    });
    let Err(SqlError::Constraint(constraint)) = result else { panic!("{result:?}") };
    assert_eq!(constraint.kind, ConstraintKind::ForeignKey);
    assert_eq!(numbers(&db), Vec::<i64>::new());
    insert(&mut db, 2).unwrap();
    assert_eq!(numbers(&db), [2]);
}

#[test]
fn a_panic_undoes_the_transactions_it_passes_through() {
    let mut db = database();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        nested(&mut db, |db| {
            insert(db, 1)?;
            nested::<(), SqlError>(db, |db| {
                insert(db, 2)?;
                panic!("in the inner one")
            })
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(numbers(&db), Vec::<i64>::new());
    nested(&mut db, |db| insert(db, 3)).unwrap();
    assert_eq!(numbers(&db), [3]);
}

/// 64 KiB in a table that may have much less.
fn fill(db: &mut dyn Sql) -> Result<(), SqlError> {
    let text = "x".repeat(65_536);
    db.execute("INSERT INTO t (n, text) VALUES (1000, ?1)", &[Param::Text(&text)])
}

fn is_full(result: &Result<(), SqlError>) -> bool {
    matches!(result, Err(SqlError::Host { failure: HostFailure::Full, .. }))
}

#[test]
fn a_full_disk_is_the_hosts_failure_and_the_database_stays_usable() {
    let mut db = database();
    insert(&mut db, 1).unwrap();
    db.limit_size(40_000).unwrap();
    assert!(is_full(&fill(&mut db)));
    let result = nested(&mut db, |db| {
        insert(db, 2)?;
        let inner = nested(db, fill);
        assert!(is_full(&inner), "{inner:?}");
        // Whatever SQLite has left of the transaction, the outer one is not kept.
        inner
    });
    assert!(is_full(&result), "{result:?}");
    assert_eq!(numbers(&db), [1]);
    nested(&mut db, |db| insert(db, 3)).unwrap();
    db.limit_size(1_000_000).unwrap();
    fill(&mut db).unwrap();
    assert_eq!(numbers(&db), [1, 3, 1000]);
}

/// `OR ROLLBACK` makes SQLite roll everything back by itself, as it does when a disk fails.
fn lose_everything(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("INSERT OR ROLLBACK INTO t (n) VALUES (1)", &[])
}

fn is_lost<T>(result: &Result<T, SqlError>) -> bool {
    matches!(result, Err(SqlError::Host { failure: HostFailure::Other, .. }))
}

#[test]
fn nothing_runs_in_a_transaction_that_sqlite_has_rolled_back() {
    let mut db = database();
    let mut after = Vec::new();
    let result = db.in_transaction(&mut |db| {
        insert(db, 1).unwrap();
        let inner = db.in_transaction(&mut |db| {
            assert!(is_lost(&lose_everything(db)));
            after.push(insert(db, 2));
            Flow::Keep
        });
        after.push(inner);
        after.push(insert(db, 3));
        after.push(db.query("SELECT 1", &[]).map(drop));
        after.push(db.run_script("CREATE TABLE u (n INTEGER) STRICT"));
        after.push(db.in_transaction(&mut |_| Flow::Keep));
        Flow::Keep
    });
    assert!(is_lost(&result), "{result:?}");
    assert_eq!(after.len(), 6);
    assert!(after.iter().all(is_lost), "{after:?}");
    assert_eq!(numbers(&db), Vec::<i64>::new());
    insert(&mut db, 4).unwrap();
    assert_eq!(numbers(&db), [4]);
}

#[test]
fn a_rewind_undoes_what_was_written_since_the_point_and_keeps_the_point() {
    let mut db = database();
    assert!(matches!(db.rewind(), Err(SqlError::Refused(_))));
    insert(&mut db, 1).unwrap();
    db.set_point().unwrap();
    for _ in 0..3 {
        insert(&mut db, 2).unwrap();
        nested(&mut db, |db| insert(db, 3)).unwrap();
        let undone: Result<(), SqlError> = nested(&mut db, |db| {
            insert(db, 4)?;
            Err(refused())
        });
        assert!(undone.is_err());
        assert_eq!(numbers(&db), [1, 2, 3]);
        db.rewind().unwrap();
        assert_eq!(numbers(&db), [1]);
    }
    insert(&mut db, 5).unwrap();
    db.set_point().unwrap();
    insert(&mut db, 6).unwrap();
    db.rewind().unwrap();
    assert_eq!(numbers(&db), [1, 5]);
}

#[test]
fn above_a_lost_point_nothing_runs_until_the_rewind() {
    let mut db = database();
    insert(&mut db, 1).unwrap();
    db.set_point().unwrap();
    insert(&mut db, 2).unwrap();
    assert!(is_lost(&lose_everything(&mut db)));
    assert!(is_lost(&insert(&mut db, 3)));
    assert!(is_lost(&db.query("SELECT 1", &[])));
    assert!(is_lost(&db.query_json("SELECT 1", &[])));
    assert!(is_lost(&nested(&mut db, |db| insert(db, 3))));
    assert!(is_lost(&db.set_point()), "what the caller thinks it keeps is gone");
    db.take_changed_tables();
    db.rewind().unwrap();
    assert_eq!(db.take_changed_tables(), ["t"]);
    assert_eq!(numbers(&db), [1]);
    insert(&mut db, 4).unwrap();
    db.rewind().unwrap();
    assert_eq!(numbers(&db), [1]);
    let lost = nested(&mut db, |db| {
        insert(db, 5)?;
        nested(db, lose_everything)
    });
    assert!(is_lost(&lost));
    assert!(is_lost(&insert(&mut db, 6)));
    db.rewind().unwrap();
    assert_eq!(numbers(&db), [1]);
}

#[test]
fn transactions_are_not_made_in_sql() {
    let mut db = database();
    nested(&mut db, |db| {
        insert(db, 1)?;
        for sql in
            ["COMMIT", "ROLLBACK", "BEGIN", "BEGIN IMMEDIATE", "SAVEPOINT s", "RELEASE syncline_nested"]
        {
            assert!(matches!(db.execute(sql, &[]), Err(SqlError::Refused(_))), "{sql}");
            assert!(matches!(db.run_script(sql), Err(SqlError::Refused(_))), "{sql}");
        }
        insert(db, 2)
    })
    .unwrap();
    assert_eq!(numbers(&db), [1, 2]);
}

#[test]
fn what_was_written_since_the_point_is_committed_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let mut db = Database::open_file(&path, Durability::Normal).unwrap();
    db.run_script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT").unwrap();
    db.commit_point().unwrap();
    db.set_point().unwrap();
    nested(&mut db, |db| insert(db, 1)).unwrap();
    let reader = Database::open_file(&path, Durability::Normal).unwrap();
    assert_eq!((db.has_point(), numbers(&reader)), (true, vec![]), "others see nothing of it");
    db.commit_point().unwrap();
    assert_eq!((db.has_point(), numbers(&reader)), (false, vec![1]));
    db.set_point().unwrap();
    assert!(is_lost(&lose_everything(&mut db)));
    assert!(db.is_lost() && is_lost(&db.commit_point()), "there is nothing left to commit");
    db.rewind().unwrap();
    assert!(!db.is_lost());
    insert(&mut db, 2).unwrap();
    db.commit_point().unwrap();
    assert_eq!(numbers(&reader), [1, 2]);
}

#[test]
fn where_nothing_is_written_before_the_commit_all_changed_pages_are_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let mut db = Database::open_file(&path, Durability::Normal).unwrap();
    db.run_script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT").unwrap();
    db.limit_cache(64 << 10).unwrap();
    db.write_at_commit().unwrap();
    let written = || std::fs::metadata(folder.path().join("db-wal")).unwrap().len();
    let before = written();
    db.set_point().unwrap();
    let text = "x".repeat(1 << 20);
    db.execute("INSERT INTO t (n, text) VALUES (1, ?1)", &[Param::Text(&text)]).unwrap();
    assert_eq!(written(), before);
    assert!(db.cached_bytes().unwrap() > 1 << 20);
    db.commit_point().unwrap();
    assert!(written() > before + (1 << 20));
    assert!(db.cached_bytes().unwrap() < 128 << 10, "no more of it than is allowed");
}

#[test]
fn where_writes_are_refused_the_reason_is_said_and_reads_and_the_commit_go_on() {
    let mut db = database();
    db.set_point().unwrap();
    insert(&mut db, 1).unwrap();
    let why = SqlError::Host { failure: HostFailure::Full, message: "no space".to_owned() };
    db.refuse_writes(Some(why.clone())).unwrap();
    assert_eq!(insert(&mut db, 2), Err(why.clone()));
    assert_eq!(nested(&mut db, |db| insert(db, 2)), Err(why));
    assert_eq!(nested(&mut db, |db| db.query("SELECT n FROM t", &[])).unwrap().len(), 1);
    db.commit_point().unwrap();
    db.refuse_writes(None).unwrap();
    insert(&mut db, 3).unwrap();
    assert_eq!(numbers(&db), [1, 3]);
}

#[test]
fn a_scratch_takes_rows_in_any_order_and_is_looked_through_before_it_enforces_their_references() {
    let mut db = Database::open_scratch().unwrap();
    db.run_script(
        "CREATE TABLE channels (id TEXT PRIMARY KEY) STRICT;
        CREATE TABLE messages (id TEXT PRIMARY KEY, channel TEXT NOT NULL REFERENCES channels) STRICT;",
    )
    .unwrap();
    db.execute("INSERT INTO messages VALUES ('m1', 'general')", &[]).unwrap();
    let refused = db.check_references().unwrap_err();
    assert_eq!(refused, SqlError::refused("a row of messages refers to one that is not there"));
    db.execute("INSERT INTO channels VALUES ('general')", &[]).unwrap();
    db.check_references().unwrap();
    let refused = db.execute("INSERT INTO messages VALUES ('m2', 'random')", &[]).unwrap_err();
    assert!(matches!(refused, SqlError::Constraint(_)), "{refused}");
}
