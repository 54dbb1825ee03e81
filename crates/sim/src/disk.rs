//! A disk: a database whose writes are counted, and can fail, or be the last that its process does.

mod files;

use std::fmt;
use std::str::FromStr;

pub(crate) use files::Files;

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
/// behind it: there, the transaction is durable, and its process may not live to tell. In files there is
/// also what lies between two of the writes by which SQLite makes it durable.
pub struct Disk {
    db: Database,
    troubles: Troubles,
}

/// A point where a process may be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// How many points of statements and transactions come before it.
    pub at: u64,
    /// How many of the writes that follow there are done, in files.
    pub writes: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.writes {
            0 => write!(f, "point {}", self.at),
            writes => write!(f, "point {}, after {writes} writes", self.at),
        }
    }
}

#[derive(Debug, Default)]
struct Troubles {
    /// Where the database lies, if not in memory.
    files: Option<Files>,
    /// Points passed so far, but for those between writes.
    points: u64,
    planned: Option<(u64, Trouble)>,
    /// Where the process is killed, whatever is healed before.
    sworn: Option<Point>,
    /// All points, where they are asked for.
    noted: Option<Vec<Point>>,
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

    /// Its process ends now, in the middle of whatever it does: that was undone.
    pub const fn end(&mut self) {
        self.troubles.dead = true;
        self.troubles.lost = false;
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

    /// Asks for all points, or gives them.
    pub(crate) fn note_points(&mut self) -> Vec<Point> {
        self.troubles.noted.replace(Vec::new()).unwrap_or_default()
    }

    /// Kills the process at a point, even after everything was healed.
    pub(crate) const fn swear(&mut self, point: Point) {
        self.troubles.sworn = Some(point);
    }

    /// How often a kind of trouble happened.
    #[must_use]
    pub fn happened(&self, trouble: Trouble) -> u32 {
        self.troubles.happened.get(trouble as usize).copied().unwrap_or_default()
    }
}

impl Troubles {
    /// Passes the point before a write, or fails there.
    fn before(&mut self) -> Result<Begun, SqlError> {
        self.alive()?;
        let due = self.due();
        let at = self.pass();
        match due {
            Some(Trouble::Kill) => {
                self.die(None)?;
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
            None => Ok(Begun { at, files: None }),
        }
    }

    /// Passes the point before what makes a transaction durable.
    fn before_durable(&mut self) -> Result<Begun, SqlError> {
        let begun = self.before()?;
        let torn = self.sworn.is_some_and(|sworn| sworn.at == begun.at);
        let files = self.files.as_ref().filter(|_| torn || self.noted.is_some());
        Ok(Begun { files: files.map(Files::image).transpose()?, ..begun })
    }

    /// Passes the points between the writes of a transaction, and the one behind it: only the end of the
    /// process can happen there.
    fn behind(&mut self, begun: Begun) -> Result<(), SqlError> {
        if let (Some(files), Some(before)) = (&self.files, begun.files) {
            let writes = files.writes_since(before)?;
            if let Some(noted) = &mut self.noted {
                noted.extend((1..writes.len()).map(|writes| Point { at: begun.at, writes }));
            }
            if let Some(sworn) = self.sworn.take_if(|sworn| sworn.at == begun.at) {
                self.count(Trouble::Kill);
                self.die(Some(writes.after(sworn.writes)))?;
                return Err(ended());
            }
        }
        if let Some((at, Trouble::Kill)) = self.planned
            && at <= self.points
        {
            self.planned = None;
            self.count(Trouble::Kill);
            self.die(None)?;
        } else if self.is_sworn() {
            self.die(None)?;
        }
        self.pass();
        Ok(())
    }

    fn pass(&mut self) -> u64 {
        let at = self.points;
        if let Some(noted) = &mut self.noted {
            noted.push(Point { at, writes: 0 });
        }
        self.points += 1;
        at
    }

    fn die(&mut self, files: Option<files::Image>) -> Result<(), SqlError> {
        self.dead = true;
        self.files.as_ref().map_or(Ok(()), |place| place.copy(files))
    }

    fn is_sworn(&mut self) -> bool {
        let due = self.sworn.take_if(|sworn| *sworn == Point { at: self.points, writes: 0 }).is_some();
        if due {
            self.count(Trouble::Kill);
        }
        due
    }

    fn due(&mut self) -> Option<Trouble> {
        if self.is_sworn() {
            return Some(Trouble::Kill);
        }
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

/// A write that is under way.
struct Begun {
    at: u64,
    /// What lay in the files before, where that is asked for.
    files: Option<files::Image>,
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
        let mut kept = None;
        let ended = db.in_transaction(&mut |db| {
            let flow = body(&mut Within { db, troubles });
            let end = if flow == Flow::Keep {
                troubles.before_durable().map(Some)
            } else {
                troubles.alive().map(|()| None)
            };
            (kept, failure) = end.map_or_else(|error| (None, Some(error)), |kept| (kept, None));
            if kept.is_some() { Flow::Keep } else { Flow::Undo }
        });
        troubles.lost = false;
        match (kept, failure) {
            (Some(begun), _) if ended.is_ok() => troubles.behind(begun),
            (_, Some(error)) => Err(error),
            (_, None) => ended,
        }
    }
}

impl Disk {
    /// A statement that is a transaction of its own.
    fn alone(&mut self, run: impl FnOnce(&mut Database) -> Result<(), SqlError>) -> Result<(), SqlError> {
        let passed = self.troubles.before_durable();
        self.troubles.lost = false;
        let begun = passed?;
        run(&mut self.db)?;
        self.troubles.behind(begun)
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
