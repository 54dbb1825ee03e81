//! Every route: what it takes, who may ask, and what a room answers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use syncline_engine::protocol::{Code, Entry, Incarnation, Millis, Seq, StoreId};
use syncline_engine::{Anyone, Grant, Room, Rules, SharedToken};
use syncline_http::{Access, Answer, Asked, Call, LAST, Reply, Request, Route};
use syncline_livestore::Mount;
use syncline_sqlite::Database;

struct Server {
    db: Database,
    room: Room,
}

fn get<'a>(path: &'a str, query: &'a str) -> Request<'a> {
    Request { method: "GET", path, query, body: "", last_event: None, livestore: Mount::Path }
}

fn post<'a>(path: &'a str, body: &'a str) -> Request<'a> {
    Request { method: "POST", path, query: "", body, last_event: None, livestore: Mount::Path }
}

fn code(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    (answer.status, body["code"].as_str().unwrap().to_owned())
}

/// Whose name is their subject and their client, too.
fn person(author: &str, counter: u64, name: &str) -> Value {
    json!({ "counter": counter, "author": author, "modelVersion": 1,
        "events": [{ "name": "personJoined", "args": { "name": name, "avatar": null } }] })
}

fn pushes(subject: &str, commits: &[Value]) -> String {
    json!({ "client": subject, "subject": subject, "commits": commits }).to_string()
}

impl Server {
    fn new() -> Self {
        let mut db = Database::open_memory().unwrap();
        let store = StoreId::parse("team-1").unwrap();
        let room =
            Room::open(&mut db, Rules::of::<chat_model::Chat>(), store, Incarnation::parse("first").unwrap());
        Self { room: room.unwrap(), db }
    }

    fn ask(&mut self, request: &Request<'_>, scratch: bool) -> Reply {
        let route = Route::parse(request).unwrap();
        let Route::Store(_, call) = route else { panic!("{route:?}") };
        let (mut one, mut two) = (Database::open_memory().unwrap(), Database::open_memory().unwrap());
        let empty: syncline_http::Empty<'_> = scratch.then_some([&mut one, &mut two]);
        let now = Millis::new(1_700_000_000_000).unwrap();
        let fresh = Incarnation::parse("second").unwrap();
        let asked = Asked { now, grant: Grant::TRUSTED, fresh, connections: 7, problem: None };
        call.answer(&mut self.room, &mut self.db, empty, asked)
    }

    fn filled() -> Self {
        let mut server = Self::new();
        for name in ["Ann", "Bob", "Cleo"] {
            let reply =
                server.ask(&post("/stores/team-1/push", &pushes(name, &[person(name, 1, name)])), false);
            assert_eq!(reply.answer.status, 200, "{}", reply.answer.body);
            assert_eq!(reply.publish.len(), 1);
        }
        server
    }
}

#[test]
fn what_is_in_the_archive_alone_is_asked_for_before_there_is_an_answer() {
    let mut server = Server::filled();
    let before = server.ask(&get("/stores/team-1/log", ""), false);
    assert_eq!(before.released, None);
    let upkeep = syncline_engine::Upkeep { keep_hot: Some(0), ..Default::default() };
    server.room.configure(syncline_engine::RoomConfig { upkeep, ..Default::default() });
    let page = server.room.archive_page(&server.db).unwrap().unwrap();
    server.room.archived(&mut server.db, &page).unwrap();
    server.room.make_snapshot(&mut server.db).unwrap();
    let stretch = server.room.releasable(&server.db).unwrap().unwrap();
    server.room.release(&mut server.db, &stretch, &page.rows).unwrap();
    let again = pushes("Ann", &[person("Ann", 1, "Ann")]);
    let redaction = r#"{"seq":1,"args":{"name":"Ann","avatar":"none"}}"#;
    for request in [
        get("/stores/team-1/log", ""),
        post("/stores/team-1/push", &again),
        post("/stores/team-1/redact", redaction),
    ] {
        let reply = server.ask(&request, false);
        assert_eq!(reply.released, Some(stretch.first), "{}", request.path);
    }
    assert_eq!(server.ask(&get("/stores/team-1/state", ""), false).released, None);
    server.room.bring_back(&mut server.db, &stretch, &page.rows).unwrap();
    assert_eq!(server.ask(&get("/stores/team-1/log", ""), false), before);
}

fn header(answer: &Answer, wanted: &str) -> Option<String> {
    answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
}

fn lines(answer: &Answer) -> Vec<Value> {
    answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_path_is_a_route_or_nothing() {
    let store = StoreId::parse("team-1").unwrap();
    assert_eq!(Route::parse(&get("/health", "")), Ok(Route::Health));
    assert_eq!(Route::parse(&get("/ready", "")), Ok(Route::Ready));
    assert_eq!(Route::parse(&get("/stores/team-1/sync", "")), Ok(Route::Sync(store.clone())));
    assert_eq!(Route::parse(&get("/stores/team-1/info", "")), Ok(Route::Store(store, Call::Info)));
    for path in [
        "",
        "/",
        "/health/",
        "/stores/a",
        "/stores/a/sync/",
        "/stores/a/b/sync",
        "//health",
        "/stores/a/nothing",
        "/stores/a/..",
        "/stores/a/Log",
    ] {
        let answer = Route::parse(&get(path, "")).unwrap_err();
        assert_eq!(code(&answer), (404, "not-found".to_owned()), "{path:?}");
    }
    for store in ["", "..", "%2e%2e", "a%2Fb", "a'b", "é", &"x".repeat(65)] {
        let path = format!("/stores/{store}/log");
        let answer = Route::parse(&get(&path, "")).unwrap_err();
        assert_eq!(code(&answer), (404, "bad-store-id".to_owned()), "{store:?}");
    }
}

#[test]
fn a_path_answers_one_method_and_says_which() {
    let answer = Route::parse(&post("/health", "")).unwrap_err();
    assert_eq!(code(&answer).0, 405);
    assert!(answer.headers.contains(&("allow", "GET".to_owned())));
    let answer = Route::parse(&get("/stores/a/reset", "")).unwrap_err();
    assert!(answer.headers.contains(&("allow", "POST".to_owned())));
    let asked = Request { method: "OPTIONS", ..get("/stores/a/push", "") };
    let answer = Route::parse(&asked).unwrap_err();
    assert_eq!(answer.status, 204);
    assert!(answer.headers.contains(&("access-control-allow-methods", "POST".to_owned())));
}

#[test]
fn what_is_misspelt_is_refused() {
    for request in [
        get("/stores/a/log", "affter=1"),
        get("/stores/a/log", "after=-1"),
        get("/stores/a/log", "limit=ten"),
        get("/stores/a/log", "after=9007199254740992"),
        get("/stores/a/state", "at=x"),
        post("/stores/a/push", "{"),
        post("/stores/a/push", r#"{"client":"a b","commits":[]}"#),
        post("/stores/a/push", r#"{"client":"a","commits":[],"more":1}"#),
        post("/stores/a/redact", r#"{"seq":1}"#),
    ] {
        let answer = Route::parse(&request).unwrap_err();
        assert_eq!(code(&answer), (400, "bad-request".to_owned()), "{request:?}");
    }
}

#[test]
fn who_may_ask_is_told_by_the_header() {
    let (auth, admin) = (SharedToken::new("secret"), SharedToken::new("operator"));
    let store = StoreId::parse("team-1").unwrap();
    let status = |access: Access, header: Option<&str>, admin: Option<&SharedToken>| {
        access
            .grant(header, Some(&store), (&auth, admin), Millis::default())
            .map_or_else(|answer| answer.status, |_| 200)
    };
    let admin = Some(&admin);
    for (access, header, admin, expected) in [
        (Access::Open, None, admin, 200),
        (Access::Read, None, admin, 401),
        (Access::Read, Some("Bearer secret"), admin, 200),
        (Access::Write, Some("bearer  secret "), None, 200),
        (Access::Read, Some("Bearer operator"), admin, 200),
        (Access::Write, Some("Bearer other"), admin, 401),
        (Access::Read, Some("Basic secret"), admin, 401),
        (Access::Admin, Some("Bearer secret"), admin, 401),
        (Access::Admin, Some("Bearer operator"), admin, 200),
        (Access::Admin, Some("Bearer operator"), None, 403),
        (Access::Admin, None, admin, 401),
    ] {
        assert_eq!(status(access, header, admin), expected, "{access:?} {header:?}");
    }
    let anyone = Access::Admin.grant(None, None, (&Anyone, None), Millis::default());
    assert_eq!(anyone.unwrap_err().status, 403, "no token at all is no operator's");
}

#[test]
fn a_push_without_a_socket_gets_its_verdicts_and_is_published() {
    let mut server = Server::filled();
    let again = server.ask(
        &post("/stores/team-1/push", &pushes("Cleo", &[person("Cleo", 1, "Cleo"), person("Cleo", 2, "Ann")])),
        false,
    );
    let body: Value = serde_json::from_str(&again.answer.body).unwrap();
    assert_eq!(body["head"], 3);
    assert_eq!(
        (&body["verdicts"][0]["status"], &body["verdicts"][0]["first"]),
        (&json!("accepted"), &json!(3)),
        "{body}"
    );
    assert_eq!(body["verdicts"][1]["code"], "constraint-unique", "{body}");
    assert!(again.publish.is_empty(), "nothing new is in the log");

    let commit = person("Bob", 3, "Dora");
    let refused = server.ask(&post("/stores/team-1/push", &pushes("Cleo", &[commit])), false);
    assert_eq!(code(&refused.answer), (403, "author-mismatch".to_owned()));
}

#[test]
fn a_log_is_read_as_lines_from_anywhere() {
    let mut server = Server::filled();
    let mut seqs = |query: &str| -> Vec<u64> {
        let reply = server.ask(&get("/stores/team-1/log", query), false);
        assert_eq!(reply.answer.headers[0].1, "application/x-ndjson");
        lines(&reply.answer).iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs(""), [1, 2, 3]);
    assert_eq!(seqs("after=1"), [2, 3]);
    assert_eq!(seqs("after=1&limit=1"), [2]);
    assert_eq!(seqs("limit=0"), [0; 0]);
    assert_eq!(seqs("after=7"), [0; 0]);
}

#[test]
fn an_entry_is_one_line_however_its_client_wrote_it() {
    let mut server = Server::new();
    let pretty = pushes("Ann", &[person("Ann", 1, "Ann")]).replace(",\"", ",\r\n\"");
    assert!(server.ask(&post("/stores/team-1/push", &pretty), false).answer.body.contains("accepted"));
    let log = server.ask(&get("/stores/team-1/log", ""), false).answer;
    assert_eq!((lines(&log).len(), log.body.matches(['\n', '\r']).count()), (1, 1), "{}", log.body);
}

#[test]
fn a_part_of_a_log_says_where_it_ends() {
    let mut server = Server::filled();
    let mut last = |query: &str| header(&server.ask(&get("/stores/team-1/log", query), false).answer, LAST);
    assert_eq!(last("limit=2"), Some("2".to_owned()));
    assert_eq!(last("after=2"), Some("3".to_owned()));
    assert_eq!(last("after=3"), None);
}

#[test]
fn a_stream_of_events_says_where_each_is_and_that_it_is_there() {
    let mut server = Server::filled();
    let mut ask = |query: &str, last: Option<&str>| {
        let Route::Store(_, Call::Log(call)) =
            Route::parse(&Request { last_event: last, ..get("/stores/team-1/events", query) }).unwrap()
        else {
            panic!("another route")
        };
        let answer =
            server.ask(&Request { last_event: last, ..get("/stores/team-1/events", query) }, false).answer;
        let rest = call.rest(|wanted| header(&answer, wanted));
        (answer, rest)
    };
    let (answer, rest) = ask("after=1", None);
    let events: Vec<&str> = answer.body.split("\n\n").collect();
    assert_eq!(events[0], "retry: 1000");
    assert!(events[1].starts_with("id: first-2\ndata: {\"seq\":2,"), "{}", events[1]);
    assert_eq!((events.len(), events[3]), (4, ""));
    assert!(answer.headers.contains(&("content-type", "text/event-stream".to_owned())));
    let rest = rest.unwrap();
    assert_eq!(rest.query(), "after=3&incarnation=first&wait=15");
    let (nothing, rest) = ask(&rest.query(), None);
    assert_eq!(
        (nothing.body.as_str(), rest.unwrap().query().as_str()),
        (":\n\n", "after=3&incarnation=first&wait=15")
    );
    assert!(ask("", Some("first-2")).0.body.contains("id: first-3\n"));
    let (_, begun) = ask("after=0&limit=0", None);
    assert_eq!(begun, None);
    let (diverged, rest) = ask("", Some("second-2"));
    assert_eq!((code(&diverged), rest), ((409, "log-diverged".to_owned()), None));
    for id in ["first", "first-", "first-x", "-1"] {
        let request = Request { last_event: Some(id), ..get("/stores/team-1/events", "") };
        let refused = Route::parse(&request).map(|route| format!("{route:?}"));
        assert_eq!(code(&refused.unwrap_err()), (400, "bad-request".to_owned()), "{id}");
    }
}

#[test]
fn who_waits_for_the_first_entry_follows_whichever_life_it_is_of() {
    let mut server = Server::new();
    let answer = server.ask(&get("/stores/team-1/events", ""), false).answer;
    assert_eq!(answer.body, "retry: 1000\n\n");
    let Route::Store(_, Call::Log(call)) = Route::parse(&get("/stores/team-1/events", "")).unwrap() else {
        panic!("another route")
    };
    let rest = call.rest(|wanted| header(&answer, wanted));
    assert_eq!(rest.unwrap().query(), "after=0&wait=15");
}

#[test]
fn an_operator_sees_where_a_room_stands() {
    let mut server = Server::filled();
    let info: Value =
        serde_json::from_str(&server.ask(&get("/stores/team-1/info", ""), false).answer.body).unwrap();
    assert_eq!((&info["head"], &info["clients"], &info["connections"]), (&json!(3), &json!(3), &json!(7)));
    assert_eq!((&info["segments"], &info["rebuilding"]), (&json!(3), &json!(false)), "{info}");
}

#[test]
fn the_state_is_had_at_the_head_and_where_there_is_room_as_it_was() {
    let mut server = Server::filled();
    let mut people = |query: &str, scratch: bool| -> Vec<String> {
        let reply = server.ask(&get("/stores/team-1/state", query), scratch);
        assert_eq!(reply.answer.status, 200, "{}", reply.answer.body);
        let text = &reply.answer.body;
        ["Ann", "Bob", "Cleo"]
            .iter()
            .filter(|name| text.contains(**name))
            .map(|name| (*name).to_owned())
            .collect()
    };
    assert_eq!(people("", false), ["Ann", "Bob", "Cleo"]);
    assert_eq!(people("at=3", false), ["Ann", "Bob", "Cleo"]);
    assert_eq!(people("at=2", true), ["Ann", "Bob"]);
    assert_eq!(people("at=0", true), [""; 0]);
    let there = server.ask(&get("/stores/team-1/state", "at=2"), false);
    assert_eq!(code(&there.answer), (501, "state-unavailable".to_owned()));
    let beyond = server.ask(&get("/stores/team-1/state", "at=4"), true);
    assert_eq!(code(&beyond.answer), (400, "bad-request".to_owned()));
}

#[test]
fn a_log_that_was_changed_behind_the_rooms_back_does_not_verify() {
    let mut server = Server::filled();
    let verify = |server: &mut Server| -> Value {
        let reply = server.ask(&post("/stores/team-1/verify", ""), true);
        serde_json::from_str(&reply.answer.body).unwrap()
    };
    let sound = verify(&mut server);
    assert_eq!(
        (&sound["sound"], &sound["entries"], &sound["problem"]),
        (&json!(true), &json!(3), &json!(null))
    );
    assert_eq!(sound["state"], sound["rebuilt"]);

    let write = |server: &mut Server, sql: &str| {
        syncline_engine::Sql::execute(&mut server.db, sql, &[]).unwrap();
    };
    write(&mut server, "UPDATE people SET name = 'Eve' WHERE name = 'Bob'");
    let changed = verify(&mut server);
    assert_eq!((&changed["sound"], &changed["entries"]), (&json!(false), &json!(3)), "{changed}");
    write(&mut server, "UPDATE syncline_log SET entries = replace(entries, 'Bob', 'Eve')");
    let changed = verify(&mut server);
    assert_eq!((&changed["sound"], &changed["entries"]), (&json!(false), &json!(1)), "{changed}");
    write(&mut server, "DELETE FROM syncline_log WHERE first = 2");
    assert!(verify(&mut server)["problem"].as_str().unwrap().contains("gap"));
}

#[test]
fn a_reset_begins_another_life_with_nothing_of_the_former() {
    let mut server = Server::filled();
    let reply = server.ask(&post("/stores/team-1/reset", ""), false);
    assert_eq!(reply.close_all, Some(Code::LogDiverged));
    let info: Value = serde_json::from_str(&reply.answer.body).unwrap();
    assert_eq!(
        (&info["incarnation"], &info["head"], &info["clients"]),
        (&json!("second"), &json!(0), &json!(0))
    );
    let state = server.ask(&get("/stores/team-1/state", ""), false);
    assert!(!state.answer.body.contains("Ann"));
    let again = server.ask(&post("/stores/team-1/push", &pushes("Ann", &[person("Ann", 1, "Ann")])), false);
    assert!(again.answer.body.contains("accepted"), "{}", again.answer.body);
}

#[test]
fn what_is_exported_is_imported_with_what_its_clients_had_decided() {
    let mut server = Server::filled();
    let log = server.ask(&get("/stores/team-1/log", ""), false).answer;
    let entries: Vec<Entry> = log.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut copy = Server::new();
    copy.room.import(&mut copy.db, &entries[..1]).unwrap();
    assert!(copy.room.import(&mut copy.db, &entries[..1]).is_err(), "it is there already");
    assert!(copy.room.import(&mut copy.db, &entries[2..]).is_err(), "one is left out");
    copy.room.import(&mut copy.db, &entries[1..]).unwrap();
    assert_eq!(copy.room.head(), Seq::new(3).unwrap());
    let [one, other] =
        [&mut server, &mut copy].map(|server| server.ask(&get("/stores/team-1/state", "at=3"), false));
    assert_eq!(one.answer, other.answer);
    let again = copy.ask(&post("/stores/team-1/push", &pushes("Bob", &[person("Bob", 1, "Bob")])), false);
    let body: Value = serde_json::from_str(&again.answer.body).unwrap();
    assert_eq!(
        (&body["verdicts"][0]["first"], &body["head"]),
        (&json!(2), &json!(3)),
        "exactly-once: {body}"
    );
}

#[test]
fn args_are_redacted_for_good() {
    let mut server = Server::filled();
    let body = r#"{"seq":2,"args":{"name":"-","avatar":null}}"#;
    let reply = server.ask(&post("/stores/team-1/redact", body), false);
    assert_eq!((reply.answer.status, reply.publish.len()), (200, 1), "{}", reply.answer.body);
    let entry = lines(&server.ask(&get("/stores/team-1/log", "after=1&limit=1"), false).answer).remove(0);
    assert_eq!((&entry["args"]["name"], entry["digest"].is_string()), (&json!("-"), true), "{entry}");
    let none = server.ask(&post("/stores/team-1/redact", r#"{"seq":9,"args":{}}"#), false);
    assert_eq!(code(&none.answer), (400, "bad-request".to_owned()));
}

#[test]
fn a_log_that_is_compacted_reads_as_before() {
    let mut server = Server::filled();
    let before = server.ask(&get("/stores/team-1/log", ""), false).answer.body;
    let info = |server: &mut Server| {
        let answer = server.ask(&get("/stores/team-1/info", ""), false).answer;
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let (had, stamp) = (info(&mut server)["segments"].clone(), info(&mut server)["stamp"].clone());
    let answer = server.ask(&post("/stores/team-1/compact", ""), false).answer;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"more":false}"#));
    let after = info(&mut server);
    assert_eq!((had, &after["segments"], &after["stamp"]), (json!(3), &json!(1), &stamp));
    assert_eq!(server.ask(&get("/stores/team-1/log", ""), false).answer.body, before);
    // Even what is only rejected is a change.
    server.ask(&post("/stores/team-1/push", &pushes("Ann", &[person("Ann", 2, "")])), false);
    let rejected = info(&mut server);
    assert_eq!(rejected["head"], after["head"]);
    assert_ne!(rejected["stamp"], stamp);
}

#[test]
fn a_log_is_imported_in_parts_that_follow_each_other_under_the_incarnation_that_is_named() {
    let mut from = Server::filled();
    let lines = from.ask(&get("/stores/team-1/log", ""), false).answer.body;
    let half = lines.lines().count() / 2;
    let part = |from: usize, to: usize| -> String {
        lines.lines().skip(from).take(to - from).map(|line| format!("{line}\n")).collect()
    };
    let (first, rest) = (part(0, half), part(half, usize::MAX / 2));
    let mut server = Server::new();
    let import = |query: &str, body: &str, server: &mut Server| {
        server.ask(&Request { query, ..post("/stores/team-1/import", body) }, false)
    };
    let reply = import("incarnation=V1StGXR8_Z5jdHi6B-myT", &first, &mut server);
    let told: Value = serde_json::from_str(&reply.answer.body).unwrap();
    assert_eq!((&told["head"], &told["incarnation"]), (&json!(half), &json!("V1StGXR8_Z5jdHi6B-myT")));
    assert_eq!(reply.close_all, Some(Code::LogDiverged), "whoever is connected has not been told");
    for query in [
        "",
        &format!("after={half}"),
        &format!("after={half}&incarnation=another"),
        "after=99&incarnation=V1StGXR8_Z5jdHi6B-myT",
    ] {
        let refused = import(query, &rest, &mut server).answer;
        assert_eq!(code(&refused), (409, "store-exists".to_owned()), "{query}");
    }
    let next = format!("after={half}&incarnation=V1StGXR8_Z5jdHi6B-myT");
    for nothing in ["{}\n", ""] {
        let bad = import(&next, nothing, &mut server).answer;
        assert_eq!(code(&bad), (400, "import-refused".to_owned()));
    }
    assert_eq!(import(&next, &rest, &mut server).answer.status, 200);
    assert_eq!(server.ask(&get("/stores/team-1/log", ""), false).answer.body, lines);
    let (mine, theirs) = (
        server.ask(&get("/stores/team-1/state", ""), false).answer.body,
        from.ask(&get("/stores/team-1/state", ""), false).answer.body,
    );
    assert_eq!(mine.lines().skip(1).collect::<Vec<_>>(), theirs.lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn livestores_clients_are_served_where_that_is_set_with_the_token_of_their_url() {
    let query = "storeId=team-1&payload=%257B%2522authToken%2522%253A%2522tok%2522%257D&transport=";
    let (ws, http) = (format!("{query}ws"), format!("{query}http"));
    for (mount, path, there) in [
        (Mount::Off, "/livestore", false),
        (Mount::Off, "/", false),
        (Mount::Path, "/livestore", true),
        (Mount::Path, "/", false),
        (Mount::Root, "/livestore", true),
        (Mount::Root, "/", true),
    ] {
        let route = Route::parse(&Request { livestore: mount, ..get(path, &ws) });
        assert_eq!(route.is_ok(), there, "{mount:?} {path}");
    }
    let socket = Route::parse(&get("/livestore", &ws)).unwrap();
    let request = Route::parse(&Request { query: &http, ..post("/livestore", "{}") }).unwrap();
    assert!(matches!(&socket, Route::LiveStore(door) if door.store.as_str() == "team-1"));
    assert!(matches!(&request, Route::Store(_, Call::LiveStore(body, _)) if body == "{}"));
    for route in [socket, request] {
        assert_eq!(route.access(), Access::Read);
        assert_eq!(route.authorization(None).as_deref(), Some("Bearer tok"));
        assert_eq!(route.authorization(Some("Bearer other")).as_deref(), Some("Bearer other"));
    }
    for (request, answered) in [
        (Request { method: "OPTIONS", ..get("/livestore", "") }, 204),
        (post("/livestore", ""), 400),
        (Request { query: &ws, ..post("/livestore", "") }, 405),
        (get("/livestore", &http), 405),
        (get("/livestore", "storeId=a/b"), 404),
        (get("/livestore", "transport=ws"), 400),
    ] {
        assert_eq!(Route::parse(&request).unwrap_err().status, answered, "{request:?}");
    }
}

#[test]
fn a_host_without_files_says_so() {
    let mut server = Server::filled();
    for request in [post("/stores/team-1/query", r#"{"sql":"SELECT 1"}"#), get("/stores/team-1/file", "")] {
        let Ok(Route::Store(_, call)) = Route::parse(&request) else { panic!("{request:?}") };
        let route = Route::Store(StoreId::parse("team-1").unwrap(), call);
        assert_eq!(route.access(), Access::Admin);
        let answer = server.ask(&request, false).answer;
        assert_eq!(code(&answer), (501, "files-unavailable".to_owned()));
    }
    assert!(Route::parse(&post("/stores/team-1/query", "{}")).is_err());
}
