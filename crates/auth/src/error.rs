//! Why a token is good for nothing. No message holds a part of the token: it may end in a log.

use syncline_engine::protocol::{Code, ErrorFrame};
use thiserror::Error;

/// How long a client waits before it asks again for what only the issuer's keys could decide.
const RETRY_AFTER_MS: u32 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum TokenError {
    // Who asks can act.
    #[error("the token is missing")]
    Missing,
    #[error("the token has expired")]
    Expired,
    #[error("the token does not open this store")]
    OtherStore,
    #[error("the token is too large")]
    TooLarge,
    #[error("the token is not a JWT")]
    Malformed,
    #[error("the token's header has `crit`, and this server knows no extension")]
    Critical,
    #[error("the token is not signed by an algorithm that this server takes")]
    Algorithm,
    #[error("no key of this server is the one that the token names")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token has no `exp`, or it is no date")]
    NoExpiry,
    #[error("the token is not valid yet")]
    NotYet,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token is of another issuer")]
    Issuer,
    #[error("the token's `sub` is missing, or is not a subject: 1 to 128 bytes without control characters")]
    Subject,
    #[error("the token's claim about stores is not {{\"read\": […], \"write\": […]}} of ids and beginnings")]
    Stores,
    // Nobody yet: try again.
    #[error("the keys that tokens are signed with could not be fetched")]
    NoKeys,
}

impl TokenError {
    const fn code(self) -> Code {
        match self {
            Self::Expired => Code::NeedsAuth,
            Self::OtherStore => Code::Forbidden,
            Self::NoKeys => Code::ServerFailed,
            Self::Missing
            | Self::TooLarge
            | Self::Malformed
            | Self::Critical
            | Self::Algorithm
            | Self::UnknownKey
            | Self::Signature
            | Self::NoExpiry
            | Self::NotYet
            | Self::Audience
            | Self::Issuer
            | Self::Subject
            | Self::Stores => Code::Unauthorized,
        }
    }
}

impl From<TokenError> for ErrorFrame {
    fn from(error: TokenError) -> Self {
        let retry_after_ms = (error == TokenError::NoKeys).then_some(RETRY_AFTER_MS);
        Self { retry_after_ms, ..Self::new(error.code(), error.to_string()) }
    }
}
