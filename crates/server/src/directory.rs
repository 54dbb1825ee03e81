//! The data directory: one server's, with a file for each store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use syncline_engine::protocol::StoreId;
use thiserror::Error;

/// Why a directory cannot be served.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// Another server has it.
    #[error("another server serves {0}: one directory is for one server")]
    InUse(PathBuf),
    /// It cannot be written.
    #[error("the data directory cannot be written: {path}: {source}")]
    Unusable {
        /// What was tried to be made or opened.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A directory that is locked, until it is released or this is gone.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    lock: File,
}

impl Directory {
    /// Creates what is missing of it.
    pub(crate) fn open(root: &Path) -> Result<Self, DirectoryError> {
        for path in [root, &root.join("stores"), &root.join("journal")] {
            std::fs::create_dir_all(path).map_err(|source| unusable(path, source))?;
        }
        let path = root.join("lock");
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let lock = open.map_err(|source| unusable(&path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DirectoryError::InUse(root.to_owned())),
            Err(TryLockError::Error(source)) => return Err(unusable(&path, source)),
        }
        let directory = Self { root: root.to_owned(), lock };
        // What a former life was making is half made.
        let work = directory.root.join("work");
        if work.exists() {
            std::fs::remove_dir_all(&work).map_err(|source| unusable(&work, source))?;
        }
        // A file may be opened where none can be made, and the other way round.
        for path in [directory.root.join("stores/writable"), directory.root.join("journal/writable")] {
            File::create(&path)
                .and_then(|_| std::fs::remove_file(&path))
                .map_err(|source| unusable(&path, source))?;
        }
        Ok(directory)
    }

    /// Lets another server have it, whoever of this one still knows it.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.lock.unlock()
    }

    /// A store's database.
    pub(crate) fn store(&self, store: &StoreId) -> PathBuf {
        self.root.join("stores").join(format!("{}.db", file_name(store)))
    }

    /// All stores, and the bytes of their files.
    pub(crate) fn stores(&self) -> io::Result<Vec<(StoreId, u64)>> {
        let mut stores = Vec::new();
        for entry in std::fs::read_dir(self.root.join("stores"))? {
            let entry = entry?;
            if let Some(store) = entry.file_name().to_str().and_then(store_of) {
                stores.push((store, entry.metadata()?.len()));
            }
        }
        stores.sort();
        Ok(stores)
    }

    /// Makes new files of stores findable after the end of the machine.
    pub(crate) fn sync_stores(&self) -> io::Result<()> {
        File::open(self.root.join("stores"))?.sync_all()
    }

    /// A place for a file that is not whole yet, on the same file system.
    pub(crate) fn scratch(&self) -> io::Result<Scratch> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = self.root.join("work");
        std::fs::create_dir_all(&folder)?;
        Ok(Scratch(folder.join(NUMBER.fetch_add(1, Ordering::Relaxed).to_string())))
    }

    pub(crate) fn journal(&self, shard: usize) -> PathBuf {
        self.root.join("journal").join(format!("{shard}.log"))
    }

    /// The journals that are there, of however many shards a former life had.
    pub(crate) fn journals(&self) -> io::Result<Vec<PathBuf>> {
        let mut journals = Vec::new();
        for entry in std::fs::read_dir(self.root.join("journal"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                journals.push(path);
            }
        }
        journals.sort();
        Ok(journals)
    }

    /// Keeps a journal for whoever looks into it; where it is now.
    pub(crate) fn set_aside(&self, journal: &Path, generation: u64) -> io::Result<PathBuf> {
        let directory = self.root.join("journal/aside");
        std::fs::create_dir_all(&directory)?;
        let name = journal.file_stem().unwrap_or_default().to_string_lossy();
        let mut kept = directory.join(format!("{name}-{generation}.log"));
        let mut copies = 1;
        while kept.exists() {
            kept = directory.join(format!("{name}-{generation}-{copies}.log"));
            copies += 1;
        }
        std::fs::rename(journal, &kept)?;
        File::open(&directory)?.sync_all()?;
        Ok(kept)
    }
}

/// A file that is gone with this, unless it has got its place.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed goes with the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn unusable(path: &Path, source: io::Error) -> DirectoryError {
    DirectoryError::Unusable { path: path.to_owned(), source }
}

/// A store's id as a name that every file system takes and tells from all others, also where case is folded
/// or names such as `con` are devices: capitals are marked, and there is always something before it.
pub(crate) fn file_name(store: &StoreId) -> String {
    let mut name = "store-".to_owned();
    for c in store.as_str().chars() {
        if c.is_ascii_uppercase() {
            name.push('+');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

pub(crate) fn store_of(file: &str) -> Option<StoreId> {
    let name = file.strip_prefix("store-")?.strip_suffix(".db")?;
    let mut id = String::with_capacity(name.len());
    let mut capital = false;
    for c in name.chars() {
        match c {
            '+' => capital = true,
            c => id.push(if std::mem::take(&mut capital) { c.to_ascii_uppercase() } else { c }),
        }
    }
    StoreId::parse(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_stores_have_two_files_where_case_is_folded_too() {
        let name = |id: &str| file_name(&StoreId::parse(id).unwrap());
        let ids = ["a", "A", "aa", "Aa", "aA", "AA", "con", "CON", "-", "--", "_"];
        let mut names: Vec<String> = ids.iter().map(|id| name(id).to_lowercase()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), ids.len());
        assert_eq!(name("Team-1_x"), "store-+team-1_x");
        for id in ids {
            assert_eq!(store_of(&format!("{}.db", name(id))).unwrap().as_str(), id);
        }
        assert_eq!(store_of("store-a.db-wal"), None);
    }

    #[test]
    fn a_directory_has_one_server_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let first = Directory::open(root.path()).unwrap();
        assert!(matches!(Directory::open(root.path()), Err(DirectoryError::InUse(_))));
        drop(first);
        Directory::open(root.path()).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("stores"), "a file").unwrap();
        let error = Directory::open(root.path()).unwrap_err().to_string();
        assert!(error.contains("cannot be written") && error.contains("stores"), "{error}");
    }
}
