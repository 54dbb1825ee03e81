//! The tokens that are configured.

use syncline_engine::SharedToken;
use worker::Env;

/// The token that all clients share; nothing where none is configured: then nobody may connect.
pub(crate) fn configured(env: &Env) -> Option<SharedToken> {
    secret(env, "AUTH_TOKEN")
}

/// The operator's; nothing where none is configured: then nobody may ask what only an operator may.
pub(crate) fn admin(env: &Env) -> Option<SharedToken> {
    secret(env, "ADMIN_TOKEN")
}

fn secret(env: &Env, name: &str) -> Option<SharedToken> {
    let token = env.secret(name).ok()?.to_string();
    (!token.is_empty()).then(|| SharedToken::new(&token))
}
