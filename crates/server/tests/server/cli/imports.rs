//! Logs that go out and come in again.

use std::io::Write;
use std::process::Stdio;

use super::{Asked, Done, OPERATOR, command, finish, run, text};
use crate::client::{Client, TOKEN};
use crate::host::{Host, Process, settings};

#[test]
fn what_is_exported_is_imported_as_another_store() {
    let data = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one", "two", "three"]);
    let lines = files.path().join("s.jsonl");
    let exported = server.run(&["export", "s", "--to", text(&lines), "--json"]);
    assert_eq!(exported.lines()[0]["bytes"], std::fs::metadata(&lines).unwrap().len());
    server.run(&["export", "s", "--to", text(&lines)]).refused(10, "target-exists");
    let imported = server.run(&["import", "copy", text(&lines), "--json"]);
    assert_eq!(imported.lines()[0]["head"], 3);
    assert_eq!(server.run(&["log", "copy"]).out, server.run(&["log", "s"]).out);
    assert_eq!(server.run(&["verify", "copy", "--json"]).lines()[0]["sound"], true);
    server.run(&["import", "copy", text(&lines)]).refused(10, "target-exists");
    // Its clients are known: what they send again is not logged twice.
    let mut ann = Client::connect(server.address(), "copy", "ann");
    assert_eq!(ann.counter, 3);
    ann.say("four");
    let db = files.path().join("s.db");
    let exported = server.run(&["export", "s", "--format", "sqlite", "--to", text(&db)]);
    assert!(exported.code == Some(0) && exported.out.contains("bytes"), "{}", exported.err);
    let left: Vec<_> =
        std::fs::read_dir(files.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    server.process.terminate();
    // From standard input, into a directory.
    let mut child = command(&["import", "third", "-", "--data", text(data.path())]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&std::fs::read(&lines).unwrap()).unwrap();
    assert_eq!(finish(child).code, Some(0));
    run(&["import", "third", text(&lines), "--data", text(data.path())]).refused(10, "target-exists");
    let third = run(&["log", "third", "--data", text(data.path())]);
    assert_eq!(third.out, std::fs::read_to_string(&lines).unwrap());
}

#[test]
fn an_import_that_is_refused_names_the_line_and_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one", "two", "three"]);
    let good: Vec<String> = server.run(&["log", "s"]).out.lines().map(str::to_owned).collect();
    let cases = [
        (vec![good[0].clone(), "{".to_owned()], "line 2: EOF"),
        (vec![good[0].clone(), good[2].clone()], "line 2: its seq is 3"),
        (vec![good[1].clone()], "line 1: its seq is 2"),
        (vec![good[0].replace("\"name\"", "\"of\":2,\"name\"")], "line 1: the log ends within the commit"),
        (
            vec![good[0].replace("\"name\"", "\"of\":2,\"name\""), good[1].clone()],
            "line 2: it does not go on with the commit before it",
        ),
        (vec![good[0].clone(), String::new()], "line 2: EOF"),
    ];
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("lines");
    for (lines, said) in &cases {
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let refused = server.run(&["import", "new", text(&path)]);
        refused.refused(1, "import-refused");
        assert!(refused.err.contains(said), "{said}: {}", refused.err);
    }
    server.run(&["import", "new", "/nowhere"]).refused(4, "files-failed");
    server.run_as(TOKEN, &["import", "new", text(&path)]).refused(7, "unauthorized");
    server.process.terminate();
    for (lines, said) in &cases {
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let refused = run(&["import", "new", text(&path), "--data", text(data.path())]);
        refused.refused(1, said);
    }
    run(&["log", "new", "--data", text(data.path())]).refused(8, "no-such-store");
}

#[test]
fn what_the_model_does_not_take_is_named_or_set_aside() {
    let data = tempfile::tempdir().unwrap();
    let mut with = settings(data.path());
    with.admin_token = Some(OPERATOR.to_owned());
    let host = Host::with(with);
    let url = format!("http://{}", host.address());
    let ask = |args: &[&str]| -> Done {
        finish(command(&[args, &["--url", &url, "--token", OPERATOR]].concat()).spawn().unwrap())
    };
    let mut ann = Client::connect(host.address(), "s", "ann");
    for text in ["one", "two", "three"] {
        ann.say(text);
    }
    let log = ask(&["log", "s"]).out;
    let path = data.path().join("lines");
    std::fs::write(&path, log.replace("{\"text\":\"two\"}", "{\"words\":2}")).unwrap();
    let refused = ask(&["import", "new", text(&path)]);
    refused.refused(1, "line 2: the model does not take said");
    assert!(refused.err.contains("bad-args"), "{}", refused.err);
    ask(&["query", "new", "SELECT 1"]).refused(8, "no store new");
    let imported = ask(&["import", "new", text(&path), "--set-aside", "--json"]).lines();
    assert_eq!((&imported[0]["head"], &imported[0]["aside"]), (&3.into(), &1.into()));
    let said = ask(&["query", "new", "SELECT text FROM said", "--json"]).lines();
    assert_eq!(said.iter().map(|row| row["text"].as_str().unwrap()).collect::<Vec<_>>(), ["one", "three"]);
    host.stop();
    // The binary of another model leaves it alone.
    run(&["query", "new", "SELECT 1", "--data", text(data.path())]).refused(2, "other-model");
    run(&["verify", "--data", text(data.path())]).refused(2, "other-model");
}

#[test]
fn what_a_killed_import_has_left_is_no_store_and_goes_with_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("s", "ann", &["one"]);
    // Its lines come, and never end.
    let mut child = command(&["import", "new", "-", "--token", OPERATOR]);
    let url = format!("http://{}", server.address());
    let mut child = child.env("SYNCLINE_URL", url).stdin(Stdio::piped()).spawn().unwrap();
    let line = server.run(&["log", "s"]).out;
    let mut lines = child.stdin.take().unwrap();
    lines.write_all(line.as_bytes()).unwrap();
    let work = data.path().join("work");
    while !work.exists() || std::fs::read_dir(&work).unwrap().count() == 0 {
        std::thread::yield_now();
    }
    server.process.kill();
    child.kill().unwrap();
    child.wait().unwrap();
    let server = Process::start(data.path(), &[]);
    assert!(!work.exists());
    assert_eq!(Client::read_all(server.address, "new", "judge").len(), 0);
    server.kill();
}
