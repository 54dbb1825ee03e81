//! The two ways without claims: nobody is asked, or all share a secret.

use serde_json::json;
use syncline_auth::{Claims, StorePattern, Stores, header, sign};
use syncline_engine::protocol::{Code, Subject};
use syncline_engine::{Authorize, Grant};

use crate::world::*;

#[test]
fn without_auth_everybody_may_do_everything_and_the_server_knows_it() {
    let auth = try_server(json!({ "mode": "none" })).unwrap();
    assert!(auth.is_open());
    for token in [None, Some("anything")] {
        assert_eq!(auth.authorize(&store("team-1"), token, at(NOW)).unwrap(), Grant::TRUSTED);
    }
}

#[test]
fn a_shared_token_opens_every_store_and_anything_else_opens_none() {
    let auth = try_server(json!({ "mode": "token", "secret": "secret" })).unwrap();
    assert!(!auth.is_open() && !hs256().is_open());
    for id in ["team-1", "other"] {
        assert_eq!(auth.authorize(&store(id), Some("secret"), at(NOW)).unwrap(), Grant::TRUSTED);
    }
    for wrong in [None, Some(""), Some("Secret"), Some("secret "), Some("secre")] {
        assert_eq!(auth.authorize(&store("team-1"), wrong, at(NOW)).unwrap_err().code, Code::Unauthorized);
    }
    assert!(auth.wants_keys(Some("secret"), at(NOW)).is_none());
}

#[test]
fn a_token_made_for_a_developer_is_let_in() {
    let config = json!({
        "algorithms": ["ES256"], "jwks": JWKS, "audience": "chat", "issuer": "me", "claim": "stores",
    });
    let stores = Stores { read: vec![StorePattern::parse("*").unwrap()], write: Vec::new() };
    let claims = Claims {
        subject: Subject::parse("ann").unwrap(),
        expires: at(NOW + 60),
        stores,
        audience: Some("chat".to_owned()),
        issuer: Some("me".to_owned()),
    };
    let key = pem(P256);
    let token = sign(&key, &header(&key, Some("p256")), &claims.to_json("stores")).unwrap();
    let grant = ask(&server(config), &token, at(NOW)).unwrap();
    let ann = Subject::parse("ann").ok();
    assert_eq!(grant, Grant { subject: ann, write: false, expires: Some(at(NOW + 120)) });
}
