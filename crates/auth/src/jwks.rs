//! The keys of an issuer: a JWKS document (RFC 7517), and when it is to be fetched again.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syncline_engine::protocol::Millis;
use thiserror::Error;

use crate::key::{Algorithm, Key};

/// The largest document that is taken: a host need not read on.
pub const JWKS_BYTES: usize = 256 << 10;

/// Keys in one document: each that fits may have to be tried.
const KEYS: usize = 64;

/// How long a host waits for a document: whoever signs in waits with it.
pub const FETCH_SECONDS: u64 = 5;

/// A name that no key has asks for a fetch, whoever made it up: at most so often.
const FETCH_AT_MOST_EVERY_MS: u64 = 30_000;

/// After a failure sooner, as nobody can sign in with a new key until then.
const RETRY_MS: u64 = 5_000;

/// Where an issuer publishes its keys. Only TLS says that they are its own; on this machine it may be missing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JwksUrl(String);

/// A text that is not the URL of a JWKS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the URL of a JWKS begins with https:// (http:// for localhost alone)")]
pub struct InvalidUrl;

impl JwksUrl {
    /// Checks the text.
    ///
    /// # Errors
    /// [`InvalidUrl`].
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidUrl> {
        let text = text.into();
        let (scheme, rest) = text.split_once("://").ok_or(InvalidUrl)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.split_once(':').map_or(authority, |(host, _)| host);
        let local = ["localhost", "127.0.0.1"].contains(&host) && !authority.contains('@');
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if plain && !host.is_empty() && (scheme == "https" || scheme == "http" && local) {
            Ok(Self(text))
        } else {
            Err(InvalidUrl)
        }
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for JwksUrl {
    type Error = InvalidUrl;
    fn try_from(text: String) -> Result<Self, InvalidUrl> {
        Self::parse(text)
    }
}

impl From<JwksUrl> for String {
    fn from(url: JwksUrl) -> Self {
        url.0
    }
}

impl fmt::Debug for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwksUrl({:?})", self.0)
    }
}

/// A key, and the name that tokens call it by.
#[derive(Clone, Debug)]
pub(crate) struct NamedKey {
    pub(crate) id: Option<String>,
    pub(crate) key: Key,
}

/// A text that is not a JWKS.
#[derive(Debug, Error)]
pub enum JwksError {
    /// More than [`JWKS_BYTES`].
    #[error("a JWKS has at most {JWKS_BYTES} bytes")]
    TooLarge,
    /// More keys than anybody has.
    #[error("a JWKS has at most {KEYS} keys")]
    TooMany,
    /// Not JSON, or not `{"keys": […]}`.
    #[error("this is no JWKS: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// One key of a document, as far as it is looked at.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// The key, if it is one to check tokens with. What is published is no secret, so `oct` is none.
    fn key(&self) -> Option<Key> {
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Key::from_rsa_numbers(self.n.as_deref()?, self.e.as_deref()?)?,
            ("EC", Some("P-256")) => Key::from_p256_point(self.x.as_deref()?, self.y.as_deref()?)?,
            ("OKP", Some("Ed25519")) => Key::from_ed25519_point(self.x.as_deref()?)?,
            _ => return None,
        };
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let fits = self.alg.as_deref().is_none_or(|alg| Algorithm::parse(alg) == Some(key.algorithm()));
        (signs && fits).then_some(key)
    }
}

/// Reads a document. As RFC 7517 wants it, keys of other types and uses are passed over. Two of one name stay
/// both: an issuer may mean them as equal.
pub(crate) fn parse(text: &str) -> Result<Vec<NamedKey>, JwksError> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Value>,
    }
    if text.len() > JWKS_BYTES {
        return Err(JwksError::TooLarge);
    }
    let document: Document = serde_json::from_str(text)?;
    if document.keys.len() > KEYS {
        return Err(JwksError::TooMany);
    }
    let known = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(known.filter_map(|jwk| Some(NamedKey { key: jwk.key()?, id: jwk.kid })).collect())
}

/// The keys behind a URL.
#[derive(Clone, Debug)]
pub(crate) struct Jwks {
    url: JwksUrl,
    max_age_ms: u64,
    keys: Vec<NamedKey>,
    /// When the keys came.
    fetched: Option<Millis>,
    /// When a fetch failed, after that.
    failed: Option<Millis>,
}

impl Jwks {
    pub(crate) const fn new(url: JwksUrl, max_age_ms: u64) -> Self {
        Self { url, max_age_ms, keys: Vec::new(), fetched: None, failed: None }
    }

    pub(crate) fn keys(&self) -> &[NamedKey] {
        &self.keys
    }

    /// Whether it is not known which keys there are now.
    pub(crate) const fn is_unsure(&self) -> bool {
        self.fetched.is_none() || self.failed.is_some()
    }

    /// Where to fetch the document now, for a token that names this key.
    pub(crate) fn wants_fetch(&self, id: Option<&str>, now: Millis) -> Option<&JwksUrl> {
        let since = |then: Millis| now.get().saturating_sub(then.get());
        let unknown = id.is_some_and(|id| self.keys.iter().all(|key| key.id.as_deref() != Some(id)));
        let wants = match (self.failed, self.fetched) {
            (Some(failed), Some(_)) if !unknown => since(failed) >= FETCH_AT_MOST_EVERY_MS,
            (Some(failed), _) => since(failed) >= RETRY_MS,
            (None, Some(fetched)) => {
                since(fetched) >= self.max_age_ms || unknown && since(fetched) >= FETCH_AT_MOST_EVERY_MS
            }
            (None, None) => true,
        };
        wants.then_some(&self.url)
    }

    /// Takes what came: its keys are all that there are. What is no JWKS changes nothing, as nothing that came.
    pub(crate) fn fetched(&mut self, now: Millis, text: Option<&str>) -> Result<(), JwksError> {
        self.failed = Some(now);
        let Some(text) = text else { return Ok(()) };
        self.keys = parse(text)?;
        self.fetched = Some(now);
        self.failed = None;
        Ok(())
    }
}
