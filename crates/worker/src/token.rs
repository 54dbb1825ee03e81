//! The shared token: where it is configured, and what a request's header says.

use syncline_engine::protocol::{Code, ErrorFrame, Millis, StoreId};
use syncline_engine::{Authorize, Grant, SharedToken};
use worker::{Env, Headers};

/// The token that all clients share; nothing where none is configured: then nobody may connect.
pub(crate) fn configured(env: &Env) -> Option<SharedToken> {
    let token = env.secret("AUTH_TOKEN").ok()?.to_string();
    (!token.is_empty()).then(|| SharedToken::new(&token))
}

/// What the `Authorization` header is good for; nothing where there is none: then the token must come in
/// `hello`.
pub(crate) fn of_request(
    headers: &Headers,
    auth: &dyn Authorize,
    store: &StoreId,
    now: Millis,
) -> Result<Option<Grant>, ErrorFrame> {
    let header = headers.get("authorization").ok().flatten();
    header.map(|header| bearer(&header, auth, store, now)).transpose()
}

fn bearer(header: &str, auth: &dyn Authorize, store: &StoreId, now: Millis) -> Result<Grant, ErrorFrame> {
    match header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => auth.authorize(store, Some(token.trim()), now),
        None => Err(ErrorFrame::new(Code::Unauthorized, "the header is not `Bearer` and a token")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_not_the_token_is_wrong_whatever_it_is() {
        let (token, store) = (SharedToken::new("secret"), StoreId::parse("s").unwrap());
        let bearer = |header| bearer(header, &token, &store, Millis::default());
        assert_eq!(bearer("Bearer secret"), Ok(Grant::TRUSTED));
        assert_eq!(bearer("bearer  secret "), Ok(Grant::TRUSTED));
        for wrong in ["", "Bearer", "Bearer ", "Bearer other", "Basic secret", "secret"] {
            assert_eq!(bearer(wrong).unwrap_err().code, Code::Unauthorized, "{wrong:?}");
        }
    }
}
