//! The examples of docs/auth.md do what it says that they do.

use serde_json::{Value, json};
use syncline_auth::{Auth, AuthConfig, SigningKey, header, sign};
use syncline_engine::Authorize;
use syncline_engine::protocol::Code;

use crate::world::*;

const CLAIMS: &str = include_str!("examples/claims.json");

fn configured(vars: &str) -> Auth {
    let var = |name: &str| {
        let mut lines = vars.lines().map(|line| line.split_once('=').unwrap());
        let (_, value) = lines.find(|(key, _)| *key == name)?;
        Some(value.strip_prefix('"').unwrap().strip_suffix('"').unwrap().to_owned())
    };
    AuthConfig::from_vars(var).and_then(Auth::new).unwrap()
}

#[track_caller]
fn assert_opens(auth: &Auth, key: &SigningKey, id: Option<&str>) {
    let claims: Value = serde_json::from_str(CLAIMS).unwrap();
    let token = sign(key, &header(key, id), &claims).unwrap();
    for (id, write) in [("news", false), ("team-1", true), ("team-2", false)] {
        assert_eq!(auth.authorize(&store(id), Some(&token), at(NOW)).unwrap().write, write, "{id}");
    }
    for id in ["new", "news-1", "team", "other"] {
        assert_eq!(auth.authorize(&store(id), Some(&token), at(NOW)).unwrap_err().code, Code::Forbidden);
    }
}

#[test]
fn the_claims_of_the_docs_open_the_stores_that_they_name_in_each_configuration() {
    assert_opens(&configured(include_str!("examples/secret.vars")), &secret(), None);
    assert_opens(&configured(include_str!("examples/public-key.vars")), &pem(P256), None);
    let mut issuer = configured(include_str!("examples/issuer.vars"));
    let token = token(&pem(RSA), Some("rsa"), json!({}));
    let url = issuer.wants_keys(Some(&token), at(NOW)).unwrap();
    assert_eq!(url.as_str(), "https://issuer.example/.well-known/jwks.json");
    issuer.fetched(at(NOW), Some(JWKS)).unwrap();
    assert_opens(&issuer, &pem(RSA), Some("rsa"));
    assert_opens(&issuer, &pem(P256), Some("p256"));
}

#[test]
fn the_shared_token_of_the_docs_opens_everything() {
    let auth = configured(include_str!("examples/token.vars"));
    assert!(auth.authorize(&store("team-1"), Some("a-long-random-text"), at(NOW)).is_ok());
}
