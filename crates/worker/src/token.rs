//! The tokens that are configured, and the keys that an issuer publishes for them.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use js_sys::{JSON, Reflect};
use syncline_auth::{Auth, FETCH_SECONDS, JWKS_BYTES, JwksUrl, MakePolicy};
use syncline_engine::protocol::{ErrorFrame, Limits, Millis, StoreId};
use syncline_engine::{Authorize, Grant, RoomConfig, RoomSettings, Rules, SharedToken};
use syncline_livestore::Mount;
use worker::{
    Env, Fetch, Request, RequestInit, RequestRedirect, Result, console_error, console_log, console_warn,
};

use crate::clock::now;
use crate::wait::within;

/// Who may connect, and what the app refuses. All that run in one isolate share it, and the keys that were
/// fetched.
#[derive(Clone)]
pub(crate) struct Tokens {
    auth: Rc<RefCell<Auth>>,
    pub(crate) room: RoomConfig,
    /// As many sockets a store may have.
    pub(crate) connections: usize,
}

/// As the bindings say it, or what is wrong with them: then nobody may connect. They are read once, as an
/// isolate never gets others.
pub(crate) fn configured(env: &Env, policy: MakePolicy) -> std::result::Result<Tokens, String> {
    thread_local! {
        static TOKENS: OnceCell<std::result::Result<Tokens, String>> = const { OnceCell::new() };
    }
    TOKENS.with(|tokens| {
        tokens
            .get_or_init(|| read(env, policy).inspect_err(|error| console_error!("nobody gets in: {error}")))
            .clone()
    })
}

fn read(env: &Env, policy: MakePolicy) -> std::result::Result<Tokens, String> {
    let var = |name: &str| text(env, name);
    let policy = policy(&var)?;
    let settings = RoomSettings::from_vars(var).map_err(|error| error.to_string())?;
    let room = settings.config(policy.hooks).map_err(|error| error.to_string())?;
    let connections = connections(env)?;
    let auth = Auth::from_vars(&policy, var).map_err(|error| error.to_string())?;
    if auth.is_open() {
        console_warn!("AUTH is none: EVERYBODY may read and write EVERY store. For development alone.");
    }
    Ok(Tokens { auth: Rc::new(RefCell::new(auth)), room, connections })
}

/// The largest message that is taken.
pub(crate) fn message_bytes(configured: &std::result::Result<Tokens, String>) -> usize {
    configured.as_ref().map_or(Limits::DEFAULT.message_bytes, |tokens| tokens.room.limits.message_bytes)
}

/// The platform allows 32,768 sockets to an object, whose memory holds what waits for each of them.
const CONNECTIONS: usize = 10_000;

fn connections(env: &Env) -> std::result::Result<usize, String> {
    let Some(text) = text(env, "CONNECTIONS") else { return Ok(CONNECTIONS) };
    let number = text.parse().ok().filter(|number| (1..=30_000).contains(number));
    number.ok_or_else(|| "CONNECTIONS: a number from 1 to 30000".to_owned())
}

/// A variable or a secret. A number or a table in wrangler.toml comes as one.
pub(crate) fn text(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env, &name.into()).ok().filter(|value| !value.is_undefined())?;
    value.as_string().or_else(|| JSON::stringify(&value).ok()?.as_string())
}

/// The operator's; nothing where none is configured: then nobody may ask what only an operator may.
pub(crate) fn admin(env: &Env) -> Option<SharedToken> {
    let token = text(env, "ADMIN_TOKEN")?;
    (!token.is_empty()).then(|| SharedToken::new(&token))
}

/// Where LiveStore's clients are served.
pub(crate) fn mount(env: &Env, rules: &Rules) -> std::result::Result<Mount, String> {
    match text(env, "LIVESTORE").as_deref() {
        None => Ok(Mount::by_itself(rules)),
        Some("off") => Ok(Mount::Off),
        Some("path") => Ok(Mount::Path),
        Some("root") => Ok(Mount::Root),
        Some(_) => Err("LIVESTORE: off, path or root".to_owned()),
    }
}

impl Tokens {
    /// Whether keys are ever to be fetched.
    pub(crate) fn has_issuer(&self) -> bool {
        self.auth.borrow().has_issuer()
    }

    /// Whether keys are to be fetched before this token is looked at.
    pub(crate) fn wants_keys(&self, token: &str) -> bool {
        self.auth.borrow().wants_keys(Some(token), now()).is_some()
    }

    /// Fetches keys, where that is to be done before this token is looked at. Who asks meanwhile may fetch
    /// them, too: what one request waits for, another cannot.
    pub(crate) async fn prepare(&self, token: Option<&str>) {
        let url = self.auth.borrow().wants_keys(token, now()).cloned();
        let Some(url) = url else { return };
        let document = match within(Duration::from_secs(FETCH_SECONDS), fetch(&url)).await {
            Some(Ok(document)) => Some(document),
            Some(Err(error)) => {
                console_error!("no keys from {}: {error}", url.as_str());
                None
            }
            None => {
                console_error!("no keys from {} within {FETCH_SECONDS} s", url.as_str());
                None
            }
        };
        match self.auth.borrow_mut().fetched(now(), document.as_deref()) {
            Ok(()) if document.is_some() => console_log!("fetched the keys at {}", url.as_str()),
            Ok(()) => {}
            Err(error) => console_error!("no keys from {}: {error}", url.as_str()),
        }
    }
}

impl Authorize for Tokens {
    fn authorize(
        &self,
        store: &StoreId,
        token: Option<&str>,
        now: Millis,
    ) -> std::result::Result<Grant, ErrorFrame> {
        self.auth.borrow().authorize(store, token, now)
    }
}

/// From where the operator has said, and from nowhere that it leads to.
async fn fetch(url: &JwksUrl) -> Result<String> {
    let mut init = RequestInit::new();
    init.with_redirect(RequestRedirect::Manual);
    let mut answer = Fetch::Request(Request::new_with_init(url.as_str(), &init)?).send().await?;
    if answer.status_code() != 200 {
        return Err(format!("status {}", answer.status_code()).into());
    }
    let length = answer.headers().get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > JWKS_BYTES) {
        return Err("the document is too large".into());
    }
    answer.text().await
}
