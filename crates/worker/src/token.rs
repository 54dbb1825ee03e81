//! The shared token: where it is configured, and what a request's header says.

use syncline_engine::{Authorize, SharedToken};
use worker::{Env, Headers};

/// What the `Authorization` header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// There is none: the token must come in `hello`.
    Absent,
    /// It has the token.
    Right,
    /// It has another token, or is of another scheme.
    Wrong,
}

/// The token that all clients share; nothing where none is configured: then nobody may connect.
pub(crate) fn configured(env: &Env) -> Option<SharedToken> {
    let token = env.secret("AUTH_TOKEN").ok()?.to_string();
    (!token.is_empty()).then(|| SharedToken::new(&token))
}

pub(crate) fn of_request(headers: &Headers, token: &dyn Authorize) -> Bearer {
    let header = headers.get("authorization").ok().flatten();
    bearer(header.as_deref(), token)
}

fn bearer(header: Option<&str>, token: &dyn Authorize) -> Bearer {
    let Some(header) = header else { return Bearer::Absent };
    let given = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match given {
        Some((_, given)) if token.authorize(Some(given.trim())) => Bearer::Right,
        Some(_) | None => Bearer::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_not_the_token_is_wrong_whatever_it_is() {
        let token = SharedToken::new("secret");
        assert_eq!(bearer(None, &token), Bearer::Absent);
        assert_eq!(bearer(Some("Bearer secret"), &token), Bearer::Right);
        assert_eq!(bearer(Some("bearer  secret "), &token), Bearer::Right);
        for wrong in ["", "Bearer", "Bearer ", "Bearer other", "Basic secret", "secret"] {
            assert_eq!(bearer(Some(wrong), &token), Bearer::Wrong, "{wrong:?}");
        }
    }
}
