//! Copies of a store: how a backup knows that nothing has changed, and what begins when one is put back.

use syncline_protocol::{Digest, Hasher, Incarnation, Seq};

use super::{Room, redact, release};
use crate::sql::nested;
use crate::{Query, Sql, SqlError, Value};

/// All that is not made from something else: state and snapshot follow from the log. The log itself is
/// known by the chain of its last segment, however it is divided.
const SOURCES: [&str; 6] = [
    "SELECT incarnation, schema_hash, archived FROM syncline_room",
    "SELECT last, chain FROM syncline_log ORDER BY first DESC LIMIT 1",
    "SELECT client, last, first, after, outcomes FROM syncline_decisions ORDER BY client, last",
    "SELECT number, seq FROM syncline_redactions ORDER BY number",
    "SELECT incarnation, seq, failures, retry_at FROM syncline_webhook",
    "SELECT seq, name, code FROM syncline_quarantine ORDER BY seq",
];

impl Room {
    /// A digest of what a store holds, without reading its log: as long as it stays the same, an older copy
    /// is as good as a new one.
    ///
    /// # Errors
    /// [`SqlError`], also where there is no room in the database.
    pub fn stamp(db: &dyn Query) -> Result<Digest, SqlError> {
        let mut hasher = Hasher::default();
        for sql in SOURCES {
            for row in db.query(sql, &[])? {
                for value in row.columns() {
                    match value {
                        Value::Null => hasher.add(b"n"),
                        Value::Integer(n) => hasher.add(format!("i{n};").as_bytes()),
                        Value::Real(x) => hasher.add(format!("r{x};").as_bytes()),
                        Value::Text(text) => hasher.add(format!("t{}:{text}", text.len()).as_bytes()),
                        Value::Blob(bytes) => {
                            hasher.add(format!("b{}:", bytes.len()).as_bytes());
                            hasher.add(bytes);
                        }
                    }
                }
                hasher.add(b"\n");
            }
            hasher.add(b"\n");
        }
        Ok(hasher.finish())
    }

    /// Makes what a database holds another life of its log, as it was put back from a copy: clients may have
    /// followed the former one further than it goes. They notice when they connect, and offer again what
    /// they still have. An archive gets it from the first entry that is here.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn begin_another_life(db: &mut dyn Sql, fresh: &Incarnation) -> Result<(), SqlError> {
        nested(db, |db| {
            let begun = release::end(&*db, Seq::ZERO)?;
            let sql = "UPDATE syncline_room SET incarnation = ?1, archived = ?2 WHERE id = 1";
            db.execute(sql, &[fresh.as_str().into(), begun.into()])?;
            redact::all_archived(db)
        })
    }
}
