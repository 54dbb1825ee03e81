//! What an operator may write, and what is refused with a reason.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncline_auth::{Auth, AuthConfig};
use syncline_engine::protocol::Code;

use crate::world::*;

fn from_vars(vars: &[(&str, &str)]) -> Result<Auth, String> {
    let vars: BTreeMap<_, _> = vars.iter().copied().collect();
    let config = AuthConfig::from_vars(|name| vars.get(name).map(|text| (*text).to_owned()));
    config.and_then(Auth::new).map_err(|error| error.to_string())
}

fn refusal(settings: Value) -> String {
    let mut config = json!({ "mode": "jwt" });
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    try_server(config).err().unwrap().to_string()
}

#[test]
fn public_keys_are_read_as_openssl_writes_them() {
    for (algorithm, public, private) in [
        ("RS256", RSA_PUBLIC, RSA),
        ("RS256", RSA_PKCS1_PUBLIC, RSA),
        ("ES256", P256_PUBLIC, P256),
        ("EdDSA", ED25519_PUBLIC, ED25519),
        ("Ed25519", ED25519_PUBLIC, ED25519),
    ] {
        let auth = server(json!({ "algorithms": [algorithm], "public-key": public }));
        assert!(is_let_in(&auth, &token(&pem(private), None, json!({}))), "{algorithm}");
    }
}

#[test]
fn two_public_keys_stand_side_by_side_while_one_follows_the_other() {
    for between in ["", "\n\n", "and the next one:\n"] {
        let both = format!("{P256_PUBLIC}{between}{NEXT_P256_PUBLIC}");
        let auth = server(json!({ "algorithms": ["ES256"], "public-key": both }));
        for key in [P256, NEXT_P256] {
            assert!(is_let_in(&auth, &token(&pem(key), Some("any name"), json!({}))));
        }
    }
}

#[test]
fn a_configuration_that_would_let_nobody_in_or_anybody_is_refused() {
    for (settings, word) in [
        (json!({}), "no algorithm"),
        (json!({ "algorithms": ["HS256"] }), "no key for it"),
        (json!({ "algorithms": ["HS256"], "jwks-url": "https://a.example/" }), "no key for it"),
        (json!({ "algorithms": ["RS256"], "secret": SECRET }), "not configured"),
        (json!({ "algorithms": ["HS256"], "secret": SECRET, "public-key": RSA_PUBLIC }), "not configured"),
        (json!({ "algorithms": ["HS256"], "secret": &SECRET[..31] }), "32 bytes"),
        (json!({ "algorithms": ["ES256"], "public-key": P384_PUBLIC }), "P-256"),
        (json!({ "algorithms": ["RS256"], "public-key": RSA_1024_PUBLIC }), "2048"),
        (json!({ "algorithms": ["ES256"], "public-key": P256 }), "no private key"),
        (json!({ "algorithms": ["ES256"], "public-key": "secret" }), "PEM"),
        (json!({ "algorithms": ["ES256"], "jwks": "secret" }), "JWKS"),
        (json!({ "algorithms": ["ES256"], "jwks": USELESS_JWKS }), "no key for it"),
    ] {
        let reason = refusal(settings.clone());
        assert!(reason.contains(word), "{settings}: {reason}");
        assert!(!reason.contains("secret of the issuer") && !reason.contains("MII"), "{reason}");
    }
    assert!(try_server(json!({ "mode": "token", "secret": "" })).is_err());
}

#[test]
fn a_setting_that_is_unknown_or_of_another_mode_is_refused() {
    for config in [
        json!({}),
        json!({ "mode": "jwt", "algorithms": ["none"] }),
        json!({ "mode": "jwt", "algorithm": ["HS256"] }),
        json!({ "mode": "jwt", "algorithms": ["ES256"], "jwks-url": "http://issuer.example/" }),
        json!({ "mode": "token" }),
        json!({ "mode": "token", "secret": "s", "audience": "a" }),
        json!({ "mode": "open" }),
    ] {
        assert!(serde_json::from_value::<AuthConfig>(config.clone()).is_err(), "{config}");
    }
}

#[test]
fn only_tls_says_whose_keys_they_are() {
    for (url, right) in [
        ("https://issuer.example/.well-known/jwks.json", true),
        ("https://issuer.example:8443/?a=b", true),
        ("http://localhost:8787/jwks.json", true),
        ("http://127.0.0.1/jwks.json", true),
        ("http://issuer.example/jwks.json", false),
        ("http://localhost.example/jwks.json", false),
        ("http://localhost:80@issuer.example/", false),
        ("http://localhost@issuer.example/", false),
        ("http://localhost\\@issuer.example/", false),
        ("https:///jwks.json", false),
        ("https://issuer.example/ jwks", false),
        ("file:///etc/passwd", false),
        ("jwks.json", false),
        ("", false),
    ] {
        assert_eq!(syncline_auth::JwksUrl::parse(url).is_ok(), right, "{url}");
    }
}

#[test]
fn variables_say_the_same_as_a_file() {
    let one_line = P256_PUBLIC.replace('\n', "\\n");
    let auth = from_vars(&[
        ("AUTH", "jwt"),
        ("AUTH_TOKEN", ""),
        ("JWT_ALGORITHMS", "ES256, HS256"),
        ("JWT_SECRET", SECRET),
        ("JWT_PUBLIC_KEY", &one_line),
        ("JWT_AUDIENCE", "chat,mail"),
        ("JWT_ISSUER", "https://a.example/"),
        ("JWT_LEEWAY", "0"),
        ("JWT_CLAIM", "stores"),
    ]);
    let auth = auth.unwrap_or_else(|error| panic!("{error}"));
    let others = json!({ "aud": "mail", "iss": "https://a.example/", "stores": { "write": ["team-1"] } });
    for key in [pem(P256), secret()] {
        let right = token(&key, None, others.clone());
        assert_eq!(ask(&auth, &right, at(NOW)).unwrap().expires, Some(at(NOW + 60)));
        assert_refused(&auth, &token(&key, None, json!({})), Code::Unauthorized, "audience");
    }
    let vars = [
        ("AUTH", "jwt"),
        ("JWT_ALGORITHMS", "RS256"),
        ("JWKS_URL", "https://a.example/"),
        ("JWKS_MAX_AGE", "7"),
    ];
    let mut auth = from_vars(&vars).unwrap_or_else(|error| panic!("{error}"));
    auth.fetched(at(NOW), Some(JWKS)).unwrap();
    let right = token(&pem(RSA), Some("rsa"), json!({}));
    assert!(auth.wants_keys(Some(&right), at(NOW + 6)).is_none());
    assert!(auth.wants_keys(Some(&right), at(NOW + 7)).is_some());
    let vars = [("AUTH", "jwt"), ("JWT_ALGORITHMS", "RS256"), ("JWKS", JWKS)];
    assert!(from_vars(&vars).is_ok_and(|auth| is_let_in(&auth, &right)));
}

#[test]
fn variables_that_say_nothing_let_nobody_in() {
    for (vars, word) in [
        (&[][..], "AUTH_TOKEN"),
        (&[("AUTH_TOKEN", "")], "AUTH_TOKEN"),
        (&[("AUTH", ""), ("JWT_SECRET", SECRET)], "AUTH_TOKEN"),
        (&[("AUTH", "token")], "AUTH_TOKEN"),
        (&[("AUTH", "None")], "`none`"),
        (&[("AUTH", "my-secret-by-mistake")], "`none`"),
        (&[("AUTH", "jwt"), ("AUTH_TOKEN", "s")], "no algorithm"),
        (&[("AUTH", "jwt"), ("JWT_ALGORITHMS", "none")], "HS256"),
        (&[("AUTH", "jwt"), ("JWT_ALGORITHMS", "ES256"), ("JWKS_URL", "http://a.example")], "https"),
        (
            &[("AUTH", "jwt"), ("JWT_ALGORITHMS", "HS256"), ("JWT_SECRET", SECRET), ("JWT_LEEWAY", "1m")],
            "JWT_LEEWAY",
        ),
    ] {
        let reason = from_vars(vars).err().unwrap();
        assert!(reason.contains(word) && !reason.contains("my-secret"), "{vars:?}: {reason}");
    }
}

#[test]
fn no_secret_shows_when_a_configuration_is_printed() {
    for config in [
        json!({ "mode": "token", "secret": SECRET }),
        json!({ "mode": "jwt", "algorithms": ["HS256"], "secret": SECRET }),
    ] {
        let printed = format!("{:?}", serde_json::from_value::<AuthConfig>(config).unwrap());
        assert!(printed.contains("Secret(…)") && !printed.contains(SECRET), "{printed}");
    }
}
