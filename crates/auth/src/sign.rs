//! Tokens for development and tests.

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::pkcs8::DecodePrivateKey;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::{SignatureEncoding, Signer};
use rsa::pkcs1v15;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use syncline_engine::protocol::{Millis, Subject};
use thiserror::Error;

use crate::key::Algorithm;
use crate::stores::Stores;

/// What tokens are signed with.
pub enum SigningKey {
    /// HS256.
    Secret(Vec<u8>),
    /// RS256.
    Rsa(Box<rsa::PrivateKey>),
    /// ES256.
    P256(Box<p256::ecdsa::SigningKey>),
    /// EdDSA.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// Why no token could be made.
#[derive(Debug, Error)]
pub enum SignError {
    /// Not PKCS#8 in PEM, or of a type that is not known.
    #[error("a private key must be PKCS#8 in PEM (`BEGIN PRIVATE KEY`), and RSA, P-256 or Ed25519")]
    BadPrivateKey,
    /// The key could not sign.
    #[error("the key cannot sign")]
    Signature(#[from] rsa::signature::Error),
    /// Claims that are no JSON.
    #[error("the claims are not JSON")]
    Json(#[from] serde_json::Error),
}

impl SigningKey {
    /// Reads a private key: PKCS#8 in PEM.
    ///
    /// # Errors
    /// [`SignError::BadPrivateKey`].
    pub fn from_pem(pem: &str) -> Result<Self, SignError> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::P256(Box::new(key)));
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::Ed25519(Box::new(key)));
        }
        let key = rsa::PrivateKey::from_pkcs8_pem(pem).map_err(|_| SignError::BadPrivateKey)?;
        Ok(Self::Rsa(Box::new(key)))
    }

    /// What a token that it signs says of itself.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::HS256,
            Self::Rsa(_) => Algorithm::RS256,
            Self::P256(_) => Algorithm::ES256,
            Self::Ed25519(_) => Algorithm::EdDSA,
        }
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(match self {
            Self::Secret(secret) => {
                let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret);
                let mac = mac.expect("HMAC takes a key of any length").chain_update(message);
                mac.finalize().into_bytes().to_vec()
            }
            Self::Rsa(key) => {
                pkcs1v15::SigningKey::<Sha256>::new(key.as_ref().clone()).try_sign(message)?.to_vec()
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message)?;
                signature.to_bytes().to_vec()
            }
            Self::Ed25519(key) => key.try_sign(message)?.to_bytes().to_vec(),
        })
    }
}

/// What a token of a developer says.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Whose it is.
    pub subject: Subject,
    /// When it expires.
    pub expires: Millis,
    /// The stores.
    pub stores: Stores,
    /// Whom it is for.
    pub audience: Option<String>,
    /// Whom it is from.
    pub issuer: Option<String>,
}

impl Claims {
    /// As a token holds them, with the stores under this name.
    #[must_use]
    pub fn to_json(&self, claim: &str) -> Value {
        let mut json = Map::new();
        json.insert("sub".to_owned(), json!(self.subject));
        json.insert("exp".to_owned(), json!(self.expires.get() / 1_000));
        json.insert(claim.to_owned(), json!(self.stores));
        json.extend(self.audience.as_ref().map(|audience| ("aud".to_owned(), json!(audience))));
        json.extend(self.issuer.as_ref().map(|issuer| ("iss".to_owned(), json!(issuer))));
        Value::Object(json)
    }
}

/// Makes a token. The header is whatever is given: [`header`] makes the usual one.
///
/// # Errors
/// [`SignError`].
pub fn sign(key: &SigningKey, header: &impl Serialize, claims: &impl Serialize) -> Result<String, SignError> {
    let encode = |json: Vec<u8>| Base64UrlUnpadded::encode_string(&json);
    let message = format!("{}.{}", encode(serde_json::to_vec(header)?), encode(serde_json::to_vec(claims)?));
    let signature = encode(key.signature(message.as_bytes())?);
    Ok(format!("{message}.{signature}"))
}

/// The header of a token that the key signs, which names it where it has a name.
#[must_use]
pub fn header(key: &SigningKey, id: Option<&str>) -> Value {
    let mut header = json!({ "typ": "JWT", "alg": key.algorithm() });
    if let (Some(id), Some(header)) = (id, header.as_object_mut()) {
        header.insert("kid".to_owned(), json!(id));
    }
    header
}
