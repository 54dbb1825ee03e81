//! The tokens that are configured, and the keys that an issuer publishes for them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use syncline_auth::{Auth, FETCH_SECONDS, JWKS_BYTES, JwksUrl};
use syncline_engine::protocol::{ErrorFrame, Limits, Millis, StoreId, token_of};
use syncline_engine::{Authorize, Grant};
use tracing::{error, info};

use crate::clock;
use crate::metrics::Metrics;
use crate::outward;

/// Who may connect.
pub(crate) struct Tokens {
    auth: RwLock<Auth>,
    /// Whether keys are ever to be fetched.
    has_issuer: bool,
    agent: ureq::Agent,
    metrics: Arc<Metrics>,
    /// Held by the one who fetches; whoever waits for it finds the keys there.
    fetching: tokio::sync::Mutex<()>,
}

impl Tokens {
    pub(crate) fn new(auth: Auth, metrics: Arc<Metrics>) -> Self {
        Self {
            has_issuer: auth.has_issuer(),
            auth: RwLock::new(auth),
            agent: outward::agent(Duration::from_secs(FETCH_SECONDS)),
            metrics,
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// The token that a frame brings, where keys are to be fetched before it is looked at. One that is longer
    /// than a greeting has none.
    pub(crate) fn waits(&self, frame: &str) -> Option<String> {
        const LONGEST: usize = 2 * (Limits::TOKEN_BYTES + Limits::PAYLOAD_BYTES);
        let token = (self.has_issuer && frame.len() <= LONGEST).then(|| token_of(frame))??;
        self.wanted(Some(&token)).map(|_| token)
    }

    /// Fetches keys, where that is to be done before this token is looked at.
    pub(crate) async fn prepare(&self, token: Option<&str>) {
        if !self.has_issuer || self.wanted(token).is_none() {
            return;
        }
        let fetching = self.fetching.lock().await;
        // Somebody may have fetched them meanwhile.
        let Some(url) = self.wanted(token) else { return };
        let (agent, from) = (self.agent.clone(), url.clone());
        let fetched = tokio::task::spawn_blocking(move || fetch(&agent, &from)).await;
        let document = match fetched {
            Ok(Ok(document)) => Some(document),
            Ok(Err(error)) => {
                error!(url = url.as_str(), "no keys: {error}");
                None
            }
            Err(error) => {
                error!(url = url.as_str(), "no keys: {error}");
                None
            }
        };
        let now = clock::now();
        let taken =
            self.auth.write().unwrap_or_else(PoisonError::into_inner).fetched(now, document.as_deref());
        if document.is_none() || taken.is_err() {
            self.metrics.keys_failed();
        }
        match taken {
            Ok(()) if document.is_some() => info!(url = url.as_str(), "fetched the keys"),
            Ok(()) => {}
            Err(error) => error!(url = url.as_str(), "no keys: {error}"),
        }
        drop(fetching);
    }

    fn wanted(&self, token: Option<&str>) -> Option<JwksUrl> {
        self.auth.read().unwrap_or_else(PoisonError::into_inner).wants_keys(token, clock::now()).cloned()
    }
}

impl Authorize for Tokens {
    fn authorize(&self, store: &StoreId, token: Option<&str>, now: Millis) -> Result<Grant, ErrorFrame> {
        self.auth.read().unwrap_or_else(PoisonError::into_inner).authorize(store, token, now)
    }
}

fn fetch(agent: &ureq::Agent, url: &JwksUrl) -> Result<String, String> {
    let mut answer = agent.get(url.as_str()).call().map_err(|error| error.to_string())?;
    if answer.status() != 200 {
        return Err(format!("status {}", answer.status().as_u16()));
    }
    let body = answer.body_mut().with_config().limit(JWKS_BYTES as u64);
    body.read_to_string().map_err(|error| error.to_string())
}
