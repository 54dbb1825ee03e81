//! How large things may be. Every message has a size limit, every list a bound.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of this protocol; `hello` carries it.
pub const PROTOCOL_VERSION: u32 = 1;

/// The limits in force, told to the client in `welcome`. Sizes in bytes of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The largest message a client may send.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub message_bytes: usize,
    /// The largest commit: names and args of its events together.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub commit_bytes: usize,
    /// Events in one commit.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub commit_events: usize,
    /// Commits in one push.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub push_commits: usize,
    /// Events in one push.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub push_events: usize,
}

impl Limits {
    /// What a server enforces unless it is told otherwise.
    pub const DEFAULT: Self = Self {
        message_bytes: 1 << 20,
        commit_bytes: 256 << 10,
        commit_events: 1_000,
        push_commits: 1_000,
        push_events: 2_000,
    };

    /// The largest segment: one log row, and so one page of catch-up. SQLite in a Durable Object
    /// takes 2 MB a row.
    pub const SEGMENT_BYTES: usize = 1 << 20;

    /// The largest event of a client of LiveStore's protocol: name and args. As much as its own client sends.
    pub const LIVESTORE_BYTES: usize = 900_000;

    /// The longest name of an event.
    pub const EVENT_NAME_BYTES: usize = 128;

    /// The largest value of presence.
    pub const PRESENCE_BYTES: usize = 512;

    /// Sessions of one socket that may have a value of presence. What a Durable Object keeps of a socket has
    /// 16 KiB, and each ASCII character takes two bytes of it beside one that is not of Latin-1.
    pub const PRESENCE_SESSIONS: usize = 8;

    /// The largest payload of `hello`.
    pub const PAYLOAD_BYTES: usize = 8 << 10;

    /// The longest token.
    pub const TOKEN_BYTES: usize = 8 << 10;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
