//! A server that runs, asked over HTTP: the native one, or a worker.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use syncline_engine::protocol::{ErrorFrame, StoreId};
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, SendBody};

use super::failure::{Failure, Kind};

const CONNECT: Duration = Duration::from_secs(10);

/// Even to verify a large store takes less.
const ANSWER: Duration = Duration::from_secs(3600);

/// An answer that is not a stream.
const ANSWER_BYTES: u64 = 64 << 20;

pub(crate) struct Remote {
    agent: Agent,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

/// A store of a server.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) store: StoreId,
}

impl Remote {
    pub(crate) fn new(url: &str, token: Option<String>) -> Result<Self, Failure> {
        let url = url.trim_end_matches('/');
        let is_url = ["http://", "https://"].iter().any(|scheme| {
            url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', ' ']))
        });
        if !is_url {
            let message = format!("{url:?} is no address: http://… or https://… without a query");
            return Err(Failure::new(Kind::Usage, message));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .user_agent(concat!("syncline/", env!("CARGO_PKG_VERSION")));
        let config = if url.starts_with("https://") { config.tls_config(tls()) } else { config };
        Ok(Self { agent: config.build().new_agent(), url: url.to_owned(), token })
    }

    pub(crate) fn get(&self, path: &str) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.answered(request.call())
    }

    pub(crate) fn post(&self, path: &str, body: SendBody<'_>) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.answered(request.send(body))
    }

    /// All stores. It takes the operator's token.
    pub(crate) fn stores(&self) -> Result<Vec<StoreId>, Failure> {
        let stores: Vec<Listed> = self.json(self.get("/stores")?)?;
        Ok(stores.into_iter().map(|listed| listed.store).collect())
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, mut response: Response<Body>) -> Result<T, Failure> {
        let text = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_string();
        let text = text.map_err(|error| self.broken(error))?;
        serde_json::from_str(&text).map_err(|error| self.broken(error))
    }

    /// The server has answered half, or something that is not Syncline's.
    pub(crate) fn broken(&self, error: impl std::fmt::Display) -> Failure {
        Failure::new(Kind::Unreachable, format!("{}: {error}", self.url))
    }

    fn answered(&self, done: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        let mut response = done.map_err(|error| self.broken(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let mut text = String::new();
        let mut body = response.body_mut().as_reader().take(4 << 10);
        // What it says beside its status only helps.
        let _ = body.read_to_string(&mut text);
        match serde_json::from_str::<ErrorFrame>(&text) {
            Ok(frame) => Err(Failure::said(&frame)),
            Err(_) => Err(self.broken(format!("it answers {status}, and not as Syncline does"))),
        }
    }
}

/// With the certificates of the system.
fn tls() -> TlsConfig {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<_> =
        certificates.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()))
        .build()
}
