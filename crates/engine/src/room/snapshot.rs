//! Snapshots: the state at a seq, as text, for clients that come new or late, and for those that want to
//! know whether theirs is the same.

use syncline_protocol::{
    Chain, Code, ErrorFrame, Hasher, SchemaHash, Seq, ServerMessage, Snapshot, SnapshotOffer,
};

use super::{Failure, Room};
use crate::mutation::{Mutation, is_on};
use crate::sql::nested;
use crate::{Query, Sql, SqlError, dump};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS syncline_snapshot (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    chain TEXT NOT NULL,
    schema_hash TEXT NOT NULL,
    digest TEXT NOT NULL,
    parts INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS syncline_snapshot_part (
    part INTEGER PRIMARY KEY,
    data TEXT NOT NULL
) STRICT;
";

pub(super) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.run_script(TABLES)
}

/// Forgets the snapshot: what it holds is not the state any more.
pub(super) fn discard(db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("DELETE FROM syncline_snapshot", &[])?;
    db.execute("DELETE FROM syncline_snapshot_part", &[])
}

/// The snapshot for some tables, if there is one.
pub(super) fn offer(db: &dyn Query, schema_hash: &SchemaHash) -> Result<Option<SnapshotOffer>, SqlError> {
    let sql = "SELECT seq, chain, digest, parts FROM syncline_snapshot WHERE schema_hash = ?1";
    let row = db.first(sql, &[schema_hash.as_str().into()])?;
    row.map(|row| {
        Ok(SnapshotOffer { seq: row.get(0)?, chain: row.get(1)?, digest: row.get(2)?, parts: row.get(3)? })
    })
    .transpose()
}

impl Room {
    /// Whether there is something to do that is best done while nobody waits.
    #[must_use]
    pub const fn is_maintenance_due(&self) -> bool {
        self.is_snapshot_due() || self.unmerged >= self.config.upkeep.merge_every
    }

    const fn is_snapshot_due(&self) -> bool {
        let grown = self.head.get().saturating_sub(self.snapshot.get());
        !self.is_rebuilding() && grown >= self.config.upkeep.snapshot_every
    }

    /// Does what is due: segments are merged, and a snapshot is made where the log has grown by enough since
    /// the last.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn maintain(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        if self.unmerged >= self.config.upkeep.merge_every {
            while self.compact(db)? {}
        }
        if self.is_snapshot_due() { self.make_snapshot(db) } else { Ok(()) }
    }

    /// Makes a snapshot of the state at the head, in place of the one before.
    ///
    /// # Errors
    /// [`SqlError`]; the one before stays then. While the state is made anew there is none to be had.
    pub fn make_snapshot(&mut self, db: &mut dyn Sql) -> Result<(), SqlError> {
        if self.is_rebuilding() {
            return Err(SqlError::refused("the state is being made anew"));
        }
        let schema_hash = self.rules.schema_hash()?;
        let seq = if is_on(Mutation::SnapshotOffByOne) { self.head.before() } else { self.head };
        nested(db, |db| write(db, &schema_hash, (seq, self.chain), self.config.part_bytes))?;
        self.snapshot = self.head;
        Ok(())
    }

    pub(super) fn part(&self, db: &dyn Query, seq: Seq, part: u32) -> Result<String, Failure> {
        let row = db.first(
            "SELECT chain, schema_hash, digest, parts, data FROM syncline_snapshot
                JOIN syncline_snapshot_part ON part = ?2 WHERE seq = ?1",
            &[seq.into(), part.into()],
        )?;
        let Some(row) = row else {
            let message = format!("there is no part {part} of a snapshot at {seq}");
            return Err(ErrorFrame::new(Code::SnapshotGone, message).into());
        };
        let snapshot = Snapshot {
            seq,
            chain: row.get(0)?,
            schema_hash: row.get(1)?,
            digest: row.get(2)?,
            part,
            of: row.get(3)?,
            data: row.get(4)?,
        };
        Ok(ServerMessage::Snapshot(snapshot).encode())
    }
}

fn write(
    db: &mut dyn Sql,
    schema_hash: &SchemaHash,
    (seq, chain): (Seq, Chain),
    part_bytes: usize,
) -> Result<(), SqlError> {
    discard(db)?;
    let (mut parts, mut hasher) = (vec![String::new()], Hasher::default());
    dump::dump(db, &mut |line| {
        hasher.add(line.as_bytes());
        match parts.last_mut() {
            Some(open) if open.len() < part_bytes => open.push_str(line),
            Some(_) | None => parts.push(line.to_owned()),
        }
        Ok(())
    })?;
    let count = u32::try_from(parts.len()).map_err(|error| SqlError::refused(error.to_string()))?;
    for (part, data) in (0..count).zip(&parts) {
        let sql = "INSERT INTO syncline_snapshot_part (part, data) VALUES (?1, ?2)";
        db.execute(sql, &[part.into(), data.into()])?;
    }
    db.execute(
        "INSERT INTO syncline_snapshot (id, seq, chain, schema_hash, digest, parts)
            VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        &[
            seq.into(),
            (&chain.to_string()).into(),
            schema_hash.as_str().into(),
            (&hasher.finish().to_string()).into(),
            count.into(),
        ],
    )
}
