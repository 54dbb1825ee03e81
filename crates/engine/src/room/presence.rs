//! Presence: who is here, and a small value of each session. It is never logged; it lies with the socket,
//! and goes with it.

use serde::{Deserialize, Serialize};
use syncline_protocol::{
    Args, Code, ErrorFrame, Limits, Millis, Presence, PresenceOf, ServerMessage, SessionId,
};

use super::connection::{Connection, Greeted, Output};
use super::{Failure, Room};

/// The value of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Present {
    session: SessionId,
    value: Args,
}

impl Room {
    pub(super) fn presence(
        &mut self,
        now: Millis,
        connection: &mut Connection,
        from: &Greeted,
        Presence { session, value }: Presence,
    ) -> Result<Vec<Output>, Failure> {
        let refuse = |message: String, retry_after_ms| {
            Err(ErrorFrame { retry_after_ms, ..ErrorFrame::new(Code::PresenceRefused, message) }.into())
        };
        let bytes = value.as_ref().map_or(0, |value| value.get().len());
        if bytes > Limits::PRESENCE_BYTES {
            return refuse(
                format!("the value has {bytes} bytes, the limit is {}", Limits::PRESENCE_BYTES),
                None,
            );
        }
        let known = connection.present.iter().any(|present| present.session == session);
        if value.is_none() && !known {
            return Ok(Vec::new());
        }
        if !known && connection.present.len() >= Limits::PRESENCE_SESSIONS {
            return refuse(format!("{} sessions have a value already", Limits::PRESENCE_SESSIONS), None);
        }
        // That a session is gone is always told.
        if value.is_some()
            && let Err(wait) = self.meters.presence(&self.config.rates, now, &from.client)
        {
            return refuse("values come too soon one after the other".to_owned(), Some(wait));
        }
        connection.present.retain(|present| present.session != session);
        if let Some(value) = &value {
            connection.present.push(Present { session: session.clone(), value: value.clone() });
        }
        Ok(vec![Output::Others(frame(from, session, value))])
    }
}

impl Connection {
    /// What other sockets are told of it when they come.
    #[must_use]
    pub fn presence(&self) -> Vec<String> {
        self.each_present(|from, present| frame(from, present.session.clone(), Some(present.value.clone())))
    }

    /// Whether there is any.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        !self.present.is_empty()
    }

    /// The socket is closed: what its host publishes to those that stay.
    #[must_use]
    pub fn gone(&self) -> Vec<String> {
        self.each_present(|from, present| frame(from, present.session.clone(), None))
    }

    fn each_present(&self, frame: impl Fn(&Greeted, &Present) -> String) -> Vec<String> {
        let Some(from) = self.greeted() else { return Vec::new() };
        self.present.iter().map(|present| frame(from, present)).collect()
    }
}

fn frame(from: &Greeted, session: SessionId, value: Option<Args>) -> String {
    let (client, subject) = (from.client.clone(), from.subject.clone());
    ServerMessage::Presence(PresenceOf { client, session, subject, value }).encode()
}
