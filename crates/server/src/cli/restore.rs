//! `restore`: a backup becomes a data directory, each store with another life of its log.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use syncline_engine::Room;
use syncline_engine::protocol::StoreId;
use syncline_sqlite::{Database, Durability};

use super::Cx;
use super::failure::{Failure, Kind};
use super::manifest::{CopyError, Held, Manifest, Unfinished, copy, digest, file_of};
use super::output::{bar, line};
use super::source::store_id;
use crate::shard::incarnation;

#[derive(Args)]
#[command(after_help = "Examples:
  syncline restore /backups/monday --check
  syncline restore /backups/monday --data /var/lib/syncline
  syncline restore /backups/monday --data /tmp/look --store team-1

Every log goes on as another life of itself: clients that were further notice it when they connect, and offer
again what they have. Nothing of the lost part is served as if it were there.")]
pub(crate) struct RestoreArgs {
    /// The folder that `backup` has made
    backup: PathBuf,
    /// The data directory to make; it may be there, if it is empty
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    data: Option<PathBuf>,
    /// Only these stores [default: all]
    #[arg(long, value_name = "ID", value_parser = store_id)]
    store: Vec<StoreId>,
    /// Look whether the backup is whole, and restore nothing
    #[arg(long, conflicts_with = "data")]
    check: bool,
}

pub(crate) fn run(cx: &Cx, args: RestoreArgs) -> Result<(), Failure> {
    let RestoreArgs { backup, data, store, check: _ } = args;
    let Manifest { stores, made, .. } = Manifest::read(&backup)?;
    if let Some(missing) = store.iter().find(|store| !stores.iter().any(|held| held.store == **store)) {
        return Err(Failure::new(Kind::NoStore, format!("the backup has no store {missing}")));
    }
    let wanted: Vec<Held> =
        stores.into_iter().filter(|held| store.is_empty() || store.contains(&held.store)).collect();
    let unfinished = data.as_deref().map(|data| Unfinished::begin(data, true)).transpose()?;
    let progress = bar(Some(wanted.iter().map(|held| held.bytes).sum()), "restoring", true);
    for held in &wanted {
        let into = unfinished.as_ref().map(|unfinished| file_of(unfinished.path(), &held.store));
        put(&backup, held, into.as_deref(), |count| progress.inc(count))?;
    }
    if let Some(unfinished) = unfinished {
        unfinished.finish()?;
    }
    progress.finish_and_clear();
    let count = wanted.len();
    if cx.json {
        line(&json!({ "stores": count, "made": made, "data": data }).to_string())?;
    } else if let Some(data) = data {
        line(&format!("{}: {count} stores, as they were", data.display()))?;
    } else {
        line(&format!("{}: {count} stores, all whole", backup.display()))?;
    }
    Ok(())
}

/// Puts a store's file into its place, if there is one, and looks whether it is what the manifest says.
fn put(backup: &Path, held: &Held, into: Option<&Path>, progress: impl FnMut(u64)) -> Result<(), Failure> {
    let path = file_of(backup, &held.store);
    let copied = match into {
        Some(into) => {
            let file = File::open(&path).map_err(|error| damaged(&path, error))?;
            let mut target = File::create_new(into).map_err(|error| Failure::at(into, error))?;
            copy(file, &mut target, progress).map_err(|error| match error {
                CopyError::From(error) => damaged(&path, error),
                CopyError::To(error) => Failure::at(into, error),
            })?
        }
        None => digest(&path, progress).map_err(|error| damaged(&path, error))?,
    };
    if copied != (held.bytes, held.sha256) {
        return Err(damaged(&path, "it is not what the manifest says"));
    }
    let Some(into) = into else { return Ok(()) };
    let mut db = Database::open_file(into, Durability::Full)?;
    db.check()?;
    if Room::life(&db)? != Some((held.incarnation.clone(), held.head)) {
        return Err(damaged(&path, "its log is not where the manifest says"));
    }
    Room::begin_another_life(&mut db, &incarnation()?)?;
    Ok(db.checkpoint()?)
}

fn damaged(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Unsound, format!("{}: {why}", path.display()))
}
