//! Who is at the other end of a socket: a client of Syncline's, or one of LiveStore's.

use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{Code, ErrorFrame, Millis, ServerMessage, StoreId, Subject};
use syncline_engine::{Authorize, Connection, Output, Room, Sql};

use crate::LiveStore;
use crate::serve::{PING, PONG};

/// One socket, as its host keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    /// It speaks Syncline's protocol.
    Syncline(Connection),
    /// It speaks LiveStore's.
    LiveStore(crate::Connection),
}

/// What becomes of a live socket whose token has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expired {
    /// It is told so, and brings another.
    Told(String),
    /// It is closed: its protocol knows no other token.
    Closed(Code),
}

impl Peer {
    /// Handles one frame of it.
    pub fn receive(
        &mut self,
        (room, livestore): (&mut Room, &mut LiveStore),
        db: &mut dyn Sql,
        now: Millis,
        text: &str,
        auth: &dyn Authorize,
    ) -> Vec<Output> {
        match self {
            Self::Syncline(connection) => room.receive(db, now, connection, text, auth),
            Self::LiveStore(connection) => livestore.receive(room, db, now, connection, text),
        }
    }

    /// Refuses a stranger's first frame without a room. A URL of LiveStore's has brought its token.
    pub fn refuse_stranger(
        &self,
        store: &StoreId,
        now: Millis,
        text: &str,
        auth: &dyn Authorize,
    ) -> Option<Vec<Output>> {
        match self {
            Self::Syncline(connection) => Room::refuse_stranger(connection, store, now, text, auth),
            Self::LiveStore(_) => None,
        }
    }

    /// The answer to a text that only asks whether anybody is there.
    #[must_use]
    pub fn pong(&self, text: &str) -> Option<&'static str> {
        match self {
            Self::Syncline(_) => (text == "ping").then_some("pong"),
            Self::LiveStore(_) => (text == PING).then_some(PONG),
        }
    }

    /// An error that is about no request, as its protocol tells it; one that has no word for that closes the socket.
    #[must_use]
    pub fn error(&self, frame: ErrorFrame) -> Option<String> {
        match self {
            Self::Syncline(_) => Some(ServerMessage::Error(frame).encode()),
            Self::LiveStore(_) => None,
        }
    }

    /// Whether what it pushes is marked before it is tried: see [`Room::marks`].
    #[must_use]
    pub fn marks(&self, room: &Room) -> bool {
        match self {
            Self::Syncline(connection) => room.marks(connection),
            Self::LiveStore(connection) => connection.pusher().is_none_or(|client| room.marks_client(client)),
        }
    }

    /// Whether it gets what is published.
    #[must_use]
    pub fn is_live(&self) -> bool {
        match self {
            Self::Syncline(connection) => connection.is_live(),
            Self::LiveStore(connection) => connection.is_live(),
        }
    }

    /// When its token expires, if it does.
    #[must_use]
    pub fn expires(&self) -> Option<Millis> {
        match self {
            Self::Syncline(connection) => connection.expires(),
            Self::LiveStore(connection) => connection.expires(),
        }
    }

    /// A live socket whose token has expired is not published to any more. A host asks before it publishes.
    pub fn expire(&mut self, now: Millis) -> Option<Expired> {
        match self {
            Self::Syncline(connection) => connection.expire(now).map(Expired::Told),
            Self::LiveStore(connection) => {
                connection.is_expired(now).then_some(Expired::Closed(Code::NeedsAuth))
            }
        }
    }

    /// Who is signed in, where that is known.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Syncline(connection) => connection.subject(),
            Self::LiveStore(connection) => connection.grant().subject.as_ref(),
        }
    }

    /// Its values of presence, for whoever has just come.
    #[must_use]
    pub fn presence(&self) -> Vec<String> {
        match self {
            Self::Syncline(connection) => connection.presence(),
            Self::LiveStore(_) => Vec::new(),
        }
    }

    /// Whether it has values of presence.
    #[must_use]
    pub fn is_present(&self) -> bool {
        match self {
            Self::Syncline(connection) => connection.is_present(),
            Self::LiveStore(_) => false,
        }
    }

    /// What the others are told once it has gone.
    #[must_use]
    pub fn gone(&self) -> Vec<String> {
        match self {
            Self::Syncline(connection) => connection.gone(),
            Self::LiveStore(_) => Vec::new(),
        }
    }
}
