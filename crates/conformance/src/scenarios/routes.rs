//! What a store answers over HTTP.

use std::io::BufRead;
use std::thread;

use serde_json::json;
use syncline_engine::protocol::{Commit, Entry, Outcome, Seq, StoreId, Subject, Verdicts};

use crate::client::{Client, message, read_log};
use crate::failure::{Done, Failure, ensure, same, some};
use crate::http::Answer;
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    the_log_over_http_is_that_of_the_sockets,
    a_question_about_the_log_that_makes_no_sense_is_refused,
    who_waits_for_the_log_is_answered_when_something_comes,
    events_are_the_log_and_what_comes_and_go_on_where_they_ended,
    events_of_another_log_are_refused,
    a_push_over_http_is_published_and_decided_once,
    a_push_over_http_that_is_none_is_refused,
    the_state_over_http_is_that_of_the_head,
];

pub(super) const WITH_TOKENS: &[Scenario] = scenarios![Needs::Tokens;
    nothing_of_a_store_is_answered_without_its_token,
    a_token_of_a_store_makes_nobody_an_operator,
];

/// Asks for something of a store, with its token.
pub(super) fn ask(server: &Server, store: &StoreId, path: &str) -> Done<Answer> {
    let authorization = bearer(server, store)?;
    let headers = authorization.iter().map(|token| ("authorization", token.as_str()));
    server.request("GET", &format!("/stores/{store}/{path}"), &headers.collect::<Vec<_>>())
}

fn post(server: &Server, store: &StoreId, path: &str, body: &str) -> Done<Answer> {
    let authorization = bearer(server, store)?;
    let headers = authorization.iter().map(|token| ("authorization", token.as_str()));
    server.post(&format!("/stores/{store}/{path}"), &headers.collect::<Vec<_>>(), body)
}

fn bearer(server: &Server, store: &StoreId) -> Done<Option<String>> {
    let token = server.token(store, &Subject::parse("ann").map_err(own)?)?;
    Ok(token.map(|token| format!("Bearer {token}")))
}

pub(super) fn entries(answer: &Answer) -> Done<Vec<Entry>> {
    same("the status", 200, answer.status)?;
    let lines = answer.body.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().map_err(|error| Failure::new("an entry a line", error.to_string()))
}

fn the_log_over_http_is_that_of_the_sockets(server: &Server) -> Done {
    let store = server.store()?;
    same("the log of a new store", 0, entries(&ask(server, &store, "log")?)?.len())?;
    let ann = super::live::long_log(server, &store, 3_000, 400, 20)?;
    let all = entries(&ask(server, &store, "log")?)?;
    same("the whole log", &ann.log.entries, &all)?;
    let some = entries(&ask(server, &store, "log?after=1000&limit=7")?)?;
    same("seven entries after 1000", ann.log.entries.get(1_000..1_007), Some(&some[..]))?;
    let end = entries(&ask(server, &store, &format!("log?after={}", ann.log.head()))?)?;
    same("what is after the head", 0, end.len())
}

fn a_question_about_the_log_that_makes_no_sense_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    Client::founder(server, &store, "ann")?;
    for query in ["after=-1", "after=x", "after=", "after=9007199254740992", "limit=1.5", "store=other"] {
        ask(server, &store, &format!("log?{query}"))?.refuses(query, 400, &["bad-request"])?;
    }
    Ok(())
}

fn who_waits_for_the_log_is_answered_when_something_comes(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let commit = ann.commit([message("m", "somebody waits for it")])?;
    let path = format!("log?after={}&wait=15", ann.log.head());
    let waited = thread::scope(|scope| {
        let waiting = scope.spawn(|| ask(server, &store, &path));
        ann.accepted(vec![commit])?;
        waiting.join().unwrap_or_else(|_| Err(Failure::new("a suite without mistakes", "a panic")))
    })?;
    same("what was waited for", ann.log.entries.get(2..), Some(&entries(&waited)?[..]))
}

/// An event of a stream: its id, and the entry.
fn event(stream: &mut impl BufRead) -> Done<(String, Entry)> {
    let mut id = None;
    loop {
        let mut line = String::new();
        let read = stream.read_line(&mut line);
        let read = read.map_err(|error| Failure::new("an event", error.to_string()))?;
        ensure(read > 0, "a stream without end", read)?;
        if let Some(given) = line.strip_prefix("id: ") {
            id = Some(given.trim().to_owned());
        } else if let Some(data) = line.strip_prefix("data: ") {
            let entry = serde_json::from_str(data);
            let entry = entry.map_err(|error| Failure::new("an entry", format!("{error}: {data}")))?;
            return Ok((some(id, "an id before the data")?, entry));
        }
    }
}

fn events(server: &Server, store: &StoreId, query: &str, last: Option<&str>) -> Done<impl BufRead + use<>> {
    let authorization = bearer(server, store)?;
    let mut headers: Vec<(&str, &str)> =
        authorization.iter().map(|token| ("authorization", token.as_str())).collect();
    headers.extend(last.map(|id| ("last-event-id", id)));
    server.stream(&format!("/stores/{store}/events{query}"), &headers)
}

fn events_are_the_log_and_what_comes_and_go_on_where_they_ended(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut stream = events(server, &store, "", None)?;
    for expected in ann.log.entries.clone() {
        same("an entry that was there", expected, event(&mut stream)?.1)?;
    }
    let commit = ann.commit([message("m", "while somebody listens"), message("n", "in one commit")])?;
    ann.accepted(vec![commit])?;
    let (id, third) = event(&mut stream)?;
    same("what comes", ann.log.entries.get(2), Some(&third))?;
    same("its id", format!("{}-3", ann.welcome.incarnation), id.clone())?;
    drop(stream);
    let mut again = events(server, &store, "", Some(&id))?;
    same("what comes after it", ann.log.entries.get(3), Some(&event(&mut again)?.1))?;
    let mut tail = events(server, &store, "?after=3", None)?;
    same("what comes after 3", ann.log.entries.get(3), Some(&event(&mut tail)?.1))
}

fn events_of_another_log_are_refused(server: &Server) -> Done {
    let store = server.store()?;
    Client::founder(server, &store, "ann")?;
    let authorization = bearer(server, &store)?;
    for (id, status, code) in [("another-1", 409, "log-diverged"), ("no id", 400, "bad-request")] {
        let mut headers: Vec<(&str, &str)> =
            authorization.iter().map(|token| ("authorization", token.as_str())).collect();
        headers.push(("last-event-id", id));
        server.request("GET", &format!("/stores/{store}/events"), &headers)?.refuses(id, status, &[code])?;
    }
    ask(server, &store, "events?aftr=1")?.refuses("aftr", 400, &["bad-request"])
}

fn body(client: &Client, commits: &[Commit]) -> String {
    json!({ "client": client.hello.client, "subject": client.subject, "commits": commits }).to_string()
}

fn a_push_over_http_is_published_and_decided_once(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let commits = vec![ann.commit([message("a", "over HTTP")])?, ann.commit([message("a", "again")])?];
    let body = body(&ann, &commits);
    let mut first: Option<Verdicts> = None;
    for _ in 0..2 {
        let answer = post(server, &store, "push", &body)?;
        same("the status", 200, answer.status)?;
        let verdicts: Verdicts = serde_json::from_str(&answer.body)
            .map_err(|error| Failure::new("a head and verdicts", format!("{error}: {}", answer.body)))?;
        if let Some(first) = &first {
            same("the verdicts again", &first.verdicts, &verdicts.verdicts)?;
        }
        let accepted =
            verdicts.verdicts.iter().map(|verdict| matches!(verdict.outcome, Outcome::Accepted { .. }));
        same("which are accepted", vec![true, false], accepted.collect())?;
        first = Some(verdicts);
    }
    let head = Seq::new(3).map_err(own)?;
    ann.follow_to(head)?;
    ann.socket.nothing_more()?;
    let read = read_log(server, &store, "ben")?;
    same("the head, with the accepted one once", head, read.head())?;
    same("what was published", ann.log.entries, read.entries)
}

fn a_push_over_http_that_is_none_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    let ann = Client::founder(server, &store, "ann")?;
    for body in
        ["", "{", "[]", "{}", "null", r#"{"client":"c","commits":[{}]}"#, r#"{"client":"a b","commits":[]}"#]
    {
        post(server, &store, "push", body)?.refuses(body, 400, &["bad-request"])?;
    }
    let large = format!("{{\"pad\":\"{}\"}}", "x".repeat(ann.welcome.limits.message_bytes));
    // A server need not read it to its end: then the connection breaks off, and no answer comes through.
    if let Ok(answer) = post(server, &store, "push", &large) {
        answer.refuses("a large body", 413, &["message-too-large"])?;
    }
    same("the log", ann.log.entries, read_log(server, &store, "ben")?.entries)
}

fn the_state_over_http_is_that_of_the_head(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let commit = ann.commit([message("m", "a text of the state")])?;
    ann.accepted(vec![commit])?;
    let answer = ask(server, &store, "state")?;
    same("the status", 200, answer.status)?;
    let lines: Result<Vec<serde_json::Value>, _> = answer.body.lines().map(serde_json::from_str).collect();
    let lines = lines.map_err(|error| Failure::new("a line of JSON", error.to_string()))?;
    let told = lines.first().map(|first| (first.get("seq").cloned(), first.get("incarnation").cloned()));
    let expected = (Some(json!(ann.log.head())), Some(json!(ann.welcome.incarnation)));
    same("seq and incarnation", Some(expected), told)?;
    let rows = lines.iter().filter(|line| line.is_array());
    same("a person, a channel, a member, a message", 4, rows.clone().count())?;
    let has_text = rows.map(ToString::to_string).any(|row| row.contains("a text of the state"));
    ensure(has_text, "the message's text", &answer.body)
}

fn nothing_of_a_store_is_answered_without_its_token(server: &Server) -> Done {
    let store = server.store()?;
    let ann = Client::founder(server, &store, "ann")?;
    let commit = body(&ann, &[]);
    for headers in [&[][..], &[("authorization", "Bearer wrong")]] {
        for path in ["log", "state", "log?wait=1", "events"] {
            let answer = server.request("GET", &format!("/stores/{store}/{path}"), headers)?;
            answer.refuses(path, 401, &["unauthorized"])?;
        }
        let answer = server.post(&format!("/stores/{store}/push"), headers, &commit)?;
        answer.refuses("push", 401, &["unauthorized"])?;
    }
    Ok(())
}

fn a_token_of_a_store_makes_nobody_an_operator(server: &Server) -> Done {
    let store = server.store()?;
    let ann = Client::founder(server, &store, "ann")?;
    for (path, body) in [("reset", ""), ("verify", ""), ("redact", r#"{"seq":1,"args":null}"#)] {
        let answer = post(server, &store, path, body)?;
        let refused = matches!(answer.status, 401 | 403);
        ensure(refused, format!("{path}: 401 or 403"), (answer.status, &answer.body))?;
    }
    let mut asked = vec![ask(server, &store, "info")?];
    let authorization = bearer(server, &store)?;
    let headers = authorization.iter().map(|token| ("authorization", token.as_str())).collect::<Vec<_>>();
    for path in ["/stores", "/metrics"] {
        asked.push(server.request("GET", path, &headers)?);
    }
    for answer in asked {
        ensure(matches!(answer.status, 401 | 403), "401 or 403", (answer.status, &answer.body))?;
    }
    let read = read_log(server, &store, "ben")?;
    same("the log, as it was", ann.log.entries, read.entries)
}
