//! Every way in which a token is good for nothing, and the edge of each.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use syncline_auth::{header, sign};
use syncline_engine::Authorize;
use syncline_engine::protocol::Code::{Forbidden, NeedsAuth, Unauthorized};
use syncline_engine::protocol::Limits;

use crate::world::*;

fn encode(text: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(text.as_ref())
}

#[test]
fn a_token_says_who_may_write_and_until_when() {
    let grant = ask(&hs256(), &token(&secret(), None, json!({})), at(NOW)).unwrap();
    assert_eq!(grant.subject.unwrap().as_str(), "ann");
    assert!(grant.write);
    assert_eq!(grant.expires, Some(at(NOW + 120)), "with the skew of clocks");
}

#[test]
fn no_token_is_refused() {
    let refusal = hs256().authorize(&store("team-1"), None, at(NOW)).unwrap_err();
    assert_eq!(refusal.code, Unauthorized);
    assert_refused(&hs256(), "", Unauthorized, "not a JWT");
}

#[test]
fn an_algorithm_that_is_not_configured_is_refused() {
    assert_refused(&hs256(), &token(&pem(P256), None, json!({})), Unauthorized, "algorithm");
    let es256 = server(json!({ "algorithms": ["ES256"], "public-key": P256_PUBLIC }));
    assert_refused(&es256, &token(&secret(), None, json!({})), Unauthorized, "algorithm");
    for unknown in ["HS512", "RS512", "PS256", "ES384", "ES256K", "hs256", ""] {
        let token = sign(&secret(), &json!({ "alg": unknown }), &claims(json!({}))).unwrap();
        assert_refused(&hs256(), &token, Unauthorized, "algorithm");
    }
}

#[test]
fn the_algorithm_none_is_refused_however_it_is_written() {
    for none in ["none", "None", "NONE", "nOnE"] {
        let signed = sign(&secret(), &json!({ "alg": none }), &claims(json!({}))).unwrap();
        let (unsigned, _) = signed.rsplit_once('.').unwrap();
        for token in [&signed, &format!("{unsigned}.")] {
            assert_refused(&hs256(), token, Unauthorized, "algorithm");
        }
    }
    let signed = token(&secret(), None, json!({}));
    let unsigned = format!("{}.", signed.rsplit_once('.').unwrap().0);
    assert_refused(&hs256(), &unsigned, Unauthorized, "signature");
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    let both =
        server(json!({ "algorithms": ["RS256", "HS256"], "public-key": RSA_PUBLIC, "secret": SECRET }));
    assert!(is_let_in(&both, &token(&pem(RSA), None, json!({}))));
    for public in [RSA_PUBLIC, RSA_PUBLIC.trim(), RSA_PKCS1_PUBLIC] {
        let confused = syncline_auth::SigningKey::Secret(public.into());
        assert_refused(&both, &token(&confused, None, json!({})), Unauthorized, "signature");
        let rs256 = server(json!({ "algorithms": ["RS256"], "public-key": RSA_PUBLIC }));
        assert_refused(&rs256, &token(&confused, None, json!({})), Unauthorized, "algorithm");
    }
}

#[test]
fn a_signature_of_one_algorithm_is_none_of_another() {
    let all = server(json!({
        "algorithms": ["HS256", "RS256", "ES256", "EdDSA"],
        "secret": SECRET,
        "public-key": public_keys(),
    }));
    let keys = [secret(), pem(RSA), pem(P256), pem(ED25519)];
    for key in &keys {
        for other in &keys {
            let token = sign(key, &header(other, None), &claims(json!({}))).unwrap();
            if key.algorithm() == other.algorithm() {
                assert!(is_let_in(&all, &token));
            } else {
                assert_refused(&all, &token, Unauthorized, "signature");
            }
        }
    }
}

#[test]
fn a_token_that_was_changed_is_refused() {
    let own = token(&secret(), None, json!({}));
    let (_, signature) = own.rsplit_once('.').unwrap();
    let other = token(&secret(), None, json!({ "sub": "bob" }));
    let (claims, other_signature) = other.rsplit_once('.').unwrap();
    assert_refused(&hs256(), &format!("{claims}.{signature}"), Unauthorized, "signature");
    for cut in 0..other_signature.len() {
        let (code, _) = ask(&hs256(), &format!("{claims}.{}", &other_signature[..cut]), at(NOW)).unwrap_err();
        assert_eq!(code, Unauthorized);
    }
    let strange = syncline_auth::SigningKey::Secret(b"another secret of more than 32 bytes".to_vec());
    assert_refused(&hs256(), &token(&strange, None, json!({})), Unauthorized, "signature");
}

#[test]
fn the_other_half_of_the_bits_of_a_last_character_is_not_looked_past() {
    // The last character of 32 bytes carries two bits that mean nothing: only zeros are taken, so that
    // one token has one text.
    let token = token(&secret(), None, json!({}));
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let other = format!("{}{next}", &token[..token.len() - 1]);
    assert_refused(&hs256(), &other, Unauthorized, "not a JWT");
}

#[test]
fn an_expired_token_needs_another_one() {
    assert_refused(&hs256(), &token(&secret(), None, json!({ "exp": NOW - 3_600 })), NeedsAuth, "expired");
    let forged = syncline_auth::SigningKey::Secret(vec![7; 32]);
    let expired = token(&forged, None, json!({ "exp": NOW - 3_600 }));
    assert_refused(&hs256(), &expired, Unauthorized, "signature");
}

#[test]
fn a_token_expires_when_the_skew_is_used_up_and_not_before() {
    let leeway =
        |seconds: u64| server(json!({ "algorithms": ["HS256"], "secret": SECRET, "leeway": seconds }));
    for (auth, skew) in [(hs256(), 60), (leeway(0), 0), (leeway(5), 5)] {
        let token = token(&secret(), None, json!({ "exp": NOW }));
        let before = syncline_engine::protocol::Millis::new((NOW + skew) * 1_000 - 1).unwrap();
        assert!(ask(&auth, &token, before).is_ok(), "{skew}");
        assert_eq!(ask(&auth, &token, at(NOW + skew)).unwrap_err().0, NeedsAuth, "{skew}");
    }
}

#[test]
fn a_token_is_not_valid_before_its_time_less_the_skew() {
    let token = token(&secret(), None, json!({ "nbf": NOW, "exp": NOW + 600 }));
    let early = syncline_engine::protocol::Millis::new((NOW - 60) * 1_000 - 1).unwrap();
    let (code, message) = ask(&hs256(), &token, early).unwrap_err();
    assert!(code == Unauthorized && message.contains("not valid yet"), "{message}");
    assert!(ask(&hs256(), &token, at(NOW - 60)).is_ok());
}

#[test]
fn a_token_without_an_end_is_refused() {
    for exp in [json!(null), json!("tomorrow"), json!(-1), json!(1e300), json!([NOW]), json!(true)] {
        let token = token(&secret(), None, json!({ "exp": exp }));
        assert_refused(&hs256(), &token, Unauthorized, "exp");
    }
    let explicit =
        sign(&secret(), &json!({ "alg": "HS256" }), &json!({ "exp": null, "sub": "ann" })).unwrap();
    assert_refused(&hs256(), &explicit, Unauthorized, "exp");
    assert!(is_let_in(&hs256(), &token(&secret(), None, json!({ "exp": NOW as f64 + 0.5 }))));
}

#[test]
fn a_time_of_validity_that_is_none_is_refused() {
    let token = token(&secret(), None, json!({ "nbf": "now" }));
    assert_refused(&hs256(), &token, Unauthorized, "not a JWT");
}

#[test]
fn a_token_for_another_audience_is_refused() {
    let chat =
        |audience: Value| server(json!({ "algorithms": ["HS256"], "secret": SECRET, "audience": audience }));
    for auth in [chat(json!("chat")), chat(json!(["other", "chat"]))] {
        for right in [json!("chat"), json!(["mail", "chat"])] {
            assert!(is_let_in(&auth, &token(&secret(), None, json!({ "aud": right }))));
        }
        for wrong in
            [json!(null), json!("mail"), json!([]), json!(["mail"]), json!("chat "), json!({ "chat": 1 })]
        {
            let token = token(&secret(), None, json!({ "aud": wrong }));
            assert_refused(&auth, &token, Unauthorized, "audience");
        }
    }
    assert!(is_let_in(&hs256(), &token(&secret(), None, json!({ "aud": "anybody" }))));
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let auth = server(json!({ "algorithms": ["HS256"], "secret": SECRET, "issuer": "https://a.example/" }));
    assert!(is_let_in(&auth, &token(&secret(), None, json!({ "iss": "https://a.example/" }))));
    for wrong in [json!(null), json!("https://a.example"), json!(["https://a.example/"]), json!("")] {
        assert_refused(&auth, &token(&secret(), None, json!({ "iss": wrong })), Unauthorized, "issuer");
    }
}

#[test]
fn a_token_without_a_subject_is_refused() {
    let long = "x".repeat(129);
    for wrong in [json!(null), json!(""), json!("a\nb"), json!(7), json!(long), json!(["ann"])] {
        assert_refused(&hs256(), &token(&secret(), None, json!({ "sub": wrong })), Unauthorized, "sub");
    }
}

#[test]
fn a_header_that_demands_an_extension_is_refused() {
    for crit in [json!(["exp"]), json!([]), json!(null), json!("b64")] {
        let header = json!({ "alg": "HS256", "crit": crit });
        let token = sign(&secret(), &header, &claims(json!({}))).unwrap();
        assert_refused(&hs256(), &token, Unauthorized, "crit");
    }
}

#[test]
fn what_is_not_three_parts_of_base64url_and_json_objects_is_refused() {
    let token = token(&secret(), None, json!({}));
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts") };
    let no_object = encode("[]");
    let malformed = [
        "a".to_owned(),
        "..".to_owned(),
        format!("{header}.{claims}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.a.b"),
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}.+/+/"),
        format!(" {token}"),
        format!("{}.{claims}.{signature}", encode("{")),
        format!("{}.{claims}.{signature}", encode(r#"{"alg":7}"#)),
        format!("{}.{claims}.{signature}", encode(r#"{"alg":"HS256","alg":"none"}"#)),
        format!("{}.{claims}.{signature}", encode(r#"["HS256"]"#)),
        format!("{}.{claims}.{signature}", encode([0xff, 0xfe])),
        format!("{no_object}.{claims}.{signature}"),
    ];
    for text in malformed {
        assert_refused(&hs256(), &text, Unauthorized, "not a JWT");
    }
    let list = sign(&secret(), &json!({ "alg": "HS256" }), &json!(["sub", "ann"])).unwrap();
    assert_refused(&hs256(), &list, Unauthorized, "not a JWT");
}

#[test]
fn a_token_at_the_limit_is_read_and_a_larger_one_is_not() {
    let padded = |length: usize| token(&secret(), None, json!({ "pad": "x".repeat(length) }));
    let mut length = 0;
    while padded(length + 3).len() <= Limits::TOKEN_BYTES {
        length += 3;
    }
    assert!(Limits::TOKEN_BYTES - padded(length).len() < 4);
    assert!(is_let_in(&hs256(), &padded(length)));
    assert_refused(&hs256(), &padded(length + 3), Unauthorized, "too large");
    assert_refused(&hs256(), &"x".repeat(10 << 20), Unauthorized, "too large");
}

#[test]
fn a_right_token_for_another_store_is_forbidden_not_unauthorized() {
    let token = token(&secret(), None, json!({ "syncline": { "write": ["team-2"] } }));
    assert_refused(&hs256(), &token, Forbidden, "store");
}
