//! A row of LiveStore's own server, for moving a log from there, and back.

use syncline_engine::protocol::{Args, Counter, Entry, Millis, Seq, Subject};
use thiserror::Error;

use crate::writer::Writer;

/// What the names of its tables begin with: the version of its format, and for events, the store.
pub const EVENTS_TABLE: &str = "eventlog_7_";

/// Its table of stores: `storeId`, `currentHead`, `backendId`.
pub const CONTEXT_TABLE: &str = "context_7";

/// An event as LiveStore's own server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// `seqNum`.
    pub number: u64,
    /// `parentSeqNum`.
    pub parent: u64,
    /// `name`.
    pub name: String,
    /// `args`, as JSON.
    pub args: Option<String>,
    /// `createdAt`.
    pub created_at: String,
    /// `clientId`.
    pub client: String,
    /// `sessionId`.
    pub session: String,
}

/// A row that is no event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the event {number}: {why}")]
pub struct BadRow {
    number: u64,
    why: String,
}

impl EventRow {
    /// The entry that it becomes, at a place of the log. Its author is its client: nobody has noted another.
    ///
    /// # Errors
    /// [`BadRow`].
    pub fn entry(self, seq: Seq) -> Result<Entry, BadRow> {
        let Self { number, parent: _, name, args, created_at, client, session } = self;
        let bad = |why: String| BadRow { number, why };
        let author = Subject::parse(client.as_str()).map_err(|error| bad(format!("clientId: {error}")))?;
        let writer = Writer { client, session, bare: args.is_none() };
        Ok(Entry {
            seq,
            client: writer.id().map_err(|error| bad(format!("clientId and sessionId: {error}")))?,
            counter: Counter::new(number).map_err(|error| bad(error.to_string()))?,
            index: 0,
            of: 1,
            author,
            time: Millis::of_iso(&created_at).ok_or_else(|| bad(format!("createdAt is {created_at:?}")))?,
            name,
            args: Args::parse(args.as_deref().unwrap_or("null"))
                .map_err(|error| bad(format!("args: {error}")))?,
            redacted: None,
        })
    }

    /// The row that an entry becomes after one with the number `parent`.
    #[must_use]
    pub fn of(entry: &Entry, parent: u64) -> Self {
        let number = crate::numbers::number_after(parent, entry.client.as_str(), entry.counter.get());
        let Writer { client, session, bare } = Writer::or_ours(entry.client.as_str());
        Self {
            number,
            parent,
            name: entry.name.clone(),
            args: (!bare).then(|| entry.args.get().to_owned()),
            created_at: entry.time.iso(),
            client,
            session,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> EventRow {
        EventRow {
            number: 7,
            parent: 5,
            name: "v1.TodoCreated".to_owned(),
            args: Some(r#"{"id":"1"}"#.to_owned()),
            created_at: "2026-11-22T11:54:26.606Z".to_owned(),
            client: "ann".to_owned(),
            session: "static".to_owned(),
        }
    }

    #[test]
    fn a_row_becomes_an_entry_and_the_same_row_again() {
        for args in [row().args, None, Some("null".to_owned())] {
            let row = EventRow { args, ..row() };
            let entry = row.clone().entry(Seq::new(3).unwrap()).unwrap();
            assert_eq!((entry.seq.get(), entry.counter.get(), entry.author.as_str()), (3, 7, "ann"));
            assert_eq!(EventRow::of(&entry, 5), row);
        }
    }

    #[test]
    fn a_row_that_is_no_event_is_named() {
        for (row, why) in [
            (EventRow { args: Some("{".to_owned()), ..row() }, "the event 7: args"),
            (EventRow { created_at: "today".to_owned(), ..row() }, "the event 7: createdAt"),
            (EventRow { client: String::new(), ..row() }, "the event 7: clientId"),
            (EventRow { number: u64::MAX, ..row() }, "the event 18446744073709551615: a counter"),
        ] {
            let error = row.entry(Seq::ZERO).unwrap_err().to_string();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
