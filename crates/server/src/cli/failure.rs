//! Why a command has failed: a stable code, what to do, and the exit code.

use std::fmt::Display;
use std::io;

use serde::Serialize;
use syncline_engine::protocol::{CODES, Code, ErrorFrame};
use syncline_engine::{HostFailure, SqlError};

use crate::config::ConfigError;
use crate::directory::DirectoryError;
use crate::server::StartError;

pub(crate) const EXIT_CODES: &str = "Exit codes:
   0  done; for `serve`: stopped, as it was asked to
   1  failed for another reason, which the message names
   2  the command line or the configuration is wrong
   3  a server has the data directory
   4  a file or directory cannot be read or written
   5  the address cannot be listened on
   6  the server cannot be reached, or does not speak Syncline
   7  the token is missing, wrong, or does not allow this
   8  there is no such store
   9  what was looked at is not sound: a log, a state, a backup
  10  the target is there already
  11  the log has begun another life";

/// What a command could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Failed,
    Usage,
    InUse,
    Files,
    Listen,
    Unreachable,
    Refused,
    NoStore,
    OtherModel,
    QueryRefused,
    ImportRefused,
    Unsound,
    Exists,
    AnotherLife,
}

impl Kind {
    /// Code, exit code, and what to do.
    const fn facts(self) -> (&'static str, u8, &'static str) {
        match self {
            Self::Failed => ("failed", 1, "See the message; the command can be run again."),
            Self::Usage => ("usage", 2, "See `--help`."),
            Self::InUse => ("in-use", 3, "Ask the server, with --url; or stop it first."),
            Self::Files => ("files-failed", 4, "Look at the path, its owner, and the room on the disk."),
            Self::Listen => ("listen-failed", 5, "Choose another address with --listen, or end who has it."),
            Self::Unreachable => {
                ("server-unreachable", 6, "See that it runs, and that --url is its address.")
            }
            Self::Refused => ("unauthorized", 7, "Give the right token with --token or SYNCLINE_TOKEN."),
            Self::NoStore => ("no-such-store", 8, "Look at the id: capitals count."),
            Self::OtherModel => {
                ("other-model", 2, "Use the binary that serves this store; after an upgrade, serve it once.")
            }
            Self::QueryRefused => ("query-refused", 2, "Mend the query: one statement that only reads."),
            Self::ImportRefused => (
                "import-refused",
                1,
                "Mend it. Commits that the model cannot apply may be left out: --set-aside.",
            ),
            Self::Unsound => {
                ("not-sound", 9, "Keep what is there, and restore the last sound backup beside it.")
            }
            Self::Exists => ("target-exists", 10, "Choose another one: nothing is written over."),
            Self::AnotherLife => {
                ("log-diverged", 11, "Begin anew with --after 0: the log was reset or restored.")
            }
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    /// What to do.
    action: &'static str,
    #[serde(skip)]
    exit: u8,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Display) -> Self {
        let (code, exit, action) = kind.facts();
        Self { code, message: message.to_string(), action, exit }
    }

    pub(crate) fn at(path: &std::path::Path, error: impl Display) -> Self {
        Self::new(Kind::Files, format_args!("{}: {error}", path.display()))
    }

    /// What a server has said.
    pub(crate) fn said(ErrorFrame { code, message, .. }: &ErrorFrame) -> Self {
        const EXITS: [(Kind, &[Code]); 8] = [
            (Kind::Refused, &[Code::Unauthorized, Code::NeedsAuth, Code::Forbidden, Code::ReadOnly]),
            (Kind::NoStore, &[Code::NotFound]),
            (Kind::Usage, &[Code::BadStoreId, Code::BadRequest]),
            (Kind::QueryRefused, &[Code::QueryRefused]),
            (Kind::ImportRefused, &[Code::ImportRefused]),
            (Kind::Exists, &[Code::StoreExists]),
            (Kind::Unreachable, &[Code::ServerUnreachable, Code::NotConfigured]),
            (Kind::AnotherLife, &[Code::LogDiverged]),
        ];
        let kind =
            EXITS.iter().find(|(_, codes)| codes.contains(code)).map_or(Kind::Failed, |(kind, _)| *kind);
        let (_, exit, action) = kind.facts();
        let info = CODES.iter().find(|info| info.code == *code);
        // The catalogue speaks to apps; of these, a command knows better.
        let action = match (kind, info) {
            (Kind::Failed, Some(info)) => info.action,
            _ => action,
        };
        Self { code: code.as_str(), message: message.clone(), action, exit }
    }

    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.code == kind.facts().0
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) const fn exit(&self) -> u8 {
        self.exit
    }

    pub(crate) fn tell(&self, json: bool) {
        if json {
            eprintln!("{}", serde_json::json!({ "error": self }));
        } else {
            eprintln!("error[{}]: {}\n  {}", self.code, self.message, self.action);
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::Usage, error)
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        let kind = match error {
            DirectoryError::InUse(_) => Kind::InUse,
            DirectoryError::Unusable { .. } => Kind::Files,
        };
        Self::new(kind, error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let kind = match error {
            StartError::Directory(error) => return error.into(),
            StartError::Recovery(_) => Kind::Files,
            StartError::Listen(..) => Kind::Listen,
            StartError::Tls(_) | StartError::Traces(..) => Kind::Usage,
            StartError::Thread(_) => Kind::Failed,
        };
        Self::new(kind, error)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        let kind = match &error {
            SqlError::Host { failure: HostFailure::Corrupt, .. } => Kind::Unsound,
            SqlError::Host {
                failure: HostFailure::Full | HostFailure::Busy | HostFailure::Released(_) | HostFailure::Other,
                ..
            } => Kind::Files,
            SqlError::Constraint(_)
            | SqlError::Refused(_)
            | SqlError::Type { .. }
            | SqlError::Statement(_) => Kind::Failed,
        };
        Self::new(kind, error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Kind::Files, error)
    }
}
