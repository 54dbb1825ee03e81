//! From a JWT to a grant: which key signed it, whether it is for us and for now, and which stores it opens.

use serde::Deserialize;
use serde_json::{Map, Value};
use syncline_engine::Grant;
use syncline_engine::protocol::{Millis, StoreId, Subject};

use crate::error::TokenError;
use crate::jwks::{Jwks, JwksError, JwksUrl, NamedKey};
use crate::key::{Algorithm, Key};
use crate::stores::Stores;
use crate::token::Token;

#[derive(Clone, Debug)]
pub(crate) struct Jwt {
    pub(crate) algorithms: Vec<Algorithm>,
    /// Those of the configuration.
    pub(crate) keys: Vec<NamedKey>,
    pub(crate) jwks: Option<Jwks>,
    /// Empty: any, and none.
    pub(crate) audience: Vec<String>,
    /// Empty: any, and none.
    pub(crate) issuer: Vec<String>,
    pub(crate) leeway_ms: u64,
    /// The name of the claim about stores.
    pub(crate) claim: String,
}

impl Jwt {
    pub(crate) fn grant(
        &self,
        store: &StoreId,
        token: Option<&str>,
        now: Millis,
    ) -> Result<Grant, TokenError> {
        let token = self.parse(token.ok_or(TokenError::Missing)?)?;
        self.check_signature(&token)?;
        let claims = token.claims()?;
        let expires = self.check_times(&claims, now)?;
        self.check_parties(&claims)?;
        let subject = claims.get("sub").and_then(Value::as_str).and_then(|text| Subject::parse(text).ok());
        let subject = Some(subject.ok_or(TokenError::Subject)?);
        let stores = match claims.get(&self.claim) {
            // Serde would take an array for a struct, too.
            Some(claim @ Value::Object(_)) => Stores::deserialize(claim).map_err(|_| TokenError::Stores)?,
            Some(_) => return Err(TokenError::Stores),
            None => Stores::default(),
        };
        let write = stores.to(store).ok_or(TokenError::OtherStore)?;
        Ok(Grant { subject, write, expires: Some(expires) })
    }

    /// Where to fetch keys before the token is looked at.
    pub(crate) fn wants_keys(&self, token: &str, now: Millis) -> Option<&JwksUrl> {
        let jwks = self.jwks.as_ref()?;
        let token = self.parse(token).ok().filter(|token| token.algorithm != Algorithm::HS256)?;
        jwks.wants_fetch(token.key_id.as_deref(), now)
    }

    pub(crate) fn fetched(&mut self, now: Millis, document: Option<&str>) -> Result<(), JwksError> {
        self.jwks.as_mut().map_or(Ok(()), |jwks| jwks.fetched(now, document))
    }

    fn parse<'a>(&self, token: &'a str) -> Result<Token<'a>, TokenError> {
        let token = Token::parse(token)?;
        if self.algorithms.contains(&token.algorithm) { Ok(token) } else { Err(TokenError::Algorithm) }
    }

    /// A key without a name, as those of the configuration have none, fits every name; and a token that names
    /// none, every key.
    fn check_signature(&self, token: &Token<'_>) -> Result<(), TokenError> {
        let published = self.jwks.iter().flat_map(Jwks::keys);
        let fits = |named: &&NamedKey| {
            named.key.algorithm() == token.algorithm
                && (named.id.is_none() || token.key_id.is_none() || named.id == token.key_id)
        };
        let mut keys = self.keys.iter().chain(published).filter(fits).map(|named| &named.key).peekable();
        if keys.peek().is_none() {
            let unsure =
                token.algorithm != Algorithm::HS256 && self.jwks.as_ref().is_some_and(Jwks::is_unsure);
            return Err(if unsure { TokenError::NoKeys } else { TokenError::UnknownKey });
        }
        if keys.any(|key: &Key| token.is_signed_by(key)) { Ok(()) } else { Err(TokenError::Signature) }
    }

    /// When it expires, the skew of clocks included.
    fn check_times(&self, claims: &Map<String, Value>, now: Millis) -> Result<Millis, TokenError> {
        let exp = claims.get("exp").and_then(millis).ok_or(TokenError::NoExpiry)?;
        let expires = exp.plus(self.leeway_ms);
        if expires <= now {
            return Err(TokenError::Expired);
        }
        if let Some(nbf) = claims.get("nbf") {
            let from = millis(nbf).ok_or(TokenError::Malformed)?;
            if now.plus(self.leeway_ms) < from {
                return Err(TokenError::NotYet);
            }
        }
        Ok(expires)
    }

    fn check_parties(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        let is_one_of = |value: &Value, wanted: &[String]| {
            value.as_str().is_some_and(|value| wanted.iter().any(|wanted| wanted == value))
        };
        let audience = claims.get("aud").unwrap_or(&Value::Null);
        let for_us = match audience.as_array() {
            Some(list) => list.iter().any(|audience| is_one_of(audience, &self.audience)),
            None => is_one_of(audience, &self.audience),
        };
        if !self.audience.is_empty() && !for_us {
            return Err(TokenError::Audience);
        }
        let issuer = claims.get("iss").unwrap_or(&Value::Null);
        if !self.issuer.is_empty() && !is_one_of(issuer, &self.issuer) {
            return Err(TokenError::Issuer);
        }
        Ok(())
    }
}

/// Seconds since 1970, which may have a fraction (RFC 7519 2).
fn millis(seconds: &Value) -> Option<Millis> {
    let millis = seconds.as_f64()? * 1_000.0;
    // The cast saturates, and what is too large for a time is refused with it.
    (millis >= 0.0).then(|| Millis::new(millis as u64).ok()).flatten()
}
