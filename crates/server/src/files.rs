//! Stores as files over HTTP: one that is copied goes out, a log that is imported comes in. Whatever their
//! size, a part at a time is in memory; and what is not whole is in no place where it would be taken for it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use syncline_engine::protocol::{Code, ErrorFrame, Seq, StoreId};
use syncline_http::{Answer, Call, ImportCall, Request, Route};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::directory::Scratch;
use crate::http::{Served, answered, grant, refusal, response};
use crate::import::{Import, ImportError};
use crate::shard::What;

const PART_BYTES: usize = 256 << 10;

/// The whole store.
pub(crate) async fn file(served: &Served, store: &StoreId) -> Response {
    match copied(served, store).await {
        Ok(response) => response,
        Err(answer) => response(answer),
    }
}

async fn copied(served: &Served, store: &StoreId) -> Result<Response, Answer> {
    let copy = served.directory.scratch().map_err(failed)?;
    let path = copy.path().to_owned();
    let answer = answered(served.shards.request(store, |reply| What::Copy(path, reply))).await;
    if answer.status != 200 {
        return Err(answer);
    }
    let file = File::open(copy.path()).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    // Its name may go: what is open is there until it is closed.
    drop(copy);
    let parts = futures_util::stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let read = spawn_blocking(move || {
            let mut part = vec![0; PART_BYTES];
            let count = file.read(&mut part)?;
            part.truncate(count);
            Ok::<_, io::Error>((Bytes::from(part), file))
        });
        match read.await.map_err(io::Error::other).flatten() {
            Ok((part, _)) if part.is_empty() => None,
            Ok((part, file)) => Some((Ok(part), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(parts));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/vnd.sqlite3"));
    response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
    Ok(response)
}

/// A log for a store that has none.
pub(crate) async fn import(served: &Served, head: &Parts, body: Body) -> Response {
    response(imported(served, head, body).await.unwrap_or_else(|refused| refused))
}

async fn imported(served: &Served, head: &Parts, body: Body) -> Result<Answer, Answer> {
    let asked = Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        body: "",
        last_event: None,
        livestore: served.livestore,
    };
    let route = Route::parse(&asked)?;
    grant(&route, &head.headers, served)?;
    let Route::Store(store, Call::Import(ImportCall { aside, after, incarnation, .. })) = route else {
        return Err(refusal(Code::NotFound, "there is nothing at this path"));
    };
    if after > Seq::ZERO {
        return Err(refusal(Code::BadRequest, "this server takes a log as a whole"));
    }
    if served.directory.store(&store).exists() {
        return Err(refusal(Code::StoreExists, format!("there is a store {store}")));
    }
    let lines = spooled(served, body).await?;
    let made = served.directory.scratch().map_err(failed)?;
    let (rules, of) = (served.rules, store.clone());
    let work = spawn_blocking(move || {
        let file = BufReader::new(File::open(lines.path()).map_err(ImportError::Unreadable)?);
        let imported = Import { rules, store: &of, aside, incarnation }.run(file, made.path(), |_| {});
        imported.map(|imported| (imported, made))
    });
    let (imported, made) = work.await.map_err(failed)?.map_err(|error| match error {
        ImportError::Line { .. } => refusal(Code::ImportRefused, error.to_string()),
        ImportError::Unreadable(_) | ImportError::Host(_) => failed(error),
    })?;
    let path = made.path().to_owned();
    let placed = answered(served.shards.request(&store, |reply| What::Place(path, reply))).await;
    if placed.status != 200 {
        return Err(placed);
    }
    Ok(Answer::json(200, &json!({ "head": imported.head, "aside": imported.aside })))
}

/// The body as a file.
async fn spooled(served: &Served, body: Body) -> Result<Scratch, Answer> {
    let lines = served.directory.scratch().map_err(failed)?;
    let mut file = File::create_new(lines.path()).map_err(failed)?;
    let mut parts = body.into_data_stream();
    let unread = |_| refusal(Code::BadRequest, "the body does not come");
    while let Some(part) = timeout(served.limits.patience.body, parts.next()).await.map_err(unread)? {
        let part = part.map_err(|_| refusal(Code::BadRequest, "the body ends before it should"))?;
        file.write_all(&part).map_err(failed)?;
    }
    Ok(lines)
}

fn failed(error: impl ToString) -> Answer {
    Answer::refusal(&ErrorFrame::new(Code::ServerFailed, error.to_string()))
}
