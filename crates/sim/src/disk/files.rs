//! A database in files: what lies in its process's folder when that is killed, also between two of the
//! writes that SQLite makes.
//!
//! A commit appends frames to the write-ahead log: a header, a page, the next header. A checkpoint, and the
//! end of the last connection, writes pages of the database in ascending order, and removes the log after
//! that. So the files as they were before and as they are after tell which writes there were, in which
//! order, and what lay there after each. (This is the order of SQLite's system calls, as seen in a trace.)

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use syncline_engine::{HostFailure, SqlError};
use syncline_sqlite::{Database, Durability};

use super::{Disk, Troubles};

/// The header of a write-ahead log, and of each frame in it.
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// SQLite's page, where nobody asks for another.
const PAGE: usize = 4096;

/// Where a database lies.
#[derive(Debug)]
pub(crate) struct Files {
    /// Of one life of a process; the next one's has one letter more.
    folder: PathBuf,
    name: &'static str,
    durability: Durability,
}

/// What a database's files hold.
#[derive(Clone)]
pub(crate) struct Image {
    db: Vec<u8>,
    /// None where there is no such file.
    wal: Option<Vec<u8>>,
}

/// One write to one of the files.
enum Write {
    Wal(Range<usize>),
    Db(Range<usize>),
    RemoveWal,
}

/// What SQLite did to the files in one go.
pub(crate) struct Writes {
    before: Image,
    after: Image,
    writes: Vec<Write>,
}

impl Files {
    pub(crate) fn new(root: &Path, process: &str, name: &'static str, durability: Durability) -> Self {
        Self { folder: root.join(process), name, durability }
    }

    /// Opens the database as a process does that starts.
    pub(crate) fn open(&self) -> Result<Database, SqlError> {
        fs::create_dir_all(&self.folder).map_err(|error| failed(&error))?;
        let db = Database::open_file(self.path(""), self.durability)?;
        db.check()?;
        Ok(db)
    }

    /// The files as they lie there.
    pub(crate) fn image(&self) -> Result<Image, SqlError> {
        let db = fs::read(self.path("")).map_err(|error| failed(&error))?;
        Ok(Image { db, wal: read_if_there(&self.path("-wal"))? })
    }

    /// What SQLite has done to them since.
    pub(crate) fn writes_since(&self, before: Image) -> Result<Writes, SqlError> {
        Ok(Writes::between(before, self.image()?))
    }

    /// Copies the folder as it lies there, but for what is only of use to a process that lives; of this
    /// database, what it is to be instead.
    pub(crate) fn copy(&self, instead: Option<Image>) -> Result<(), SqlError> {
        self.try_copy(instead).map_err(|error| failed(&error))
    }

    fn try_copy(&self, instead: Option<Image>) -> io::Result<()> {
        let next = self.next();
        fs::create_dir_all(&next)?;
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            if !file.file_name().to_string_lossy().ends_with("-shm") {
                fs::copy(file.path(), next.join(file.file_name()))?;
            }
        }
        let Some(Image { db, wal }) = instead else { return Ok(()) };
        fs::write(next.join(self.name), db)?;
        let path = next.join(format!("{}-wal", self.name));
        match wal {
            Some(wal) => fs::write(path, wal),
            None if path.exists() => fs::remove_file(path),
            None => Ok(()),
        }
    }

    /// From now on it is about the copy.
    pub(crate) fn move_to_copy(&mut self) {
        self.folder = self.next();
    }

    fn next(&self) -> PathBuf {
        let mut next = self.folder.clone().into_os_string();
        next.push("'");
        next.into()
    }

    fn path(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!("{}{suffix}", self.name))
    }
}

impl Disk {
    /// In files, where a killed process leaves what lies there.
    pub(crate) fn in_files(files: Files) -> Result<Self, SqlError> {
        let db = files.open()?;
        Ok(Self { db, troubles: Troubles { files: Some(files), ..Troubles::default() } })
    }

    /// The next process opens what the killed one has left.
    pub(crate) fn resume(&mut self) -> Result<(), SqlError> {
        if let Some(files) = &mut self.troubles.files {
            files.move_to_copy();
            self.db = files.open()?;
        }
        Ok(())
    }

    /// The process closes the database, if that is in files, and the next one opens it.
    pub(crate) fn reopen(&mut self) -> Result<(), SqlError> {
        if self.troubles.files.is_none() {
            return Ok(());
        }
        let begun = self.troubles.before_durable()?;
        self.db = Database::open_memory()?;
        self.troubles.behind(begun)?;
        if let Some(files) = self.troubles.files.as_ref().filter(|_| !self.troubles.dead) {
            self.db = files.open()?;
        }
        Ok(())
    }
}

impl Writes {
    fn between(before: Image, after: Image) -> Self {
        let mut writes = Vec::new();
        if let Some(wal) = &after.wal {
            let old = before.wal.as_deref().unwrap_or_default();
            writes.extend(changed(old, wal, &frames(wal.len())).map(Write::Wal));
        }
        let pages: Vec<Range<usize>> =
            (0..after.db.len()).step_by(PAGE).map(|start| start..start + PAGE).collect();
        writes.extend(changed(&before.db, &after.db, &pages).map(Write::Db));
        if before.wal.is_some() && after.wal.is_none() {
            writes.push(Write::RemoveWal);
        }
        Self { before, after, writes }
    }

    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    /// The files after the first few of the writes.
    pub(crate) fn after(&self, many: usize) -> Image {
        let mut image = self.before.clone();
        for write in self.writes.iter().take(many) {
            match write {
                Write::Wal(range) => {
                    let wal = self.after.wal.as_deref().unwrap_or_default();
                    put(image.wal.get_or_insert_default(), wal, range);
                }
                Write::Db(range) => put(&mut image.db, &self.after.db, range),
                Write::RemoveWal => image.wal = None,
            }
        }
        image
    }
}

/// The parts of a write-ahead log of a size that SQLite writes one by one.
fn frames(size: usize) -> Vec<Range<usize>> {
    let frames = (WAL_HEADER..size).step_by(FRAME_HEADER + PAGE);
    let parts = frames.flat_map(|start| {
        let page = start + FRAME_HEADER;
        [start..page, page..page + PAGE]
    });
    std::iter::once(0..WAL_HEADER).chain(parts).collect()
}

/// The parts that are not as they were.
fn changed(old: &[u8], new: &[u8], parts: &[Range<usize>]) -> impl Iterator<Item = Range<usize>> {
    parts
        .iter()
        .filter(|part| !new.is_empty() && old.get((*part).clone()) != new.get((*part).clone()))
        .cloned()
}

fn put(file: &mut Vec<u8>, new: &[u8], range: &Range<usize>) {
    let Some(bytes) = new.get(range.clone()) else { return };
    if file.len() < range.end {
        file.resize(range.end, 0);
    }
    if let Some(place) = file.get_mut(range.clone()) {
        place.copy_from_slice(bytes);
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, SqlError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &io::Error) -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message: format!("a file of the simulation: {error}") }
}

#[cfg(test)]
mod tests {
    use syncline_engine::{Query, Sql, nested};

    use super::*;

    fn count(db: &dyn Query) -> i64 {
        db.value("SELECT count(*) FROM t", &[]).unwrap().unwrap()
    }

    /// What is there after so many of the writes, as the next process finds it.
    fn found(files: &Files, writes: &Writes, many: usize) -> i64 {
        files.copy(Some(writes.after(many))).unwrap();
        let next =
            Files { folder: files.next(), ..Files::new(Path::new(""), "", files.name, files.durability) };
        let found = count(&next.open().unwrap());
        fs::remove_dir_all(&next.folder).unwrap();
        found
    }

    #[test]
    fn a_commit_is_there_after_its_last_write_and_stays_through_a_checkpoint() {
        let root = tempfile::tempdir().unwrap();
        let files = Files::new(root.path(), "process", "a.db", Durability::Full);
        let mut db = files.open().unwrap();
        db.run_script("CREATE TABLE t (a TEXT) STRICT").unwrap();
        let before = files.image().unwrap();
        let long = "x".repeat(10_000);
        let insert = |db: &mut dyn Sql| db.execute("INSERT INTO t VALUES (?1)", &[(&long).into()]);
        nested(&mut db, |db| insert(db).and_then(|()| insert(db))).unwrap();
        let commit = files.writes_since(before).unwrap();
        assert!(commit.len() > 8, "{} writes", commit.len());
        for many in 0..=commit.len() {
            let rows = if many == commit.len() { 2 } else { 0 };
            assert_eq!(found(&files, &commit, many), rows, "after {many} of {} writes", commit.len());
        }
        let before = files.image().unwrap();
        drop(db);
        let close = files.writes_since(before).unwrap();
        assert!(close.len() > 4, "{} writes", close.len());
        for many in 0..=close.len() {
            assert_eq!(found(&files, &close, many), 2, "after {many} of {} writes", close.len());
        }
    }
}
