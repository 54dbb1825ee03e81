//! Who may connect, and to what.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use syncline_protocol::{Code, Digest, ErrorFrame, Millis, StoreId, Subject};

/// What a token is good for, in one store: to read it, at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who is signed in; nobody where the token does not say it (a shared token): then `hello` does.
    pub subject: Option<Subject>,
    /// Whether commits are taken, too.
    pub write: bool,
    /// From then on it is good for nothing.
    pub expires: Option<Millis>,
}

impl Grant {
    /// Everything, for as long as the socket is open, to whoever `hello` says it is.
    pub const TRUSTED: Self = Self { subject: None, write: true, expires: None };
}

/// Who may connect.
pub trait Authorize {
    /// What the token is good for in this store.
    ///
    /// # Errors
    /// The frame that says why it is good for nothing: its code is `unauthorized`, `forbidden` or `needs-auth`.
    fn authorize(&self, store: &StoreId, token: Option<&str>, now: Millis) -> Result<Grant, ErrorFrame>;
}

/// One secret that all trusted clients share: who has it may name any subject.
#[derive(Clone)]
pub struct SharedToken(Digest);

impl SharedToken {
    /// Takes the secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(Digest::of(secret.as_bytes()))
    }
}

impl Authorize for SharedToken {
    /// Digests are compared, in constant time: neither content nor length of the secret shows.
    fn authorize(&self, _: &StoreId, token: Option<&str>, _: Millis) -> Result<Grant, ErrorFrame> {
        let given = token.map(|token| Digest::of(token.as_bytes()));
        match given {
            Some(given) if given.bytes().ct_eq(self.0.bytes()).into() => Ok(Grant::TRUSTED),
            Some(_) | None => Err(ErrorFrame::new(Code::Unauthorized, "the token is missing or wrong")),
        }
    }
}

/// Everybody, as whoever they say that they are: for development alone.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl Authorize for Anyone {
    fn authorize(&self, _: &StoreId, _: Option<&str>, _: Millis) -> Result<Grant, ErrorFrame> {
        Ok(Grant::TRUSTED)
    }
}
