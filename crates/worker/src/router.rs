//! From a request to its answer, or to the object of its store.

use std::rc::Rc;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use syncline_auth::MakePolicy;
use syncline_engine::protocol::{Code, ErrorFrame, StoreId};
use syncline_engine::{Grant, Model, Rules, SharedToken};
use syncline_http::{Access, Answer, Call, INCARNATION, LAST, LogCall, Request, Route, bearer};
use syncline_livestore::{Door, Mount};
use worker::{Env, Method, RequestInit, Response, Result, Stub};

use crate::clock::now;
use crate::token::Tokens;
use crate::{answer, stores, token};

/// What a browser names who comes back to a stream of events.
const LAST_EVENT: &str = "last-event-id";

/// A worker may ask so often in one request; who reads a stream of events comes again.
const PARTS: usize = 900;

/// Answers a request, or hands it to its store.
///
/// # Errors
/// Those of the platform; it answers them with 500.
pub async fn route<M: Model>(mut request: worker::Request, env: Env, policy: MakePolicy) -> Result<Response> {
    #[cfg(feature = "conformance")]
    if request.path() == "/conformance" {
        return env.durable_object("STORE")?.unique_id()?.get_stub()?.fetch_with_request(request).await;
    }
    let configured = token::configured(&env, policy);
    let mount = match token::mount(&env, &Rules::of::<M>()) {
        Ok(mount) => mount,
        Err(error) => return answer::refusal(Code::NotConfigured, error),
    };
    let (route, body) = match parse(&mut request, token::message_bytes(&configured), mount).await? {
        Ok(parsed) => parsed,
        Err(answer) => return answer::response(answer),
    };
    let tokens = match configured {
        Ok(tokens) => tokens,
        Err(error) => return answer::refusal(Code::NotConfigured, error),
    };
    tokens.prepare(token(&route, &request).as_deref()).await;
    if let Err(answer) = grant(&route, &request, &tokens, token::admin(&env).as_ref()) {
        return answer::response(answer);
    }
    match route {
        Route::Health | Route::Ready => {
            #[derive(Serialize)]
            struct Health {
                status: &'static str,
                version: &'static str,
            }
            let version = env!("CARGO_PKG_VERSION");
            answer::response(Answer::json(200, &Health { status: "ok", version }))
        }
        Route::Stores => answer::response(stores::list(&env).await?),
        Route::Metrics => answer::response(stores::metrics(&env).await?),
        Route::Sync(store) | Route::LiveStore(Door { store, .. }) => {
            if !is_upgrade(&request)? {
                return answer::refusal(Code::UpgradeExpected, "this path speaks WebSocket only");
            }
            object(&env, &store)?.fetch_with_request(request).await
        }
        Route::Store(store, Call::Log(call)) => log(object(&env, &store)?, request, call).await,
        Route::Store(store, _) => {
            // Its body is read.
            let mut init = RequestInit::new();
            init.with_method(request.method()).with_headers(request.headers().clone());
            if !body.is_empty() {
                init.with_body(Some(body.into()));
            }
            let request = worker::Request::new_with_init(request.url()?.as_str(), &init)?;
            object(&env, &store)?.fetch_with_request(request).await
        }
    }
}

/// What a request asks for, and its body.
pub(crate) async fn parse(
    request: &mut worker::Request,
    limit: usize,
    livestore: Mount,
) -> Result<std::result::Result<(Route, String), Answer>> {
    let length = request.headers().get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    let body = match length.filter(|_| request.method() == Method::Post) {
        Some(bytes) if bytes > limit => {
            let message = format!("the body has {bytes} bytes, the limit is {limit}");
            return Ok(Err(Answer::refusal(&ErrorFrame::new(Code::MessageTooLarge, message))));
        }
        Some(bytes) if bytes > 0 => request.text().await?,
        Some(_) | None => String::new(),
    };
    let (method, url) = (request.method().to_string(), request.url()?);
    let query = url.query().unwrap_or_default();
    // As it came: what a URL parser makes of dots and escapes is none of ours.
    let path = request.path();
    let last_event = request.headers().get(LAST_EVENT)?;
    let last_event = last_event.as_deref();
    let asked = Request { method: &method, path: &path, query, body: &body, last_event, livestore };
    let route = Route::parse(&asked);
    if matches!(&route, Ok(Route::Store(_, Call::Import(_)))) && length.is_none() {
        let message = "a body has a content-length here: a log is imported in parts";
        return Ok(Err(Answer::refusal(&ErrorFrame::new(Code::BadRequest, message))));
    }
    Ok(route.map(|route| (route, body)))
}

/// The token of a request: in its header, or in its URL.
pub(crate) fn token(route: &Route, request: &worker::Request) -> Option<String> {
    let header = request.headers().get("authorization").ok().flatten();
    let given = route.authorization(header.as_deref())?;
    bearer(&given).ok().map(str::to_owned)
}

/// What the header of a request is good for. A socket's token may be missing there, not wrong.
pub(crate) fn grant(
    route: &Route,
    request: &worker::Request,
    auth: &Tokens,
    admin: Option<&SharedToken>,
) -> std::result::Result<Option<Grant>, Answer> {
    let header = request.headers().get("authorization").ok().flatten();
    let given = route.authorization(header.as_deref());
    match (route, given) {
        (Route::Sync(_), None) => Ok(None),
        (Route::Sync(store), Some(header)) => {
            Access::Read.grant(Some(&header), Some(store), (auth, None), now()).map(Some)
        }
        (Route::Store(store, _) | Route::LiveStore(Door { store, .. }), header) => {
            route.access().grant(header.as_deref(), Some(store), (auth, admin), now()).map(Some)
        }
        (_, header) => route.access().grant(header.as_deref(), None, (auth, admin), now()).map(Some),
    }
}

fn object(env: &Env, store: &StoreId) -> Result<Stub> {
    env.durable_object("STORE")?.get_by_name(store.as_str())
}

/// A log, part after part, as one stream: neither the object nor the worker ever holds more than a part. Each
/// goes out before the next is asked for, as that may be long in coming.
async fn log(object: Stub, request: worker::Request, call: LogCall) -> Result<Response> {
    let mut first = object.fetch_with_request(request.clone()?).await?;
    let Some(rest) = rest(&call, &first) else { return Ok(first) };
    let headers = first.headers().clone();
    headers.delete(LAST)?;
    headers.delete(INCARNATION)?;
    let (url, object) = (request.url()?, Rc::new(object));
    let asked = request.headers().clone();
    asked.delete(LAST_EVENT)?;
    let rest = stream::unfold((Some(rest), PARTS), move |(call, parts)| {
        let (object, url, asked) = (Rc::clone(&object), url.clone(), asked.clone());
        async move {
            let call = call.filter(|_| parts > 0)?;
            match part(&object, url, &asked, &call).await {
                Ok((part, rest)) => Some((Ok(part), (rest, parts - 1))),
                Err(error) => Some((Err(error), (None, 0))),
            }
        }
    });
    let first = stream::iter([Ok(first.bytes().await?)]);
    Ok(Response::from_stream(first.chain(rest))?.with_headers(headers))
}

async fn part(
    object: &Stub,
    mut url: worker::Url,
    headers: &worker::Headers,
    call: &LogCall,
) -> Result<(Vec<u8>, Option<LogCall>)> {
    url.set_query(Some(&call.query()));
    let mut init = RequestInit::new();
    init.with_headers(headers.clone());
    let mut part = object.fetch_with_request(worker::Request::new_with_init(url.as_str(), &init)?).await?;
    if part.status_code() != 200 {
        return Err(format!("the log cannot be read on: {}", part.text().await?).into());
    }
    let rest = rest(call, &part);
    Ok((part.bytes().await?, rest))
}

fn rest(call: &LogCall, part: &Response) -> Option<LogCall> {
    call.rest(|name| part.headers().get(name).ok().flatten())
}

fn is_upgrade(request: &worker::Request) -> Result<bool> {
    Ok(request.headers().get("upgrade")?.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")))
}
