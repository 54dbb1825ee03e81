//! Who else is here.

use serde::Serialize;
use serde::de::DeserializeOwned;
use syncline_engine::protocol::{Args, ClientId, Limits, PresenceOf, SessionId, Subject};

use crate::Error;

/// What a session tells everybody who is here; gone with it, or with its connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    /// Whose client.
    pub client: ClientId,
    /// Which of its sessions: a tab, or a process.
    pub session: SessionId,
    /// Whose name.
    pub subject: Subject,
    value: Args,
}

impl Present {
    pub(crate) fn of(PresenceOf { client, session, subject, value }: PresenceOf) -> Option<Self> {
        Some(Self { client, session, subject, value: value? })
    }

    /// What it tells.
    ///
    /// # Errors
    /// [`Error::Rows`] where it is something else: apps of several versions may be here.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.value.get()).map_err(Error::Rows)
    }
}

/// As it is told.
pub(crate) fn encoded(value: &impl Serialize) -> Result<Option<Args>, Error> {
    let text = serde_json::to_string(value).map_err(|error| Error::Presence(error.to_string()))?;
    let (bytes, limit) = (text.len(), Limits::PRESENCE_BYTES);
    if bytes > limit {
        return Err(Error::Presence(format!("the value has {bytes} bytes, the limit is {limit}")));
    }
    let value = Args::parse(&text).map_err(|error| Error::Presence(error.to_string()))?;
    Ok((value.get() != "null").then_some(value))
}
