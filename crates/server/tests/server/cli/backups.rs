//! Backups: made while the server writes, put back, damaged, cut off; and clients that are ahead of one.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use syncline_client::engine::protocol::{StoreId, Subject};
use syncline_client::{Config, Store};

use super::{Asked, OPERATOR, finish, run, text};
use crate::client::{Client, TOKEN};
use crate::host::{Host, settings};
use crate::model::{Event, Sayings};

fn heads(backup: &Path) -> Vec<(String, u64)> {
    let manifest: Value = serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap();
    let of = |held: &Value| (held["store"].as_str().unwrap().to_owned(), held["head"].as_u64().unwrap());
    manifest["stores"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_backup_is_made_while_the_server_writes_and_each_store_is_whole() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("A", "ann", &["one", "two"]);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (stop, address) = (Arc::clone(&stop), server.address());
        move || {
            let mut bob = Client::connect(address, "busy", "bob");
            let mut said = 0_u64;
            while !stop.load(Ordering::Relaxed) || said < 50 {
                bob.say(&format!("{said}"));
                said += 1;
            }
            said
        }
    });
    let mut made = Vec::new();
    while made.len() < 3 {
        let target = folder.path().join(made.len().to_string());
        let done = server.run(&["backup", text(&target), "--json"]);
        done.lines();
        made.push(target);
    }
    stop.store(true, Ordering::Relaxed);
    let said = writer.join().unwrap();
    for backup in &made {
        run(&["restore", text(backup), "--check"]).refused_nothing();
        let restored = backup.with_extension("data");
        run(&["restore", text(backup), "--data", text(&restored)]).refused_nothing();
        let verified = run(&["verify", "--data", text(&restored), "--json"]).lines();
        assert!(verified.iter().all(|store| store["sound"] == true), "{verified:?}");
        for (store, head) in heads(backup) {
            assert!(head <= said.max(2));
            let log = run(&["log", &store, "--data", text(&restored)]);
            assert_eq!(log.lines().len() as u64, head, "{store}");
        }
    }
    let work = data.path().join("work");
    assert_eq!(fs::read_dir(work).unwrap().count(), 0, "nothing is left of the copies");
    server.process.kill();
}

#[test]
fn what_has_not_changed_is_taken_from_the_backup_before() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [first, second, third, local] = ["1", "2", "3", "4"].map(|name| folder.path().join(name));
    let server = Asked::start(data.path());
    for store in ["a", "b", "c"] {
        server.say(store, "ann", &["one"]);
    }
    server.run(&["backup", text(&first)]).refused_nothing();
    server.say("b", "ann", &["two"]);
    let done = server.run(&["backup", text(&second), "--since", text(&first), "--json"]).lines();
    assert_eq!((&done[0]["stores"], &done[0]["unchanged"]), (&Value::from(3), &Value::from(2)));
    assert_eq!(heads(&second), [("a".to_owned(), 1), ("b".to_owned(), 2), ("c".to_owned(), 1)]);
    // What is damaged there is copied anew.
    fs::write(second.join("stores/store-c.db"), "damaged").unwrap();
    let done = server.run(&["backup", text(&third), "--since", text(&second), "--json"]);
    assert_eq!(done.lines()[0]["unchanged"], 2);
    assert!(done.err.contains("is damaged"), "{}", done.err);
    run(&["restore", text(&third), "--check"]).refused_nothing();
    server.run(&["backup", text(&third)]).refused(10, "target-exists");
    server.run(&["backup", text(&local), "--since", text(folder.path())]).refused(4, "manifest.json");
    run(&["backup", text(&local), "--data", text(data.path())]).refused(3, "in-use");
    server.run_as(TOKEN, &["backup", text(&local)]).refused(7, "unauthorized");
    server.run(&["backup", text(&local), "--store", "none"]).refused(8, "no store none");
    assert!(!local.exists() && !local.with_extension("part").exists());
    server.process.terminate();
    let done = run(&["backup", text(&local), "--data", text(data.path()), "--since", text(&third), "--json"]);
    assert_eq!(done.lines()[0]["unchanged"], 3);
}

#[test]
fn a_damaged_backup_is_noticed_and_nothing_is_restored_of_it() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("a", "ann", &["one"]);
    server.say("b", "ann", &["one"]);
    let backup = folder.path().join("backup");
    server.run(&["backup", text(&backup)]).refused_nothing();
    server.process.kill();
    let (file, manifest) = (backup.join("stores/store-b.db"), backup.join("manifest.json"));
    let (bytes, said) = (fs::read(&file).unwrap(), fs::read_to_string(&manifest).unwrap());
    let target = folder.path().join("data");
    let refused = |exit: i32, code: &str| {
        run(&["restore", text(&backup), "--check"]).refused(exit, code);
        run(&["restore", text(&backup), "--data", text(&target)]).refused(exit, code);
        assert!(!target.exists() && !target.with_extension("part").exists(), "{code}");
    };
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    fs::write(&file, &flipped).unwrap();
    refused(9, "it is not what the manifest says");
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    refused(9, "not-sound");
    fs::remove_file(&file).unwrap();
    refused(9, "store-b.db");
    fs::write(&file, &bytes).unwrap();
    for (from, to, exit) in [
        ("syncline-backup-1", "syncline-backup-9", 9),
        ("\"b\"", "\"../../b\"", 9),
        ("\"b\"", "\"c\"", 9),
        ("{", "", 9),
    ] {
        fs::write(&manifest, said.replacen(from, to, 1)).unwrap();
        refused(exit, "not-sound");
    }
    fs::remove_file(&manifest).unwrap();
    refused(4, "files-failed");
    fs::write(&manifest, said).unwrap();
    // A store whose file is whole is restored alone.
    fs::write(&file, &flipped).unwrap();
    run(&["restore", text(&backup), "--data", text(&target), "--store", "a"]).refused_nothing();
    run(&["restore", text(&backup), "--data", text(&target), "--store", "a"]).refused(10, "is not empty");
    let other = folder.path().join("other");
    run(&["restore", text(&backup), "--data", text(&other), "--store", "x"]).refused(8, "no-such-store");
}

#[test]
fn what_a_killed_restore_has_left_is_no_data_directory_and_is_made_anew() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    server.say("a", "ann", &["one"]);
    let backup = folder.path().join("backup");
    server.run(&["backup", text(&backup)]).refused_nothing();
    let target = folder.path().join("data");
    // As SIGKILL leaves it.
    fs::create_dir_all(folder.path().join("data.part/stores")).unwrap();
    fs::write(folder.path().join("data.part/stores/store-a.db"), "half").unwrap();
    run(&["log", "a", "--data", text(&target)]).refused(4, "is no data directory");
    run(&["restore", text(&backup), "--data", text(&target)]).refused_nothing();
    assert_eq!(run(&["log", "a", "--data", text(&target)]).lines().len(), 1);
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["backup", "data"]);
    // A directory that is there is taken, if it is empty.
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    run(&["restore", text(&backup), "--data", text(&empty)]).refused_nothing();
    assert_eq!(run(&["log", "a", "--data", text(&empty)]).lines().len(), 1);
    server.process.kill();
}

fn client(url: &str, name: &str) -> Config {
    Config::new(url, StoreId::parse("s").unwrap(), Subject::parse(name).unwrap()).token(TOKEN)
}

fn said(text: &str) -> [Event; 1] {
    [Event::Said { text: text.to_owned() }]
}

fn texts(store: &Store<Sayings>) -> Vec<String> {
    let sql = "SELECT text FROM said ORDER BY rowid";
    store.read(|db| db.query(sql, &[]).unwrap().iter().map(|row| row.get(0).unwrap()).collect()).unwrap()
}

async fn until(store: &Store<Sayings>, expected: &[&str]) {
    let mut changes = store.subscribe::<Value>("SELECT text FROM said ORDER BY rowid", &[]).unwrap();
    while texts(store) != expected {
        let next = tokio::time::timeout(std::time::Duration::from_secs(30), changes.next());
        next.await.unwrap_or_else(|_| panic!("{:?} is not {expected:?}", texts(store))).unwrap().unwrap();
    }
}

/// Backup, more commits, a restore with clients ahead of it; and the same once more with what came of it.
#[test]
fn clients_that_are_ahead_of_a_restored_server_go_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _entered = runtime.enter();
    let mut with = settings(&folder.path().join("data-0"));
    with.admin_token = Some(OPERATOR.to_owned());
    let mut host = Host::with(with.clone());
    with.listen = Some(host.address());
    let url = format!("http://{}", host.address());
    let (ann, bob) = runtime.block_on(async {
        let ann =
            Store::<Sayings>::open(client(&url, "ann").folder(folder.path().join("ann"))).await.unwrap();
        let bob = Store::<Sayings>::open(client(&url, "bob")).await.unwrap();
        (ann, bob)
    });
    let mut kept: Vec<String> = Vec::new();
    for round in 1..3 {
        let [before, lost, waiting] = ["before", "lost", "waiting"].map(|what| format!("{what} {round}"));
        runtime.block_on(async {
            ann.commit(said(&before)).unwrap().confirmed().await.unwrap();
        });
        kept.push(before);
        let backup = folder.path().join(format!("backup-{round}"));
        let command = ["backup", text(&backup), "--url", &url, "--token", OPERATOR];
        finish(super::command(&command).spawn().unwrap()).refused_nothing();
        runtime.block_on(async {
            ann.commit(said(&lost)).unwrap().confirmed().await.unwrap();
            let mut expected: Vec<&str> = kept.iter().map(String::as_str).collect();
            expected.push(&lost);
            until(&bob, &expected).await;
        });
        host.stop();
        let pending = ann.commit(said(&waiting)).unwrap();
        let data = folder.path().join(format!("data-{round}"));
        run(&["restore", text(&backup), "--data", text(&data)]).refused_nothing();
        with.data = Some(data);
        host = Host::with(with.clone());
        kept.push(waiting);
        let expected: Vec<&str> = kept.iter().map(String::as_str).collect();
        runtime.block_on(async {
            ann.wake();
            let confirmed = pending.confirmed().await.unwrap();
            assert_eq!(confirmed.first.get(), kept.len() as u64, "the undecided commit has arrived");
            until(&ann, &expected).await;
            bob.wake();
            until(&bob, &expected).await;
            let gone: Vec<String> =
                ann.lost().await.unwrap().iter().map(|lost| format!("{lost:?}")).collect();
            assert_eq!(gone.len(), round, "ann is told what the server has lost: {gone:?}");
            assert!(gone.iter().any(|gone| gone.contains(&lost)), "{gone:?}");
            // Whoever comes new sees what there is, once each, and never the lost future.
            let cleo = Store::<Sayings>::open(client(&url, "cleo")).await.unwrap();
            until(&cleo, &expected).await;
            cleo.close().await;
        });
        let log = Client::read_all(host.address(), "s", "judge");
        let log: Vec<&str> = log.iter().map(|entry| entry["args"]["text"].as_str().unwrap()).collect();
        assert_eq!(log, expected, "exactly-once");
    }
    runtime.block_on(async {
        ann.close().await;
        bob.close().await;
    });
    host.stop();
}

#[test]
fn a_disk_that_is_full_ends_a_backup_with_nothing_that_looks_whole() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Asked::start(data.path());
    let long = "x".repeat(60_000);
    server.say("a", "ann", &[&long, &long, &long, &long]);
    let target = folder.path().join("backup");
    let url = format!("http://{}", server.address());
    let backup = super::command(&["backup", text(&target), "--url", &url, "--token", OPERATOR]);
    // No file may become larger than 64 KiB: a write beyond it fails, as on a full disk.
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg("trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"");
    shell.arg(backup.get_program()).args(backup.get_args());
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    finish(shell.spawn().unwrap()).refused(4, "files-failed");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    server.run(&["backup", text(&target)]).refused_nothing();
    server.process.kill();
}
