//! From a request to what it asks for, and who may ask.

use std::borrow::Cow;

use syncline_engine::protocol::{Args, Code, ErrorFrame, Incarnation, Millis, Seq, StoreId};
use syncline_engine::{Authorize, Grant, SharedToken};
use syncline_livestore::{BadDoor, Door, Mount, Transport};

use crate::answer::Answer;
use crate::call::{Call, Form, ImportCall, LogCall, PushBody};

/// How long a request for entries that are not there yet may wait.
const LONGEST_WAIT_MS: u32 = 30_000;

/// What a host has read.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path, as it came.
    pub path: &'a str,
    /// What comes after the `?`.
    pub query: &'a str,
    /// The body, of a `POST`.
    pub body: &'a str,
    /// The header `Last-Event-ID`, of who comes back to a stream of events.
    pub last_event: Option<&'a str>,
    /// Where LiveStore's clients are served.
    pub livestore: Mount,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// Whether the server is there.
    Health,
    /// Whether it takes new connections.
    Ready,
    /// Its counters, in the text format of Prometheus.
    Metrics,
    /// All of its stores.
    Stores,
    /// The socket of a store.
    Sync(StoreId),
    /// What the room of a store answers.
    Store(StoreId, Call),
    /// The socket of a LiveStore client.
    LiveStore(Door),
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Whose token opens the store.
    Read,
    /// Whose token lets write.
    Write,
    /// Whoever has the operator's token.
    Admin,
}

impl Route {
    /// What a request asks for.
    ///
    /// # Errors
    /// The answer to one that asks for nothing that there is, or only for what a path takes.
    pub fn parse(request: &Request<'_>) -> Result<Self, Answer> {
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        let store =
            |store: &str| StoreId::parse(store).map_err(|error| refuse(Code::BadStoreId, error.to_string()));
        match (request.method, &parts[..]) {
            (_, ["health"]) => Self::with(request, "GET", || Ok(Self::Health)),
            (_, ["ready"]) => Self::with(request, "GET", || Ok(Self::Ready)),
            (_, ["metrics"]) => Self::with(request, "GET", || Ok(Self::Metrics)),
            (_, ["stores"]) => Self::with(request, "GET", || Ok(Self::Stores)),
            (_, ["stores", id, "sync"]) => Self::with(request, "GET", || Ok(Self::Sync(store(id)?))),
            (_, ["stores", id, name]) => {
                let Some((methods, _)) = Call::NAMES.iter().find(|(_, known)| known == name) else {
                    return Err(nothing());
                };
                Self::with(request, methods, || Ok(Self::Store(store(id)?, call(name, request)?)))
            }
            (_, ["livestore"]) if request.livestore != Mount::Off => Self::livestore(request),
            (_, [""]) if request.livestore == Mount::Root => Self::livestore(request),
            _ => Err(nothing()),
        }
    }

    /// The same URL for a socket and for requests: its query says which.
    fn livestore(request: &Request<'_>) -> Result<Self, Answer> {
        if request.method == "OPTIONS" {
            return Err(Answer::options("GET, POST"));
        }
        let door = Door::parse(request.query).map_err(|error| {
            let code = if matches!(error, BadDoor::Store(_)) { Code::BadStoreId } else { Code::BadRequest };
            refuse(code, error.to_string())
        })?;
        match door.transport {
            Transport::WebSocket => Self::with(request, "GET", || Ok(Self::LiveStore(door))),
            Transport::Http => Self::with(request, "POST", || {
                Ok(Self::Store(door.store.clone(), Call::LiveStore(request.body.to_owned(), door.token)))
            }),
        }
    }

    fn with(
        request: &Request<'_>,
        allow: &'static str,
        route: impl FnOnce() -> Result<Self, Answer>,
    ) -> Result<Self, Answer> {
        match request.method {
            method if method == allow => route(),
            "OPTIONS" => Err(Answer::options(allow)),
            _ => {
                let mut answer = refuse(Code::MethodNotAllowed, format!("this path answers {allow} only"));
                answer.headers.push(("allow", allow.to_owned()));
                Err(answer)
            }
        }
    }

    /// What a request is authorized by: its header, or the token in its URL, where that is the way of its client:
    /// LiveStore's has no other.
    #[must_use]
    pub fn authorization<'a>(&self, header: Option<&'a str>) -> Option<Cow<'a, str>> {
        let of_url = match self {
            Self::LiveStore(door) => door.token.as_deref(),
            Self::Store(_, Call::LiveStore(_, token)) => token.as_deref(),
            Self::Health | Self::Ready | Self::Metrics | Self::Stores | Self::Sync(_) | Self::Store(..) => {
                None
            }
        };
        header.map(Cow::Borrowed).or_else(|| of_url.map(|token| Cow::Owned(format!("Bearer {token}"))))
    }

    /// Who may ask for it. A socket's token may come later, in `hello`.
    #[must_use]
    pub const fn access(&self) -> Access {
        match self {
            Self::Health | Self::Ready | Self::Sync(_) => Access::Open,
            Self::LiveStore(_) => Access::Read,
            Self::Metrics | Self::Stores => Access::Admin,
            Self::Store(_, call) => call.access(),
        }
    }
}

impl Access {
    /// What the `Authorization` header of a request is good for. The operator's token opens every store.
    ///
    /// # Errors
    /// The answer to who may not.
    pub fn grant(
        self,
        authorization: Option<&str>,
        store: Option<&StoreId>,
        (auth, admin): (&dyn Authorize, Option<&SharedToken>),
        now: Millis,
    ) -> Result<Grant, Answer> {
        let token = authorization.map(bearer).transpose().map_err(|error| Answer::refusal(&error))?;
        let of_store = |auth: &dyn Authorize| {
            store.map_or(Err(ErrorFrame::new(Code::Unauthorized, "the token is missing")), |store| {
                auth.authorize(store, token, now)
            })
        };
        let granted = match (self, admin) {
            (Self::Open, _) => Ok(Grant { write: false, ..Grant::TRUSTED }),
            (Self::Admin, None) => {
                Err(ErrorFrame::new(Code::Forbidden, "the server has no ADMIN_TOKEN, so nobody may"))
            }
            // Which store it is for does not matter to this one.
            (Self::Admin, Some(admin)) => {
                let any = StoreId::parse("any").expect("a slug");
                admin.authorize(&any, token, now)
            }
            (Self::Read | Self::Write, Some(admin)) => of_store(admin).or_else(|_| of_store(auth)),
            (Self::Read | Self::Write, None) => of_store(auth),
        };
        match granted {
            Ok(grant) if self == Self::Write && !grant.write => {
                Err(refuse(Code::ReadOnly, "the token lets read, not write"))
            }
            granted => granted.map_err(|error| Answer::refusal(&error)),
        }
    }
}

/// The token in an `Authorization` header.
///
/// # Errors
/// One of another scheme.
pub fn bearer(header: &str) -> Result<&str, ErrorFrame> {
    match header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => Ok(token.trim()),
        None => Err(ErrorFrame::new(Code::Unauthorized, "the header is not `Bearer` and a token")),
    }
}

fn call(name: &str, request: &Request<'_>) -> Result<Call, Answer> {
    let query = Query::parse(request.query);
    let known: &[&str] = match name {
        "log" | "events" => &["after", "limit", "wait", "incarnation"],
        "state" => &["at"],
        "import" => &["aside", "after", "incarnation"],
        _ => &[],
    };
    query.refuse_others(known)?;
    Ok(match name {
        "log" => Call::Log(log(&query, Form::Lines)?),
        "events" => {
            let mut asked = log(&query, Form::Events)?;
            if let Some(id) = request.last_event.filter(|id| !id.is_empty()) {
                let (incarnation, seq) = last_event(id)?;
                (asked.incarnation, asked.after) = (Some(incarnation), seq);
            }
            Call::Log(asked)
        }
        "state" => Call::State { at: query.number::<Seq>("at")? },
        "push" => Call::Push(body::<PushBody>(request.body)?),
        "redact" => {
            #[derive(serde::Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Redact {
                seq: Seq,
                args: Args,
            }
            let Redact { seq, args } = body(request.body)?;
            Call::Redact { seq, args }
        }
        "info" => Call::Info,
        "webhook" => Call::Webhook,
        "resume-webhook" => {
            #[derive(serde::Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Resume {
                after: Option<Seq>,
            }
            Call::ResumeWebhook { after: body::<Resume>(request.body)?.after }
        }
        "verify" => Call::Verify,
        "compact" => Call::Compact,
        "query" => Call::Query(body(request.body)?),
        "file" => Call::File,
        "import" => Call::Import(ImportCall {
            aside: query.number("aside")?.unwrap_or_default(),
            after: query.number("after")?.unwrap_or_default(),
            incarnation: query.incarnation()?,
            lines: request.body.to_owned(),
        }),
        "archive" => Call::Archive,
        "reset" => Call::Reset,
        _ => return Err(nothing()),
    })
}

fn log(query: &Query<'_>, form: Form) -> Result<LogCall, Answer> {
    let wait = query.number::<u32>("wait")?.unwrap_or_default();
    Ok(LogCall {
        after: query.number("after")?.unwrap_or_default(),
        left: query.number::<u64>("limit")?,
        wait_ms: wait.saturating_mul(1_000).min(LONGEST_WAIT_MS),
        incarnation: query.incarnation()?,
        form,
    })
}

/// The id of an event: a life of the log, and a seq.
fn last_event(id: &str) -> Result<(Incarnation, Seq), Answer> {
    let parts = id.rsplit_once('-').and_then(|(incarnation, seq)| {
        Some((Incarnation::parse(incarnation).ok()?, Seq::new(seq.parse().ok()?).ok()?))
    });
    parts.ok_or_else(|| refuse(Code::BadRequest, "Last-Event-ID is not the id of an event"))
}

fn body<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Answer> {
    serde_json::from_str(text).map_err(|error| refuse(Code::BadRequest, format!("the body: {error}")))
}

struct Query<'a>(Vec<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>);

impl<'a> Query<'a> {
    fn parse(text: &'a str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).collect())
    }

    /// A word that is misspelt would be a question that was not asked.
    fn refuse_others(&self, known: &[&str]) -> Result<(), Answer> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            Some((name, _)) => {
                let name: String = name.chars().take(40).collect();
                Err(refuse(Code::BadRequest, format!("there is no parameter {name:?} here")))
            }
            None => Ok(()),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_ref())
    }

    fn incarnation(&self) -> Result<Option<Incarnation>, Answer> {
        let parsed = self.text("incarnation").map(Incarnation::parse).transpose();
        parsed.map_err(|error| refuse(Code::BadRequest, error.to_string()))
    }

    fn number<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Answer> {
        let Some(text) = self.text(name) else { return Ok(None) };
        serde_json::from_str(text)
            .map(Some)
            .map_err(|_| refuse(Code::BadRequest, format!("{name} is a number from 0")))
    }
}

fn nothing() -> Answer {
    refuse(Code::NotFound, "there is nothing at this path")
}

fn refuse(code: Code, message: impl Into<String>) -> Answer {
    Answer::refusal(&ErrorFrame::new(code, message))
}
