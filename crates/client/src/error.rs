//! What can go wrong between an app and its store.

use std::io;
use std::path::PathBuf;

use syncline_engine::protocol::{Code, Cursor, ErrorFrame, Rejection, Seq};
use syncline_engine::{HostFailure, SqlError};
use thiserror::Error;

/// Why a call did not do what it was to do; sorted by who can act.
#[derive(Debug, Error)]
pub enum Error {
    /// The rules, or a constraint, said no: here at `commit`, or the server with its verdict.
    #[error("{}: {}", .0.code, .0.message)]
    Rejected(Rejection),
    /// The event does not serialize as `{ "name": …, "args": … }`.
    #[error("the event does not encode")]
    Event(#[source] serde_json::Error),
    /// An entry of the log does not decode as an event of this model.
    #[error("the entry does not decode")]
    Entry(#[source] serde_json::Error),
    /// The value of presence does not encode, or is too large.
    #[error("{0}")]
    Presence(String),
    /// The query is not one that reads, or SQLite does not understand it.
    #[error("the query was refused")]
    Query(#[source] SqlError),
    /// The rows are not what they were to be read as.
    #[error("the rows do not decode")]
    Rows(#[source] serde_json::Error),
    /// The URL is none that this build connects to.
    #[error("not a URL to connect to: {0}")]
    Url(String),
    /// The log does not go on from a consumer's place; see [`Consumer::begin`](crate::Consumer::begin).
    #[error("the consumer stood at {} of {}; the log begins with {first}", .at.seq, .at.incarnation)]
    Missed {
        /// Where the consumer stands.
        at: Box<Cursor>,
        /// The first seq that it could be given.
        first: Seq,
    },
    /// Another process, or another store of this one, has the files open.
    #[error("{} is open elsewhere", .0.display())]
    Locked(PathBuf),
    /// The store was closed before this was done.
    #[error("the store is closed")]
    Closed,
    /// The folder cannot be used.
    #[error("{}", .1.display())]
    Folder(#[source] io::Error, PathBuf),
    /// The client's database failed.
    #[error("the client's database")]
    Storage(#[source] SqlError),
    /// A part of the client has stopped; what was persisted is safe, and goes on when the store is opened again.
    #[error("{}: {}", .0.code, .0.message)]
    Stopped(Box<ErrorFrame>),
}

impl Error {
    /// The stable code: of the catalogue in docs/errors.md, or the model's own.
    #[must_use]
    pub fn code(&self) -> &str {
        let code = match self {
            Self::Rejected(rejection) => return &rejection.code,
            Self::Event(_) | Self::Entry(_) => Code::BadArgs,
            Self::Query(_) | Self::Rows(_) => Code::BadQuery,
            Self::Presence(_) => Code::PresenceRefused,
            Self::Url(_) => Code::ServerUnreachable,
            Self::Missed { .. } => Code::EntriesMissed,
            Self::Locked(_) => Code::AnotherProcess,
            Self::Closed => Code::StoreClosed,
            Self::Storage(SqlError::Host { failure: HostFailure::Full, .. }) => Code::StorageFull,
            Self::Folder(..) | Self::Storage(_) => Code::StorageFailed,
            Self::Stopped(why) => why.code,
        };
        code.as_str()
    }
}
