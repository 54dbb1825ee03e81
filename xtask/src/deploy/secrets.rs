//! The worker's secrets: what the environment has of them, and tokens made here where there is none at all.
//! They go to wrangler by its standard input, so neither a list of processes nor a log shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::io::IsTerminal;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::config::Config;
use crate::dev::wrangler;
use crate::process;

/// Those that the worker looks for. What is no secret is a variable, in wrangler.toml.
const NAMES: [&str; 6] =
    ["AUTH_TOKEN", "ADMIN_TOKEN", "JWT_SECRET", "JWT_PUBLIC_KEY", "JWKS", "WEBHOOK_SECRET"];

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Secrets {
    set: BTreeMap<&'static str, String>,
    /// Which of them were made here: nobody knows them yet.
    made: BTreeSet<&'static str>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
}

/// What is to be set, before anything is changed.
pub(super) fn of(config: &Config) -> Result<Secrets> {
    let file = config.write()?;
    let there = match process::output(wrangler().args(["secret", "list", "--config"]).arg(file)) {
        Ok(list) => names(&list)?,
        Err(error) if is_new_worker(&error.to_string()) => BTreeSet::new(),
        Err(error) => return Err(error),
    };
    let shared = config.var("AUTH").is_none_or(|mode| mode == "token");
    let required = NAMES.into_iter().filter(|name| match *name {
        "AUTH_TOKEN" => shared,
        name => name == "ADMIN_TOKEN",
    });
    let required: Vec<&'static str> = required.filter(|name| !there.contains(*name)).collect();
    let make: Option<fn() -> Result<String>> = std::io::stdout().is_terminal().then_some(fresh);
    decide(&required, |name| env::var(name).ok(), make)
}

/// The given ones, and for those that are required and not given, new ones where they can be shown.
fn decide(
    required: &[&'static str],
    given: impl Fn(&str) -> Option<String>,
    make: Option<fn() -> Result<String>>,
) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    for name in NAMES {
        // CI has an empty one where none is stored.
        if let Some(value) = given(name).filter(|value| !value.is_empty()) {
            secrets.set.insert(name, value);
        } else if required.contains(&name) {
            let Some(make) = make else {
                bail!(
                    "the worker has no {name} yet: set it in the environment; one is made only for a terminal"
                );
            };
            secrets.set.insert(name, make()?);
            secrets.made.insert(name);
        }
    }
    Ok(secrets)
}

impl Secrets {
    /// As wrangler reads them; none where there is nothing to set.
    pub(super) fn json(&self) -> Result<Option<String>> {
        (!self.set.is_empty()).then(|| serde_json::to_string(&self.set)).transpose().map_err(Into::into)
    }

    /// Shows those that were made here, once.
    pub(super) fn show(&self) {
        for (name, value) in self.set.iter().filter(|(name, _)| self.made.contains(*name)) {
            println!("{name} is new, and shown this once: {value}");
        }
    }
}

fn names(list: &str) -> Result<BTreeSet<String>> {
    let listed: Vec<Listed> = serde_json::from_str(list).context("`wrangler secret list` printed no list")?;
    Ok(listed.into_iter().map(|secret| secret.name).collect())
}

fn is_new_worker(error: &str) -> bool {
    error.contains("If this is a new Worker, run `wrangler deploy` first")
}

fn fresh() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("no randomness")?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: fn() -> Result<String> = || Ok("made".to_owned());

    fn from<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn what_is_given_is_set_and_what_is_required_is_made() {
        let given = [("JWKS", "{}"), ("AUTH_TOKEN", "given")];
        let secrets = decide(&["AUTH_TOKEN", "ADMIN_TOKEN"], from(&given), Some(MADE)).unwrap();
        assert_eq!(
            secrets.json().unwrap().unwrap(),
            r#"{"ADMIN_TOKEN":"made","AUTH_TOKEN":"given","JWKS":"{}"}"#
        );
        assert_eq!(secrets.made, BTreeSet::from(["ADMIN_TOKEN"]));
    }

    #[test]
    fn what_the_worker_has_stays_as_it_is() {
        let secrets = decide(&[], from(&[("AUTH_TOKEN", "")]), Some(MADE)).unwrap();
        assert_eq!(secrets.json().unwrap(), None);
    }

    #[test]
    fn nothing_is_made_where_a_log_would_show_it() {
        let error = decide(&["AUTH_TOKEN"], from(&[]), None).unwrap_err().to_string();
        assert!(error.contains("no AUTH_TOKEN yet"), "{error}");
    }

    #[test]
    fn a_worker_that_is_not_there_yet_is_told_from_a_failure() {
        assert!(is_new_worker(
            "`wrangler secret list` failed: [ERROR] Worker \"chat-sync\" not found.\n\n\n  \
             If this is a new Worker, run `wrangler deploy` first to create it.\n  \
             Otherwise, check that the Worker name is correct and you're logged into the right account."
        ));
        assert!(!is_new_worker(
            "[ERROR] A request to the Cloudflare API failed. Authentication error [code: 10000]"
        ));
    }

    #[test]
    fn a_token_is_256_bits_of_its_own() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
