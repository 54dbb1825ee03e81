//! A disk: a database whose writes are counted, and can fail, or be the last that its process does.

use std::fmt;
use std::str::FromStr;

use syncline_engine::{Flow, HostFailure, Param, Query, Row, Sql, SqlError};
use syncline_sqlite::Database;

/// What happens at a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No room: SQLite rolls the whole transaction back by itself.
    Full,
    /// The statement fails; the transaction is still there.
    Error,
    /// The process ends there.
    Kill,
}

/// A database with troubles to come.
///
/// A point is what lies before a write of a statement, before the end of an outermost transaction, and
/// behind it: there, the transaction is durable, and its process may not live to tell.
pub struct Disk {
    db: Database,
    troubles: Troubles,
}

#[derive(Clone, Copy, Debug, Default)]
struct Troubles {
    /// Points passed so far.
    points: u64,
    planned: Option<(u64, Trouble)>,
    /// Every write fails until there is room again.
    full: bool,
    /// The process that has this disk is gone; whoever goes on with it is a ghost.
    dead: bool,
    /// The outermost transaction was rolled back by SQLite.
    lost: bool,
    /// How often trouble happened.
    happened: [u32; 3],
}

impl Disk {
    /// Over a database.
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db, troubles: Troubles::default() }
    }

    /// The database, for looking at it: a ghost may, too.
    #[must_use]
    pub const fn look(&self) -> &Database {
        &self.db
    }

    /// The database itself, for copies of it.
    pub const fn database(&mut self) -> &mut Database {
        &mut self.db
    }

    /// Puts another content in place, as a restore does.
    pub fn replace(&mut self, db: Database) {
        self.db = db;
    }

    /// Plans trouble for the point `after` further on (0: the next).
    pub const fn plan(&mut self, after: u32, trouble: Trouble) {
        self.troubles.planned = Some((self.troubles.points + after as u64, trouble));
    }

    /// Sets whether there is no room at all.
    pub const fn set_full(&mut self, full: bool) {
        self.troubles.full = full;
    }

    /// Whether there is no room at all.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.troubles.full
    }

    /// Nothing more is planned, and there is room.
    pub const fn heal(&mut self) {
        self.troubles.full = false;
        self.troubles.planned = None;
    }

    /// Whether a plan waits for its point.
    #[must_use]
    pub const fn has_plan(&self) -> bool {
        self.troubles.planned.is_some()
    }

    /// Whether its process was killed at a write; asking takes it back, as the next process begins.
    pub const fn take_dead(&mut self) -> bool {
        std::mem::replace(&mut self.troubles.dead, false)
    }

    /// Whether its process was killed at a write.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        self.troubles.dead
    }

    /// How many points there were.
    #[must_use]
    pub const fn points(&self) -> u64 {
        self.troubles.points
    }

    /// How often a kind of trouble happened.
    #[must_use]
    pub fn happened(&self, trouble: Trouble) -> u32 {
        self.troubles.happened.get(trouble as usize).copied().unwrap_or_default()
    }
}

impl Troubles {
    /// Passes the point before a write, or fails there.
    fn before(&mut self) -> Result<(), SqlError> {
        self.alive()?;
        let due = self.due();
        self.points += 1;
        match due {
            Some(Trouble::Kill) => {
                self.dead = true;
                Err(ended())
            }
            Some(Trouble::Full) => {
                self.lost = true;
                Err(full())
            }
            Some(Trouble::Error) => Err(failed()),
            None if self.full => {
                self.count(Trouble::Full);
                Err(full())
            }
            None => Ok(()),
        }
    }

    /// Passes the point behind a transaction: only the end of the process can happen there.
    fn behind(&mut self) {
        match self.planned {
            Some((at, Trouble::Kill)) if at <= self.points => {
                self.planned = None;
                self.count(Trouble::Kill);
                self.dead = true;
            }
            Some(_) | None => {}
        }
        self.points += 1;
    }

    fn due(&mut self) -> Option<Trouble> {
        let (at, trouble) = self.planned?;
        if at > self.points {
            return None;
        }
        self.planned = None;
        self.count(trouble);
        Some(trouble)
    }

    fn count(&mut self, trouble: Trouble) {
        if let Some(count) = self.happened.get_mut(trouble as usize) {
            *count += 1;
        }
    }

    fn alive(&self) -> Result<(), SqlError> {
        if self.dead {
            Err(ended())
        } else if self.lost {
            Err(full())
        } else {
            Ok(())
        }
    }
}

fn full() -> SqlError {
    SqlError::Host { failure: HostFailure::Full, message: "simulated: no room".to_owned() }
}

fn failed() -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message: "simulated: a write failed".to_owned() }
}

fn ended() -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message: "simulated: the process has ended".to_owned() }
}

impl Query for Disk {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.troubles.alive()?;
        self.db.query(sql, params)
    }
}

impl Sql for Disk {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        self.alone(|db| db.execute(sql, params))
    }

    fn run_script(&mut self, script: &str) -> Result<(), SqlError> {
        self.alone(|db| db.run_script(script))
    }

    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        let Self { db, troubles } = self;
        troubles.alive()?;
        let mut failure = None;
        let mut kept = false;
        let ended = db.in_transaction(&mut |db| {
            let flow = body(&mut Within { db, troubles });
            let end = if flow == Flow::Keep { troubles.before() } else { troubles.alive() };
            kept = flow == Flow::Keep && end.is_ok();
            failure = end.err();
            if kept { Flow::Keep } else { Flow::Undo }
        });
        troubles.lost = false;
        if kept && ended.is_ok() {
            troubles.behind();
        }
        match failure {
            Some(error) => Err(error),
            None => ended,
        }
    }
}

impl Disk {
    /// A statement that is a transaction of its own.
    fn alone(&mut self, run: impl FnOnce(&mut Database) -> Result<(), SqlError>) -> Result<(), SqlError> {
        let passed = self.troubles.before();
        self.troubles.lost = false;
        passed?;
        run(&mut self.db)?;
        self.troubles.behind();
        Ok(())
    }
}

/// The database within a transaction.
struct Within<'a> {
    db: &'a mut dyn Sql,
    troubles: &'a mut Troubles,
}

impl Query for Within<'_> {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.troubles.alive()?;
        self.db.query(sql, params)
    }
}

impl Sql for Within<'_> {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        self.troubles.before()?;
        self.db.execute(sql, params)
    }

    fn run_script(&mut self, script: &str) -> Result<(), SqlError> {
        self.troubles.before()?;
        self.db.run_script(script)
    }

    fn in_transaction(&mut self, body: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        let Self { db, troubles } = self;
        troubles.alive()?;
        db.in_transaction(&mut |db| {
            let flow = body(&mut Within { db, troubles });
            if troubles.alive().is_ok() { flow } else { Flow::Undo }
        })?;
        troubles.alive()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Error => "error",
            Self::Kill => "kill",
        })
    }
}

impl FromStr for Trouble {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Full, Self::Error, Self::Kill]
            .into_iter()
            .find(|trouble| trouble.to_string() == text)
            .ok_or_else(|| format!("no trouble: {text:?}"))
    }
}
