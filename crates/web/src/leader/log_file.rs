//! The file with log and outbox. One that is damaged is kept as it is; the next in number takes its place,
//! with what could be read of it.

use syncline_engine::{HostFailure, Leader, LeaderConfig, Salvage, SqlError};
use syncline_sqlite::{Database, Durability};

use super::files::Files;

/// How many damaged files there may be before nothing more is tried.
const MOST: u32 = 3;

/// Opens the newest file, or the one after it where that is damaged.
pub(super) fn open(
    files: &Files,
    config: LeaderConfig,
    durability: Durability,
) -> Result<(Database, Leader), SqlError> {
    let newest = newest(files)?;
    let opened = sound(files, newest, durability).and_then(|mut db| {
        // One that is empty was begun in place of a damaged one, and not finished.
        if newest > 0 && Leader::is_new(&mut db)? {
            return replace(files, newest, db, config.clone());
        }
        let leader = Leader::open(&mut db, config.clone())?;
        Ok((db, leader))
    });
    match opened {
        Err(SqlError::Host { failure: HostFailure::Corrupt, .. }) if newest < MOST => {
            let db = files.open(&name(newest + 1), durability)?;
            replace(files, newest + 1, db, config)
        }
        opened => opened,
    }
}

/// Removes all of them.
pub(super) fn remove(files: &Files) -> Result<(), SqlError> {
    (0..=MOST).try_for_each(|number| files.remove(&name(number)).map(drop))
}

fn sound(files: &Files, number: u32, durability: Durability) -> Result<Database, SqlError> {
    let db = files.open(&name(number), durability)?;
    db.check()?;
    Ok(db)
}

fn replace(
    files: &Files,
    number: u32,
    mut db: Database,
    config: LeaderConfig,
) -> Result<(Database, Leader), SqlError> {
    let damaged = name(number - 1);
    let salvage = files.open(&damaged, Durability::Normal).ok().and_then(|db| Salvage::read(&db));
    let leader = Leader::open_in_place_of(&mut db, config, salvage, &damaged)?;
    Ok((db, leader))
}

fn newest(files: &Files) -> Result<u32, SqlError> {
    let mut newest = 0;
    for number in 1..=MOST {
        if files.exists(&name(number))? {
            newest = number;
        }
    }
    Ok(newest)
}

fn name(number: u32) -> String {
    if number == 0 { "log.db".to_owned() } else { format!("log-{number}.db") }
}
