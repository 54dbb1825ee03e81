//! From a request to its answer, or to a socket: the routes and answers of the worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Version};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use syncline_engine::protocol::{Code, ErrorFrame, StoreId};
use syncline_engine::{Authorize, Grant};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{debug, info};

use crate::clock;
use crate::connection::{self, Ended, Session, SocketLimits};
use crate::shard::Shards;

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) shards: Arc<Shards>,
    pub(crate) auth: Arc<dyn Authorize + Send + Sync>,
    pub(crate) limits: SocketLimits,
    pub(crate) draining: watch::Receiver<bool>,
    /// Each socket holds one until it has ended.
    pub(crate) sockets: mpsc::WeakSender<()>,
    pub(crate) numbers: Arc<AtomicU64>,
}

#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Health,
    Ready,
    Sync { store: &'a str },
    Unknown,
}

fn parse(path: &str) -> Route<'_> {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("health"), None, ..) => Route::Health,
        (Some("ready"), None, ..) => Route::Ready,
        (Some("stores"), Some(store), Some("sync"), None) => Route::Sync { store },
        _ => Route::Unknown,
    }
}

/// All routes. The path is read as it came: nothing in it is decoded.
pub(crate) fn router(served: Served) -> Router {
    Router::new().fallback(answer).with_state(served)
}

async fn answer(State(served): State<Served>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (route, method) = (parse(&path), request.method().clone());
    if route == Route::Unknown {
        return refusal(StatusCode::NOT_FOUND, Code::NotFound, "there is nothing at this path");
    }
    if matches!(route, Route::Health | Route::Ready) && method == Method::OPTIONS {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        return with_cors(answer);
    }
    if method != Method::GET {
        let answer =
            refusal(StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, "this path answers GET only");
        return with(answer, header::ALLOW, "GET");
    }
    match route {
        Route::Health => with_cors(health(StatusCode::OK, "ok")),
        Route::Ready if *served.draining.borrow() => {
            with_cors(health(StatusCode::SERVICE_UNAVAILABLE, "draining"))
        }
        Route::Ready => with_cors(health(StatusCode::OK, "ready")),
        Route::Sync { store } => match StoreId::parse(store) {
            Ok(store) => sync(served, store, request),
            Err(error) => refusal(StatusCode::NOT_FOUND, Code::BadStoreId, error.to_string()),
        },
        Route::Unknown => refusal(StatusCode::NOT_FOUND, Code::NotFound, "there is nothing at this path"),
    }
}

fn sync(served: Served, store: StoreId, mut request: Request) -> Response {
    let grant = match granted(request.headers(), &*served.auth, &store) {
        Ok(grant) => grant,
        Err(refused) if refused.code == Code::Forbidden => return json(StatusCode::FORBIDDEN, &refused),
        Err(refused) => {
            return with(json(StatusCode::UNAUTHORIZED, &refused), header::WWW_AUTHENTICATE, "Bearer");
        }
    };
    if !has(request.headers(), &header::UPGRADE, "websocket") {
        let answer =
            refusal(StatusCode::UPGRADE_REQUIRED, Code::UpgradeExpected, "this path speaks WebSocket only");
        return with(answer, header::UPGRADE, "websocket");
    }
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let is_handshake = has(request.headers(), &header::CONNECTION, "upgrade")
        && request.headers().get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
        && request.version() == Version::HTTP_11;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (Some(key), Some(upgrade), true) = (key, upgrade, is_handshake) else {
        return refusal(StatusCode::BAD_REQUEST, Code::BadMessage, "this is no handshake of WebSocket 13");
    };
    let Some(alive) = served.sockets.upgrade().filter(|_| !*served.draining.borrow()) else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, "the server stops");
    };
    tokio::spawn(open(served, store, grant, upgrade, alive));
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = with(answer, header::CONNECTION, "upgrade");
    let answer = with(answer, header::UPGRADE, "websocket");
    with(answer, header::SEC_WEBSOCKET_ACCEPT, &key)
}

async fn open(
    served: Served,
    store: StoreId,
    grant: Option<Grant>,
    upgrade: OnUpgrade,
    alive: mpsc::Sender<()>,
) {
    let Served { shards, limits, draining, numbers, .. } = served;
    let socket = numbers.fetch_add(1, Ordering::Relaxed);
    let stream = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => return debug!(socket, %store, "it was not opened: {error}"),
    };
    let began = Instant::now();
    info!(socket, %store, "opened");
    let session = Session { store: store.clone(), socket, grant, shards, limits, draining };
    // On the heap, as most sockets are idle, and this is all that is left of them.
    let ended = Box::pin(connection::serve(stream, session)).await;
    drop(alive);
    let seconds = began.elapsed().as_secs();
    match ended {
        Ended::Gone => info!(socket, %store, seconds, "closed"),
        Ended::Closed(why) => info!(socket, %store, seconds, why, "closed by us"),
        Ended::Silent => info!(socket, %store, seconds, why = "silent", "closed by us"),
        Ended::Failed(error) => info!(socket, %store, seconds, why = %error, "broken off"),
    }
}

/// What the `Authorization` header is good for; nothing where there is none: then the token comes in `hello`.
fn granted(headers: &HeaderMap, auth: &dyn Authorize, store: &StoreId) -> Result<Option<Grant>, ErrorFrame> {
    let Some(given) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let given = given.to_str().ok().and_then(|given| given.split_once(' '));
    match given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => auth.authorize(store, Some(token.trim()), clock::now()).map(Some),
        None => Err(ErrorFrame::new(Code::Unauthorized, "the header is not `Bearer` and a token")),
    }
}

/// Whether one of the values of a header is this word.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(word))
}

fn health(code: StatusCode, status: &'static str) -> Response {
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
        version: &'static str,
    }
    json(code, &Health { status, version: env!("CARGO_PKG_VERSION") })
}

fn refusal(status: StatusCode, code: Code, message: impl Into<String>) -> Response {
    json(status, &ErrorFrame::new(code, message))
}

fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let mut answer = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    *answer.status_mut() = status;
    with(answer, header::CONTENT_TYPE, "application/json")
}

/// Any page may ask whether the server is there.
fn with_cors(answer: Response) -> Response {
    let answer = with(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    with(answer, header::ACCESS_CONTROL_ALLOW_METHODS, "GET")
}

fn with(mut answer: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_route_or_nothing() {
        assert_eq!(parse("/health"), Route::Health);
        assert_eq!(parse("/ready"), Route::Ready);
        assert_eq!(parse("/stores/team-1/sync"), Route::Sync { store: "team-1" });
        assert_eq!(parse("/stores//sync"), Route::Sync { store: "" });
        for nothing in
            ["", "/", "/health/", "/stores", "/stores/a", "/stores/a/sync/", "/stores/a/b/sync", "//health"]
        {
            assert_eq!(parse(nothing), Route::Unknown, "{nothing:?}");
        }
    }
}
