//! What a statement may be, and how its values go in and out.

use syncline_engine::{FromValue, HostFailure, Param, Query, Sql, SqlError, Value};
use syncline_sqlite::{Database, Durability};

fn value<T: FromValue>(db: &Database, sql: &str, params: &[Param<'_>]) -> T {
    (db as &dyn Query).value(sql, params).unwrap().unwrap()
}

fn is_refused<T>(result: &Result<T, SqlError>) -> bool {
    matches!(result, Err(SqlError::Refused(_)))
}

#[test]
fn values_go_in_and_come_out_as_they_are() {
    let db = Database::open_memory().unwrap();
    let params = [
        Param::Null,
        Param::Integer(-7),
        Param::Real(0.1),
        Param::Text("é😀\0z"),
        Param::Blob(&[0, 255]),
        Param::Text(""),
        Param::Blob(&[]),
    ];
    let rows = db.query("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, typeof(?7)", &params).unwrap();
    let expected = [
        Value::Null,
        Value::Integer(-7),
        Value::Real(0.1),
        Value::Text("é😀\0z".to_owned()),
        Value::Blob(vec![0, 255]),
        Value::Text(String::new()),
        Value::Blob(Vec::new()),
        Value::Text("blob".to_owned()),
    ];
    assert_eq!(rows[0].columns(), expected);
}

#[test]
fn an_integer_that_is_not_exact_everywhere_is_not_bound() {
    let mut db = Database::open_memory().unwrap();
    for n in [i64::MAX, 1 << 53, -(1 << 53), i64::MIN] {
        assert!(is_refused(&db.query("SELECT ?1", &[n.into()])));
        assert!(is_refused(&db.query_json("SELECT ?1", &[n.into()])));
        assert!(is_refused(&db.execute("SELECT ?1", &[n.into()])));
    }
    assert_eq!(value::<i64>(&db, "SELECT ?1", &[Param::Integer((1 << 53) - 1)]), (1 << 53) - 1);
}

#[test]
fn a_statement_takes_as_many_parameters_as_it_has() {
    let mut db = Database::open_memory().unwrap();
    for params in [&[][..], &[Param::Null, Param::Null]] {
        assert!(matches!(db.query("SELECT ?1", params), Err(SqlError::Statement(_))));
        assert!(matches!(db.execute("SELECT ?1", params), Err(SqlError::Statement(_))));
    }
}

#[test]
fn a_call_takes_exactly_one_statement() {
    let mut db = Database::open_memory().unwrap();
    db.run_script("CREATE TABLE t (n INTEGER) STRICT; INSERT INTO t VALUES (1);").unwrap();
    for sql in ["SELECT 1; SELECT 2", "SELECT 1; DELETE FROM t", "DELETE FROM t; DELETE FROM t"] {
        assert!(is_refused(&db.query(sql, &[])), "{sql}");
        assert!(is_refused(&db.execute(sql, &[])), "{sql}");
        assert!(is_refused(&db.query_json(sql, &[])), "{sql}");
    }
    for sql in ["", " ", "-- nothing", "SELEC 1"] {
        assert!(matches!(db.execute(sql, &[]), Err(SqlError::Statement(_))), "{sql:?}");
        assert!(matches!(db.query_json(sql, &[]), Err(SqlError::Statement(_))), "{sql:?}");
    }
    assert_eq!(value::<i64>(&db, " SELECT count(*) FROM t; -- one\n", &[]), 1);
}

#[test]
fn a_query_only_reads() {
    let mut db = Database::open_memory().unwrap();
    db.run_script("CREATE TABLE t (n INTEGER UNIQUE) STRICT; INSERT INTO t VALUES (1)").unwrap();
    let writes = [
        "INSERT INTO t VALUES (2)",
        "INSERT INTO t VALUES (2) RETURNING n",
        "WITH x AS (SELECT 2) INSERT INTO t SELECT * FROM x",
        "UPDATE t SET n = 3",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u (n INTEGER)",
        "CREATE TEMP TABLE u (n INTEGER)",
        "CREATE VIEW v AS SELECT 1",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
        "BEGIN",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "SAVEPOINT a",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = 0",
        "PRAGMA foreign_keys",
        "PRAGMA user_version = 3",
    ];
    for sql in writes {
        assert!(is_refused(&db.query_json(sql, &[])), "{sql}: {:?}", db.query_json(sql, &[]));
        assert!(is_refused(&db.query(sql, &[])), "{sql}: {:?}", db.query(sql, &[]));
        assert!(is_refused(&db.tables_read_by(sql)), "{sql}");
    }
    assert_eq!(db.query_json("SELECT n FROM t", &[]).unwrap(), "[{\"n\":1}]");
    // Prepared once to write, it is still not taken for a query.
    db.execute("DELETE FROM t", &[]).unwrap();
    assert!(is_refused(&db.query_json("DELETE FROM t", &[])));
}

#[test]
fn nothing_is_attached_or_switched_by_a_write_either() {
    let mut db = Database::open_memory().unwrap();
    for sql in ["ATTACH ':memory:' AS other", "PRAGMA foreign_keys = OFF", "VACUUM INTO '/tmp/x'"] {
        assert!(is_refused(&db.execute(sql, &[])), "{sql}: {:?}", db.execute(sql, &[]));
        assert!(is_refused(&db.run_script(sql)), "{sql}");
    }
    assert_eq!(db.query("SELECT name FROM pragma_table_list WHERE name = 'none'", &[]), Ok(Vec::new()));
}

#[test]
fn a_model_is_held_to_what_every_host_takes_and_a_page_is_not() {
    let mut db = Database::open_memory().unwrap();
    let unions = ["SELECT 1"; 6].join(" UNION ALL ");
    let parameters = "SELECT ?101".to_owned();
    let long = format!("SELECT 'a' LIKE '{}'", "a".repeat(51));
    let page_only = [
        unions,
        parameters,
        long,
        "SELECT random() IS NULL, json_array(0.1)".to_owned(),
        "SELECT ?".to_owned(),
        "SELECT :a".to_owned(),
    ];
    for _ in 0..2 {
        for sql in &page_only {
            let params = vec![
                Param::Integer(1);
                if sql.contains("101") { 101 } else { usize::from(sql.contains(['?', ':'])) }
            ];
            let refused = db.query(sql, &params);
            assert!(
                matches!(refused, Err(SqlError::Refused(_) | SqlError::Statement(_))),
                "{sql}: {refused:?}"
            );
            db.tables_read_by(sql).unwrap();
            db.query_json(sql, &params).unwrap();
        }
        // What was lifted for the page is in force again.
        assert!(db.execute("SELECT 'a' LIKE ?1", &[Param::Text(&"a".repeat(51))]).is_err());
    }
    assert!(is_refused(
        &db.run_script("CREATE TABLE t (n INTEGER DEFAULT (random())) STRICT; INSERT INTO t DEFAULT VALUES")
    ));
    assert!(matches!(db.query("SELECT \"nothing\"", &[]), Err(SqlError::Statement(_))));
    assert!(matches!(db.query_json("SELECT \"nothing\"", &[]), Err(SqlError::Statement(_))));
}

#[test]
fn reals_become_text_with_fifteen_digits_as_in_a_durable_object() {
    let db = Database::open_memory().unwrap();
    for (sql, text) in [
        ("SELECT (0.1 + 0.2) || ''", "0.3"),
        ("SELECT CAST(1.0 / 3 AS TEXT)", "0.333333333333333"),
        ("SELECT group_concat(2.0 / 3, 0.1 + 0.2)", "0.666666666666667"),
    ] {
        assert_eq!(value::<String>(&db, sql, &[]), text, "{sql}");
    }
}

#[test]
fn tables_can_be_altered() {
    let mut db = Database::open_memory().unwrap();
    db.run_script(
        "CREATE TABLE t (a INTEGER, b TEXT) STRICT;
         CREATE INDEX by_b ON t (b);
         CREATE VIEW v AS SELECT a, b FROM t;
         ALTER TABLE t RENAME COLUMN b TO c;
         ALTER TABLE t ADD COLUMN d INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE t DROP COLUMN d;
         ALTER TABLE t RENAME TO u;",
    )
    .unwrap();
    assert_eq!(db.query_json("SELECT * FROM v", &[]).unwrap(), "[]");
    assert_eq!(db.take_changed_tables(), ["t"]);
}

#[test]
fn a_script_stops_at_the_first_error_and_keeps_what_was_before() {
    let mut db = Database::open_memory().unwrap();
    let script = "CREATE TABLE t (n INTEGER) STRICT; INSERT INTO t VALUES ('x'); INSERT INTO t VALUES (1)";
    assert!(matches!(db.run_script(script), Err(SqlError::Constraint(_))));
    assert_eq!(value::<i64>(&db, "SELECT count(*) FROM t", &[]), 0);
}

#[test]
fn a_file_keeps_what_was_written_and_two_may_share_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    for durability in [Durability::Normal, Durability::Full] {
        let mut db = Database::open_file(&path, durability).unwrap();
        db.run_script("CREATE TABLE IF NOT EXISTS t (n INTEGER) STRICT").unwrap();
        db.execute("INSERT INTO t (n) VALUES (1)", &[]).unwrap();
    }
    let mut first = Database::open_file(&path, Durability::Normal).unwrap();
    let second = Database::open_file(&path, Durability::Normal).unwrap();
    first.execute("INSERT INTO t (n) VALUES (2)", &[]).unwrap();
    assert_eq!(value::<i64>(&second, "SELECT count(*) FROM t", &[]), 3);
    assert!(path.with_extension("db-wal").exists());
}

#[test]
fn a_file_that_is_no_database_is_reported_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    std::fs::write(&path, "not a database, but long enough to be taken for one".repeat(100)).unwrap();
    let opened = Database::open_file(&path, Durability::Normal);
    assert!(matches!(opened, Err(SqlError::Host { failure: HostFailure::Corrupt, .. })), "{opened:?}");
    let nowhere = Database::open_file(folder.path().join("none/log.db"), Durability::Normal);
    assert!(matches!(nowhere, Err(SqlError::Host { failure: HostFailure::Other, .. })), "{nowhere:?}");
}
