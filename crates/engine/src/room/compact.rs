//! Small segments become larger ones, while nobody waits: a log of single events is read row by row
//! otherwise. Nothing changes for whoever reads it.

use syncline_protocol::Seq;

use super::Room;
use crate::promise::assert_promise;
use crate::segment::{self, Segment};
use crate::sql::nested;
use crate::{Sql, SqlError};

/// Large enough that a page of catch-up is a few rows, small enough that to find one entry in it costs
/// little.
const MERGED_BYTES: usize = 128 << 10;

/// Rows that one step looks at.
const ROWS: usize = 2_048;

impl Room {
    /// Merges small segments: a bounded part of the log at a time, from where the last step has ended. Returns
    /// whether there is more to do.
    ///
    /// # Errors
    /// [`SqlError`]; nothing has changed then.
    pub fn compact(&mut self, db: &mut dyn Sql) -> Result<bool, SqlError> {
        let sql = format!(
            "SELECT first, octet_length(entries) FROM syncline_log WHERE first > ?1 ORDER BY first LIMIT {ROWS}"
        );
        let rows = db.query(&sql, &[self.merged.into()])?;
        let mut runs: Vec<Run> = Vec::new();
        for row in &rows {
            let (first, bytes): (Seq, u32) = (row.get(0)?, row.get(1)?);
            let released = segment::is_released(bytes);
            let bytes = bytes as usize;
            match runs.last_mut() {
                Some(run) if !(released || run.released) && run.bytes + 1 + bytes <= MERGED_BYTES => {
                    (run.end, run.bytes, run.rows) = (first, run.bytes + 1 + bytes, run.rows + 1);
                }
                Some(_) | None => runs.push(Run { start: first, end: first, bytes, rows: 1, released }),
            }
        }
        let more = rows.len() == ROWS;
        nested(db, |db| runs.iter().filter(|run| run.rows > 1).try_for_each(|run| merge(db, run)))?;
        // What comes next may still fit into the last.
        self.merged = runs.last().map_or(self.merged, |run| run.start.before());
        self.unmerged = 0;
        Ok(more)
    }
}

struct Run {
    start: Seq,
    end: Seq,
    bytes: usize,
    rows: usize,
    /// It is one row, without entries.
    released: bool,
}

fn merge(db: &mut dyn Sql, run: &Run) -> Result<(), SqlError> {
    let segments = segment::between(&*db, run.start, run.end)?;
    let mut segments = segments.into_iter();
    let Some(mut merged) = segments.next() else { return Ok(()) };
    for Segment { first, last, chain, text } in segments {
        if first != merged.last.next() {
            return Err(segment::damage(format!("{first} follows {}: the log has a gap", merged.last)));
        }
        merged.text.push(',');
        merged.text.push_str(&text);
        (merged.last, merged.chain) = (last, chain);
    }
    assert_promise!(merged.text.len() == run.bytes, "one-order: a merged segment is what was written");
    let sql = "DELETE FROM syncline_log WHERE first BETWEEN ?1 AND ?2";
    db.execute(sql, &[run.start.into(), run.end.into()])?;
    segment::append(db, &merged)
}
