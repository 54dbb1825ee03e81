//! What an app defines: its events, its tables, its rules.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use syncline_protocol::{Millis, RawEvent, Rejection, Subject};
use thiserror::Error;

use crate::{Query, Sql, SqlError};

/// The app's event type, tables, `check` and `apply`: the same compiled rules in the browser and on
/// the server.
pub trait Model: 'static {
    /// Serde-tagged `{ "name": …, "args": … }`; its JSON Schema gives TypeScript its types.
    type Event: Serialize + DeserializeOwned + JsonSchema;

    /// STRICT tables and indexes of the state. The prefix `syncline_` is reserved.
    const TABLES: &'static str;

    /// Bumped when `apply` changes meaning; part of the schema hash.
    const VERSION: u32;

    /// Whether commits that were confirmed, and that a restored server no longer has, are offered to it again
    /// by the clients that made them. Otherwise, and where others made them, they are reported as lost.
    const OFFER_LOST: bool = false;

    /// Old names and shapes to today's, before decoding; unknown names come back as they were.
    #[must_use]
    fn upcast(event: RawEvent) -> RawEvent {
        event
    }

    /// May this event happen now? Runs where a commit is made, on a rebase, and at admission; never on
    /// history, so rules may change without breaking the past. `?` on a query is right: a failure of
    /// the host is never taken for a rejection.
    ///
    /// # Errors
    /// A [`Rejection`] with a code of the model's own.
    fn check(event: &Self::Event, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection>;

    /// What the event does to the tables. Runs for every entry, on every replica, for ever: total
    /// over everything ever admitted. It sees neither seq nor time, so that a confirmed commit need
    /// not be applied again.
    ///
    /// # Errors
    /// [`ApplyError`]: at admission a rejection, in history a quarantine.
    fn apply(event: &Self::Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError>;

    /// The events by which the author may take this one back, in the order in which they are to happen, looked
    /// up in the state before it. Where there are none, it cannot be undone. Runs where a commit is made, and
    /// nowhere else; what it returns goes through `check`, as any commit does.
    ///
    /// # Errors
    /// [`SqlError`] of a query.
    fn inverse(
        _event: &Self::Event,
        _cx: &ApplyContext<'_>,
        _before: &dyn Query,
    ) -> Result<Vec<Self::Event>, SqlError> {
        Ok(Vec::new())
    }
}

/// What `check` may look at beside the event and the state.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// Who made the commit.
    pub author: &'a Subject,
    /// The host's clock.
    pub now: Millis,
}

/// What `apply` may look at beside the event and the state: the same on every replica, for ever, and
/// known where the commit is made. A commit's counter is not: its leader gives it later.
#[derive(Clone, Copy, Debug)]
pub struct ApplyContext<'a> {
    /// Who made the commit.
    pub author: &'a Subject,
}

/// Why `apply` could not.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// The model's own reason.
    #[error("{0}")]
    Refused(Rejection),
    /// A statement failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl From<Rejection> for ApplyError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}
