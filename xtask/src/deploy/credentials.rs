//! What wrangler needs to act for an account.

use anyhow::{Result, bail};

/// Each with how it is got.
const NEEDED: [(&str, &str); 2] = [
    (
        "CLOUDFLARE_API_TOKEN",
        "create one at https://dash.cloudflare.com/profile/api-tokens, from the template \
         \"Edit Cloudflare Workers\", and add the permission Account / D1 / Edit to it",
    ),
    (
        "CLOUDFLARE_ACCOUNT_ID",
        "it is shown under \"Workers & Pages\" at https://dash.cloudflare.com, and is part of the address there",
    ),
];

/// An error that names all that is missing.
pub(super) fn check(var: impl Fn(&str) -> Option<String>) -> Result<()> {
    let is_missing = |name: &str| var(name).is_none_or(|value| value.trim().is_empty());
    let missing = NEEDED.iter().filter(|(name, _)| is_missing(name));
    let missing: Vec<String> = missing.map(|(name, how)| format!("  {name}: {how}")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "not set in the environment:\n{}\nNothing was built or changed. `cargo xtask deploy --dry-run` needs neither.",
        missing.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(set: &[(&str, &str)]) -> Option<String> {
        let var = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        check(var).err().map(|error| error.to_string())
    }

    #[test]
    fn all_that_is_missing_is_named_at_once_with_how_to_get_it() {
        let error = error(&[]).unwrap();
        assert!(error.contains("  CLOUDFLARE_API_TOKEN: create one at https://"), "{error}");
        assert!(error.contains("  CLOUDFLARE_ACCOUNT_ID: it is shown"), "{error}");
    }

    #[test]
    fn what_is_set_is_not_asked_for_and_what_is_empty_is_missing() {
        let error = error(&[("CLOUDFLARE_API_TOKEN", "t"), ("CLOUDFLARE_ACCOUNT_ID", " ")]).unwrap();
        assert!(
            !error.contains("CLOUDFLARE_API_TOKEN") && error.contains("CLOUDFLARE_ACCOUNT_ID"),
            "{error}"
        );
    }

    #[test]
    fn with_both_there_is_nothing_to_say() {
        assert_eq!(error(&[("CLOUDFLARE_API_TOKEN", "t"), ("CLOUDFLARE_ACCOUNT_ID", "a")]), None);
    }
}
