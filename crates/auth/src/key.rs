//! The keys that signatures are checked with. Each type of key has one algorithm: what a token's header says
//! cannot make a public key a secret, or a signature that of another curve.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::pkcs8::DecodePublicKey;
use ed25519_dalek::pkcs8::spki::der::pem::decode_label;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::Verifier;
use rsa::BoxedUint;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs1v15;
use rsa::traits::PublicKeyParts;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The sizes of RSA keys that are taken: RFC 7518 3.3 demands the least, and larger ones cost too much a token.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256: one secret signs and checks.
    HS256,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519, which RFC 9864 calls by that name.
    #[serde(alias = "Ed25519")]
    EdDSA,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HS256, Self::RS256, Self::ES256, Self::EdDSA];

    /// Its name in a token's header; nothing else is one, least of all `none`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::HS256),
            "RS256" => Some(Self::RS256),
            "ES256" => Some(Self::ES256),
            "EdDSA" | "Ed25519" => Some(Self::EdDSA),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[derive(Clone)]
pub(crate) enum Key {
    Secret(Box<Hmac<Sha256>>),
    Rsa(Box<pkcs1v15::VerifyingKey<Sha256>>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

impl Key {
    pub(crate) fn secret(secret: &[u8]) -> Self {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self::Secret(Box::new(mac))
    }

    /// Reads one block of PEM: a public key of any type, or an RSA one in the older form.
    pub(crate) fn from_pem(pem: &str) -> Option<Self> {
        if decode_label(pem.as_bytes()).ok()? == "RSA PUBLIC KEY" {
            return Self::rsa(rsa::PublicKey::from_pkcs1_pem(pem).ok()?);
        }
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_pem(pem) {
            return Some(Self::P256(Box::new(key)));
        }
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_pem(pem) {
            return Self::ed25519(key);
        }
        Self::rsa(rsa::PublicKey::from_public_key_pem(pem).ok()?)
    }

    /// From the numbers of a JWK, in base64url.
    pub(crate) fn from_rsa_numbers(n: &str, e: &str) -> Option<Self> {
        let number = |text| Some(BoxedUint::from_be_slice_vartime(&decode(text)?));
        Self::rsa(rsa::PublicKey::new(number(n)?, number(e)?).ok()?)
    }

    /// From the coordinates of a JWK, in base64url. A point that is not on the curve is no key.
    pub(crate) fn from_p256_point(x: &str, y: &str) -> Option<Self> {
        let (x, y) = (<[u8; 32]>::try_from(decode(x)?).ok()?, <[u8; 32]>::try_from(decode(y)?).ok()?);
        let point = [[4].as_slice(), &x, &y].concat();
        Some(Self::P256(Box::new(p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?)))
    }

    pub(crate) fn from_ed25519_point(x: &str) -> Option<Self> {
        let x = <[u8; 32]>::try_from(decode(x)?).ok()?;
        Self::ed25519(ed25519_dalek::VerifyingKey::from_bytes(&x).ok()?)
    }

    fn rsa(key: rsa::PublicKey) -> Option<Self> {
        let bits = usize::try_from(key.n().bit_width_vartime()).ok()?;
        RSA_BITS.contains(&bits).then(|| Self::Rsa(Box::new(pkcs1v15::VerifyingKey::new(key))))
    }

    /// A weak key is one that anybody can sign for.
    fn ed25519(key: ed25519_dalek::VerifyingKey) -> Option<Self> {
        (!key.is_weak()).then(|| Self::Ed25519(Box::new(key)))
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::HS256,
            Self::Rsa(_) => Algorithm::RS256,
            Self::P256(_) => Algorithm::ES256,
            Self::Ed25519(_) => Algorithm::EdDSA,
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(mac) => mac.as_ref().clone().chain_update(message).verify_slice(signature).is_ok(),
            Self::Rsa(key) => pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }
}

/// Says what it is, never its bytes.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.algorithm())
    }
}

/// base64url without padding, as everywhere in a JWT.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

#[cfg(test)]
mod vectors;
