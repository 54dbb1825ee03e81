//! An event as the log holds it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Args, ClientId, Counter, Digest, Millis, RawEvent, Seq, Subject};

/// An event as admitted: its place in the log, the commit it came in, its author and time.
///
/// `index` and `of` are left out on the wire where the commit has one event, as most have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its place in the log.
    pub seq: Seq,
    /// With `counter`, the commit's identity.
    pub client: ClientId,
    /// The client's own number for the commit.
    pub counter: Counter,
    /// Its place in the commit, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub index: u32,
    /// How many events the commit has.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub of: u32,
    /// Who made the commit.
    pub author: Subject,
    /// When the server admitted it; milliseconds since 1970-01-01T00:00Z.
    pub time: Millis,
    /// Which event of the model.
    pub name: String,
    /// Its args, as the client wrote them, unless they were redacted.
    pub args: Args,
    /// Where the args were redacted, that is replaced by others: the digest of those that the client
    /// wrote. It takes their place in every fingerprint, so that the log stays the same log.
    #[serde(rename = "digest", default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<Digest>,
}

impl Entry {
    /// The event without where it came from.
    #[must_use]
    pub fn event(&self) -> RawEvent {
        RawEvent { name: self.name.clone(), args: self.args.clone() }
    }

    /// The digest of the args that the client wrote, whatever has become of them.
    #[must_use]
    pub fn args_digest(&self) -> Digest {
        self.redacted.unwrap_or_else(|| Digest::of(self.args.get().as_bytes()))
    }

    /// The same entry with other args; the log's chain does not notice.
    #[must_use]
    pub fn redact(&self, args: Args) -> Self {
        Self { args, redacted: Some(self.args_digest()), ..self.clone() }
    }

    /// Whether its commit ends with it (whole-commits).
    #[must_use]
    pub const fn ends_commit(&self) -> bool {
        self.index.saturating_add(1) >= self.of
    }
}

const fn one() -> u32 {
    1
}

const fn is_one(n: &u32) -> bool {
    *n == 1
}

const fn is_first(n: &u32) -> bool {
    *n == 0
}
