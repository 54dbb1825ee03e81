//! Transactions, one in the other, and the point to rewind to.

use syncline_engine::{Flow, Rewind, Sql, SqlError};

use crate::Database;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const OPEN: &str = "SAVEPOINT syncline_nested";
const KEEP: &str = "RELEASE syncline_nested";
const UNDO: &str = "ROLLBACK TO syncline_nested";
const SET_POINT: &str = "SAVEPOINT syncline_point";
const FORGET_POINT: &str = "RELEASE syncline_point";
const REWIND: &str = "ROLLBACK TO syncline_point";

impl Database {
    pub(crate) fn transact(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        self.still_within()?;
        let outermost = !self.is_within();
        self.control(if outermost { BEGIN } else { OPEN })?;
        self.depth += 1;
        let open = Open { db: self, outermost, ended: false };
        let flow = body(open.db);
        open.end(flow)
    }

    fn control(&self, sql: &str) -> Result<(), SqlError> {
        self.own(|connection| connection.prepare_cached(sql)?.raw_execute().map(drop))
    }

    /// Undoes the innermost transaction.
    fn undo(&mut self, outermost: bool) -> Result<(), SqlError> {
        if self.reshaped {
            self.forget_statements();
        }
        if self.connection.is_autocommit() {
            return Ok(());
        }
        if outermost {
            return self.control(ROLLBACK);
        }
        self.control(UNDO).and_then(|()| self.control(KEEP)).map_err(|error| {
            // What was to be undone is still there: nothing of the whole may stay.
            let _ = self.control(ROLLBACK);
            self.lose(error)
        })
    }
}

/// An open transaction. Dropped by a panic in its body, it is undone.
struct Open<'a> {
    db: &'a mut Database,
    outermost: bool,
    ended: bool,
}

impl Open<'_> {
    fn end(mut self, flow: Flow) -> Result<(), SqlError> {
        self.ended = true;
        let (db, outermost) = (&mut *self.db, self.outermost);
        let result = db.still_within().and_then(|()| match flow {
            Flow::Keep => db.control(if outermost { COMMIT } else { KEEP }).or_else(|error| {
                db.undo(outermost)?;
                Err(error)
            }),
            Flow::Undo => db.undo(outermost),
        });
        self.close();
        result
    }

    /// Counts it as ended; the outermost takes with it what was wrong with the transaction.
    fn close(&mut self) {
        self.db.depth -= 1;
        if self.outermost {
            self.db.lost.take();
            self.db.reshaped = false;
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // A failure of it is noted in the database where there is still a transaction.
            let _ = self.db.undo(self.outermost);
            self.close();
        }
    }
}

impl Rewind for Database {
    fn set_point(&mut self) -> Result<(), SqlError> {
        self.commit_point()?;
        self.control(SET_POINT)?;
        self.point = true;
        Ok(())
    }

    fn rewind(&mut self) -> Result<(), SqlError> {
        self.outside_of_transactions()?;
        if !self.point {
            return Err(SqlError::refused("there is no point to rewind to"));
        }
        if self.reshaped {
            self.forget_statements();
            self.reshaped = false;
        }
        if self.connection.is_autocommit() {
            // SQLite has rolled back to the point by itself, and taken the savepoint with it.
            self.control(SET_POINT)?;
            self.lost.take();
        } else {
            self.control(REWIND)?;
        }
        self.changed.append(&mut self.changed_since_point);
        Ok(())
    }
}

impl Database {
    /// Commits what was written since the rewind point, and forgets the point; nothing, where none is set.
    ///
    /// # Errors
    /// [`SqlError`]. Where SQLite has rolled back what was to be committed, [`Self::is_lost`] tells so.
    pub fn commit_point(&mut self) -> Result<(), SqlError> {
        self.outside_of_transactions()?;
        self.still_within()?;
        if self.point {
            self.control(FORGET_POINT)?;
            self.forget_point();
        }
        Ok(())
    }

    /// Whether a rewind point is set.
    #[must_use]
    pub const fn has_point(&self) -> bool {
        self.point
    }

    /// Whether SQLite has rolled back by itself, so that everything fails until the outermost transaction has
    /// ended or the rewind point was gone back to.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.borrow().is_some()
    }

    fn outside_of_transactions(&self) -> Result<(), SqlError> {
        if self.depth == 0 {
            Ok(())
        } else {
            Err(SqlError::refused("the rewind point lies outside of every transaction"))
        }
    }

    fn forget_point(&mut self) {
        self.point = false;
        self.reshaped = false;
        self.changed_since_point.clear();
    }
}
