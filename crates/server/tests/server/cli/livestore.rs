//! A log of LiveStore's own server moves here, and back, and its clients notice nothing.

use std::fs;
use std::path::{Path, PathBuf};

use syncline_engine::Sql;
use syncline_sqlite::{Database, Durability};

use super::{Asked, run, text};

const BACKEND: &str = "V1StGXR8_Z5jdHi6B-myT";

/// As LiveStore's server writes them, with a number that leaps, and args that are missing.
const EVENTS: &str = "
CREATE TABLE \"eventlog_7_team_1\" (seqNum INTEGER PRIMARY KEY NOT NULL, parentSeqNum INTEGER NOT NULL,
    name TEXT NOT NULL, args TEXT, createdAt TEXT NOT NULL, clientId TEXT NOT NULL, sessionId TEXT NOT NULL) strict;
INSERT INTO \"eventlog_7_team_1\" VALUES
    (1, 0, 'v1.TodoCreated', '{\"id\":\"1\",\"text\":\"it''s\"}', '2026-11-22T11:54:26.606Z', 'ann', 'static'),
    (2, 1, 'v1.Cleared', NULL, '2026-11-22T11:54:27.000Z', 'bob.example', 'V1StG'),
    (5, 2, 'v1.TodoCompleted', '{\"id\":\"1\"}', '2026-11-22T11:54:28.000Z', 'ann', 'static');
";

fn context() -> String {
    format!(
        "CREATE TABLE context_7 (storeId TEXT PRIMARY KEY, currentHead INTEGER NOT NULL, backendId TEXT NOT NULL) strict;
         INSERT INTO context_7 VALUES ('team-1', 5, '{BACKEND}');"
    )
}

fn object(folder: &Path) -> PathBuf {
    let file = folder.join("object.sqlite");
    let mut db = Database::open_file(&file, Durability::Normal).unwrap();
    db.run_script(EVENTS).unwrap();
    db.run_script(&context()).unwrap();
    file
}

fn exported(data: &Path, folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    run(&["export", "team-1", "--format", "livestore", "--to", text(&file), "--data", text(data)])
        .refused_nothing();
    fs::read_to_string(file).unwrap()
}

#[test]
fn the_file_of_an_object_keeps_numbers_and_backend_here_and_on_the_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let file = object(folder.path());
    for data in [&first, &second] {
        Asked::start(data).process.kill();
    }
    let done = run(&["import", "team-1", "--livestore", text(&file), "--data", text(&first), "--json"]);
    assert_eq!(done.lines()[0]["head"], 3);
    let log = run(&["log", "team-1", "--data", text(&first)]).lines();
    let written: Vec<_> =
        log.iter().map(|entry| (&entry["client"], &entry["counter"], &entry["author"])).collect();
    assert_eq!(
        format!("{written:?}"),
        concat!(
            r#"[(String("ls__ann__static"), Number(1), String("ann")), "#,
            r#"(String("ls__bob_2eexample__V1StG__v"), Number(2), String("bob.example")), "#,
            r#"(String("ls__ann__static"), Number(5), String("ann"))]"#
        )
    );
    let back = exported(&first, folder.path(), "back.sql");
    assert!(back.contains(&format!("VALUES ('team-1', 0, '{BACKEND}')")), "{back}");
    assert!(back.contains("(2, 1, 'v1.Cleared', NULL, '2026-11-22T11:54:27.000Z', 'bob.example', 'V1StG')"));
    assert!(back.contains("(5, 2, 'v1.TodoCompleted', ") && back.contains("currentHead = 5"), "{back}");
    // What goes back there comes here again.
    let sql = folder.path().join("back.sql");
    run(&["import", "team-1", "--livestore", text(&sql), "--data", text(&second)]).refused_nothing();
    assert_eq!(exported(&second, folder.path(), "again.sql"), back);
}

#[test]
fn an_export_of_d1_takes_the_id_of_its_backend_from_whoever_knows_it() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sql = folder.path().join("d1.sql");
    fs::write(&sql, format!("PRAGMA defer_foreign_keys=TRUE;\n{EVENTS}")).unwrap();
    let server = Asked::start(data.path());
    let done = server.run(&["import", "team-1", "--livestore", text(&sql), "--backend-id", BACKEND]);
    done.refused_nothing();
    let info = server.run(&[
        "export",
        "team-1",
        "--format",
        "livestore",
        "--to",
        text(&folder.path().join("x.sql")),
    ]);
    info.refused_nothing();
    assert!(fs::read_to_string(folder.path().join("x.sql")).unwrap().contains(BACKEND));
    let done = server.run(&["import", "team-2", "--livestore", text(&sql)]);
    done.refused_nothing();
    assert!(done.err.contains("clear what they have"), "{}", done.err);
    server.run(&["import", "team-1", "--livestore", text(&sql)]).refused(10, "target-exists");
    server.process.kill();
}

#[test]
fn what_is_not_livestores_is_refused_and_makes_nothing() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Asked::start(data.path()).process.kill();
    let import = |name: &str, sql: &str| {
        let file = folder.path().join(name);
        fs::write(&file, sql).unwrap();
        let done = run(&["import", "team-1", "--livestore", text(&file), "--data", text(data.path())]);
        (done.code, done.err)
    };
    for (name, sql, why) in [
        ("empty.sql", "", "no table eventlog_7_"),
        ("attach.sql", "ATTACH 'another.db' AS other;", "authoriz"),
        ("vacuum.sql", &format!("{EVENTS} VACUUM INTO 'copy.db';"), "authoriz"),
        ("words.sql", "these are no statements", "syntax error"),
        ("time.sql", &EVENTS.replace("2026-11-22T11:54:28.000Z", "then"), "the event 5: createdAt"),
        ("args.sql", &EVENTS.replace("'{\"id\":\"1\"}'", "'{'"), "the event 5: args"),
    ] {
        let (code, err) = import(name, sql);
        assert!(code != Some(0) && err.contains(why) && err.contains(name), "{name}: {err}");
    }
    let missing = folder.path().join("missing.sql");
    let done = run(&["import", "team-1", "--livestore", text(&missing), "--data", text(data.path())]);
    assert!(done.code != Some(0) && done.err.contains("missing.sql"), "{}", done.err);
    run(&["log", "team-1", "--data", text(data.path())]).refused(8, "no-such-store");
}
