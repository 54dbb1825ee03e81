//! What former lives have left in their journals is played back into the stores' files, before anybody is
//! served. What does not fit is kept and named; it keeps no server from starting (always-boots).

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use syncline_engine::protocol::StoreId;
use syncline_engine::{Record, Replayed, Room, Rules, SqlError, nested};
use syncline_sqlite::{Database, Durability};
use tracing::{error, info};

use crate::clock;
use crate::directory::Directory;
use crate::journal::{self, Contents, Entry, Generations};

/// Plays all journals back. Their stores have what they say, durably, when it returns.
///
/// # Errors
/// When a journal can neither be read nor put aside: nothing may be written over it.
pub(crate) fn recover(directory: &Directory, rules: Rules) -> io::Result<Generations> {
    let mut journals = Vec::new();
    for path in directory.journals()? {
        journals.push((journal::generation_of(&path)?, path));
    }
    // A store may have been another shard's before: what was decided first comes first.
    journals.sort();
    // Also above what a damaged header would have said.
    let mut last = clock::now().get();
    for (generation, path) in journals {
        last = last.max(generation);
        replay_file(directory, rules, generation, &path)?;
    }
    Ok(Generations::after(last))
}

fn replay_file(directory: &Directory, rules: Rules, generation: u64, path: &Path) -> io::Result<()> {
    let Contents { entries, damage } = journal::read(path)?;
    let mut whole = damage.is_none();
    if let Some(damage) = damage {
        error!(journal = %path.display(), "the journal is damaged: {damage}");
    }
    let count = entries.len();
    let mut of_stores: BTreeMap<StoreId, Vec<Record>> = BTreeMap::new();
    for Entry { store, record } in entries {
        of_stores.entry(store).or_default().push(record);
    }
    let mut replayed = 0;
    for (store, records) in of_stores {
        match catch_unwind(AssertUnwindSafe(|| replay_store(directory, rules, &store, &records))) {
            Ok(Ok(told)) => {
                replayed += told.done;
                whole &= told.whole;
            }
            Ok(Err(error)) => {
                error!(%store, "its journal cannot be played back: {error}");
                whole = false;
            }
            Err(_) => {
                error!(%store, "its journal cannot be played back: the model has crashed");
                whole = false;
            }
        }
    }
    directory.sync_stores()?;
    info!(journal = %path.display(), generation, records = count, replayed, "a journal was played back");
    if !whole {
        let kept = directory.set_aside(path, generation)?;
        error!(journal = %kept.display(), "what could not be played back is kept here, and read by nobody");
    }
    Ok(())
}

struct Told {
    done: usize,
    /// Whether the store has all of it now.
    whole: bool,
}

fn replay_store(
    directory: &Directory,
    rules: Rules,
    store: &StoreId,
    records: &[Record],
) -> Result<Told, SqlError> {
    let mut told = Told { done: 0, whole: true };
    let Some(first) = records.first() else { return Ok(told) };
    let path = directory.store(store);
    if !path.exists() && first.before().get() > 0 {
        error!(%store, "its file is gone, and the journal has only what was decided after {}", first.before());
        return Ok(Told { whole: false, ..told });
    }
    let mut db = Database::open_file(&path, Durability::Normal)?;
    // A file that was not yet durable is made anew in the same life of the log.
    let mut room = Room::open(&mut db, rules, store.clone(), first.incarnation().clone())?;
    let replayed: Vec<Replayed> =
        nested(&mut db, |db| records.iter().map(|record| room.replay(db, record)).collect::<Result<_, _>>())?;
    let mut aside = 0;
    for replayed in replayed {
        match replayed {
            Replayed::Done => told.done += 1,
            Replayed::Known => {}
            Replayed::Aside(why) => {
                if aside == 0 {
                    error!(%store, "a record of its journal is set aside: {why}");
                }
                aside += 1;
            }
        }
    }
    if aside > 0 {
        error!(%store, records = aside, "records of its journal are set aside");
        told.whole = false;
    }
    db.checkpoint()?;
    Ok(told)
}
