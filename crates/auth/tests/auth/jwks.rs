//! Keys that an issuer publishes: chosen by name, fetched again, rotated.

use serde_json::{Value, json};
use syncline_auth::Auth;
use syncline_engine::Authorize;
use syncline_engine::protocol::Code;

use crate::world::*;

const URL: &str = "https://issuer.example/jwks.json";

fn issuer(algorithms: &[&str]) -> Auth {
    server(json!({ "algorithms": algorithms, "jwks-url": URL }))
}

/// One that has fetched the document, just now.
fn fetched(document: &str) -> Auth {
    let mut auth = issuer(&["RS256", "ES256", "EdDSA"]);
    auth.fetched(at(NOW), Some(document)).unwrap();
    auth
}

fn with_key(change: Value) -> String {
    let mut document: Value = serde_json::from_str(JWKS).unwrap();
    let key = document["keys"][1].as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        key.remove(name);
        if !value.is_null() {
            key.insert(name.clone(), value.clone());
        }
    }
    document.to_string()
}

#[track_caller]
fn assert_wants(auth: &Auth, token: &str, seconds: u64, wants: bool) {
    let url = auth.wants_keys(Some(token), at(NOW + seconds)).map(|url| url.as_str());
    assert_eq!(url, wants.then_some(URL), "after {seconds} s");
}

#[test]
fn every_algorithm_is_checked_with_the_key_that_the_token_names() {
    let auth = fetched(JWKS);
    for (key, id) in [(pem(RSA), "rsa"), (pem(P256), "p256"), (pem(ED25519), "ed25519")] {
        assert!(is_let_in(&auth, &token(&key, Some(id), json!({}))), "{id}");
        assert!(is_let_in(&auth, &token(&key, None, json!({}))), "{id}: the only one of its algorithm");
        let other = if id == "rsa" { "p256" } else { "rsa" };
        assert_refused(&auth, &token(&key, Some(other), json!({})), Code::Unauthorized, "key");
    }
    assert_refused(&auth, &token(&pem(P256), Some("p257"), json!({})), Code::Unauthorized, "key");
    assert_refused(&auth, &token(&pem(NEXT_P256), Some("p256"), json!({})), Code::Unauthorized, "signature");
}

#[test]
fn a_document_in_the_configuration_needs_no_fetch() {
    let auth = server(json!({ "algorithms": ["ES256"], "jwks": JWKS }));
    let right = token(&pem(P256), Some("p256"), json!({}));
    assert!(is_let_in(&auth, &right));
    assert_eq!(auth.wants_keys(Some(&right), at(NOW)), None);
    // The document has a key for it, but the configuration does not take it.
    assert_refused(&auth, &token(&pem(RSA), Some("rsa"), json!({})), Code::Unauthorized, "algorithm");
}

#[test]
fn before_the_first_fetch_nobody_is_judged() {
    let mut auth = issuer(&["ES256"]);
    let right = token(&pem(P256), Some("p256"), json!({}));
    assert_wants(&auth, &right, 0, true);
    let refusal = auth.authorize(&store("team-1"), Some(&right), at(NOW)).unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_ms), (Code::ServerFailed, Some(5_000)));
    auth.fetched(at(NOW), None).unwrap();
    assert_wants(&auth, &right, 4, false);
    assert_wants(&auth, &right, 5, true);
    auth.fetched(at(NOW + 5), Some(JWKS)).unwrap();
    assert!(is_let_in(&auth, &right));
}

#[test]
fn what_cannot_be_a_right_token_fetches_nothing() {
    let auth = issuer(&["ES256"]);
    for wrong in ["", "a.b.c", &token(&pem(RSA), Some("rsa"), json!({})), &token(&secret(), None, json!({}))]
    {
        assert_wants(&auth, wrong, 0, false);
    }
    assert_eq!(auth.wants_keys(None, at(NOW)), None);
    let both = server(json!({ "algorithms": ["ES256", "HS256"], "secret": SECRET, "jwks-url": URL }));
    assert_wants(&both, &token(&secret(), None, json!({})), 0, false);
    assert!(is_let_in(&both, &token(&secret(), None, json!({}))));
}

#[test]
fn after_a_rotation_the_new_key_is_fetched_and_the_old_one_is_gone() {
    let mut auth = fetched(JWKS);
    let old = token(&pem(P256), Some("p256"), json!({ "exp": NOW + 999 }));
    let new = token(&pem(NEXT_P256), Some("p256-next"), json!({ "exp": NOW + 999 }));
    assert_wants(&auth, &old, 30, false);
    assert_wants(&auth, &new, 30, true);
    auth.fetched(at(NOW + 30), Some(NEXT_JWKS)).unwrap();
    assert!(is_let_in(&auth, &new));
    assert_refused(&auth, &old, Code::Unauthorized, "key");
}

#[test]
fn made_up_names_of_keys_cause_a_fetch_every_half_minute_at_most() {
    let mut auth = fetched(JWKS);
    let mut fetches = 0;
    for second in 0..300 {
        let made_up = token(&pem(NEXT_P256), Some(&format!("made up {second}")), json!({}));
        if auth.wants_keys(Some(&made_up), at(NOW + second)).is_some() {
            fetches += 1;
            auth.fetched(at(NOW + second), Some(JWKS)).unwrap();
        }
    }
    assert_eq!(fetches, 9);
}

#[test]
fn an_old_document_is_fetched_again() {
    let right = token(&pem(P256), Some("p256"), json!({}));
    let auth = fetched(JWKS);
    assert_wants(&auth, &right, 599, false);
    assert_wants(&auth, &right, 600, true);
    let settings = json!({ "algorithms": ["ES256"], "jwks-url": URL, "jwks-max-age": 60 });
    let mut auth = server(settings);
    auth.fetched(at(NOW), Some(JWKS)).unwrap();
    assert_wants(&auth, &right, 59, false);
    assert_wants(&auth, &right, 60, true);
}

#[test]
fn an_issuer_that_cannot_be_reached_leaves_the_keys_as_they_were() {
    let mut auth = fetched(JWKS);
    let right = token(&pem(P256), Some("p256"), json!({ "exp": NOW + 9_999 }));
    let new = token(&pem(NEXT_P256), Some("p256-next"), json!({ "exp": NOW + 9_999 }));
    auth.fetched(at(NOW + 600), None).unwrap();
    for nonsense in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#] {
        auth.fetched(at(NOW + 600), Some(nonsense)).unwrap_err();
        assert!(is_let_in(&auth, &right), "{nonsense}");
    }
    assert_wants(&auth, &right, 629, false);
    assert_wants(&auth, &right, 630, true);
    // Whoever has a newer key waits: it may be right.
    assert_wants(&auth, &new, 605, true);
    assert_eq!(ask(&auth, &new, at(NOW + 600)).unwrap_err().0, Code::ServerFailed);
    auth.fetched(at(NOW + 605), Some(JWKS)).unwrap();
    assert_eq!(ask(&auth, &new, at(NOW + 605)).unwrap_err().0, Code::Unauthorized);
}

#[test]
fn an_issuer_that_takes_back_all_keys_lets_nobody_in() {
    let mut auth = fetched(JWKS);
    auth.fetched(at(NOW + 600), Some(r#"{"keys":[]}"#)).unwrap();
    assert_refused(&auth, &token(&pem(P256), Some("p256"), json!({})), Code::Unauthorized, "key");
}

#[test]
fn a_key_of_another_type_curve_use_or_size_is_passed_over() {
    let auth = fetched(USELESS_JWKS);
    for key in [pem(P256), pem(RSA), pem(ED25519), syncline_auth::SigningKey::Secret(vec![b's'; 32])] {
        let (code, _) = ask(&auth, &token(&key, Some("p256"), json!({})), at(NOW)).unwrap_err();
        assert_eq!(code, Code::Unauthorized);
    }
    let right = token(&pem(P256), Some("p256"), json!({}));
    for (change, lets_in) in [
        (json!({}), true),
        (json!({ "use": null, "alg": null, "key_ops": ["verify"] }), true),
        (json!({ "use": "enc" }), false),
        (json!({ "key_ops": ["sign"] }), false),
        (json!({ "alg": "ES384" }), false),
        (json!({ "alg": "HS256" }), false),
        (json!({ "crv": "P-384" }), false),
        (json!({ "crv": null }), false),
        (json!({ "kty": "oct" }), false),
        (json!({ "x": "AAAA" }), false),
    ] {
        assert_eq!(is_let_in(&fetched(&with_key(change.clone())), &right), lets_in, "{change}");
    }
}

#[test]
fn of_two_keys_with_one_name_each_may_have_signed() {
    let mut document: Value = serde_json::from_str(JWKS).unwrap();
    let mut twin = serde_json::from_str::<Value>(NEXT_JWKS).unwrap()["keys"][0].take();
    twin["kid"] = json!("p256");
    document["keys"].as_array_mut().unwrap().push(twin);
    let auth = fetched(&document.to_string());
    for key in [pem(P256), pem(NEXT_P256)] {
        assert!(is_let_in(&auth, &token(&key, Some("p256"), json!({}))));
    }
}

#[test]
fn a_document_without_bounds_is_refused() {
    let mut auth = fetched(JWKS);
    let key = serde_json::from_str::<Value>(NEXT_JWKS).unwrap()["keys"][0].clone();
    let many = json!({ "keys": vec![key; 65] }).to_string();
    let large = format!("{NEXT_JWKS}{}", " ".repeat(syncline_auth::JWKS_BYTES));
    for document in [many, large] {
        auth.fetched(at(NOW), Some(&document)).unwrap_err();
        assert!(is_let_in(&auth, &token(&pem(P256), Some("p256"), json!({}))));
    }
}
