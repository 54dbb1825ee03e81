//! One socket, as the room knows it: small enough for a socket attachment, so that it outlives
//! hibernation.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use syncline_protocol::{ClientId, Code, Digest, RedactionNumber, Subject};

#[cfg(feature = "mutations")]
use crate::mutation::{Mutation, is_on};

/// What the room remembers about one socket. The host keeps it beside the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Whether a token in a header was accepted before the socket was opened.
    authorized: bool,
    #[cfg_attr(feature = "mutations", serde(skip_serializing_if = "forgets_hello"))]
    greeted: Option<Greeted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Greeted {
    pub(super) client: ClientId,
    pub(super) subject: Subject,
    /// Its client has every entry that was sent to it, up to the head: it gets what is published.
    #[cfg_attr(feature = "mutations", serde(default, skip_serializing_if = "forgets_live"))]
    pub(super) live: bool,
    /// The last redaction that it was told, where that was not published to it.
    #[serde(default)]
    pub(super) redactions: RedactionNumber,
}

impl Connection {
    /// A fresh socket; `authorized` where a token in a header was accepted.
    #[must_use]
    pub const fn new(authorized: bool) -> Self {
        Self { authorized, greeted: None }
    }

    /// Whether it gets what is published.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.greeted.as_ref().is_some_and(|greeted| greeted.live)
    }

    pub(super) const fn is_authorized(&self) -> bool {
        self.authorized
    }

    pub(super) const fn greeted(&self) -> Option<&Greeted> {
        self.greeted.as_ref()
    }

    pub(super) fn greet(&mut self, greeted: Greeted) {
        self.greeted = Some(greeted);
    }

    pub(super) fn set_redactions(&mut self, last: RedactionNumber) {
        if let Some(greeted) = &mut self.greeted {
            greeted.redactions = last;
        }
    }

    pub(super) fn set_live(&mut self, live: bool) {
        if let Some(greeted) = &mut self.greeted {
            greeted.live = live;
        }
    }
}

#[cfg(feature = "mutations")]
fn forgets_hello(_: &Option<Greeted>) -> bool {
    is_on(Mutation::HibernationForgetsHello)
}

#[cfg(feature = "mutations")]
fn forgets_live(_: &bool) -> bool {
    is_on(Mutation::HibernationForgetsLive)
}

/// What the host is to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this frame to the socket that the input came from.
    Reply(String),
    /// Send this frame to every live socket, the one that the input came from included.
    Publish(String),
    /// Close the socket that the input came from.
    Close(Code),
}

/// Who may connect.
pub trait Authorize {
    /// Whether the token opens this store.
    fn authorize(&self, token: Option<&str>) -> bool;
}

/// One secret that all trusted clients share: who has it may name any subject.
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
    fn authorize(&self, token: Option<&str>) -> bool {
        let Some(token) = token else { return false };
        Digest::of(token.as_bytes()).bytes().ct_eq(self.0.bytes()).into()
    }
}
