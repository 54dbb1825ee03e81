//! Databases in memory whose changed blocks can be taken, for a host that keeps them where nothing can be read or
//! written at once, such as IndexedDB.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rusqlite::{Connection, OpenFlags};
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_rs::vfs::{
    AccessMode, LockLevel, MemChunksFile, OpenAccess, OpenOptions, OpenRequest, OpenedFile, RegisterVfsError,
    SQLiteIoMethods, SQLiteVfs, SyncOptions, VfsError, VfsErrorCode, VfsFile, VfsResult, VfsStore,
    register_vfs,
};
use syncline_engine::{HostFailure, SqlError};

use crate::Database;
use crate::failure::sql_error;

/// Bytes of a block: four pages. A commit changes few of them, and a database of 100,000 events has few thousand.
const BLOCK: usize = 16 * 1024;

/// A block of a file. The last one of a file may be shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The file's name.
    pub file: String,
    /// Its place in the file, from 0.
    pub index: u32,
    /// What is in it; nothing where the file has become shorter.
    pub bytes: Option<Vec<u8>>,
}

/// The files of one host, in memory.
#[derive(Clone)]
pub struct Blocks {
    files: Files,
    vfs: String,
}

type Files = Rc<RefCell<BTreeMap<String, Rc<RefCell<File>>>>>;

/// One of no bytes is none.
struct File {
    content: MemChunksFile,
    changed: BTreeSet<u32>,
    /// How many blocks the host has.
    kept: u32,
}

impl Blocks {
    /// What the host has kept, in any order. One host of a name in one wasm, for as long as that lives.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Busy` where the name is taken; `Full` where there is no memory for it.
    pub fn install(name: &str, kept: impl IntoIterator<Item = Block>) -> Result<Self, SqlError> {
        let files = Files::default();
        for Block { file, index, bytes } in kept {
            let bytes = bytes.unwrap_or_default();
            let file = named(&files, &file);
            let mut file = file.borrow_mut();
            file.content
                .write(&bytes, u64::from(index) * BLOCK as u64)
                .map_err(|error| SqlError::Host { failure: HostFailure::Full, message: error.to_string() })?;
            file.kept = file.kept.max(index.saturating_add(1));
        }
        let vfs = format!("blocks:{name}");
        let data = Data { files: Rc::clone(&files), os: WasmOsCallback };
        // SAFETY: the layout and all callbacks are those of the traits. There is one thread, and the files live for as
        // long as the registration, which is never taken back.
        #[expect(unsafe_code, reason = "SQLite is told of the files by pointers")]
        let registered = unsafe { register_vfs::<Methods, Vfs>(&vfs, data, false) };
        match registered {
            Ok(registration) => {
                registration.into_raw();
                Ok(Self { files, vfs })
            }
            Err(error) => {
                let is_taken = matches!(error, RegisterVfsError::NameConflict(_));
                let failure = if is_taken { HostFailure::Busy } else { HostFailure::Other };
                Err(SqlError::Host { failure, message: error.to_string() })
            }
        }
    }

    /// Opens a database, or creates it. One connection to one database. What it has written is as safe as the host has
    /// made what [`Self::take_changed`] returned after it.
    ///
    /// # Errors
    /// [`SqlError::Host`]: `Corrupt` where the file is no database.
    pub fn open(&self, name: &str) -> Result<Database, SqlError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags_and_vfs(name, flags, self.vfs.as_str())
            .map_err(|error| sql_error(&error))?;
        let db = Database::over(connection)?;
        db.own(|connection| {
            connection.execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE;
                 PRAGMA journal_mode = MEMORY;
                 PRAGMA synchronous = OFF;
                 PRAGMA temp_store = MEMORY",
            )
        })?;
        Ok(db)
    }

    /// Whether there is a database of this name.
    #[must_use]
    pub fn exists(&self, name: &str) -> bool {
        exists(&self.files, name)
    }

    /// Deletes a database, which nobody has open; `false` where there is none.
    ///
    /// # Errors
    /// [`SqlError::Host`] when there is no memory for it.
    pub fn remove(&self, name: &str) -> Result<bool, SqlError> {
        let is_there = self.exists(name);
        if is_there {
            emptied(&self.files, name).map_err(|error| SqlError::Host {
                failure: HostFailure::Other,
                message: error.to_string(),
            })?;
        }
        Ok(is_there)
    }

    /// What has changed since this was last asked, or since [`Self::install`]. Outside of any transaction it is a
    /// state that a database was in, once the host has kept all of it.
    ///
    /// # Errors
    /// [`SqlError::Host`] when there is no memory for it.
    pub fn take_changed(&self) -> Result<Vec<Block>, SqlError> {
        let mut taken = Vec::new();
        for (name, file) in self.files.borrow().iter() {
            file.borrow_mut()
                .take_changed(name, &mut taken)
                .map_err(|error| SqlError::Host { failure: HostFailure::Full, message: error.to_string() })?;
        }
        Ok(taken)
    }
}

impl File {
    fn new() -> Self {
        Self { content: MemChunksFile::new(BLOCK), changed: BTreeSet::new(), kept: 0 }
    }

    fn count(&self) -> VfsResult<u32> {
        block_of(self.content.size()?.div_ceil(BLOCK as u64))
    }

    fn take_changed(&mut self, name: &str, taken: &mut Vec<Block>) -> VfsResult<()> {
        let count = self.count()?;
        for index in std::mem::take(&mut self.changed).into_iter().filter(|index| *index < count) {
            let mut bytes = vec![0; BLOCK];
            let length = self.content.read(&mut bytes, u64::from(index) * BLOCK as u64)?;
            bytes.truncate(length);
            taken.push(Block { file: name.to_owned(), index, bytes: Some(bytes) });
        }
        for index in count..self.kept {
            taken.push(Block { file: name.to_owned(), index, bytes: None });
        }
        self.kept = count;
        Ok(())
    }
}

/// The file of a name, which is made where there is none.
fn named(files: &Files, name: &str) -> Rc<RefCell<File>> {
    let mut files = files.borrow_mut();
    let file = files.entry(name.to_owned()).or_insert_with(|| Rc::new(RefCell::new(File::new())));
    Rc::clone(file)
}

fn exists(files: &Files, name: &str) -> bool {
    let files = files.borrow();
    files.get(name).is_some_and(|file| file.borrow().content.size().is_ok_and(|size| size > 0))
}

/// It stays known until the host has been told that its blocks are gone.
fn emptied(files: &Files, name: &str) -> VfsResult<()> {
    named(files, name).borrow_mut().content.truncate(0)
}

fn block_of(number: u64) -> VfsResult<u32> {
    let too_large =
        |_| VfsError::new(VfsErrorCode::Full, "a file is larger than its blocks can count".into());
    u32::try_from(number).map_err(too_large)
}

/// What SQLite has open.
struct Handle(Rc<RefCell<File>>);

impl VfsFile for Handle {
    fn read(&mut self, buf: &mut [u8], offset: u64) -> VfsResult<usize> {
        self.0.borrow_mut().content.read(buf, offset)
    }

    fn write(&mut self, buf: &[u8], offset: u64) -> VfsResult<()> {
        let mut file = self.0.borrow_mut();
        file.content.write(buf, offset)?;
        let last = offset + (buf.len() as u64).saturating_sub(1);
        let blocks = block_of(offset / BLOCK as u64)?..=block_of(last / BLOCK as u64)?;
        file.changed.extend(blocks);
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> VfsResult<()> {
        let mut file = self.0.borrow_mut();
        file.content.truncate(size)?;
        // The block that it now ends in may have become shorter.
        let last = block_of(size / BLOCK as u64)?;
        file.changed.insert(last);
        Ok(())
    }

    fn sync(&mut self, _: SyncOptions) -> VfsResult<()> {
        Ok(())
    }

    fn size(&self) -> VfsResult<u64> {
        self.0.borrow().content.size()
    }

    fn lock(&mut self, _: LockLevel) -> VfsResult<()> {
        Ok(())
    }

    fn unlock(&mut self, _: LockLevel) -> VfsResult<()> {
        Ok(())
    }

    fn check_reserved_lock(&self) -> VfsResult<bool> {
        Ok(false)
    }
}

struct Data {
    files: Files,
    os: WasmOsCallback,
}

struct Store;

impl VfsStore for Store {
    type File = Handle;
    type AppData = Data;

    fn open_file(
        data: &Data,
        OpenRequest { filename, .. }: OpenRequest<'_>,
    ) -> VfsResult<OpenedFile<Handle>> {
        // One without a name is for a moment, and known to nobody else.
        let file = match filename {
            Some(filename) => named(&data.files, filename.path()),
            None => Rc::new(RefCell::new(File::new())),
        };
        Ok(OpenedFile { file: Handle(file), access: OpenAccess::ReadWrite })
    }

    fn close_file(data: &Data, name: Option<&str>, _: Handle, options: OpenOptions) -> VfsResult<()> {
        match name {
            Some(name) if options.delete_on_close() => emptied(&data.files, name),
            Some(_) | None => Ok(()),
        }
    }

    fn access(data: &Data, name: &str, _: AccessMode) -> VfsResult<bool> {
        Ok(exists(&data.files, name))
    }

    fn full_pathname(_: &Data, name: &str) -> VfsResult<String> {
        Ok(name.to_owned())
    }

    fn delete_file(data: &Data, name: &str, _: bool) -> VfsResult<()> {
        emptied(&data.files, name)
    }
}

struct Methods;

impl SQLiteIoMethods for Methods {
    type Store = Store;
}

struct Vfs;

impl SQLiteVfs<Methods> for Vfs {
    type Os = WasmOsCallback;

    fn os(data: &Data) -> &WasmOsCallback {
        &data.os
    }
}
