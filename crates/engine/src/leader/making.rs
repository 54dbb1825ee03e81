//! A state in the making: of the snapshot that the log begins with, from the moment its first part is here.

use syncline_protocol::{Digest, Seq};

use super::replica::Replica;
use super::{Leader, Link, Up};
use crate::load::Loader;
use crate::local::StateDue;
use crate::{Query, Rules, Sql, SqlError};

const PART: &str = "SELECT data FROM syncline_incoming_part
        WHERE part = ?1 AND EXISTS (SELECT 1 FROM syncline_incoming WHERE digest = ?2)
    UNION ALL SELECT data FROM syncline_base_part
        WHERE part = ?1 AND EXISTS (SELECT 1 FROM syncline_base WHERE digest = ?2)
    LIMIT 1";

/// A state that is made of a snapshot's parts while others are on their way, in a database that nobody reads before it
/// is whole. Whoever brings states ([`crate::LeaderConfig::brings_states`]) has it ready when one is due.
pub struct Making {
    rules: Rules,
    snapshot: Digest,
    /// How many parts are in it.
    parts: u32,
    loader: Loader,
}

impl Leader {
    /// The snapshot that is on its way.
    #[must_use]
    pub fn incoming(&self) -> Option<Digest> {
        if let Link::Up(Up { fetching: Some(fetch), .. }) = &self.link { Some(fetch.digest()) } else { None }
    }

    /// The snapshot that the log begins with, where it does.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn base(&self, log: &dyn Query) -> Result<Option<Digest>, SqlError> {
        log.value("SELECT digest FROM syncline_base", &[])
    }
}

impl Making {
    /// Begins in an empty database, whose foreign keys are not enforced: the rows come in an order that is not theirs.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn begin(empty: &mut dyn Sql, rules: Rules, snapshot: Digest) -> Result<Self, SqlError> {
        let replica = Replica::open(empty, rules)?;
        debug_assert_eq!(replica.seq(), Seq::ZERO, "the database is empty");
        Ok(Self { rules, snapshot, parts: 0, loader: Loader::begin(empty)? })
    }

    /// Of which snapshot.
    #[must_use]
    pub const fn snapshot(&self) -> Digest {
        self.snapshot
    }

    /// Takes the parts that are here, one after the other.
    ///
    /// # Errors
    /// [`SqlError`]; one that is not the host's says that the snapshot is no state of these tables.
    pub fn take(&mut self, db: &mut dyn Sql, log: &dyn Query) -> Result<(), SqlError> {
        let digest = self.snapshot.to_string();
        while let Some(part) = log.value::<String>(PART, &[self.parts.into(), (&digest).into()])? {
            self.loader.add(db, &part)?;
            self.parts += 1;
        }
        Ok(())
    }

    /// What is left to be done once the log begins with this snapshot. The host checks the foreign keys after that.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn finish(mut self, db: &mut dyn Sql, log: &dyn Query, due: &StateDue) -> Result<Replica, SqlError> {
        self.take(db, log)?;
        self.loader.finish(db)?;
        Replica::made(db, self.rules, due)
    }
}
