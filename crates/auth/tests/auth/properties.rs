//! Whatever is sent, a token is read or refused.

use base64ct::{Base64UrlUnpadded, Encoding};
use proptest::prelude::*;
use serde_json::{Value, json};
use syncline_auth::{Auth, sign};
use syncline_engine::protocol::{Code, Millis};

use crate::world::*;

fn everything() -> Auth {
    let mut auth = server(json!({
        "algorithms": ["HS256", "RS256", "ES256", "EdDSA"],
        "secret": SECRET,
        "public-key": public_keys(),
        "jwks-url": "https://issuer.example/",
        "audience": "chat",
    }));
    auth.fetched(at(NOW), Some(JWKS)).unwrap();
    auth
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof!["ann", "chat", "team-1", "team-\\*"].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name =
            prop_oneof!["exp", "nbf", "aud", "iss", "sub", "read", "write", "syncline", "kid", ".{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics_or_opens_anything(text in ".{0,200}", now in 0_u64..1 << 53) {
        let auth = everything();
        let _url = auth.wants_keys(Some(&text), Millis::new(now).unwrap());
        prop_assert!(ask(&auth, &text, Millis::new(now).unwrap()).is_err());
    }

    #[test]
    fn no_parts_panic_or_open_anything(
        algorithm in prop_oneof!["HS256", "RS256", "ES256", "EdDSA", "none"],
        header in any_json(),
        claims in prop::collection::vec(any::<u8>(), 0..200),
        signature in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut header = if header.is_object() { header } else { json!({}) };
        header["alg"] = json!(algorithm);
        let parts = [header.to_string().as_bytes(), &claims, &signature]
            .map(Base64UrlUnpadded::encode_string);
        let (auth, token) = (everything(), parts.join("."));
        let _url = auth.wants_keys(Some(&token), at(NOW));
        prop_assert!(ask(&auth, &token, at(NOW)).is_err());
    }

    #[test]
    fn no_claims_of_a_rightly_signed_token_panic(claims in any_json(), now in 0_u64..1 << 53) {
        let token = sign(&secret(), &json!({ "alg": "HS256" }), &claims).unwrap();
        match ask(&everything(), &token, Millis::new(now).unwrap()) {
            Ok(grant) => prop_assert!(grant.expires.unwrap().get() > now),
            Err((code, _)) => prop_assert!(
                matches!(code, Code::Unauthorized | Code::NeedsAuth | Code::Forbidden)
            ),
        }
    }

    #[test]
    fn no_document_panics(text in ".{0,200}", keys in prop::collection::vec(any_json(), 0..4)) {
        let mut auth = everything();
        prop_assert!(auth.fetched(at(NOW), Some(&text)).is_err());
        auth.fetched(at(NOW), Some(&json!({ "keys": keys }).to_string())).unwrap();
    }

    #[test]
    fn no_numbers_of_a_published_key_panic(
        kty in prop_oneof!["RSA", "EC", "OKP"],
        crv in prop_oneof!["P-256", "Ed25519"],
        numbers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 4),
    ) {
        let [n, e, x, y] = [0, 1, 2, 3].map(|at| Base64UrlUnpadded::encode_string(&numbers[at]));
        let key = json!({ "kty": kty, "crv": crv, "n": n, "e": e, "x": x, "y": y });
        everything().fetched(at(NOW), Some(&json!({ "keys": [key] }).to_string())).unwrap();
    }
}
