//! One scenario of room, leader, replica and session that every host plays: the same log, the same
//! verdicts, the same states, to the byte.
//!
//! A Durable Object has one database and no rewind point. So the room plays first, with clients that
//! are a script; what it said is then told to a leader with a replica, which must push what the script
//! did; and where there is a rewind point, what the leader said is told to a session.

mod client;
mod player;
mod room;
mod script;
mod session;
mod shelf;
mod state;

use super::{Case, case};
use crate::{Rewind, Sql, SqlError};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Plays the scenario. `db` and `other` may be two handles on one database, where a host has but one;
/// what is in them is lost. `session` is left out where there is no rewind point.
pub fn play(db: &mut dyn Sql, other: &mut dyn Sql, session: Option<&mut dyn Rewind>) -> Vec<Case> {
    let mut cases = Vec::new();
    if let Err(error) = play_all(db, other, session, &mut cases) {
        cases.push(case("the scenario comes to its end", "it does", error.to_string()));
    }
    cases
}

fn play_all(
    db: &mut dyn Sql,
    other: &mut dyn Sql,
    session: Option<&mut dyn Rewind>,
    cases: &mut Vec<Case>,
) -> Result<()> {
    clear(db)?;
    clear(other)?;
    let heard = room::play(db, cases)?;
    clear(db)?;
    let told = client::play(db, other, &heard, cases)?;
    if let Some(session) = session {
        clear(session)?;
        session::play(session, &told, cases)?;
    }
    clear(db)?;
    Ok(clear(other)?)
}

/// Drops every table that the scenario makes.
fn clear(db: &mut dyn Sql) -> std::result::Result<(), SqlError> {
    crate::state::drop_all(db)?;
    let own = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'syncline_*' ORDER BY name";
    for row in db.query(own, &[])? {
        db.run_script(&format!("DROP TABLE {}", row.get::<String>(0)?))?;
    }
    Ok(())
}
