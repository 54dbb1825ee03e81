//! The end of the process at any time, and the end of the machine: what was acknowledged is there, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::{Client, Heard, TOKEN, commit, hello, open, push};
use super::host::{Host, Process};

const STORES: [&str; 3] = ["a", "B", "c-1"];
const WRITERS: usize = 6;

/// What each writer was told: its verdicts, by counter.
type Told = BTreeMap<(String, u64), Value>;

fn store_of(writer: &str) -> &'static str {
    STORES[writer[1..].parse::<usize>().unwrap() % STORES.len()]
}

fn texts(writer: &str, counter: u64) -> Vec<String> {
    (0..1 + counter % 3).map(|n| format!("{writer}/{counter}/{n}")).collect()
}

/// Writers push until the server is gone, which is once so much was acknowledged.
fn load(server: Process, acknowledged: u64) -> (Told, Vec<String>) {
    let (address, count) = (server.address, AtomicU64::new(0));
    let clients: Vec<Client> = (0..WRITERS)
        .map(|writer| format!("w{writer}"))
        .map(|name| Client::connect(address, store_of(&name), &name))
        .collect();
    std::thread::scope(|scope| {
        let writers: Vec<_> = clients
            .into_iter()
            .map(|mut client| {
                let count = &count;
                scope.spawn(move || write(&mut client, count))
            })
            .collect();
        while count.load(Ordering::Relaxed) < acknowledged {
            std::thread::yield_now();
        }
        let log = server.kill();
        (writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect(), log)
    })
}

fn write(client: &mut Client, count: &AtomicU64) -> Vec<((String, u64), Value)> {
    let mut told = Vec::new();
    loop {
        client.counter += 1;
        let (name, counter) = (client.name.clone(), client.counter);
        let text = push(&[commit(&name, counter, &texts(&name, counter))]);
        if client.socket.send(tungstenite::Message::text(text)).is_err() {
            return told;
        }
        loop {
            match client.hear() {
                Heard::Frame(frame) if frame["type"] == "verdicts" => {
                    told.push(((name, counter), frame["verdicts"][0].clone()));
                    count.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Heard::Frame(frame) => assert_eq!(frame["type"], "entries"),
                Heard::Closed(_) => return told,
            }
        }
    }
}

/// All that was acknowledged is in the log, once, and is acknowledged again in the same words.
fn assert_kept(told: &Told, data: &Path) {
    let server = Process::start(data, &[]);
    for store in STORES {
        let mut logged: BTreeMap<(String, u64), u64> = BTreeMap::new();
        for entry in Client::read_all(server.address, store, "reader") {
            let key = (entry["client"].as_str().unwrap().to_owned(), entry["counter"].as_u64().unwrap());
            *logged.entry(key).or_default() += 1;
        }
        for ((writer, counter), events) in &logged {
            assert_eq!(*events, 1 + counter % 3, "exactly-once, whole-commits: {writer} {counter}");
        }
        for (key, verdict) in told.iter().filter(|((writer, _), _)| store_of(writer) == store) {
            assert!(logged.contains_key(key), "true-receipt: {key:?} was told {verdict}");
        }
    }
    for writer in (0..WRITERS).map(|writer| format!("w{writer}")) {
        let own: Vec<_> = told.range((writer.clone(), 0)..=(writer.clone(), u64::MAX)).collect();
        for part in own.chunks(100) {
            let commits: Vec<_> = part
                .iter()
                .map(|((_, counter), _)| commit(&writer, *counter, &texts(&writer, *counter)))
                .collect();
            let mut client =
                Client { socket: open(server.address, store_of(&writer)), name: writer.clone(), counter: 0 };
            client.send(&hello(store_of(&writer), &writer, TOKEN));
            client.send(&push(&commits));
            let again = client.expect("verdicts");
            let again: Vec<_> = again["verdicts"].as_array().unwrap().iter().collect();
            assert_eq!(again, part.iter().map(|(_, verdict)| *verdict).collect::<Vec<_>>());
        }
    }
    server.kill();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn a_killed_server_has_what_it_has_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let mut told = Told::new();
    for acknowledged in [1, 50, 300] {
        // A small journal begins anew again and again.
        let (more, _) = load(Process::start(data.path(), &["--journal-mib", "1"]), acknowledged);
        told.extend(more);
        assert_kept(&told, data.path());
    }
}

#[test]
fn a_write_ahead_log_is_brought_into_its_file_while_the_server_runs() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(data.path(), &[]);
    let mut ann = Client::connect(server.address, "s", "ann");
    let large = "x".repeat(100_000);
    let file = data.path().join("stores/store-s.db");
    let begun = Instant::now();
    while std::fs::metadata(&file).unwrap().len() < 8 << 20 {
        assert_eq!(ann.say(&large)["status"], "accepted");
        assert!(ann.counter < 500 && begun.elapsed() < Duration::from_secs(60), "the journal is full first");
    }
    let told = ann.counter;
    server.kill();
    let server = Process::start(data.path(), &[]);
    assert_eq!(Client::read_all(server.address, "s", "bob").len() as u64, told);
    server.kill();
}

#[test]
fn what_the_stores_files_have_lost_with_the_machine_is_in_the_journal() {
    let data = tempfile::tempdir().unwrap();
    let stores = data.path().join("stores");
    let (mut told, _) = load(Process::start(data.path(), &[]), 100);
    // Nothing was flushed: all of it is lost.
    std::fs::remove_dir_all(&stores).unwrap();
    assert_kept(&told, data.path());

    let before = tempfile::tempdir().unwrap();
    copy(&stores, before.path());
    let (more, _) = load(Process::start(data.path(), &[]), 200);
    told.extend(more);
    std::fs::remove_dir_all(&stores).unwrap();
    copy(before.path(), &stores);
    assert_kept(&told, data.path());
    assert_kept(&told, data.path());
    assert!(!data.path().join("journal/aside").exists(), "all of it was played back");
}

#[test]
fn a_store_that_was_restored_from_an_older_backup_keeps_no_server_from_starting() {
    let data = tempfile::tempdir().unwrap();
    let stores = data.path().join("stores");
    let server = Process::start(data.path(), &[]);
    Client::connect(server.address, "s", "ann").say("one");
    assert_eq!(server.terminate().0, Some(0));
    let before = tempfile::tempdir().unwrap();
    copy(&stores, before.path());
    let server = Process::start(data.path(), &[]);
    Client::connect(server.address, "s", "ann").say("two");
    assert_eq!(server.terminate().0, Some(0), "flushed: the journal begins anew");
    let server = Process::start(data.path(), &[]);
    Client::connect(server.address, "s", "ann").say("three");
    server.kill();
    std::fs::remove_dir_all(&stores).unwrap();
    copy(before.path(), &stores);
    let server = Process::start(data.path(), &[]);
    assert_eq!(Client::read_all(server.address, "s", "bob").len(), 1);
    let log = server.kill().join("\n");
    assert!(log.contains("it follows seq 2, and the log ends at 1"), "{log}");
    assert_eq!(std::fs::read_dir(data.path().join("journal/aside")).unwrap().count(), 1, "it is kept");
}

#[test]
fn a_push_that_crashes_the_room_is_refused_in_the_end_and_the_others_are_decided() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let mut others: Vec<Client> =
        (0..4).map(|n| Client::connect(host.address(), "s", &format!("other{n}"))).collect();
    others.iter_mut().for_each(|other| drop(other.say("first")));
    let mut ann = Client::connect(host.address(), "s", "ann");
    ann.say("first");
    let crash = push(&[commit("ann", 2, &["boom".to_owned()]), commit("ann", 3, &["fine".to_owned()])]);
    ann.send(&crash);
    others.iter_mut().for_each(|other| drop(other.say("second")));
    let mut verdicts = loop {
        match ann.frame() {
            frame if frame["type"] == "error" => {
                assert_eq!(frame["code"], "server-failed", "{frame}");
                ann.send(&crash);
            }
            frame if frame["type"] == "verdicts" => break vec![frame["verdicts"].clone()],
            _ => {}
        }
    };
    if verdicts[0].as_array().unwrap().len() == 1 {
        verdicts.push(ann.expect("verdicts")["verdicts"].clone());
    }
    let told = Value::from(verdicts).to_string();
    assert!(told.contains("crashed") && told.contains("\"counter\":3"), "{told}");
    assert_eq!(Client::read_all(host.address(), "s", "reader").len(), 10);
    host.stop();
}

#[test]
fn what_was_acknowledged_right_before_another_push_crashes_the_room_is_there() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| Client::connect(host.address(), "s", name));
    ann.say("first");
    bob.say("first");
    // Held, and not in the file yet.
    for n in 2..=20 {
        assert_eq!(bob.say("held")["counter"], n);
    }
    ann.send(&push(&[commit("ann", 2, &["boom".to_owned()])]));
    assert_eq!(ann.expect("error")["code"], "server-failed");
    assert_eq!(Client::read_all(host.address(), "s", "reader").len(), 21, "true-receipt");
    assert_eq!(bob.say("and on")["counter"], 21);
    host.stop();
}
