//! One socket of a LiveStore client, as the room's host keeps it: small enough for a socket attachment.

use serde::{Deserialize, Serialize};
use syncline_engine::Grant;
use syncline_engine::protocol::{ClientId, Millis, Seq};

use crate::chunk::{Chunks, framed};
use crate::frame::RequestId;

/// Pulls that are open at once on a socket. Its client has one.
pub(crate) const PULLS: usize = 4;

/// Chunks of a pull that are on their way before the first of them is acknowledged.
pub(crate) const WINDOW: u8 = 4;

/// What is known of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    grant: Grant,
    pub(crate) pulls: Vec<Pull>,
    /// Whether the app has let it in.
    pub(crate) admitted: bool,
    /// Who has pushed here last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pusher: Option<ClientId>,
}

/// A pull that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pull {
    pub(crate) id: RequestId,
    /// Whether it goes on once it has met the head.
    pub(crate) live: bool,
    /// Where it has met the head, it gets what is published; else it reads on from here.
    pub(crate) next: Option<Seq>,
    /// Chunks that were not acknowledged.
    pub(crate) unacknowledged: u8,
}

impl Connection {
    /// A socket that a token has opened.
    #[must_use]
    pub const fn new(grant: Grant) -> Self {
        Self { grant, pulls: Vec::new(), admitted: false, pusher: None }
    }

    pub(crate) const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// When its token expires, if it does.
    #[must_use]
    pub const fn expires(&self) -> Option<Millis> {
        self.grant.expires
    }

    pub(crate) fn is_expired(&self, now: Millis) -> bool {
        self.expires().is_some_and(|expires| expires <= now)
    }

    /// Whether it gets what is published.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.pulls.iter().any(|pull| pull.next.is_none())
    }

    /// Who has pushed here last.
    #[must_use]
    pub const fn pusher(&self) -> Option<&ClientId> {
        self.pusher.as_ref()
    }

    /// The frames that its pulls get of what was published.
    pub fn published(&mut self, chunks: &Chunks) -> Vec<String> {
        let Some(bodies) = &chunks.bodies else { return self.behind(chunks) };
        let live = self.pulls.iter().filter(|pull| pull.next.is_none());
        live.flat_map(|pull| bodies.iter().map(|body| framed(&pull.id, body))).collect()
    }

    /// It does not keep up, or nobody knows what to send it: its pulls go back to catch-up. What it gets in place of
    /// what was published holds no event: once it acknowledges that, it reads on.
    pub fn behind(&mut self, chunks: &Chunks) -> Vec<String> {
        let live = self.pulls.iter_mut().filter(|pull| pull.next.is_none());
        live.map(|pull| {
            pull.next = Some(chunks.after);
            pull.unacknowledged = 1;
            framed(&pull.id, &chunks.nudge)
        })
        .collect()
    }
}
