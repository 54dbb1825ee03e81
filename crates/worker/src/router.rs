//! From a request's path to its answer, or to the object of its store.

use serde::Serialize;
use syncline_engine::protocol::{Code, StoreId};
use worker::{Env, Method, Request, Response, Result, console_error};

use crate::answer;
use crate::clock::now;
use crate::token;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Health,
    #[cfg(feature = "conformance")]
    Conformance,
    Sync {
        store: &'a str,
    },
    Unknown,
}

pub(crate) fn parse(path: &str) -> Route<'_> {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("health"), None, ..) => Route::Health,
        #[cfg(feature = "conformance")]
        (Some("conformance"), None, ..) => Route::Conformance,
        (Some("stores"), Some(store), Some("sync"), None) => Route::Sync { store },
        _ => Route::Unknown,
    }
}

/// Answers a request, or hands it to its store.
///
/// # Errors
/// Those of the platform; it answers them with 500.
pub async fn route(request: Request, env: Env) -> Result<Response> {
    let path = request.path();
    let route = parse(&path);
    if route == Route::Unknown {
        return answer::refusal(404, Code::NotFound, "there is nothing at this path");
    }
    let method = request.method();
    if route == Route::Health && method == Method::Options {
        return with_cors(Response::empty()?.with_status(204));
    }
    if method != Method::Get {
        let answer = answer::refusal(405, Code::MethodNotAllowed, "this path answers GET only")?;
        answer.headers().set("allow", "GET")?;
        return Ok(answer);
    }
    let Some(token) = token::configured(&env) else {
        let message =
            "the server has no AUTH_TOKEN: set it with `wrangler secret put AUTH_TOKEN`, or in .dev.vars";
        console_error!("{message}");
        return answer::refusal(500, Code::NotConfigured, message);
    };
    match route {
        Route::Health => {
            #[derive(Serialize)]
            struct Health {
                status: &'static str,
                version: &'static str,
            }
            let version = env!("CARGO_PKG_VERSION");
            with_cors(answer::json(200, &Health { status: "ok", version })?)
        }
        #[cfg(feature = "conformance")]
        Route::Conformance => {
            env.durable_object("STORE")?.unique_id()?.get_stub()?.fetch_with_request(request).await
        }
        Route::Sync { store } => {
            let store = match StoreId::parse(store) {
                Ok(store) => store,
                Err(error) => return answer::refusal(404, Code::BadStoreId, error.to_string()),
            };
            if let Err(refused) = token::of_request(request.headers(), &token, &store, now()) {
                if refused.code == Code::Forbidden {
                    return answer::json(403, &refused);
                }
                let answer = answer::json(401, &refused)?;
                answer.headers().set("www-authenticate", "Bearer")?;
                return Ok(answer);
            }
            if !is_upgrade(&request)? {
                let answer = answer::refusal(426, Code::UpgradeExpected, "this path speaks WebSocket only")?;
                answer.headers().set("upgrade", "websocket")?;
                return Ok(answer);
            }
            let stub = env.durable_object("STORE")?.get_by_name(store.as_str())?;
            stub.fetch_with_request(request).await
        }
        Route::Unknown => answer::refusal(404, Code::NotFound, "there is nothing at this path"),
    }
}

fn is_upgrade(request: &Request) -> Result<bool> {
    Ok(request.headers().get("upgrade")?.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")))
}

/// Any page may ask whether the server is there.
fn with_cors(answer: Response) -> Result<Response> {
    answer.headers().set("access-control-allow-origin", "*")?;
    answer.headers().set("access-control-allow-methods", "GET")?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_route_or_nothing() {
        assert_eq!(parse("/health"), Route::Health);
        assert_eq!(parse("/stores/team-1/sync"), Route::Sync { store: "team-1" });
        assert_eq!(parse("/stores//sync"), Route::Sync { store: "" });
        for nothing in
            ["", "/", "/health/", "/stores", "/stores/a", "/stores/a/sync/", "/stores/a/b/sync", "//health"]
        {
            assert_eq!(parse(nothing), Route::Unknown, "{nothing:?}");
        }
    }
}
