//! Directories and disks that are not as they should be.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{Client, Heard, TOKEN, commit, hello, open, push};
use super::host::{Host, Process, command, settings};

fn refused(data: &Path) -> (Option<i32>, String) {
    let output = command(data).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_second_server_on_a_directory_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(data.path(), &[]);
    let (code, said) = refused(data.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("another server serves"), "{said}");
    assert_eq!(Client::connect(server.address, "s", "ann").say("still here")["counter"], 1);
    server.kill();
    Process::start(data.path(), &[]).kill();
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_by_name() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("journal"), "not a directory").unwrap();
    let (code, said) = refused(data.path());
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("cannot be written") && said.contains("journal"), "{said}");
}

#[test]
fn a_directory_that_is_read_only_is_refused_by_name_and_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65_534;
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    Process::start(&data, &[]).terminate();
    for path in [root.path(), &data, &data.join("stores"), &data.join("journal")] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o555)).unwrap();
    }
    let mut command = command(&data);
    if rustix::process::getuid().is_root() {
        // Whom permissions do not hold is not who runs a server; and its binary may lie where only root looks.
        let binary = tempfile::tempdir().unwrap();
        std::fs::set_permissions(binary.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let copy = binary.path().join("syncline");
        std::fs::copy(command.get_program(), &copy).unwrap();
        let mut of_nobody = std::process::Command::new(copy);
        of_nobody.args(command.get_args()).uid(NOBODY).current_dir("/");
        assert_read_only(&mut of_nobody);
    } else {
        assert_read_only(&mut command);
    }
    for path in [root.path(), &data, &data.join("stores"), &data.join("journal")] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    assert_eq!(Process::start(&data, &[]).terminate().0, Some(0), "it is usable again");
}

fn assert_read_only(command: &mut std::process::Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("cannot be written") && said.contains("data"), "{said}");
}

#[test]
fn a_server_without_a_token_lets_nobody_in_unless_it_was_told_to() {
    let data = tempfile::tempdir().unwrap();
    let serve = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_syncline"));
        command.env_remove("SYNCLINE_TOKEN").args(["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data.path()).args(more).output().unwrap()
    };
    let output = serve(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SYNCLINE_TOKEN"), "{output:?}");
    let server = Process::start(data.path(), &["--auth", "none"]);
    let mut socket = open(server.address, "s");
    socket.send(tungstenite::Message::text(hello("s", "ann", "whatever"))).unwrap();
    assert!(socket.read().unwrap().into_text().unwrap().contains("welcome"));
    let log = server.kill().join("\n");
    assert!(log.contains("WHOEVER REACHES THIS SERVER"), "{log}");
}

#[test]
fn a_damaged_store_among_good_ones_is_named_and_the_others_go_on() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(data.path(), &[]);
    for store in ["good", "bad"] {
        Client::connect(server.address, store, "ann").say("one");
    }
    assert_eq!(server.terminate().0, Some(0));
    let file = data.path().join("stores/store-bad.db");
    let size = std::fs::metadata(&file).unwrap().len() as usize;
    std::fs::write(&file, vec![7; size]).unwrap();
    let server = Process::start(data.path(), &["--admin-token", "operator"]);
    let mut socket = Client { socket: open(server.address, "bad"), name: "ann".to_owned(), counter: 0 };
    socket.send(&hello("bad", "ann", TOKEN));
    let told = socket.frame();
    assert_eq!(told["code"], "server-failed", "{told}");
    assert!(told["retryAfterMs"].as_u64().unwrap() > 0);
    assert_eq!(Client::connect(server.address, "good", "ann").say("two")["counter"], 2);
    let (_, listed) = super::routes::ask(server.address, "GET /stores", "operator", "");
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed[0]["store"], &listed[0]["head"]), (&json!("bad"), &json!(null)), "{listed}");
    assert_eq!((&listed[1]["store"], &listed[1]["head"]), (&json!("good"), &json!(2)), "{listed}");
    let log = server.kill().join("\n");
    assert!(log.contains("store-bad.db") && log.contains("cannot be opened"), "{log}");
}

#[test]
fn a_full_store_refuses_writes_and_goes_on_reading_and_recovers() {
    let data = tempfile::tempdir().unwrap();
    let mut small = settings(data.path());
    small.store_mib = Some(1);
    let host = Host::with(small);
    let mut ann = Client::connect(host.address(), "s", "ann");
    let mut accepted = 0;
    let large = "x".repeat(100_000);
    let refusal = loop {
        ann.counter += 1;
        ann.send(&push(&[commit("ann", ann.counter, std::slice::from_ref(&large))]));
        match ann.frame() {
            frame if frame["type"] == "error" => break frame,
            frame => assert!(["entries", "verdicts"].contains(&frame["type"].as_str().unwrap())),
        }
        accepted += 1;
        assert!(accepted < 100, "it has no limit");
    };
    assert_eq!(refusal["code"], "server-failed", "{refusal}");
    let read = Client::read_all(host.address(), "s", "bob").len();
    assert!(read >= 2, "reads go on: {read}");
    assert_eq!(Client::connect(host.address(), "other", "ann").say("fits")["counter"], 1);
    host.stop();
    let host = Host::start(data.path());
    assert_eq!(Client::connect(host.address(), "s", "bob").say("there is space again")["counter"], 1);
    assert_eq!(Client::read_all(host.address(), "s", "carl").len(), read + 1);
    host.stop();
}

#[test]
fn without_a_journal_each_store_is_flushed_by_itself() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start_cramped(data.path(), 8 << 10, &[]);
    let mut ann = Client::connect(server.address, "s", "ann");
    for n in 1..=20 {
        assert_eq!(ann.say("kept")["counter"], n);
    }
    assert_eq!(Client::read_all(server.address, "s", "bob").len(), 20);
    let log = server.kill().join("\n");
    assert!(log.contains("the journal cannot be written"), "{log}");
    // All of it is in the file itself, the write-ahead log beside it not counted.
    std::fs::remove_file(data.path().join("stores/store-s.db-wal")).unwrap();
    std::fs::remove_file(data.path().join("stores/store-s.db-shm")).unwrap();
    let server = Process::start(data.path(), &[]);
    assert_eq!(Client::read_all(server.address, "s", "bob").len(), 20);
    server.kill();
}

#[test]
fn a_disk_that_is_full_refuses_pushes_and_takes_them_once_there_is_space() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start_cramped(data.path(), 1 << 10, &[]);
    let mut ann = Client::connect(server.address, "s", "ann");
    let large = "x".repeat(100_000);
    let mut acknowledged = 0;
    loop {
        ann.counter += 1;
        ann.send(&push(&[commit("ann", ann.counter, std::slice::from_ref(&large))]));
        match ann.hear() {
            Heard::Frame(frame) if frame["type"] == "error" => {
                assert_eq!(frame["code"], "server-failed", "{frame}");
                break;
            }
            Heard::Frame(frame) if frame["type"] == "entries" => drop(ann.expect("verdicts")),
            other @ (Heard::Frame(_) | Heard::Closed(_)) => panic!("{other:?}"),
        }
        acknowledged += 1;
        assert!(acknowledged < 100, "it has no limit");
    }
    assert!(Client::read_all(server.address, "s", "bob").len() >= acknowledged, "reads go on");
    assert_eq!(Client::connect(server.address, "t", "ann").say("small")["counter"], 1);
    server.kill();
    let server = Process::start(data.path(), &[]);
    assert!(Client::read_all(server.address, "s", "bob").len() >= acknowledged, "true-receipt");
    let mut ann = Client::connect(server.address, "s", "ann");
    let next = ann.counter + 1;
    assert_eq!(ann.say("there is space again")["counter"], next);
    server.kill();
}

#[test]
fn what_a_store_s_file_does_not_take_is_in_the_journal_and_read_and_gets_there_once_it_can() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start_cramped(data.path(), 4_200, &["--journal-mib", "4"]);
    let mut ann = Client::connect(server.address, "s", "ann");
    let large = "x".repeat(50_000);
    for _ in 0..60 {
        assert_eq!(ann.say(&large)["status"], "accepted");
    }
    let mut refused = 0;
    while refused == 0 {
        // It has nothing to do, and commits what it holds.
        std::thread::sleep(Duration::from_millis(500));
        ann.counter += 1;
        ann.send(&push(&[commit("ann", ann.counter, std::slice::from_ref(&large))]));
        match ann.hear() {
            Heard::Frame(frame) if frame["type"] == "error" => {
                assert_eq!(frame["code"], "server-failed", "{frame}");
                refused = ann.counter;
            }
            Heard::Frame(frame) if frame["type"] == "entries" => drop(ann.expect("verdicts")),
            other @ (Heard::Frame(_) | Heard::Closed(_)) => panic!("{other:?}"),
        }
        assert!(ann.counter < 100, "it has no limit");
    }
    let acknowledged = refused - 1;
    assert_eq!(Client::read_all(server.address, "s", "bob").len() as u64, acknowledged, "reads go on");
    server.has_space();
    let begun = Instant::now();
    let mut bob = Client::connect(server.address, "s", "bob");
    loop {
        bob.counter += 1;
        bob.send(&push(&[commit("bob", bob.counter, &["there is space again".to_owned()])]));
        match bob.hear() {
            Heard::Frame(frame) if frame["type"] == "error" => bob.counter -= 1,
            Heard::Frame(frame) if frame["type"] == "verdicts" => break,
            Heard::Frame(_) => {}
            Heard::Closed(frame) => panic!("{frame:?}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it never takes any");
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = server.kill().join("\n");
    assert!(log.contains("what was decided is in the journal alone"), "{log}");
    let server = Process::start(data.path(), &[]);
    let kept = Client::read_all(server.address, "s", "carl").len() as u64;
    assert!(kept > acknowledged, "true-receipt: {kept}");
    server.kill();
}

#[test]
fn where_no_connection_can_be_accepted_those_that_are_there_go_on_and_others_come_later() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start_with_files(data.path(), 64);
    let mut ann = Client::connect(server.address, "s", "ann");
    let idle: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(server.address).unwrap()).collect();
    for n in 1..=20 {
        assert_eq!(ann.say("on")["counter"], n);
    }
    drop(idle);
    assert_eq!(Client::connect(server.address, "s", "bob").say("here at last")["counter"], 1);
    assert_eq!(Client::connect(server.address, "another", "bob").say("there, too")["counter"], 1);
    let log = server.kill().join("\n");
    assert!(log.contains("no connection can be accepted"), "{log}");
}

#[test]
fn a_journal_that_cannot_be_read_is_not_written_over() {
    let data = tempfile::tempdir().unwrap();
    for shard in ["0.log", "1.log"] {
        std::fs::create_dir_all(data.path().join("journal").join(shard)).unwrap();
    }
    let (code, said) = refused(data.path());
    assert_eq!(code, Some(4), "what cannot be read is not written over: {said}");
}
