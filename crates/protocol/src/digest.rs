//! Fingerprints: of args, of a commit, and of a whole log up to a seq.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{Commit, Entry, Subject};

/// SHA-256, written as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(#[schemars(with = "String")] [u8; 32]);

/// Not 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a digest must be 64 lower-case hex digits")]
pub struct InvalidDigest;

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A digest of bytes that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// And these.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;
    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidDigest);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidDigest)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidDigest)?;
        }
        Ok(Self(bytes))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The fingerprint of a log up to a seq: it runs over each entry's header and the digest of its args,
/// so that two logs with the same chain at a seq are the same log, and so that args can be erased
/// without a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Chain(Digest);

impl Chain {
    /// The chain of the empty log.
    pub const GENESIS: Self = Self(Digest([0; 32]));

    /// The chain after one more entry.
    #[must_use]
    pub fn after(&self, entry: &Entry, args: &Digest) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0.0);
        let mut numbers = [0; 32];
        let fields = [
            entry.seq.get(),
            entry.counter.get(),
            (u64::from(entry.index) << 32) | u64::from(entry.of),
            entry.time.get(),
        ];
        for (place, field) in numbers.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        hash.update(numbers);
        text(&mut hash, entry.client.as_str());
        text(&mut hash, entry.author.as_str());
        text(&mut hash, &entry.name);
        hash.update(args.0);
        Self(Digest(hash.finalize().into()))
    }
}

/// The fingerprint of what a commit says: its author, and the names and args of its events. The
/// entries of a commit have the digest of the commit that they came in.
#[derive(Clone)]
pub struct CommitDigest(Sha256);

impl CommitDigest {
    /// Of a commit without events yet.
    #[must_use]
    pub fn by(author: &Subject) -> Self {
        let mut hash = Sha256::new();
        text(&mut hash, author.as_str());
        Self(hash)
    }

    /// And one more event.
    pub fn add(&mut self, name: &str, args: &Digest) {
        text(&mut self.0, name);
        self.0.update(args.0);
    }

    /// The fingerprint.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }

    /// Of a whole commit.
    #[must_use]
    pub fn of(commit: &Commit) -> Digest {
        let mut digest = Self::by(&commit.author);
        for event in &commit.events {
            digest.add(&event.name, &Digest::of(event.args.get().as_bytes()));
        }
        digest.finish()
    }
}

/// Length first, so that no two lists of texts hash alike.
fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

impl std::str::FromStr for Chain {
    type Err = InvalidDigest;
    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        Digest::try_from(text.to_owned()).map(Self)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
