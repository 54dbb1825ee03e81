//! What should never have been logged is replaced, everywhere, and the log stays the same log.

use serde_json::{Value, json};
use syncline_engine::protocol::{
    Args, Entry, Outcome, Redacted, RedactionNumber, Seq, ServerMessage, decode_entries, decode_server,
};
use syncline_engine::{Connection, Output, Query, RedactError, Room, Rules, quarantined};

use super::model::NotesAndMore;
use super::quarantine::starred;
use super::room::{commit, greeted, hello, push, verdicts};
use super::world::{Server, notes, store};

const SECRET: &str = "a secret";

fn seq(n: u64) -> Seq {
    Seq::new(n).unwrap()
}

fn args(id: &str, title: &str) -> Args {
    Args::parse(json!({ "id": id, "title": title }).to_string()).unwrap()
}

/// A log of three commits, the second of which says too much.
fn server() -> (Server, Connection) {
    let mut server = Server::new();
    let mut ann = greeted(&mut server, "ann");
    assert_eq!(verdicts(&server.receive(&mut ann, &commits())).len(), 3);
    (server, ann)
}

fn commits() -> String {
    let mut commits = [1, 2, 3].map(|n| commit(n, "ann", &n.to_string()));
    commits[1]["events"][0]["args"]["title"] = json!(SECRET);
    push(json!(commits))
}

fn log_text(server: &Server) -> String {
    let rows = server.db.query("SELECT entries FROM syncline_log ORDER BY first", &[]).unwrap();
    rows.iter().map(|row| row.get::<String>(0).unwrap()).collect::<Vec<_>>().join(",")
}

fn log(server: &Server) -> Vec<Entry> {
    decode_entries(&log_text(server)).unwrap()
}

fn redact(server: &mut Server, at: u64, title: &str) -> Vec<Redacted> {
    let id = log(server)[usize::try_from(at).unwrap() - 1].seq.to_string();
    redactions(&server.room.redact(&mut server.db, seq(at), args(&id, title)).unwrap())
}

/// What a client is told, by whichever way.
fn redactions(outputs: &[Output]) -> Vec<Redacted> {
    let frames = outputs.iter().filter_map(|output| match output {
        Output::Reply(text) | Output::Publish(text) => Some(decode_server(text).unwrap()),
        Output::Others(_) | Output::Present | Output::Close(_) | Output::Released(_) => None,
    });
    let redacted = frames.filter_map(|frame| match frame {
        ServerMessage::Redacted(redacted) => Some(redacted),
        ServerMessage::Welcome(_)
        | ServerMessage::Entries(_)
        | ServerMessage::Verdicts(_)
        | ServerMessage::Snapshot(_)
        | ServerMessage::Presence(_)
        | ServerMessage::Error(_) => None,
    });
    redacted.collect()
}

fn told(redactions: &[Redacted]) -> Vec<(u64, u64)> {
    redactions.iter().map(|redacted| (redacted.number.get(), redacted.entry.seq.get())).collect()
}

/// Connects as a client that has the log up to a seq, and knows so many redactions.
fn greet(server: &mut Server, read: u64, known: u64) -> (Connection, Vec<Redacted>) {
    let (mut connection, mut hello) = (Connection::new(None), hello("bob"));
    hello["redactions"] = json!(known);
    if read > 0 {
        hello["cursor"] = json!({ "incarnation": "first", "seq": read, "chain": chain_at(server, read) });
    }
    let outputs = server.receive(&mut connection, &hello.to_string());
    let Some(Output::Reply(welcome)) = outputs.first() else { panic!("{outputs:?}") };
    assert!(welcome.contains(r#""type":"welcome""#), "{welcome}");
    (connection, redactions(&outputs))
}

fn chain_at(server: &Server, seq: u64) -> String {
    use syncline_engine::protocol::Chain;
    let entries = log(server).into_iter().take(usize::try_from(seq).unwrap());
    entries.fold(Chain::GENESIS, |chain, entry| chain.after(&entry, &entry.args_digest())).to_string()
}

#[test]
fn a_redacted_entry_is_gone_from_log_and_state_and_the_log_is_the_same() {
    let (mut server, mut ann) = server();
    let before = chain_at(&server, 3);
    let published = redact(&mut server, 2, "");
    assert_eq!(told(&published), [(1, 2)], "who is live is told");
    assert_eq!(published[0].entry, log(&server)[1]);
    assert!(!log_text(&server).contains(SECRET));
    assert_eq!(notes(&server.db), ["1=1/ann", "2=/ann", "3=3/ann"]);
    assert_eq!(chain_at(&server, 3), before);
    // After a restart, too: clients that have followed it are welcome, at every place.
    server.hibernate();
    for read in 1..=3 {
        greet(&mut server, read, 1);
    }
    assert_eq!(notes(&server.db), ["1=1/ann", "2=/ann", "3=3/ann"]);
    // And its author, who sends the commit again, gets the verdict again.
    let again = server.receive(&mut ann, &commits());
    let accepted = verdicts(&again).into_iter().map(|verdict| match verdict.outcome {
        Outcome::Accepted { first, .. } => first.get(),
        Outcome::Rejected(why) => panic!("{why}"),
    });
    assert_eq!(accepted.collect::<Vec<_>>(), [1, 2, 3]);
    // The log goes on.
    server.receive(&mut ann, &push(json!([commit(4, "ann", "4")])));
    assert_eq!(server.room.head(), seq(4));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let (mut server, _) = server();
    let before = (log_text(&server), notes(&server.db));
    let large = args("2", &"x".repeat(300_000));
    let bytes = large.get().len();
    for (at, args, expected) in [
        (4, args("4", ""), RedactError::NoSuchEntry(seq(4))),
        (0, args("0", ""), RedactError::NoSuchEntry(seq(0))),
        (2, large, RedactError::TooLarge { bytes, limit: 262_144 }),
    ] {
        assert_eq!(server.room.redact(&mut server.db, seq(at), args), Err(expected));
    }
    for bad in ["null", "{}", r#"{"id":"2"}"#] {
        let error = server.room.redact(&mut server.db, seq(2), Args::parse(bad).unwrap()).unwrap_err();
        let RedactError::Undecodable(why) = error else { panic!("{error}") };
        assert_eq!(why.code, "bad-args");
    }
    assert_eq!(redact(&mut server, 2, SECRET), [], "that is what is there");
    assert_eq!((log_text(&server), notes(&server.db)), before);
    assert_eq!(told(&greet(&mut server, 3, 0).1), []);
}

#[test]
fn an_event_that_the_model_does_not_know_can_be_erased_all_the_same() {
    let mut server = starred();
    server.room = Room::open(
        &mut server.db,
        Rules::of::<NotesAndMore>(),
        store(),
        syncline_engine::protocol::Incarnation::parse("unused").unwrap(),
    )
    .unwrap();
    let before = notes(&server.db);
    server.room.redact(&mut server.db, seq(3), Args::parse("null").unwrap()).unwrap();
    assert_eq!(log(&server)[2].args.get(), "null");
    assert_eq!(notes(&server.db), before);
    assert_eq!(quarantined(&server.db).unwrap()[0].why.code, "unknown-event");
}

#[test]
fn a_client_is_told_when_it_connects_what_it_has_not_heard_of() {
    let (mut server, _) = server();
    redact(&mut server, 2, "");
    redact(&mut server, 1, "one");
    assert_eq!(told(&greet(&mut server, 3, 0).1), [(1, 2), (2, 1)]);
    assert_eq!(told(&greet(&mut server, 3, 1).1), [(2, 1)]);
    assert_eq!(told(&greet(&mut server, 3, 2).1), []);
    assert_eq!(told(&greet(&mut server, 1, 0).1), [(2, 1)], "it reads the other as it is");
    assert_eq!(told(&greet(&mut server, 0, 0).1), [(2, 1)], "a new one learns the last number");
    redact(&mut server, 2, "two");
    server.hibernate();
    assert_eq!(told(&greet(&mut server, 3, 0).1), [(2, 1), (3, 2)], "the last of an entry stands for all");
    let (_, told) = greet(&mut server, 3, 2);
    assert_eq!(told[0].entry.args, args("2", "two"));
    assert_eq!(
        told[0].entry.args_digest(),
        syncline_engine::protocol::Digest::of(args_of_the_secret().as_bytes())
    );
}

fn args_of_the_secret() -> String {
    let commits: Value = serde_json::from_str(&commits()).unwrap();
    commits["commits"][1]["events"][0]["args"].to_string()
}

#[test]
fn who_reads_on_meanwhile_is_told_once_the_head_is_reached() {
    let (mut server, mut ann) = server();
    for counter in 4..=9 {
        let mut commit = commit(counter, "ann", &counter.to_string());
        commit["events"][0]["args"]["pad"] = json!("x".repeat(100_000));
        server.receive(&mut ann, &push(json!([commit])));
    }
    let (mut bob, _) = greet(&mut server, 0, 0);
    assert!(!bob.is_live());
    redact(&mut server, 2, "");
    let mut pull = |server: &mut Server, after: u64| {
        let outputs = server.receive(&mut bob, &json!({ "type": "pull", "after": after }).to_string());
        (bob.is_live(), told(&redactions(&outputs)))
    };
    assert_eq!(pull(&mut server, 5), (false, vec![]));
    assert_eq!(pull(&mut server, 8), (true, vec![(1, 2)]));
    assert_eq!(pull(&mut server, 9), (true, vec![]), "once");
}

#[test]
fn the_archive_gets_a_redacted_entry_again() {
    let (mut server, mut ann) = server();
    let page = |server: &Server| server.room.archive_page(&server.db).unwrap();
    let done = |server: &mut Server| {
        let page = server.room.archive_page(&server.db).unwrap().unwrap();
        server.room.archived(&mut server.db, &page).unwrap();
        page
    };
    // On its way while it is redacted: the archive may have it as it was.
    let on_its_way = page(&server).unwrap();
    assert_eq!(on_its_way.redacted, None);
    redact(&mut server, 2, "");
    server.room.archived(&mut server.db, &on_its_way).unwrap();
    let again = done(&mut server);
    assert_eq!((again.redacted, again.last), (Some(RedactionNumber::new(1).unwrap()), seq(3)));
    let rows: Value = serde_json::from_str(&again.rows).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!((&rows[0][0], &rows[0][7]), (&json!(2), &json!(r#"{"id":"2","title":""}"#)));
    assert_eq!(rows[0][8], json!(log(&server)[1].redacted));
    assert_eq!(page(&server), None);
    // Redacted again, and an entry that the archive does not have yet.
    server.receive(&mut ann, &push(json!([commit(4, "ann", "4")])));
    redact(&mut server, 2, "two");
    redact(&mut server, 4, "four");
    server.hibernate();
    let first = done(&mut server);
    assert_eq!(first.redacted, Some(RedactionNumber::new(2).unwrap()));
    let second = done(&mut server);
    assert_eq!((second.redacted, second.last), (None, seq(4)));
    assert!(second.rows.contains("four"));
    let third = done(&mut server);
    assert_eq!(third.redacted, Some(RedactionNumber::new(3).unwrap()), "nothing but the same row once more");
    assert_eq!(page(&server), None);
}

#[test]
fn a_redacted_room_makes_its_state_anew_in_steps_and_has_no_snapshot_of_the_old_one() {
    let (mut server, mut ann) = server();
    for counter in 4..=20 {
        let mut commit = commit(counter, "ann", &counter.to_string());
        commit["events"][0]["args"]["pad"] = json!("x".repeat(100_000));
        server.receive(&mut ann, &push(json!([commit])));
    }
    server.room.make_snapshot(&mut server.db).unwrap();
    redact(&mut server, 2, "");
    assert!(server.room.is_rebuilding());
    let db: &dyn Query = &server.db;
    let parts = db.value::<i64>("SELECT count(*) FROM syncline_snapshot_part", &[]).unwrap();
    assert_eq!(parts, Some(0));
    server.hibernate();
    while !server.room.rebuild_step(&mut server.db).unwrap() {}
    assert!(notes(&server.db).contains(&"2=/ann".to_owned()));
    assert_eq!(notes(&server.db).len(), 20);
}

#[test]
fn a_segment_that_grows_beyond_its_limit_becomes_two() {
    let mut server = Server::new();
    let mut ann = greeted(&mut server, "ann");
    let commits = [1, 2, 3, 4, 5].map(|n| {
        let mut commit = commit(n, "ann", &n.to_string());
        if n != 3 {
            commit["events"][0]["args"]["pad"] = json!("x".repeat(240_000));
        }
        commit
    });
    server.receive(&mut ann, &push(json!(commits)));
    let segments = |server: &Server| {
        let db: &dyn Query = &server.db;
        db.query("SELECT octet_length(entries) FROM syncline_log", &[]).unwrap().len()
    };
    assert_eq!(segments(&server), 1);
    let before = chain_at(&server, 5);
    let mut large: Value = serde_json::from_str(args("3", "three").get()).unwrap();
    large["pad"] = json!("x".repeat(200_000));
    let large = Args::parse(large.to_string()).unwrap();
    server.room.redact(&mut server.db, seq(3), large).unwrap();
    assert_eq!(segments(&server), 2);
    server.hibernate();
    assert_eq!((server.room.head(), chain_at(&server, 5)), (seq(5), before));
    for read in 1..=5 {
        greet(&mut server, read, 1);
    }
    assert_eq!(notes(&server.db)[2], "3=three/ann");
}
