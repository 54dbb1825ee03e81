//! What is said before a WebSocket is opened.

use crate::failure::{Done, ensure, same};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::Server;

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    health_is_answered_to_everybody,
    nothing_is_at_other_paths,
    a_path_that_names_no_store_is_not_found,
    a_store_has_one_path_and_no_other,
    the_path_of_a_store_answers_get_only,
    the_path_of_a_store_speaks_websocket_only,
];

fn health_is_answered_to_everybody(server: &Server) -> Done {
    let answer = server.get("/health")?;
    same("GET /health: status", 200, answer.status)?;
    let json = answer.json()?;
    same("its `status`", Some("ok"), json.get("status").and_then(|status| status.as_str()))?;
    ensure(json.get("version").is_some_and(|version| version.is_string()), "its `version`", &json)?;
    same("a page of any origin may read it", Some("*"), answer.header("access-control-allow-origin"))?;
    let asked = server.request("POST", "/health", &[])?;
    asked.refuses("POST /health", 405, &["method-not-allowed"])
}

fn nothing_is_at_other_paths(server: &Server) -> Done {
    for path in
        ["/", "/health/", "/stores/a", "/stores/a/sync/", "/stores/a/b/sync", "//health", "/sync", "/a"]
    {
        server.get(path)?.refuses(path, 404, &["not-found"])?;
    }
    Ok(())
}

/// Tricks with a path end at nothing, or at what is no store's id: which of both depends on who has read the
/// path before the server does.
fn a_path_that_names_no_store_is_not_found(server: &Server) -> Done {
    let long = "x".repeat(65);
    let ids = [
        "",
        "a.b",
        "a%20b",
        "..",
        ".",
        "%2e%2e",
        "%2E%2e%2F%2e%2e%2Fetc%2Fpasswd",
        "a%2Fb",
        "a%5Cb",
        "a%00",
        "%C3%A9",
        "'%20OR%20'1'='1",
        "a';DROP%20TABLE%20syncline_log;--",
        "%ff",
        "%",
        "*",
        long.as_str(),
    ];
    for id in ids {
        let path = format!("/stores/{id}/sync");
        server.get(&path)?.refuses(&path, 404, &["bad-store-id", "not-found"])?;
    }
    let longest = format!("/stores/{}/sync", "x".repeat(64));
    server.get(&longest)?.refuses(&longest, 426, &["upgrade-expected"])
}

/// Were an escaped letter the same store, a proxy that knows stores by their path would be passed by.
fn a_store_has_one_path_and_no_other(server: &Server) -> Done {
    let id = server.store()?;
    let escaped = id.as_str().replacen('c', "%63", 1);
    for path in
        [format!("/stores/{escaped}/sync"), format!("/Stores/{id}/sync"), format!("/stores/{id}/SYNC")]
    {
        server.get(&path)?.refuses(&path, 404, &["bad-store-id", "not-found"])?;
    }
    Ok(())
}

fn the_path_of_a_store_answers_get_only(server: &Server) -> Done {
    let path = format!("/stores/{}/sync", server.store()?);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let asked = format!("{method} {path}");
        let answer = server.request(method, &path, &[("content-length", "0")])?;
        answer.refuses(&asked, 405, &["method-not-allowed"])?;
        same(&format!("{asked}: allow"), Some("GET"), answer.header("allow"))?;
    }
    Ok(())
}

fn the_path_of_a_store_speaks_websocket_only(server: &Server) -> Done {
    let path = format!("/stores/{}/sync", server.store()?);
    server.get(&path)?.refuses(&path, 426, &["upgrade-expected"])
}
