//! A server that keeps nothing of a log but what has just come: what the archive has is there alone, and nobody
//! who reads can tell.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use syncline_engine::protocol::{
    Chain, ClientMessage, Cursor, Entry, Hello, Outcome, Pull, RedactionNumber, Seq, StoreId,
};

use super::live::long_log;
use super::routes::{ask, entries};
use crate::client::{Client, message, read_log};
use crate::failure::{Done, Failure, ensure, same, some};
use crate::http::Answer;
use crate::log::Log;
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Cold;
    a_log_that_has_left_is_read_as_before,
    a_cursor_goes_on_within_what_has_left,
    a_commit_of_what_has_left_is_still_decided,
    what_comes_behind_a_frame_that_waits_for_the_archive_is_answered_behind_it,
    an_entry_that_has_left_is_redacted,
    what_has_left_is_read_over_http_and_verified,
];

/// The archive has it after a second, and it leaves after that.
const IN_TIME: Duration = Duration::from_secs(60);

/// A log of some segments that has left as a whole.
fn left(server: &Server, entries: usize) -> Done<(StoreId, Client)> {
    let store = server.store()?;
    let ann = long_log(server, &store, entries, 400, 10)?;
    let deadline = Instant::now() + IN_TIME;
    loop {
        let info = server.operate("GET", &store, "info", "")?.json()?;
        let number = |name: &str| info.get(name).and_then(serde_json::Value::as_u64);
        if number("released") == Some(ann.log.head().get()) {
            return Ok((store, ann));
        }
        if Instant::now() > deadline {
            return Err(Failure::new("all of the log leaves within a minute", info.to_string()));
        }
        sleep(Duration::from_millis(200));
    }
}

fn a_log_that_has_left_is_read_as_before(server: &Server) -> Done {
    let (store, mut ann) = left(server, 3_000)?;
    let ben = Client::join(server, &store, "ben")?;
    same("the log", ann.log.entries.len(), ben.log.entries.len())?;
    same("its chain", ann.log.chain(), ben.log.chain())?;
    // What is new is published as ever.
    let commit = ann.commit([message("new", "after all that")])?;
    ann.accepted(vec![commit])?;
    same("the chain", ann.log.chain(), read_log(server, &store, "cat")?.chain())
}

fn a_cursor_goes_on_within_what_has_left(server: &Server) -> Done {
    let (store, ann) = left(server, 1_000)?;
    for at in [7, 502] {
        let seq = Seq::new(at).map_err(own)?;
        let cursor =
            Cursor { incarnation: ann.welcome.incarnation.clone(), seq, chain: ann.log.chain_at(seq) };
        let mut hello = server.hello(&store, "ben")?;
        hello.cursor = Some(Cursor { chain: Chain::GENESIS, ..cursor.clone() });
        let mut stranger = server.socket(&store)?;
        stranger.send(&ClientMessage::Hello(hello.clone()))?;
        stranger.error(syncline_engine::protocol::Code::LogDiverged)?;
        hello.cursor = Some(cursor);
        let mut ben = Client::greet(server, hello)?;
        let known = ann.log.entries.iter().filter(|entry| entry.seq <= seq);
        ben.log = Log { entries: known.cloned().collect() };
        ben.catch_up()?;
        same("the chain", ann.log.chain(), ben.log.chain())?;
    }
    Ok(())
}

fn a_commit_of_what_has_left_is_still_decided(server: &Server) -> Done {
    let (_, mut ann) = left(server, 600)?;
    let first = some(ann.log.entries.first().cloned(), "an entry")?;
    let opening: Vec<Entry> =
        ann.log.entries.iter().filter(|entry| entry.counter == first.counter).cloned().collect();
    let events = opening.iter().map(|entry| entry.event()).collect();
    let mut again = ann.raw_commit(events)?;
    again.counter = first.counter;
    let verdicts = ann.push(vec![again.clone()])?;
    let places = (first.seq, some(opening.last(), "its last entry")?.seq);
    let outcome = Outcome::Accepted { first: places.0, last: places.1 };
    same("the verdict", Some(outcome), verdicts.into_iter().next().map(|verdict| verdict.outcome))?;
    // Another commit under its number is none of it.
    again.events.pop();
    ann.send(vec![again])?;
    let Err(frame) = ann.answer()? else { return Err(Failure::new("an error", "verdicts")) };
    same("its code", syncline_engine::protocol::Code::CommitMismatch, frame.code)
}

fn what_comes_behind_a_frame_that_waits_for_the_archive_is_answered_behind_it(server: &Server) -> Done {
    let (store, mut ann) = left(server, 600)?;
    // The hello asks for the first page, which has to be fetched; nobody waits for its answer.
    let hello = server.hello(&store, "ben")?;
    let mut ben = server.socket(&store)?;
    ben.send(&ClientMessage::Hello(hello))?;
    ben.send(&ClientMessage::Pull(Pull { after: ann.log.head(), part: None }))?;
    // Nobody else waits.
    let commit = ann.commit([message("meanwhile", "of another")])?;
    ann.accepted(vec![commit])?;
    let welcome = ben.message("a welcome")?;
    ensure(
        matches!(welcome, syncline_engine::protocol::ServerMessage::Welcome(_)),
        "the welcome first",
        welcome.encode(),
    )?;
    let page = ben.entries()?;
    same("then the page from the start", Seq::ZERO, page.after)?;
    ensure(!page.entries.is_empty(), "with entries", page.entries.len())
}

fn an_entry_that_has_left_is_redacted(server: &Server) -> Done {
    let (store, mut ann) = left(server, 600)?;
    let entry = some(ann.log.entries.get(300).cloned(), "an entry")?;
    let args = entry.args.get().replace(&"t".repeat(400), "gone");
    let args: serde_json::Value = serde_json::from_str(&args).map_err(own)?;
    let body = json!({ "seq": entry.seq, "args": args }).to_string();
    let answer = server.operate("POST", &store, "redact", &body)?;
    same("the status", 200, answer.status)?;
    // Whoever knows of it is told nothing, and reads it as it is now.
    let known = RedactionNumber::new(1).map_err(own)?;
    let mut ben = Client::greet(server, Hello { redactions: known, ..server.hello(&store, "ben")? })?;
    ben.catch_up()?;
    same("the chain, which does not tell", ann.log.chain(), ben.log.chain())?;
    let redacted = ben.log.entries.get(300).map(|entry| entry.args.get().contains("gone"));
    same("the args", Some(true), redacted)?;
    // The state is made anew, from the archive; then pushes go on.
    let commit = ann.commit([message("after", "the redaction")])?;
    let deadline = Instant::now() + IN_TIME;
    ann.hello.redactions = known;
    loop {
        ann = ann.again(server)?;
        ann.catch_up()?;
        ann.send(vec![commit.clone()])?;
        match ann.answer()? {
            Ok(_) => return Ok(()),
            Err(frame) if Instant::now() < deadline => {
                same("why not", syncline_engine::protocol::Code::Rebuilding, frame.code)?;
                sleep(Duration::from_millis(frame.retry_after_ms.unwrap_or(500).into()));
            }
            Err(frame) => return Err(Failure::new("the state is made anew within a minute", frame.message)),
        }
    }
}

fn what_has_left_is_read_over_http_and_verified(server: &Server) -> Done {
    let (store, ann) = left(server, 600)?;
    let verified = server.operate("POST", &store, "verify", "")?.json()?;
    let told = (verified.get("sound").cloned(), verified.get("entries").cloned());
    same("sound, and so many entries", (Some(json!(true)), Some(json!(ann.log.head()))), told)?;
    let read = entries(&ask(server, &store, "log?after=100&limit=400")?)?;
    same("a part of the log", ann.log.entries.get(100..500), Some(&read[..]))?;
    same("all of it", &ann.log.entries, &entries(&ask(server, &store, "log")?)?)
}

impl Server {
    /// Asks for what only an operator may ask for.
    fn operate(&self, method: &str, store: &StoreId, path: &str, body: &str) -> Done<Answer> {
        let token = some(self.setup.admin.as_deref(), "the operator's token")?;
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let path = format!("/stores/{store}/{path}");
        if method == "GET" { self.request(method, &path, &headers) } else { self.post(&path, &headers, body) }
    }
}
