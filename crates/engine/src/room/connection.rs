//! One socket, as the room knows it: small enough for a socket attachment, so that it outlives
//! hibernation.

use serde::{Deserialize, Serialize};
use syncline_protocol::{
    ClientId, Code, ErrorFrame, Millis, RedactionNumber, Seq, ServerMessage, Subject, encode_entries,
};

use super::auth::Grant;
use super::presence::Present;

#[cfg(feature = "mutations")]
use crate::mutation::{Mutation, is_on};

/// What the room remembers about one socket. The host keeps it beside the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// What a token has opened: one in a header, before the socket was, or the last one that was sent.
    grant: Option<Grant>,
    #[cfg_attr(feature = "mutations", serde(skip_serializing_if = "forgets_hello"))]
    greeted: Option<Greeted>,
    /// The values of presence that its sessions have set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) present: Vec<Present>,
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
    /// A fresh socket; with what the token in a header is good for, where one was accepted.
    #[must_use]
    pub const fn new(granted: Option<Grant>) -> Self {
        Self { grant: granted, greeted: None, present: Vec::new() }
    }

    /// Whether it gets what is published.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.greeted.as_ref().is_some_and(|greeted| greeted.live)
    }

    /// When its token expires, if it does.
    #[must_use]
    pub fn expires(&self) -> Option<Millis> {
        self.grant.as_ref().and_then(|grant| grant.expires)
    }

    /// A live socket whose token has expired is not published to any more: the frame that tells it so. A host
    /// asks before it publishes.
    pub fn expire(&mut self, now: Millis) -> Option<String> {
        if !self.is_live() || !self.is_expired(now) {
            return None;
        }
        self.set_live(false);
        Some(ServerMessage::Error(needs_auth()).encode())
    }

    /// A socket that does not keep up is not published to any more. The frame goes out once it has taken what
    /// waits for it: its client pulls then, at its own pace, and is live again with the page that reaches the
    /// head.
    pub fn behind(&mut self, head: Seq) -> String {
        self.set_live(false);
        encode_entries::<&str>(head, head, &[])
    }

    pub(super) fn is_expired(&self, now: Millis) -> bool {
        self.expires().is_some_and(|expires| expires <= now)
    }

    pub(super) const fn grant(&self) -> Option<&Grant> {
        self.grant.as_ref()
    }

    pub(super) fn set_grant(&mut self, grant: Grant) {
        self.grant = Some(grant);
    }

    /// Who is signed in; nobody before `hello`.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.greeted.as_ref().map(|greeted| &greeted.subject)
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

pub(super) fn needs_auth() -> ErrorFrame {
    ErrorFrame::new(Code::NeedsAuth, "the token has expired")
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
    /// Send this frame to every live socket but the one that the input came from.
    Others(String),
    /// Send the socket that the input came from the [`presence`](Connection::presence) of every other.
    Present,
    /// Close the socket that the input came from.
    Close(Code),
    /// What the input needs begins in this segment, which was [released](super::Room::release): bring it back,
    /// and hand the input in again, with the connection as it was before.
    Released(Seq),
}
