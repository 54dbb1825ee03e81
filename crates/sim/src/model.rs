//! The model that is simulated: a club with members, notes, links between notes and a stock.
//!
//! It has a rule of every kind: UNIQUE, CHECK and FOREIGN KEY in its tables; membership, authorship and
//! a clock in `check`. Its state is sensitive to order (`trail`), but not to doubling: an event that is
//! applied twice must be found by whoever looks for it, not refused by the tables. Three versions of it
//! differ as versions of an app do.

pub(crate) mod crash;
mod event;
mod fact;
mod first;
mod second;
mod third;

use syncline_engine::{Query, Rejection, Rules, Sql, SqlError};

pub use event::ModelNo;
pub use fact::{Fact, Made};
pub(crate) use fact::{subject, title};

/// The rules of a version.
#[must_use]
pub fn rules(version: ModelNo) -> Rules {
    match version {
        ModelNo::First => Rules::of::<first::Club>(),
        ModelNo::Second => Rules::of::<second::Club>(),
        ModelNo::Third => Rules::of::<third::Club>(),
    }
}

/// The longest title that the tables take.
pub(crate) const TITLE: usize = 3;
/// What the stock holds at most.
pub(crate) const STOCK: i64 = 9;
/// The trail's modulus: small enough for every host's integers.
pub(crate) const TRAIL: i64 = 1_000_003;

/// The shop is shut a quarter of the time.
pub(crate) const fn is_shut(now: u64) -> bool {
    now % 256 >= 192
}

/// Whether an author is a member, which most events ask for.
fn members_only(author: &str, db: &dyn Query) -> Result<(), Rejection> {
    if db.exists("SELECT 1 FROM members WHERE name = ?1", &[author.into()])? {
        Ok(())
    } else {
        Err(Rejection::new("members-only", "Only members may do this."))
    }
}

fn author_only(note: i64, author: &str, db: &dyn Query) -> Result<(), Rejection> {
    match db.value::<String>("SELECT author FROM notes WHERE id = ?1", &[note.into()])? {
        None => Err(Rejection::new("no-such-note", "There is no such note.")),
        Some(owner) if owner != author => {
            Err(Rejection::new("not-the-author", "Only its author may change a note."))
        }
        Some(_) => Ok(()),
    }
}

fn known_member(member: &str, db: &dyn Query) -> Result<(), Rejection> {
    if db.exists("SELECT 1 FROM members WHERE name = ?1", &[member.into()])? {
        Ok(())
    } else {
        Err(Rejection::new("no-such-member", "There is no such member."))
    }
}

fn open_shop(now: u64) -> Result<(), Rejection> {
    if is_shut(now) { Err(Rejection::new("shop-shut", "The shop is shut.")) } else { Ok(()) }
}

/// What every event does: the trail remembers the order of all that happened.
fn trail(id: u32, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO trail (one, hash, events) VALUES (1, ?1, 1)
            ON CONFLICT (one) DO UPDATE SET hash = (hash * 31 + ?1) % 1000003, events = events + 1",
        &[(i64::from(id) % TRAIL).into()],
    )
}

fn join(member: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("INSERT INTO members (name) VALUES (?1)", &[member.into()])
}

fn remove_member(member: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("DELETE FROM members WHERE name = ?1", &[member.into()])
}

fn rename_note(note: i64, title: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("UPDATE notes SET title = ?2 WHERE id = ?1", &[note.into(), title.into()])
}

fn drop_note(note: i64, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("DELETE FROM notes WHERE id = ?1", &[note.into()])
}

fn link_notes(from: i64, to: i64, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("INSERT INTO links (source, target) VALUES (?1, ?2)", &[from.into(), to.into()])
}

fn move_stock(by: i64, db: &mut dyn Sql) -> Result<(), SqlError> {
    // No upsert: SQLite holds its CHECK against the row to be inserted, even where there is one already.
    db.execute("INSERT INTO stock (one, pieces) SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM stock)", &[])?;
    db.execute("UPDATE stock SET pieces = pieces + ?1", &[by.into()])
}
