//! `backup`: a folder with a consistent file of each store, and a manifest.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::json;
use syncline_engine::Room;
use syncline_engine::protocol::{Digest, StoreId};
use syncline_sqlite::Database;

use super::Cx;
use super::failure::{Failure, Kind};
use super::manifest::{CopyError, Held, Manifest, Unfinished, copy, digest, file_of};
use super::output::{bar, line};
use super::source::{Source, SourceArgs, store_id};

#[derive(Args)]
#[command(after_help = "Examples:
  syncline backup /backups/monday --token \"$OPERATOR_TOKEN\"
  syncline backup /backups/tuesday --since /backups/monday
  syncline backup /backups/last --data /var/lib/syncline      (no server is running)")]
pub(crate) struct BackupArgs {
    /// The folder to make
    target: PathBuf,
    /// Only these stores [default: all]
    #[arg(long, value_name = "ID", value_parser = store_id)]
    store: Vec<StoreId>,
    /// A former backup: what has not changed since is taken from there
    #[arg(long, value_name = "BACKUP")]
    since: Option<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
}

/// A former backup.
struct Former {
    path: PathBuf,
    manifest: Manifest,
}

pub(crate) fn run(cx: &Cx, args: BackupArgs) -> Result<(), Failure> {
    let BackupArgs { target, store, since, source } = args;
    let former = match since {
        Some(path) => Some(Former { manifest: Manifest::read(&path)?, path }),
        None => None,
    };
    let source = source.open(cx.rules)?;
    let stores = source.stores(store)?;
    let unfinished = Unfinished::begin(&target, false)?;
    let progress = bar(Some(stores.len() as u64), "stores", false);
    let (mut held, mut kept) = (Vec::new(), 0);
    for store in stores {
        let path = file_of(unfinished.path(), &store);
        let reused = match &former {
            Some(former) => reuse(&source, former, &store, &path)?,
            None => None,
        };
        kept += usize::from(reused.is_some());
        held.push(match reused {
            Some(reused) => reused,
            None => fetch(&source, &store, &path)?,
        });
        progress.inc(1);
    }
    let bytes: u64 = held.iter().map(|held| held.bytes).sum();
    let count = held.len();
    Manifest::new(held).write(unfinished.path())?;
    unfinished.finish()?;
    progress.finish_and_clear();
    if cx.json {
        line(&json!({ "backup": target, "stores": count, "unchanged": kept, "bytes": bytes }).to_string())?;
    } else {
        line(&format!("{}: {count} stores, {kept} of them unchanged, {bytes} bytes", target.display()))?;
    }
    Ok(())
}

/// What a former backup has of a store that has not changed since; nothing, where its file is not whole.
fn reuse(source: &Source, former: &Former, store: &StoreId, path: &Path) -> Result<Option<Held>, Failure> {
    let Some(held) = former.manifest.stores.iter().find(|held| held.store == *store) else { return Ok(None) };
    if stamp(source, store)? != held.stamp {
        return Ok(None);
    }
    let from = file_of(&former.path, store);
    if digest(&from, |_| {}).ok() != Some((held.bytes, held.sha256)) {
        eprintln!("warning: {} is damaged: the store is copied anew", from.display());
        return Ok(None);
    }
    // Backups are never written to, so one file serves both; on another file system it is copied.
    if std::fs::hard_link(&from, path).is_err() {
        let copied = std::fs::copy(&from, path).and_then(|_| File::open(path)?.sync_all());
        copied.map_err(|error| Failure::at(path, error))?;
    }
    Ok(Some(held.clone()))
}

fn stamp(source: &Source, store: &StoreId) -> Result<Digest, Failure> {
    #[derive(Deserialize)]
    struct Info {
        stamp: Digest,
    }
    match source {
        Source::Server(remote) => {
            let info: Info = remote.json(remote.get(&format!("/stores/{store}/info"))?)?;
            Ok(info.stamp)
        }
        Source::Directory(local) => Ok(Room::stamp(&local.database(store)?)?),
    }
}

/// Copies a store, and looks at what has come.
pub(crate) fn fetch(source: &Source, store: &StoreId, path: &Path) -> Result<Held, Failure> {
    let failed = |error: std::io::Error| Failure::at(path, error);
    let (bytes, sha256) = match source {
        Source::Server(remote) => {
            let mut response = remote.get(&format!("/stores/{store}/file"))?;
            let length = response.body().content_length();
            let progress = bar(length, store.as_str(), true);
            let mut file = File::create_new(path).map_err(failed)?;
            let body = Counted { body: response.body_mut().as_reader(), progress: &progress };
            let copied = copy(body, &mut file, |_| {}).map_err(|error| match error {
                CopyError::From(error) => remote.broken(error),
                CopyError::To(error) => failed(error),
            })?;
            progress.finish_and_clear();
            if length.is_some_and(|length| length != copied.0) {
                return Err(remote.broken(format!("the file of {store} ends before it should")));
            }
            file.sync_all().map_err(failed)?;
            copied
        }
        Source::Directory(local) => {
            local.database(store)?.copy_to(path)?;
            digest(path, |_| {}).map_err(failed)?
        }
    };
    let db = Database::open_copy(path)?;
    db.check()?;
    let Some((incarnation, head)) = Room::life(&db)? else {
        return Err(Failure::new(Kind::Unsound, format!("{store} holds no log")));
    };
    Ok(Held { store: store.clone(), incarnation, head, stamp: Room::stamp(&db)?, bytes, sha256 })
}

struct Counted<'a, R> {
    body: R,
    progress: &'a ProgressBar,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.body.read(into)?;
        self.progress.inc(count as u64);
        Ok(count)
    }
}
