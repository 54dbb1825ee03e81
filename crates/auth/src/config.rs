//! What an operator writes: a table of a file, or variables of an environment.

use std::fmt;

use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::jwks::{self, InvalidUrl, Jwks, JwksError, JwksUrl, NamedKey};
use crate::jwt::Jwt;
use crate::key::{Algorithm, Key};

/// RFC 7518 3.2: a key of HS256 is at least as long as what it makes.
const SECRET_BYTES: usize = 32;

/// Who may connect, by `mode`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuthConfig {
    /// Everybody, under any name: for development alone.
    None,
    /// Whoever has the secret, under any name.
    Token {
        /// The secret.
        secret: Secret,
    },
    /// Whoever has a token that says so.
    Jwt(JwtConfig),
}

/// How tokens are checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct JwtConfig {
    /// Those that are taken. Each needs a key.
    pub algorithms: Vec<Algorithm>,
    /// The key of HS256, as it stands: at least 32 bytes.
    pub secret: Option<Secret>,
    /// Public keys in PEM, one after the other.
    pub public_key: Option<String>,
    /// A JWKS document.
    pub jwks: Option<String>,
    /// Where an issuer publishes its JWKS document.
    pub jwks_url: Option<JwksUrl>,
    /// After how many seconds a document that was fetched is old.
    pub jwks_max_age: u64,
    /// One of these must be in `aud`.
    #[serde(deserialize_with = "one_or_more")]
    pub audience: Vec<String>,
    /// One of these must be `iss`.
    #[serde(deserialize_with = "one_or_more")]
    pub issuer: Vec<String>,
    /// By how many seconds the clocks of issuer and server may differ.
    pub leeway: u64,
    /// The name of the claim about stores.
    pub claim: String,
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self {
            algorithms: Vec::new(),
            secret: None,
            public_key: None,
            jwks: None,
            jwks_url: None,
            jwks_max_age: 600,
            audience: Vec::new(),
            issuer: Vec::new(),
            leeway: 60,
            claim: "syncline".to_owned(),
        }
    }
}

/// A text that no log may show.
#[derive(Clone, Deserialize)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An empty one would let everybody in whose token is empty.
    pub(crate) fn checked(&self) -> Result<&str, ConfigError> {
        if self.0.is_empty() { Err(ConfigError::NoToken) } else { Ok(&self.0) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is missing or wrong in a configuration. The operator can act.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Nothing says who may connect: then nobody may.
    #[error("the server has no AUTH_TOKEN, and no AUTH that says who may connect")]
    NotConfigured,
    /// Not one of the three modes.
    #[error("AUTH is `none`, `token` or `jwt`")]
    UnknownMode,
    /// A shared token without a secret.
    #[error("the server has no AUTH_TOKEN: the secret that all clients share")]
    NoToken,
    /// A list of nothing.
    #[error("no algorithm of tokens is configured: HS256, RS256, ES256, EdDSA")]
    NoAlgorithm,
    /// A name that is no algorithm.
    #[error("an algorithm of tokens is HS256, RS256, ES256 or EdDSA")]
    UnknownAlgorithm,
    /// An algorithm that no key is there for.
    #[error("{0} is configured, but no key for it")]
    NoKey(Algorithm),
    /// A key that nothing may be signed with.
    #[error("there is a key for {0}, which is not configured")]
    UnusedKey(Algorithm),
    /// A secret that could be guessed.
    #[error("the secret of HS256 must have at least {SECRET_BYTES} bytes")]
    ShortSecret,
    /// Not PEM, a private key, a certificate, or a key of a type or size that is not taken.
    #[error(
        "a public key must be PEM, and RSA of 2048 to 4096 bits, P-256 or Ed25519: no private key, no certificate"
    )]
    BadPublicKey,
    /// Not a JWKS document.
    #[error("the keys in the configuration: {0}")]
    BadJwks(#[from] JwksError),
    /// Not where an issuer may publish its keys.
    #[error("{0}")]
    BadUrl(#[from] InvalidUrl),
    /// Not a number.
    #[error("{0} is a number of seconds")]
    BadNumber(&'static str),
}

impl AuthConfig {
    /// Reads variables, where `var` knows them; an empty one is none. docs/auth.md lists them.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name: &str| var(name).filter(|text| !text.is_empty());
        let secret = var("AUTH_TOKEN").map(Secret);
        match var("AUTH").as_deref() {
            Some("none") => Ok(Self::None),
            Some("token") => Ok(Self::Token { secret: secret.ok_or(ConfigError::NoToken)? }),
            Some("jwt") => JwtConfig::from_vars(var).map(Self::Jwt),
            Some(_) => Err(ConfigError::UnknownMode),
            None => Ok(Self::Token { secret: secret.ok_or(ConfigError::NotConfigured)? }),
        }
    }
}

impl JwtConfig {
    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let list = |name: &str| {
            let text = var(name).unwrap_or_default();
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(str::to_owned).collect::<Vec<_>>()
        };
        let seconds = |name: &'static str, default: u64| match var(name) {
            Some(text) => text.trim().parse().map_err(|_| ConfigError::BadNumber(name)),
            None => Ok(default),
        };
        let default = Self::default();
        let algorithms = list("JWT_ALGORITHMS").into_iter().map(|name| Algorithm::parse(&name));
        Ok(Self {
            algorithms: algorithms.collect::<Option<_>>().ok_or(ConfigError::UnknownAlgorithm)?,
            secret: var("JWT_SECRET").map(Secret),
            // Where a variable has one line, the lines of PEM are written with `\n` between them.
            public_key: var("JWT_PUBLIC_KEY").map(|pem| pem.replace("\\n", "\n")),
            jwks: var("JWKS"),
            jwks_url: var("JWKS_URL").map(JwksUrl::parse).transpose()?,
            jwks_max_age: seconds("JWKS_MAX_AGE", default.jwks_max_age)?,
            audience: list("JWT_AUDIENCE"),
            issuer: list("JWT_ISSUER"),
            leeway: seconds("JWT_LEEWAY", default.leeway)?,
            claim: var("JWT_CLAIM").unwrap_or(default.claim),
        })
    }

    pub(crate) fn build(self) -> Result<Jwt, ConfigError> {
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm);
        }
        let mut keys = Vec::new();
        if let Some(Secret(secret)) = &self.secret {
            if secret.len() < SECRET_BYTES {
                return Err(ConfigError::ShortSecret);
            }
            keys.push(NamedKey { id: None, key: Key::secret(secret.as_bytes()) });
        }
        for pem in self.public_key.iter().flat_map(|pem| blocks(pem)) {
            let key = Key::from_pem(pem).ok_or(ConfigError::BadPublicKey)?;
            keys.push(NamedKey { id: None, key });
        }
        if let Some(unused) = keys.iter().find(|named| !self.algorithms.contains(&named.key.algorithm())) {
            return Err(ConfigError::UnusedKey(unused.key.algorithm()));
        }
        // A document may have keys for others, too.
        keys.extend(self.jwks.as_deref().map(jwks::parse).transpose()?.unwrap_or_default());
        let has_key = |algorithm: &Algorithm| {
            keys.iter().any(|named| named.key.algorithm() == *algorithm)
                || self.jwks_url.is_some() && *algorithm != Algorithm::HS256
        };
        if let Some(algorithm) = self.algorithms.iter().find(|algorithm| !has_key(algorithm)) {
            return Err(ConfigError::NoKey(*algorithm));
        }
        let max_age_ms = self.jwks_max_age.saturating_mul(1_000);
        Ok(Jwt {
            algorithms: self.algorithms,
            keys,
            jwks: self.jwks_url.map(|url| Jwks::new(url, max_age_ms)),
            audience: self.audience,
            issuer: self.issuer,
            leeway_ms: self.leeway.saturating_mul(1_000),
            claim: self.claim,
        })
    }
}

/// The blocks of a PEM text. What holds none is one, so that it is refused.
fn blocks(pem: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END ";
    let mut rest = pem.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let line = rest.find(END).and_then(|at| Some(at + rest.get(at..)?.find('\n')? + 1));
        let (block, after) = rest.split_at(line.unwrap_or(rest.len()));
        rest = after.trim_start();
        Some(block)
    })
}

fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}
