//! Which stores the claim opens, and for what.

use serde_json::{Value, json};
use syncline_engine::Authorize;
use syncline_engine::protocol::Code;

use crate::world::*;

/// What a token with this claim is good for in a store: to write, to read, or nothing.
fn rights(claim: Value, id: &str) -> Option<bool> {
    let token = token(&secret(), None, json!({ "syncline": claim }));
    match hs256().authorize(&store(id), Some(&token), at(NOW)) {
        Ok(grant) => Some(grant.write),
        Err(refusal) => {
            assert_eq!(refusal.code, Code::Forbidden, "{}", refusal.message);
            None
        }
    }
}

#[test]
fn a_prefix_opens_what_begins_with_it_and_nothing_else() {
    for (pattern, id, opens) in [
        ("team-1", "team-1", true),
        ("team-1", "team-10", false),
        ("team-1", "team-", false),
        ("team-1", "Team-1", false),
        ("team-*", "team-1", true),
        ("team-*", "team-", true),
        ("team-*", "team", false),
        ("team-*", "xteam-1", false),
        ("team-*", "TEAM-1", false),
        ("t*", "team", true),
        ("*", "anything", true),
    ] {
        assert_eq!(rights(json!({ "read": [pattern] }), id), opens.then_some(false), "{pattern} {id}");
        assert_eq!(rights(json!({ "write": [pattern] }), id), opens.then_some(true), "{pattern} {id}");
    }
}

#[test]
fn who_may_write_may_read_and_the_more_of_two_rights_counts() {
    let claim = json!({ "read": ["*"], "write": ["team-1", "user-ann-*"] });
    assert_eq!(rights(claim.clone(), "team-1"), Some(true));
    assert_eq!(rights(claim.clone(), "user-ann-notes"), Some(true));
    assert_eq!(rights(claim, "team-2"), Some(false));
}

#[test]
fn without_the_claim_no_store_is_open() {
    for claim in [json!(null), json!({}), json!({ "read": [], "write": [] }), json!({ "admin": ["*"] })] {
        assert_eq!(rights(claim, "team-1"), None);
    }
}

#[test]
fn a_claim_that_is_not_of_this_shape_is_refused_whole() {
    for claim in [
        json!("team-1"),
        json!(true),
        json!([["team-1"], ["team-1"]]),
        json!({ "write": "team-1" }),
        json!({ "write": true }),
        json!({ "write": ["team-1", "te*am"] }),
        json!({ "write": ["team-1", "**"] }),
        json!({ "write": ["team-1", ""] }),
        json!({ "write": ["team-1", "a/b"] }),
        json!({ "write": ["team-1", "../*"] }),
        json!({ "write": ["team-1", "%"] }),
        json!({ "write": ["team-1", 7] }),
        json!({ "read": null, "write": ["team-1"] }),
    ] {
        let token = token(&secret(), None, json!({ "syncline": claim }));
        assert_refused(&hs256(), &token, Code::Unauthorized, "claim");
    }
}

#[test]
fn the_claim_may_have_another_name() {
    let name = "https://chat.example/stores";
    let auth = server(json!({ "algorithms": ["HS256"], "secret": SECRET, "claim": name }));
    let other = token(&secret(), None, json!({ "syncline": null, name: { "read": ["team-1"] } }));
    assert!(!ask(&auth, &other, at(NOW)).unwrap().write);
    assert_refused(&auth, &token(&secret(), None, json!({})), Code::Forbidden, "store");
}
