//! The stable codes of everything that can go wrong (nothing-silent). docs/errors.md is made from it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a code means, and what to do about it.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// Where it is met: `verdict`, `error` (a frame, or an HTTP answer) or `status` (in the client).
    pub kind: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What to do.
    pub action: &'static str,
}

macro_rules! codes {
    ($($variant:ident $code:literal $kind:literal $meaning:literal $action:literal;)*) => {
        /// A stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $(#[doc = $meaning] #[serde(rename = $code)] $variant,)*
        }

        impl Code {
            /// The code as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }

        /// Every code, in the order of the catalogue.
        pub const CODES: &[CodeInfo] = &[
            $(CodeInfo { code: Code::$variant, kind: $kind, meaning: $meaning, action: $action },)*
        ];
    };
}

codes! {
    EmptyCommit "empty-commit" "verdict"
        "The commit has no events." "Commit at least one event.";
    CommitTooLarge "commit-too-large" "verdict"
        "The commit has too many events, or they are too large together." "Divide it; `welcome` names the limits.";
    UnknownEvent "unknown-event" "verdict"
        "The server's model has no event of this name." "Deploy the server with the model that has it.";
    BadArgs "bad-args" "verdict"
        "The args do not decode as the model's event." "Build events with the generated constructors.";
    ConstraintUnique "constraint-unique" "verdict"
        "A UNIQUE constraint or a primary key of the state refused the event." "Show it; the message names the columns.";
    ConstraintCheck "constraint-check" "verdict"
        "A CHECK constraint of the state refused the event." "Show it; the message names the constraint.";
    ConstraintForeignKey "constraint-foreign-key" "verdict"
        "The event refers to a row that is not there." "Show it; the row was removed meanwhile, or never was.";
    ConstraintNotNull "constraint-not-null" "verdict"
        "A NOT NULL constraint of the state refused the event." "Show it; the message names the column.";
    ConstraintOther "constraint-other" "verdict"
        "Another constraint of the state, such as a STRICT column's type, refused the event." "Show it; the message names the constraint.";
    ApplyFailed "apply-failed" "verdict"
        "`apply` of the model returned an error." "Mend the model; the message is its own.";
    Crashed "crashed" "verdict"
        "Whoever applied the commit crashed, each time that it was tried." "Mend the model: its `check` or `apply` panics on this commit.";

    BadMessage "bad-message" "error"
        "The message is not one of the protocol: not JSON, of an unknown type, or with a wrong field." "Use a client of this protocol version. The message is ignored.";
    MessageTooLarge "message-too-large" "error"
        "The message is larger than `messageBytes`." "Send less at once; `welcome` names the limits. The message is ignored.";
    PushTooLarge "push-too-large" "error"
        "The push has too many commits or events." "Send less at once; `welcome` names the limits. Its commits stay undecided.";
    HelloExpected "hello-expected" "error"
        "The first message must be `hello`, and there is only one." "Reconnect. The socket is closed.";
    UnsupportedProtocol "unsupported-protocol" "error"
        "The server does not speak this version of the protocol." "Update the older side. The socket is closed.";
    StoreMismatch "store-mismatch" "error"
        "`hello` names another store than the URL." "Connect to the store's own URL. The socket is closed.";
    BadStoreId "bad-store-id" "error"
        "The store id in the URL is not 1 to 64 of A-Z a-z 0-9 _ -." "HTTP 404. Mend the URL.";
    NotFound "not-found" "error"
        "There is nothing at this path." "HTTP 404. See docs/sync-worker.md for the routes.";
    MethodNotAllowed "method-not-allowed" "error"
        "This path does not answer this method." "HTTP 405. The header `allow` names the one that it does.";
    BadRequest "bad-request" "error"
        "A parameter or the body of a request is not what the path takes." "HTTP 400. The message says what is wrong; docs/sync-worker.md has the routes.";
    StateUnavailable "state-unavailable" "error"
        "The state as it was at this seq cannot be made here: a Durable Object has one database; and a client has none beyond the end of its log." "HTTP 501: ask for the state at the head, or read the log and apply it. In a page: ask for a seq up to `status.head`.";
    FilesUnavailable "files-unavailable" "error"
        "This server has no files: a Durable Object cannot copy its database, put another in its place, or bound a query." "HTTP 501. Use the log, the state and D1.";
    StoreExists "store-exists" "error"
        "A log was to be imported into a store that has one." "HTTP 409. Choose another id: a store takes a log only before it has one.";
    ImportRefused "import-refused" "error"
        "The lines to import are not a log that this model takes; the message names the first line that is not. Nothing was imported." "HTTP 400. Mend the line, or let what cannot be applied be set aside.";
    QueryRefused "query-refused" "error"
        "The query does not only read, takes too long, or SQLite does not understand it." "HTTP 400. Mend the query; the message says where.";
    NotConfigured "not-configured" "error"
        "The configuration does not say who may connect, or makes no sense: the server lets nobody in." "HTTP 500. The message says what is missing; docs/auth.md has the settings.";
    UpgradeExpected "upgrade-expected" "error"
        "This path speaks WebSocket only." "HTTP 426. Connect with a WebSocket.";
    Unauthorized "unauthorized" "error"
        "The token is missing or wrong." "HTTP 401 where it is in a header; else the socket is closed. Sign in again.";
    NeedsAuth "needs-auth" "error"
        "The token has expired on a live socket." "Send `auth` with a fresh token. Until then nothing is decided or published to it, and nothing is lost.";
    Forbidden "forbidden" "error"
        "The token is right, but it does not open this store." "HTTP 403 where it is in a header; else the socket is closed. Ask for a token with this store in its claims.";
    ReadOnly "read-only" "error"
        "The token lets read this store, not write to it." "Sign in as somebody who may write. The push stays undecided.";
    RateLimited "rate-limited" "error"
        "More was pushed than the client, or its subject, may push in this time." "Nothing: after `retryAfterMs` the push is sent again. It stays undecided.";
    Overloaded "overloaded" "error"
        "The server has more to do than it can." "Nothing: after `retryAfterMs` the push is sent again. It stays undecided.";
    TooManyConnections "too-many-connections" "error"
        "The store has as many connections as it may have." "HTTP 503, or the socket is closed. The client tries again; close tabs, or raise the limit.";
    ConnectRefused "connect-refused" "error"
        "A hook of the app has refused the connection, or a pull; the message begins with the hook's own code." "Show it. The socket is closed.";
    PushRefused "push-refused" "error"
        "A hook of the app has refused the push; the message begins with the hook's own code." "Show it. The push stays undecided, and is sent again after `retryAfterMs`.";
    PresenceRefused "presence-refused" "error"
        "The value is too large, comes too soon after others, or is of one session too many." "Send less; docs/protocol.md has the limits. The value is ignored.";
    CounterOrder "counter-order" "error"
        "The counters of a push do not increase." "Use a client of this protocol version. The push stays undecided.";
    CommitMismatch "commit-mismatch" "error"
        "A commit with this counter was decided, with other content: two databases share one client id, as one is a copy." "Nothing: the client takes a new id, and offers again what is not in the log. Nothing of the push was decided.";
    AuthorMismatch "author-mismatch" "error"
        "The commit was made by another subject than the one signed in." "Sign in as its author. The commit stays undecided.";
    ServerBehind "server-behind" "error"
        "The commit was made with a newer model than the server has." "Deploy the server. The commit stays undecided and is sent again.";
    Rebuilding "rebuilding" "error"
        "The server makes its state anew from the log, after an upgrade: until then it decides nothing." "Nothing: clients read on, and their commits are sent again.";
    LogDiverged "log-diverged" "error"
        "The server's log is not the one that this client has followed: it was reset, or restored from a backup." "Nothing: the client follows the new log, and offers again what was not confirmed. See `entries-lost`. The socket is closed.";
    SnapshotGone "snapshot-gone" "error"
        "The snapshot that a `pull` asks a part of is not there any more: there is a newer one, or none." "Nothing: the client reads the log instead.";
    ServerFailed "server-failed" "error"
        "The server could not do its part: its storage failed, or the keys that tokens are signed with could not be fetched." "Wait: the client tries again by itself. Nothing is decided or lost.";

    ServerUnreachable "server-unreachable" "status"
        "No connection to the server." "Nothing: work goes on offline, and the client reconnects by itself.";
    OpfsUnavailable "opfs-unavailable" "status"
        "The browser offers neither OPFS nor IndexedDB here (an insecure origin): storage is `memory`." "Use HTTPS or localhost. Until then a commit is safe only once `confirmed`.";
    StorageFull "storage-full" "status"
        "The browser's storage quota is used up." "Free space. Commits stay in the page, and are kept once there is room.";
    StorageFailed "storage-failed" "status"
        "The browser's storage reported an error." "Reload the page; if it stays, open it with ?reset.";
    JournalFull "journal-full" "status"
        "localStorage is full: a commit made just before a reload may not survive it." "Free localStorage. `persisted` and `confirmed` are still true.";
    AnotherTab "another-tab" "status"
        "Another tab of this browser has the store open, and its local data is in that tab's memory, or is to be cleared here; this one waits until it closes." "Use the other tab, or close it.";
    ReloadRequired "reload-required" "status"
        "Another tab of this browser has loaded another version of the app, and owns the local data now; this one shows what it had." "Reload the page. What is committed here until then stays in the page's journal, and is sent.";
    LeaderFailed "leader-failed" "status"
        "The worker that owns the local database stopped; it is started again." "Nothing: commits are handed over again.";
    SessionFailed "session-failed" "status"
        "The state of this page cannot go on." "Reload the page. Nothing that was committed is lost.";
    WasmFailed "wasm-failed" "status"
        "The client's wasm could not be loaded." "Reload the page; the message says what the browser or the server of the file said.";
    StoreClosed "store-closed" "status"
        "The store was closed before this was done." "Open it again. What was committed goes on when it is opened.";
    AnotherClient "another-client" "status"
        "A commit of a former page was made under another client id than the one in use, and may be in the log already: it is not sent under this one." "Nothing is lost: it stays in the page's journal, and is sent when its own client id is in use again.";
    BadQuery "bad-query" "status"
        "A query of the page is not one that reads, or SQLite does not understand it." "Mend the query; the message says where.";
    EntriesLost "entries-lost" "status"
        "Commits that were confirmed are not in the server's log any more: it was reset, or restored from an older backup." "They are kept here, with their events: commit again what is still wanted, and dismiss them.";
    Quarantined "quarantined" "status"
        "Commits of the log could not be decoded or applied here, and were skipped whole." "Load the newest version of the app: they are tried again by one that knows them.";
    SnapshotDamaged "snapshot-damaged" "status"
        "A snapshot of the server was not what its digest says, or does not fit the tables." "Nothing: the client reads the whole log instead. Report it with the message.";
    StateDiverged "state-diverged" "status"
        "The state of this client and that of the server were not the same at the same place of the log; the message has both digests." "Nothing: the client makes its state anew from the log. Report it: `apply` is not deterministic, or a host differs.";
    StorageDamaged "storage-damaged" "status"
        "The local database was damaged." "Nothing: it was set aside, the log is read again from the server, and commits that could be read are kept. The message says what could not.";
    AnotherProcess "another-process" "status"
        "Another process has this client database open." "Use that one, or end it; or give this one a folder of its own.";
    EntriesMissed "entries-missed" "status"
        "The log here does not go on from where a consumer, or a page, has read it: it was reset or restored, or begins with a snapshot." "Decide where to go on: the message says up to where it was read.";
    StateDamaged "state-damaged" "status"
        "An entry of the log could not be applied here." "Report it with the message; the log itself is safe.";
}

impl Code {
    /// Whether an `error` frame with this code is about the last push alone: its commits stay undecided, and
    /// the socket goes on.
    #[must_use]
    pub fn holds_pushes(self) -> bool {
        [
            Self::CounterOrder,
            Self::PushTooLarge,
            Self::AuthorMismatch,
            Self::ServerBehind,
            Self::NeedsAuth,
            Self::ReadOnly,
            Self::RateLimited,
            Self::Overloaded,
            Self::PushRefused,
        ]
        .contains(&self)
    }

    /// Whether only a new token helps: the first is said to who connects, the second on a live socket.
    #[must_use]
    pub fn needs_auth(self) -> bool {
        [Self::Unauthorized, Self::NeedsAuth].contains(&self)
    }

    /// Whether connecting again is of no use.
    #[must_use]
    pub fn is_final(self) -> bool {
        [Self::StoreMismatch, Self::UnsupportedProtocol].contains(&self)
    }

    /// Whether somebody has to do something about it, although a client goes on trying where it can.
    #[must_use]
    pub fn blocks(self) -> bool {
        self.is_final()
            || [
                Self::AuthorMismatch,
                Self::CommitMismatch,
                Self::ConnectRefused,
                Self::Forbidden,
                Self::PushRefused,
                Self::ReadOnly,
                Self::ServerBehind,
            ]
            .contains(&self)
    }

    /// Whether the server closes the socket after an `error` frame with this code.
    #[must_use]
    pub fn closes(self) -> bool {
        [
            Self::HelloExpected,
            Self::UnsupportedProtocol,
            Self::StoreMismatch,
            Self::Unauthorized,
            Self::Forbidden,
            Self::TooManyConnections,
            Self::ConnectRefused,
            Self::LogDiverged,
        ]
        .contains(&self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_in_the_catalogue_and_travels_as_its_text() {
        for (place, info) in CODES.iter().enumerate() {
            assert!(CODES[..place].iter().all(|other| other.code != info.code));
            assert_eq!(serde_json::to_string(&info.code).unwrap(), format!("\"{}\"", info.code));
        }
    }
}
