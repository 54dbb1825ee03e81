//! Tokens for development.

use syncline_auth::{Auth, AuthConfig};
use syncline_engine::Authorize;
use syncline_engine::protocol::{Millis, StoreId};

use super::{command, finish, run};

const SECRET: &str = "a secret of the issuer and the server";

fn now() -> Millis {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Millis::new(u64::try_from(since.as_millis()).unwrap()).unwrap()
}

fn auth(vars: &[(&str, &str)]) -> Auth {
    let vars: Vec<(String, String)> =
        vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let find = move |name: &str| vars.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Auth::new(AuthConfig::from_vars(find).unwrap()).unwrap()
}

fn made(args: &[&str]) -> String {
    let mut command = command(&[&["token", "ann"], args].concat());
    let done = finish(command.env("JWT_SECRET", SECRET).spawn().unwrap());
    assert_eq!(done.code, Some(0), "{}", done.err);
    done.out.trim().to_owned()
}

#[test]
fn a_token_opens_what_it_names_and_no_more() {
    let auth = auth(&[
        ("AUTH", "jwt"),
        ("JWT_ALGORITHMS", "HS256"),
        ("JWT_SECRET", SECRET),
        ("JWT_AUDIENCE", "chat"),
    ]);
    let token = made(&["--write", "team-1", "--read", "news,team-*", "--audience", "chat", "--minutes", "5"]);
    let grant =
        |store: &str, token: &str, now| auth.authorize(&StoreId::parse(store).unwrap(), Some(token), now);
    let granted = grant("team-1", &token, now()).unwrap();
    assert!(granted.write && granted.subject.unwrap().as_str() == "ann");
    assert!(!grant("team-2", &token, now()).unwrap().write);
    assert!(grant("other", &token, now()).is_err());
    let later = Millis::new(now().get() + 3_600_000).unwrap();
    assert!(grant("team-1", &token, later).is_err(), "five minutes and the leeway are over");
    assert!(grant("team-1", &made(&["--write", "*", "--audience", "others"]), now()).is_err());
}

#[test]
fn a_token_is_signed_by_a_private_key_too() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/../auth/tests/auth/keys");
    for (name, algorithm) in [("rsa", "RS256"), ("p256", "ES256"), ("ed25519", "EdDSA")] {
        let public = std::fs::read_to_string(format!("{keys}/{name}.pub.pem")).unwrap();
        let auth = auth(&[("AUTH", "jwt"), ("JWT_ALGORITHMS", algorithm), ("JWT_PUBLIC_KEY", &public)]);
        let token = made(&["--read", "*", "--key", &format!("{keys}/{name}.pem"), "--kid", "any"]);
        let grant = auth.authorize(&StoreId::parse("s").unwrap(), Some(&token), now());
        assert!(!grant.unwrap().write, "{algorithm}");
    }
    run(&["token", "ann", "--write", "*", "--key", &format!("{keys}/rsa.pub.pem")]).refused(2, "PKCS#8");
}

#[test]
fn a_token_that_would_be_of_no_use_is_not_made() {
    run(&["token", "ann", "--write", "*"]).refused(2, "--secret");
    run(&["token", "ann", "--write", "*", "--secret", "short"]).refused(2, "at least 32 bytes");
    run(&["token", "ann", "--secret", SECRET]).refused(2, "opens no store");
    run(&["token", "ann", "--secret", SECRET, "--read", "a/b"]).refused(2, "named by its id");
    run(&["token", "", "--secret", SECRET, "--read", "a"]).refused(2, "usage");
    run(&["token", "ann", "--read", "a", "--key", "/nowhere"]).refused(4, "files-failed");
}
