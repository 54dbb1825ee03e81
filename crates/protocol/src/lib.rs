//! What crosses a wire or a disk: ids, entries, messages, limits, codes, the codec and its JSON Schema.
//!
//! Everything here is plain data. A message is one JSON text frame, camelCase, an object with a
//! `type`. The `args` of an event travel as raw JSON: the bytes that the client wrote are the bytes
//! that every replica stores, so they are parsed once and never encoded again.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod code;
mod codec;
mod digest;
mod entry;
mod event;
mod ids;
mod limits;
mod message;
mod number;
mod time;
mod verdict;

pub use code::{CODES, Code, CodeInfo};
pub use codec::{
    DecodeError, EntriesFrame, LeaderFrame, decode_client, decode_entries, decode_server, encode_entries,
    encode_segment, excerpt, message_schema, token_of,
};
pub use digest::{Chain, CommitDigest, Digest, Hasher};
pub use entry::Entry;
pub use event::{Args, Commit, RawEvent};
pub use ids::{ClientId, Incarnation, InvalidId, SchemaHash, SessionId, StoreId, Subject};
pub use limits::{Limits, PROTOCOL_VERSION};
pub use message::{
    Ack, Auth, ClientMessage, Cursor, Entries, ErrorFrame, Hello, Presence, PresenceOf, Pull, Push, Redacted,
    ServerMessage, Snapshot, SnapshotOffer, Verdicts, Welcome,
};
pub use number::{
    Counter, MAX_NUMBER, Millis, ModelVersion, OutOfRange, RedactionNumber, Seq, SessionNumber,
};
pub use verdict::{Outcome, Rejection, Verdict};
