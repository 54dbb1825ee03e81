//! Each limit at its edge: what just fits is taken, one more is not, and the socket stays.

use std::time::Duration;

use serde_json::{Value, json};
use syncline_server::Settings;

use super::client::{Client, commit, push};
use super::host::{Host, settings};

fn with(data: &std::path::Path, tables: &str) -> Host {
    let settings = toml::from_str::<Settings>(tables).unwrap().or(settings(data));
    Host::with(settings)
}

/// Commits of so many events each, of so many bytes of text.
fn commits(client: &mut Client, sizes: &[usize], bytes: usize) -> Vec<Value> {
    let commits = sizes.iter().zip(client.counter + 1..);
    commits
        .map(|(events, counter)| commit(&client.name, counter, &vec!["x".repeat(bytes); *events]))
        .collect()
}

/// What comes of a push: how many commits were accepted, or the code of the refusal.
fn pushed(client: &mut Client, commits: &[Value]) -> Result<usize, Value> {
    client.send(&push(commits));
    loop {
        let frame = client.frame();
        match frame["type"].as_str().unwrap() {
            "verdicts" => {
                let verdicts = frame["verdicts"].as_array().unwrap();
                client.counter += verdicts.len() as u64;
                let accepted = verdicts.iter().filter(|verdict| verdict["status"] == "accepted").count();
                return Ok(accepted);
            }
            "error" => return Err(frame),
            _ => {}
        }
    }
}

#[test]
fn sizes_of_commits_and_pushes_hold_to_the_last_byte() {
    let data = tempfile::tempdir().unwrap();
    // An event of these has the bytes of its name, `said`, and of `{"text":"…"}`.
    let tables = "[limits]\nmessage-bytes = 4000\ncommit-bytes = 1015\ncommit-events = 3\npush-commits = 4\npush-events = 6";
    let host = with(data.path(), tables);
    let mut ann = Client::connect(host.address(), "s", "ann");
    for (sizes, bytes, accepted) in [
        (&[1][..], 1_000, Some(1)),
        (&[1], 1_001, None),
        (&[3], 1, Some(1)),
        (&[4], 1, None),
        (&[1, 1, 1, 1], 1, Some(4)),
        (&[1, 1, 1, 1, 1], 1, None),
        (&[3, 3], 1, Some(2)),
        (&[3, 3, 1], 1, None),
    ] {
        let commits = commits(&mut ann, sizes, bytes);
        match (pushed(&mut ann, &commits), accepted) {
            (Ok(count), Some(accepted)) => assert_eq!(count, accepted, "{sizes:?} {bytes}"),
            (Ok(count), None) => assert_eq!(count, 0, "{sizes:?} {bytes}"),
            (Err(frame), None) => assert_eq!(frame["code"], "push-too-large", "{sizes:?} {bytes}"),
            (Err(frame), Some(_)) => panic!("{sizes:?} {bytes}: {frame}"),
        }
    }
    let base = push(&commits(&mut ann, &[1], 0)).len();
    for (bytes, fits) in [(4_000, true), (4_001, false)] {
        let padded = format!("{}{}", push(&commits(&mut ann, &[1], 0)), " ".repeat(bytes - base));
        ann.send(&padded);
        let told = ann.frame();
        assert_eq!(told["code"] == "message-too-large", !fits, "{bytes}: {told}");
        if fits {
            ann.counter += 1;
            ann.expect("verdicts");
        }
    }
    host.stop();
}

#[test]
fn each_rate_holds_its_client_or_its_subject_back_and_says_for_how_long() {
    // Two seconds of it come at once; then nothing, for a while that is longer than a test.
    for (rate, of_subject) in [("client-events", false), ("subject-events", true)] {
        let data = tempfile::tempdir().unwrap();
        let host = with(data.path(), &format!("[rates]\n{rate} = 1"));
        let mut ann = Client::connect(host.address(), "s", "ann");
        let both = commits(&mut ann, &[1, 100], 1);
        assert_eq!(pushed(&mut ann, &both), Ok(2), "{rate}: what is too much at once leaves a debt");
        let more = commits(&mut ann, &[1], 1);
        let refused = pushed(&mut ann, &more).unwrap_err();
        assert_eq!(refused["code"], "rate-limited", "{rate}");
        assert!(refused["retryAfterMs"].as_u64().unwrap() > 90_000, "{refused}");
        let mut bob = Client::connect(host.address(), "s", "bob");
        assert_eq!(bob.say("nobody else")["status"], "accepted", "{rate}");
        let mut again = Client::connect_as(host.address(), "s", "ann-2", "ann");
        let commits = commits_of("ann-2", "ann");
        assert_eq!(pushed(&mut again, &commits).is_err(), of_subject, "{rate}: the subject's other client");
        host.stop();
    }
    for (rate, of_subject) in [("client-bytes", false), ("subject-bytes", true)] {
        let data = tempfile::tempdir().unwrap();
        let host = with(data.path(), &format!("[rates]\n{rate} = 100"));
        let mut ann = Client::connect(host.address(), "s", "ann");
        let large = commits(&mut ann, &[1], 20_000);
        assert_eq!(pushed(&mut ann, &large), Ok(1), "{rate}");
        let more = commits(&mut ann, &[1], 1);
        let refused = pushed(&mut ann, &more).unwrap_err();
        assert_eq!(refused["code"], "rate-limited", "{rate}");
        assert!(refused["retryAfterMs"].as_u64().unwrap() > 100_000, "{refused}");
        let mut again = Client::connect_as(host.address(), "s", "ann-2", "ann");
        assert_eq!(pushed(&mut again, &commits_of("ann-2", "ann")).is_err(), of_subject, "{rate}");
        host.stop();
    }
}

fn commits_of(client: &str, author: &str) -> Vec<Value> {
    let mut commit = commit(client, 1, &["x".to_owned()]);
    commit["author"] = json!(author);
    vec![commit]
}

#[test]
fn what_was_held_back_is_taken_after_the_wait() {
    let data = tempfile::tempdir().unwrap();
    let host = with(data.path(), "[rates]\nclient-events = 20");
    let mut ann = Client::connect(host.address(), "s", "ann");
    let burst = commits(&mut ann, &[60], 1);
    assert_eq!(pushed(&mut ann, &burst), Ok(1));
    let commits = commits(&mut ann, &[1], 1);
    let mut waits = 0;
    while let Err(refused) = pushed(&mut ann, &commits) {
        let wait = Duration::from_millis(refused["retryAfterMs"].as_u64().unwrap());
        assert!(wait < Duration::from_secs(2), "{refused}");
        waits += 1;
        std::thread::sleep(wait);
    }
    assert!((1..=3).contains(&waits), "{waits}: it was held back, and not for longer than it was told");
    host.stop();
}

#[test]
fn presence_has_its_rate_too_and_refuses_no_push() {
    let data = tempfile::tempdir().unwrap();
    let host = with(data.path(), "[rates]\npresence = 1");
    let mut ann = Client::connect(host.address(), "s", "ann");
    let value = json!({ "type": "presence", "session": "tab", "value": 1 }).to_string();
    // Two are taken at once, and one for each second of a machine that is slow.
    (0..10).for_each(|_| ann.send(&value));
    let commit = commits(&mut ann, &[1], 1);
    ann.send(&push(&commit));
    let mut refused = 0;
    let decided = loop {
        match ann.frame() {
            frame if frame["code"] == "presence-refused" => {
                assert!(frame["retryAfterMs"].as_u64().unwrap() > 0, "{frame}");
                refused += 1;
            }
            frame if frame["type"] == "verdicts" => break frame,
            frame => assert_ne!(frame["type"], "error", "{frame}"),
        }
    };
    assert!((1..=8).contains(&refused), "{refused}");
    assert_eq!(decided["verdicts"][0]["status"], "accepted", "{decided}");
    host.stop();
}

#[test]
fn a_store_that_is_never_quiet_gets_its_snapshot_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    let host = with(
        data.path(),
        "upkeep-ms = 200\nadmin-token = \"operator\"\n[upkeep]\nsnapshot-every = 10\nmerge-every = 5",
    );
    let mut ann = Client::connect(host.address(), "s", "ann");
    // No second passes without a push.
    let info = loop {
        ann.say("again");
        let (_, info) = super::routes::ask(host.address(), "GET /stores/s/info", "operator", "");
        let info: Value = serde_json::from_str(&info).unwrap();
        if info["snapshot"].as_u64().unwrap() > 0 && info["segments"].as_u64() < info["head"].as_u64() {
            break info;
        }
        assert!(ann.counter < 20_000, "there is never one: {info}");
    };
    assert!(info["snapshot"].as_u64().unwrap() >= 10, "{info}");
    host.stop();
}
