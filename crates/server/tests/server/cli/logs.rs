//! What reads and writes logs.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use super::{Asked, OPERATOR, finish, run, text};
use crate::client::{Client, TOKEN};
use crate::host::Process;

#[test]
fn a_log_is_printed_from_a_server_and_from_its_directory() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one", "two", "three"]);
    let asked = server.run_as(TOKEN, &["log", "s", "--after", "1", "--limit", "1"]);
    let lines = asked.lines();
    assert_eq!((lines.len(), &lines[0]["args"]["text"]), (1, &Value::from("two")));
    let all = server.run_as(TOKEN, &["log", "s"]);
    assert_eq!(all.lines().len(), 3);
    run(&["log", "s", "--data", text(data.path())]).refused(3, "in-use");
    // What the journal alone has is there, too.
    server.process.kill();
    let local = run(&["log", "s", "--data", text(data.path())]);
    assert_eq!((local.code, &local.out), (Some(0), &all.out), "{}", local.err);
    run(&["log", "none", "--data", text(data.path())]).refused(8, "no-such-store");
    run(&["log", "s", "--data", "/nowhere"]).refused(4, "files-failed");
}

#[test]
fn a_command_without_a_server_a_token_or_a_store_says_so() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one"]);
    server.run_as("wrong", &["log", "s"]).refused(7, "unauthorized");
    server.run_as("wrong", &["tail", "s"]).refused(7, "unauthorized");
    server.run_as(TOKEN, &["query", "s", "SELECT 1"]).refused(7, "unauthorized");
    for command in
        [&["query", "none", "SELECT 1"][..], &["verify", "none"], &["compact", "none"], &["export", "none"]]
    {
        server.run(command).refused(8, "there is no store none");
    }
    for id in ["../lock", "a/b", "..", "", "a b", "a%2fb", "s\u{0}"].iter().filter(|id| !id.contains('\0')) {
        run(&["log", id]).refused(2, "invalid value");
        run(&["import", id, "-", "--data", text(data.path())]).refused(2, "invalid value");
    }
    run(&["log", "s", "--url", "http://127.0.0.1:1"]).refused(6, "server-unreachable");
    run(&["tail", "s", "--url", "http://127.0.0.1:1"]).refused(6, "server-unreachable");
    run(&["log", "s", "--url", "ftp://x"]).refused(2, "usage");
    run(&["nothing"]).refused(2, "unrecognized subcommand");
    let told = server.run_as("wrong", &["log", "s", "--json"]);
    let error: Value = serde_json::from_str(told.err.trim()).unwrap();
    assert_eq!(error["error"]["code"], "unauthorized");
    let names: Vec<_> = std::fs::read_dir(data.path().join("stores")).unwrap().collect();
    assert!(
        names.iter().all(|name| name.as_ref().unwrap().file_name().to_string_lossy().starts_with("store-s."))
    );
    server.process.kill();
}

#[test]
fn tail_goes_on_after_the_server_was_killed_and_misses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one", "two", "three"]);
    let mut tail = server.spawn(TOKEN, &["tail", "s", "-n", "2", "--count", "5", "--json"]);
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().unwrap().unwrap();
        let entry: Value = serde_json::from_str(&line).unwrap();
        (entry["seq"].as_u64().unwrap(), entry["args"]["text"].as_str().unwrap().to_owned())
    };
    assert_eq!((next(), next()), ((2, "two".to_owned()), (3, "three".to_owned())));
    server.say("s", "bob", &["four"]);
    assert_eq!(next(), (4, "four".to_owned()));
    let listen = server.address().to_string();
    server.process.kill();
    let server = Process::start(data.path(), &["--listen", &listen]);
    let mut bob = Client::connect(server.address, "s", "bob");
    bob.say("five");
    bob.say("six");
    assert_eq!((next(), next()), ((5, "five".to_owned()), (6, "six".to_owned())));
    let done = finish(tail);
    assert_eq!(done.code, Some(0));
    assert!(done.err.contains("trying again") && done.err.contains("connected again"), "{}", done.err);
    server.kill();
}

#[test]
fn tail_ends_where_the_log_begins_another_life() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one", "two"]);
    let mut tail = server.spawn(TOKEN, &["tail", "s"]);
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("ann  said  {\"text\":\"one\"}"));
    assert!(lines.next().unwrap().unwrap().starts_with("2  "));
    let (status, _) = crate::routes::ask(server.address(), "POST /stores/s/reset", OPERATOR, "");
    assert_eq!(status, 200);
    finish(tail).refused(11, "log-diverged");
    server.run_as(TOKEN, &["tail", "s", "--after", "7"]).refused(2, "the log ends at 0");
    server.process.kill();
}

#[test]
fn a_query_reads_within_bounds_and_writes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one", "two", "three"]);
    let sql = "SELECT last, length(chain) AS size FROM syncline_log ORDER BY first";
    let rows = server.run(&["query", "s", sql, "--json", "--limit", "2"]);
    assert_eq!(rows.lines().len(), 2);
    assert!(rows.err.contains("there are more rows"), "{}", rows.err);
    let table = server.run(&["query", "s", "SELECT 1 AS one, 'x' AS two"]);
    assert_eq!(table.out, "one  two\n---  ---\n1    x\n");
    for sql in
        ["DELETE FROM syncline_log", "SELECT nothing", "SELECT 1; SELECT 2", "ATTACH '/tmp/x' AS x", ""]
    {
        server.run(&["query", "s", sql]).refused(2, "query-refused");
    }
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    server.run(&["query", "s", endless]).refused(2, "longer than 2 s");
    server.say("s", "bob", &["four"]);
    server.process.terminate();
    let at = text(data.path());
    let local = run(&["query", "s", "SELECT max(last) AS head FROM syncline_log", "--json", "--data", at]);
    assert_eq!(local.lines()[0]["head"], 4);
    run(&["query", "s", "DELETE FROM syncline_log", "--data", at]).refused(2, "query-refused");
}

#[test]
fn stores_are_verified_and_compacted() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    let texts: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    server.say("a", "ann", &texts);
    server.say("b", "ann", &["one"]);
    let log = server.run(&["log", "a"]).out;
    let verified = server.run(&["verify", "--json"]).lines();
    assert_eq!(verified.len(), 2);
    assert!(verified.iter().all(|store| store["sound"] == true));
    let compacted = server.run(&["compact", "a", "--json"]).lines();
    assert_eq!(compacted[0]["segments"], 1, "{compacted:?}");
    assert_eq!(server.run(&["log", "a"]).out, log);
    server.process.terminate();
    let at = text(data.path());
    assert_eq!(run(&["verify", "--data", at, "--json"]).lines().len(), 2);
    assert_eq!(run(&["compact", "--data", at, "--json"]).lines().len(), 2);
    // Somebody writes into a log.
    let file = data.path().join("stores/store-a.db");
    let mut db = syncline_sqlite::Database::open_file(&file, syncline_sqlite::Durability::Full).unwrap();
    let sql = "UPDATE syncline_log SET entries = replace(entries, '\"17\"', '\"18\"')";
    syncline_engine::Sql::execute(&mut db, sql, &[]).unwrap();
    drop(db);
    let unsound = run(&["verify", "--data", at]);
    unsound.refused(9, "1 of 2 stores are not sound");
    assert!(
        unsound.out.contains("a      NOT SOUND") && unsound.out.contains("b      sound"),
        "{}",
        unsound.out
    );
    // A file that is no database keeps nobody from knowing of the others.
    std::fs::write(&file, "this is no database at all".repeat(1000)).unwrap();
    let unsound = run(&["verify", "--data", at]);
    unsound.refused(9, "1 of 2 stores are not sound");
}

#[test]
fn a_bench_tells_rates_of_what_was_accepted() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    let done =
        server.run_as(TOKEN, &["bench", "--clients", "3", "--events", "2", "--seconds", "1", "--json"]);
    let told = &done.lines()[0];
    let store = told["store"].as_str().unwrap();
    let events = told["events"].as_u64().unwrap();
    assert_eq!(server.run(&["log", store]).lines().len() as u64, events, "{told}");
    assert!(events > 0 && told["p50Ms"].as_f64().unwrap() <= told["p99Ms"].as_f64().unwrap(), "{told}");
    server.run_as(TOKEN, &["bench", "--seconds", "1", "--event", "{"]).refused(2, "is no event");
    server.run_as("wrong", &["bench", "--seconds", "1"]).refused(7, "unauthorized");
    server.process.kill();
}
