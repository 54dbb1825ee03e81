//! The server that is asked, and what is known of how it is set up.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chat_model::Chat;
use syncline_engine::Rules;
use syncline_engine::protocol::{
    ClientId, Hello, ModelVersion, PROTOCOL_VERSION, RedactionNumber, SchemaHash, StoreId, Subject,
};
use tungstenite::http::Uri;

use crate::failure::{Done, Failure};
use crate::jwt::Claims;

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where it is: `http://`, a host and a port.
    pub url: String,
    /// Whom it lets in.
    pub tokens: Tokens,
    /// Whether a client may push a few events per second only.
    pub small_rates: bool,
    /// The operator's token of a server that keeps nothing of a log which the archive has.
    pub admin: Option<String>,
    /// How long an answer may take.
    pub patience: Duration,
}

/// Whom the server lets in.
#[derive(Clone, Debug)]
pub enum Tokens {
    /// Everybody.
    None,
    /// Whoever has this secret.
    Shared(String),
    /// Whoever has a JWT.
    Jwt(Jwt),
}

/// What a JWT has to be.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// It is signed with this, by HS256.
    pub secret: String,
    /// For so many seconds it is still taken after it has expired.
    pub leeway: u64,
}

/// The server that is asked.
pub struct Server {
    pub(crate) setup: Setup,
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
    /// Of this run of the suite: so that no store has been before.
    run: String,
    made: AtomicU32,
    schema_hash: SchemaHash,
}

impl Server {
    /// Looks at the URL; it connects to nothing yet.
    ///
    /// # Errors
    /// When it is not one of plain HTTP, or names no host.
    pub fn new(setup: Setup) -> Result<Self> {
        let uri: Uri = setup.url.parse().context("--url is no URL")?;
        if uri.scheme_str() != Some("http") || !matches!(uri.path(), "" | "/") {
            bail!("--url is http://, a host and a port: TLS is another server's business");
        }
        let name = uri.host().context("--url names no host")?;
        let port = uri.port_u16().unwrap_or(80);
        let found = (name.trim_matches(['[', ']']), port).to_socket_addrs();
        let address = found.context("the host of --url")?.next().context("the host has no address")?;
        let mut run = [0; 6];
        getrandom::fill(&mut run)?;
        Ok(Self {
            host: format!("{name}:{port}"),
            run: run.iter().map(|byte| format!("{byte:02x}")).collect(),
            made: AtomicU32::new(0),
            schema_hash: Rules::of::<Chat>().schema_hash()?,
            setup,
            address,
        })
    }

    /// A text that nobody has used before, and that is an id.
    pub(crate) fn fresh(&self, kind: &str) -> String {
        format!("{kind}-{}-{}", self.run, self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// A store that nobody has been in.
    pub(crate) fn store(&self) -> Done<StoreId> {
        StoreId::parse(self.fresh("conformance")).map_err(own)
    }

    pub(crate) fn schema_hash(&self) -> &SchemaHash {
        &self.schema_hash
    }

    pub(crate) fn model_version(&self) -> ModelVersion {
        Rules::of::<Chat>().version()
    }

    /// The greeting of a new client that knows nothing yet.
    pub(crate) fn hello(&self, store: &StoreId, subject: &str) -> Done<Hello> {
        let subject = Subject::parse(subject).map_err(own)?;
        Ok(Hello {
            protocol: PROTOCOL_VERSION,
            store: store.clone(),
            client: ClientId::parse(self.fresh("client")).map_err(own)?,
            token: self.token(store, &subject)?,
            subject: Some(subject),
            model_version: self.model_version(),
            schema_hash: self.schema_hash.clone(),
            cursor: None,
            snapshots: false,
            redactions: RedactionNumber::NONE,
            payload: None,
        })
    }

    /// What opens the store to a subject.
    pub(crate) fn token(&self, store: &StoreId, subject: &Subject) -> Done<Option<String>> {
        match &self.setup.tokens {
            Tokens::None => Ok(None),
            Tokens::Shared(secret) => Ok(Some(secret.clone())),
            Tokens::Jwt(jwt) => jwt.sign(&Claims::of(store, subject)?).map(Some),
        }
    }
}

/// What the suite itself has got wrong.
pub(crate) fn own(error: impl std::fmt::Display) -> Failure {
    Failure::new("a suite without mistakes", error.to_string())
}
