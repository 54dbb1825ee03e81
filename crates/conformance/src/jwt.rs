//! Tokens that say who, what and until when. They are signed here, not by what the server reads them with.

use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use syncline_engine::protocol::{StoreId, Subject};

use crate::failure::Done;
use crate::server::{Jwt, own};

/// What a token says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    /// In seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<u64>,
    pub(crate) syncline: Access,
}

/// Which stores.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Access {
    pub(crate) read: Vec<String>,
    pub(crate) write: Vec<String>,
}

impl Claims {
    /// A subject that may write to a store, for an hour.
    pub(crate) fn of(store: &StoreId, subject: &Subject) -> Done<Self> {
        let syncline = Access { write: vec![store.to_string()], ..Access::default() };
        Ok(Self { sub: subject.to_string(), exp: Some(now()? + 3_600), syncline })
    }
}

impl Jwt {
    pub(crate) fn sign(&self, claims: &Claims) -> Done<String> {
        let claims = serde_json::to_string(claims).map_err(own)?;
        let signed = format!("{}.{}", encode(br#"{"alg":"HS256","typ":"JWT"}"#), encode(claims.as_bytes()));
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.secret.as_bytes()).map_err(own)?;
        let signature = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
        Ok(format!("{signed}.{}", encode(&signature)))
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// In seconds since 1970.
pub(crate) fn now() -> Done<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_err(own)?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python's `hmac`.
    #[test]
    fn a_token_has_the_signature_that_hs256_says() {
        let claims = Claims { sub: "ann".to_owned(), exp: Some(1), syncline: Access::default() };
        let token = Jwt { secret: "secret".to_owned(), leeway: 0 }.sign(&claims).unwrap();
        assert_eq!(token, EXPECTED);
    }

    const EXPECTED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4iLCJleHAiOjEsInN5bmNsaW5lIjp7InJlYWQiOltdLCJ3cml0ZSI6W119fQ.oEJdFishMHVIQndYK1FwgydF-Ra161xXiktuXATDxgA";
}
