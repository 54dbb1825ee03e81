//! What a backup says of itself: its stores, where each log stood, and what its file has to be.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{Digest, Hasher, Incarnation, Seq, StoreId};

use super::failure::{Failure, Kind};
use crate::directory::file_name;

pub(crate) const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "syncline-backup-1";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: String,
    /// Milliseconds since 1970.
    pub(crate) made: u64,
    pub(crate) stores: Vec<Held>,
}

/// A store of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) store: StoreId,
    pub(crate) incarnation: Incarnation,
    pub(crate) head: Seq,
    /// Of what the store held: the same, as long as it has not changed.
    pub(crate) stamp: Digest,
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
}

impl Manifest {
    pub(crate) fn new(stores: Vec<Held>) -> Self {
        Self { format: FORMAT.to_owned(), made: crate::clock::now().get(), stores }
    }

    pub(crate) fn read(backup: &Path) -> Result<Self, Failure> {
        let path = backup.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::at(&path, error))?;
        let unsound = |why: String| Failure::new(Kind::Unsound, format!("{}: {why}", path.display()));
        let manifest: Self = serde_json::from_str(&text).map_err(|error| unsound(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(unsound(format!("it is of the format {:?}, not {FORMAT}", manifest.format)));
        }
        Ok(manifest)
    }

    /// Durably, and after everything that it speaks of.
    pub(crate) fn write(&self, backup: &Path) -> Result<(), Failure> {
        let path = backup.join(MANIFEST);
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::at(&path, error))?;
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        write().map_err(|error| Failure::at(&path, error))
    }
}

/// Where a backup, or a data directory, has a store's file. It follows from the id, which is never a path.
pub(crate) fn file_of(root: &Path, store: &StoreId) -> PathBuf {
    root.join("stores").join(format!("{}.db", file_name(store)))
}

/// Which side of a copy has failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    From(std::io::Error),
    To(std::io::Error),
}

/// Copies all that there is to read; how many bytes, and their digest.
pub(crate) fn copy(
    mut from: impl Read,
    to: &mut impl Write,
    mut progress: impl FnMut(u64),
) -> Result<(u64, Digest), CopyError> {
    let (mut bytes, mut hasher) = (0, Hasher::default());
    let mut part = vec![0; 256 << 10];
    loop {
        let count = from.read(&mut part).map_err(CopyError::From)?;
        let Some(read) = part.get(..count).filter(|read| !read.is_empty()) else { break };
        hasher.add(read);
        to.write_all(read).map_err(CopyError::To)?;
        bytes += count as u64;
        progress(count as u64);
    }
    Ok((bytes, hasher.finish()))
}

/// The same, and nothing is kept.
pub(crate) fn digest(path: &Path, progress: impl FnMut(u64)) -> std::io::Result<(u64, Digest)> {
    copy(File::open(path)?, &mut std::io::sink(), progress).map_err(|error| match error {
        CopyError::From(error) | CopyError::To(error) => error,
    })
}

/// A folder that gets its name once it is whole. What a killed command has left is made anew.
pub(crate) struct Unfinished {
    part: PathBuf,
    target: PathBuf,
    /// Nobody else makes it at the same time.
    _lock: File,
    lock: PathBuf,
}

impl Unfinished {
    pub(crate) fn begin(target: &Path, may_be_empty: bool) -> Result<Self, Failure> {
        let entries = match std::fs::read_dir(target) {
            Ok(mut entries) => Some(entries.next().is_some()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::at(target, error)),
        };
        if entries == Some(true) || (entries.is_some() && !may_be_empty) {
            let why = if may_be_empty { "is not empty" } else { "is there already" };
            return Err(Failure::new(Kind::Exists, format!("{} {why}", target.display())));
        }
        let beside = |ending: &str| {
            let name = target.file_name().map(|name| name.to_string_lossy().into_owned());
            name.map(|name| target.with_file_name(format!("{name}.{ending}")))
        };
        let (Some(part), Some(lock)) = (beside("part"), beside("lock")) else {
            return Err(Failure::new(Kind::Usage, format!("{} is no name of a folder", target.display())));
        };
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error: std::io::Error| Failure::at(&path, error)
        };
        let file = File::create(&lock).map_err(at(&lock))?;
        if file.try_lock().is_err() {
            let message = format!("another command is making {}", target.display());
            return Err(Failure::new(Kind::InUse, message));
        }
        if part.exists() {
            std::fs::remove_dir_all(&part).map_err(at(&part))?;
        }
        std::fs::create_dir_all(part.join("stores")).map_err(at(&part))?;
        Ok(Self { part, target: target.to_owned(), _lock: file, lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.part
    }

    /// Makes it durable, and gives it its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let done = || {
            File::open(self.part.join("stores"))?.sync_all()?;
            File::open(&self.part)?.sync_all()?;
            std::fs::rename(&self.part, &self.target)?;
            let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
        };
        done().map_err(|error| Failure::at(&self.target, error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Of one that got its name there is nothing left; of another one, what is left is of no use.
        let _ = std::fs::remove_dir_all(&self.part);
        let _ = std::fs::remove_file(&self.lock);
    }
}
