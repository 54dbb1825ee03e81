//! From a request to its answer, or to a socket.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Version};
use axum::response::Response;
use futures_util::StreamExt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use syncline_engine::protocol::{Code, ErrorFrame, StoreId};
use syncline_engine::{Authorize, Connection, Grant, Rules, SharedToken};
use syncline_http::{Access, Answer, Call, Form, INCARNATION, LAST, LogCall, Route, bearer};
use syncline_livestore::{Door, Mount, Peer};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{debug, info};

use crate::clock;
use crate::connection::{self, Ended, Session, SocketLimits};
use crate::directory::Directory;
use crate::files;
use crate::metrics::Metrics;
use crate::shard::{Overloaded, Shards};
use crate::stores;
use crate::tokens::Tokens;
use crate::traces::{Answered, Traces};

/// For so long, and so much of it, a body is read that is too large.
const FLOOD: Duration = Duration::from_secs(5);
const FLOOD_BYTES: usize = 8 << 20;

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) shards: Arc<Shards>,
    pub(crate) auth: Arc<Tokens>,
    pub(crate) admin: Option<SharedToken>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) rules: Rules,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) traces: Option<Arc<Traces>>,
    pub(crate) livestore: Mount,
    pub(crate) limits: SocketLimits,
    pub(crate) draining: watch::Receiver<bool>,
    /// Each socket holds one until it has ended.
    pub(crate) sockets: mpsc::WeakSender<()>,
    pub(crate) numbers: Arc<AtomicU64>,
}

/// All routes: those of both servers. The path is read as it came, and nothing in it is decoded.
pub(crate) fn router(served: Served) -> Router {
    Router::new().fallback(answer).with_state(served)
}

/// Names the request in the log and in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A line for each request but those that only look whether it is there. What was asked for is in its path; a
/// query may hold anything, and is left out.
async fn answer(State(served): State<Served>, request: Request) -> Response {
    let number = served.numbers.fetch_add(1, Ordering::Relaxed);
    let (method, path, began) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let traces = served.traces.clone();
    let mut response = respond(served, request).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let micros = took.as_micros() as u64;
    if let Some(traces) = traces {
        traces.answered(&Answered { request: number, method: method.as_str(), path: &path, status, took });
    }
    match path.as_str() {
        "/health" | "/ready" | "/metrics" => {
            debug!(request = number, %method, path, status, micros, "answered")
        }
        // It has lines of its own.
        _ if status == 101 => {}
        _ => info!(request = number, %method, path, status, micros, "answered"),
    }
    response.headers_mut().insert(REQUEST_ID, HeaderValue::from(number));
    response
}

async fn respond(served: Served, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    if head.method == Method::POST && head.uri.path().ends_with("/import") {
        return files::import(&served, &head, body).await;
    }
    let body = match body_of(&head.method, &head.headers, body, &served.limits).await {
        Ok(body) => body,
        Err(refused) => return response(Answer::refusal(&refused)),
    };
    let asked = syncline_http::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        body: &body,
        last_event: head.headers.get("last-event-id").map(|id| id.to_str().unwrap_or("-")),
        livestore: served.livestore,
    };
    let route = match Route::parse(&asked) {
        Ok(route) => route,
        Err(answer) => return response(answer),
    };
    let given = authorization(&route, &head.headers);
    served.auth.prepare(given.as_deref().and_then(|given| bearer(given).ok())).await;
    let granted = match grant(&route, &head.headers, &served) {
        Ok(granted) => granted,
        Err(answer) => return response(answer),
    };
    match (route, granted) {
        (Route::Health, _) => response(health(200, "ok")),
        (Route::Ready, _) if *served.draining.borrow() => response(health(503, "draining")),
        (Route::Ready, _) => response(health(200, "ok")),
        (Route::Metrics, _) => response(Answer::text(served.metrics.text())),
        (Route::Stores, _) => response(stores::list(&served).await),
        (Route::Sync(store), grant) => sync(served, store, Peer::Syncline(Connection::new(grant)), &mut head),
        (Route::LiveStore(Door { store, .. }), Some(grant)) => {
            sync(served, store, Peer::LiveStore(syncline_livestore::Connection::new(grant)), &mut head)
        }
        (Route::Store(store, Call::Log(call)), Some(grant)) => log(served, store, call, grant).await,
        (Route::Store(store, Call::File), Some(_)) => files::file(&served, &store).await,
        (Route::Store(store, call), Some(grant)) => response(ask(&served.shards, &store, call, grant).await),
        (Route::Store(..) | Route::LiveStore(_), None) => {
            response(refusal(Code::Unauthorized, "the token is missing"))
        }
    }
}

/// The body of a `POST`, if it is not too large and comes in time.
async fn body_of(
    method: &Method,
    headers: &HeaderMap,
    body: Body,
    &SocketLimits { message_bytes: limit, patience, .. }: &SocketLimits,
) -> Result<String, ErrorFrame> {
    if method != Method::POST {
        return Ok(String::new());
    }
    let too_large =
        || ErrorFrame::new(Code::MessageTooLarge, format!("the limit of a body is {limit} bytes"));
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        // Whoever is answered while it still writes may never read the answer.
        drop(timeout(FLOOD, axum::body::to_bytes(body, FLOOD_BYTES)).await);
        return Err(too_large());
    }
    let unread = || ErrorFrame::new(Code::BadRequest, "the body does not come");
    let read = timeout(patience.body, axum::body::to_bytes(body, limit)).await.map_err(|_| unread())?;
    String::from_utf8(read.map_err(|_| too_large())?.into())
        .map_err(|_| ErrorFrame::new(Code::BadRequest, "the body is not UTF-8"))
}

/// What the header of a request is good for. A socket's token may be missing there, not wrong.
pub(crate) fn grant(route: &Route, headers: &HeaderMap, served: &Served) -> Result<Option<Grant>, Answer> {
    let given = authorization(route, headers);
    let given = given.as_deref();
    let (auth, admin): (&dyn Authorize, _) = (&*served.auth, served.admin.as_ref());
    let now = clock::now();
    match (route, given) {
        (Route::Sync(_), None) => Ok(None),
        (Route::Sync(store), given) => Access::Read.grant(given, Some(store), (auth, None), now).map(Some),
        (Route::Store(store, _) | Route::LiveStore(Door { store, .. }), given) => {
            route.access().grant(given, Some(store), (auth, admin), now).map(Some)
        }
        (Route::Health | Route::Ready | Route::Metrics | Route::Stores, given) => {
            route.access().grant(given, None, (auth, admin), now).map(Some)
        }
    }
}

fn authorization<'a>(route: &Route, headers: &'a HeaderMap) -> Option<Cow<'a, str>> {
    let given = headers.get(header::AUTHORIZATION).map(|given| given.to_str().unwrap_or_default());
    route.authorization(given)
}

async fn ask(shards: &Shards, store: &StoreId, call: Call, grant: Grant) -> Answer {
    answered(shards.ask(store, call, grant)).await
}

pub(crate) async fn answered(asked: Result<oneshot::Receiver<Answer>, Overloaded>) -> Answer {
    let Ok(answer) = asked else {
        return refusal(Code::Overloaded, "the server has more to do than it can");
    };
    answer.await.unwrap_or_else(|_| refusal(Code::ServerFailed, "the server stops"))
}

/// A log, part after part, as one stream: nobody ever holds more than a part. Each goes out before the next is
/// asked for, as that may be long in coming.
async fn log(served: Served, store: StoreId, call: LogCall, grant: Grant) -> Response {
    let (first, rest) = part(&served.shards, &store, call, &grant).await;
    let Some(rest) = rest.filter(|_| first.status == 200) else { return response(first) };
    let head = Answer { body: String::new(), ..first.clone() };
    let rest = futures_util::stream::unfold(Some(rest), move |rest| {
        let (mut served, store, grant) = (served.clone(), store.clone(), grant.clone());
        async move {
            let call = rest?;
            let endless = call.form == Form::Events;
            if endless && (*served.draining.borrow() || grant.expires.is_some_and(|at| at <= clock::now())) {
                return None;
            }
            let (answer, rest) = tokio::select! {
                part = part(&served.shards, &store, call, &grant) => part,
                // It comes again, elsewhere.
                Ok(()) = served.draining.changed(), if endless => return None,
            };
            if answer.status != 200 {
                return Some((Err(std::io::Error::other(answer.body)), None));
            }
            Some((Ok(answer.body), rest))
        }
    });
    let first = futures_util::stream::once(std::future::ready(Ok(first.body)));
    response(head).map(|_| Body::from_stream(first.chain(rest)))
}

/// A part of a log, and what is left after it.
async fn part(shards: &Shards, store: &StoreId, call: LogCall, grant: &Grant) -> (Answer, Option<LogCall>) {
    let mut answer = ask(shards, store, Call::Log(call.clone()), grant.clone()).await;
    let rest = call.rest(|wanted| {
        answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
    });
    answer.headers.retain(|(name, _)| *name != LAST && *name != INCARNATION);
    (answer, rest)
}

fn sync(served: Served, store: StoreId, peer: Peer, head: &mut Parts) -> Response {
    let headers = &head.headers;
    if !has(headers, &header::UPGRADE, "websocket") {
        return response(refusal(Code::UpgradeExpected, "this path speaks WebSocket only"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let is_handshake = has(headers, &header::CONNECTION, "upgrade")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
        && head.version == Version::HTTP_11;
    let upgrade = head.extensions.remove::<OnUpgrade>();
    let (Some(key), Some(upgrade), true) = (key, upgrade, is_handshake) else {
        return response(refusal(Code::BadRequest, "this is no handshake of WebSocket 13"));
    };
    let Some(alive) = served.sockets.upgrade().filter(|_| !*served.draining.borrow()) else {
        return response(refusal(Code::Overloaded, "the server stops"));
    };
    tokio::spawn(open(served, store, peer, upgrade, alive));
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    for (name, value) in [
        (header::CONNECTION, "upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_ACCEPT, &key),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

async fn open(served: Served, store: StoreId, peer: Peer, upgrade: OnUpgrade, alive: mpsc::Sender<()>) {
    let Served { shards, auth, limits, draining, numbers, metrics, .. } = served;
    let socket = numbers.fetch_add(1, Ordering::Relaxed);
    let stream = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => return debug!(socket, %store, "it was not opened: {error}"),
    };
    let began = Instant::now();
    info!(socket, %store, "opened");
    let session = Session { store: store.clone(), socket, peer, shards, auth, limits, draining };
    // On the heap, as most sockets are idle, and this is all that is left of them.
    metrics.socket_opened();
    let ended = Box::pin(connection::serve(stream, session)).await;
    metrics.socket_closed();
    drop(alive);
    let seconds = began.elapsed().as_secs();
    match ended {
        Ended::Gone => info!(socket, %store, seconds, "closed"),
        Ended::Closed(why) => info!(socket, %store, seconds, why, "closed by us"),
        Ended::Silent => info!(socket, %store, seconds, why = "silent", "closed by us"),
        Ended::Failed(error) => info!(socket, %store, seconds, why = %error, "broken off"),
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

fn health(code: u16, status: &'static str) -> Answer {
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
        version: &'static str,
    }
    Answer::json(code, &Health { status, version: env!("CARGO_PKG_VERSION") })
}

pub(crate) fn refusal(code: Code, message: impl Into<String>) -> Answer {
    Answer::refusal(&ErrorFrame::new(code, message))
}

pub(crate) fn response(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
