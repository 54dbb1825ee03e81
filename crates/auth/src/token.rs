//! A JWT, taken apart: nothing in it is true before its signature is checked.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use syncline_engine::protocol::Limits;

use crate::error::TokenError;
use crate::key::{Algorithm, Key, decode};

pub(crate) struct Token<'a> {
    pub(crate) algorithm: Algorithm,
    /// Which key it names.
    pub(crate) key_id: Option<String>,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, rename = "crit", deserialize_with = "present")]
    critical: bool,
}

/// Whatever it holds, even null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> Token<'a> {
    /// Reads the header, and nothing else.
    pub(crate) fn parse(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > Limits::TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header = object(header).ok_or(TokenError::Malformed)?;
        if header.critical {
            return Err(TokenError::Critical);
        }
        Ok(Self {
            algorithm: Algorithm::parse(&header.alg).ok_or(TokenError::Algorithm)?,
            key_id: header.kid,
            signed,
            claims,
            signature: decode(signature).ok_or(TokenError::Malformed)?,
        })
    }

    pub(crate) fn is_signed_by(&self, key: &Key) -> bool {
        key.algorithm() == self.algorithm && key.verifies(self.signed.as_bytes(), &self.signature)
    }

    /// To be believed only once [`Token::is_signed_by`] has said so. Of two claims of one name, the last counts.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, TokenError> {
        object(self.claims).ok_or(TokenError::Malformed)
    }
}

/// Serde would take an array for a struct, too.
fn object<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    let json = decode(part)?;
    if json.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&json).ok()
}
