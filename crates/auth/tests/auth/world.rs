//! An issuer with its keys, and a server that it is configured for. The keys were made by openssl.

use serde_json::{Value, json};
use syncline_auth::{Auth, AuthConfig, ConfigError, SigningKey, header, sign};
use syncline_engine::protocol::{Code, Millis, StoreId};
use syncline_engine::{Authorize, Grant};

pub(crate) const SECRET: &str = "a secret of the issuer and the server";
pub(crate) const JWKS: &str = include_str!("keys/jwks.json");
pub(crate) const NEXT_JWKS: &str = include_str!("keys/next.jwks.json");
pub(crate) const USELESS_JWKS: &str = include_str!("keys/useless.jwks.json");
pub(crate) const RSA: &str = include_str!("keys/rsa.pem");
pub(crate) const RSA_PUBLIC: &str = include_str!("keys/rsa.pub.pem");
pub(crate) const RSA_PKCS1_PUBLIC: &str = include_str!("keys/rsa.pkcs1.pub.pem");
pub(crate) const RSA_1024_PUBLIC: &str = include_str!("keys/rsa1024.pub.pem");
pub(crate) const P256: &str = include_str!("keys/p256.pem");
pub(crate) const P256_PUBLIC: &str = include_str!("keys/p256.pub.pem");
pub(crate) const NEXT_P256: &str = include_str!("keys/p256-next.pem");
pub(crate) const NEXT_P256_PUBLIC: &str = include_str!("keys/p256-next.pub.pem");
pub(crate) const P384_PUBLIC: &str = include_str!("keys/p384.pub.pem");
pub(crate) const ED25519: &str = include_str!("keys/ed25519.pem");
pub(crate) const ED25519_PUBLIC: &str = include_str!("keys/ed25519.pub.pem");

/// When everything happens, unless said otherwise.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn at(seconds: u64) -> Millis {
    Millis::new(seconds * 1_000).unwrap()
}

pub(crate) fn store(id: &str) -> StoreId {
    StoreId::parse(id).unwrap()
}

pub(crate) fn try_server(config: Value) -> Result<Auth, ConfigError> {
    Auth::new(serde_json::from_value::<AuthConfig>(config).unwrap())
}

/// A server that takes JWT, with these settings.
pub(crate) fn server(settings: Value) -> Auth {
    let mut config = json!({ "mode": "jwt" });
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    try_server(config).unwrap()
}

/// One that takes tokens signed with the secret.
pub(crate) fn hs256() -> Auth {
    server(json!({ "algorithms": ["HS256"], "secret": SECRET }))
}

pub(crate) fn secret() -> SigningKey {
    SigningKey::Secret(SECRET.into())
}

pub(crate) fn pem(pem: &str) -> SigningKey {
    SigningKey::from_pem(pem).unwrap()
}

/// What a token of `ann` says, who may write in `team-1` for a minute; with other claims, or without (null).
pub(crate) fn claims(others: Value) -> Value {
    let mut claims = json!({ "sub": "ann", "exp": NOW + 60, "syncline": { "write": ["team-1"] } });
    let fields = claims.as_object_mut().unwrap();
    for (name, value) in others.as_object().unwrap() {
        fields.remove(name);
        if !value.is_null() {
            fields.insert(name.clone(), value.clone());
        }
    }
    claims
}

pub(crate) fn token(key: &SigningKey, id: Option<&str>, others: Value) -> String {
    sign(key, &header(key, id), &claims(others)).unwrap()
}

pub(crate) fn ask(auth: &Auth, token: &str, now: Millis) -> Result<Grant, (Code, String)> {
    auth.authorize(&store("team-1"), Some(token), now).map_err(|frame| (frame.code, frame.message))
}

pub(crate) fn is_let_in(auth: &Auth, token: &str) -> bool {
    match ask(auth, token, at(NOW)) {
        Ok(grant) => {
            assert_eq!(grant.subject.unwrap().as_str(), "ann");
            true
        }
        Err((code, _)) => {
            assert_eq!(code, Code::Unauthorized);
            false
        }
    }
}

/// Why it is refused: the code, and a word of the message.
#[track_caller]
pub(crate) fn assert_refused(auth: &Auth, token: &str, code: Code, word: &str) {
    let (seen, message) = ask(auth, token, at(NOW)).unwrap_err();
    assert!(seen == code && message.contains(word), "{seen}: {message}");
    let leaks = token.split('.').any(|part| part.len() > 8 && message.contains(part));
    assert!(!leaks && !message.contains(SECRET), "{message}");
}

/// Of all three types, one after the other.
pub(crate) fn public_keys() -> String {
    [RSA_PUBLIC, P256_PUBLIC, ED25519_PUBLIC].concat()
}
