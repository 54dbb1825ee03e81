//! What a server asks about every token.

use syncline_engine::protocol::{ErrorFrame, Millis, StoreId};
use syncline_engine::{Anyone, Authorize, Grant, SharedToken};

use crate::config::{AuthConfig, ConfigError};
use crate::jwks::{JwksError, JwksUrl};
use crate::jwt::Jwt;
use crate::policy::Policy;

/// Who may do what, as it is configured.
///
/// With keys that an issuer publishes, a host does this before it authorizes a token: where
/// [`Auth::wants_keys`], it fetches, and says what came to [`Auth::fetched`].
#[derive(Clone)]
pub struct Auth(Scheme);

#[derive(Clone)]
enum Scheme {
    None,
    Token(SharedToken),
    Jwt(Box<Jwt>),
    Own(&'static (dyn Authorize + Sync)),
}

impl Auth {
    /// Makes it of its configuration.
    ///
    /// # Errors
    /// [`ConfigError`] says what is missing or wrong; a secret is never in it.
    pub fn new(config: AuthConfig) -> Result<Self, ConfigError> {
        Ok(Self(match config {
            AuthConfig::None => Scheme::None,
            AuthConfig::Token { secret } => Scheme::Token(SharedToken::new(secret.checked()?)),
            AuthConfig::Jwt(config) => Scheme::Jwt(Box::new(config.build()?)),
        }))
    }

    /// As variables say it, or as the app does.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_vars(policy: &Policy, var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        match policy.authorize {
            Some(own) => Ok(Self(Scheme::Own(own))),
            None => AuthConfig::from_vars(var).and_then(Self::new),
        }
    }

    /// Whether everybody may do everything: for development alone. A server says so loudly when it starts.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.0, Scheme::None)
    }

    /// Whether keys are ever to be fetched.
    #[must_use]
    pub fn has_issuer(&self) -> bool {
        matches!(&self.0, Scheme::Jwt(jwt) if jwt.jwks.is_some())
    }

    /// Where to fetch the issuer's keys before this token is authorized: there are none yet, they are old, or
    /// none has the name that the token gives. Whoever makes up names is the cause of a fetch only rarely.
    #[must_use]
    pub fn wants_keys(&self, token: Option<&str>, now: Millis) -> Option<&JwksUrl> {
        match (&self.0, token) {
            (Scheme::Jwt(jwt), Some(token)) => jwt.wants_keys(token, now),
            (Scheme::None | Scheme::Token(_) | Scheme::Jwt(_) | Scheme::Own(_), _) => None,
        }
    }

    /// Takes the document that was fetched, or nothing where that failed: then the keys stay as they were.
    ///
    /// # Errors
    /// [`JwksError`], for the log, where it was no JWKS: the keys stay as they were.
    pub fn fetched(&mut self, now: Millis, document: Option<&str>) -> Result<(), JwksError> {
        match &mut self.0 {
            Scheme::Jwt(jwt) => jwt.fetched(now, document),
            Scheme::None | Scheme::Token(_) | Scheme::Own(_) => Ok(()),
        }
    }
}

impl Authorize for Auth {
    fn authorize(&self, store: &StoreId, token: Option<&str>, now: Millis) -> Result<Grant, ErrorFrame> {
        match &self.0 {
            Scheme::None => Anyone.authorize(store, token, now),
            Scheme::Token(secret) => secret.authorize(store, token, now),
            Scheme::Jwt(jwt) => Ok(jwt.grant(store, token, now)?),
            Scheme::Own(own) => own.authorize(store, token, now),
        }
    }
}
