//! A shard's journal: one preallocated file that every decided push is appended to, all that were decided
//! together by one write and one `fdatasync`. It stands in for an fsync of each store's own database.
//!
//! Once it is full, the stores are flushed, and it begins again at its start under the next generation. A
//! frame names its generation and its place in it, so that what is left of former generations is never read
//! as part of this one; and as a frame is written only after the one before is durable, a frame that does
//! not read back is the end, or damage where whole frames of its generation come after it.

mod frame;
mod read;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) use frame::Frame;
pub(crate) use read::{Contents, Entry, generation_of, read};

/// The first frame begins here: the header has a block of its own, which no frame tears.
const HEADER_BYTES: u64 = 4096;

const MAGIC: &[u8; 8] = b"syncjrn1";

/// Numbers the generations of all journals of a directory, so that they say which came first.
#[derive(Clone, Debug)]
pub(crate) struct Generations(Arc<AtomicU64>);

impl Generations {
    pub(crate) fn after(last: u64) -> Self {
        Self(Arc::new(AtomicU64::new(last)))
    }

    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A journal that is written to.
pub(crate) struct Journal {
    path: PathBuf,
    bytes: u64,
    generations: Generations,
    /// None while it cannot be written.
    open: Option<Open>,
    /// When it could last not be begun.
    failed: Option<Instant>,
}

/// What could not be begun is not tried again before this: on a full disk that takes a while to find out.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

struct Open {
    file: File,
    generation: u64,
    sequence: u64,
    at: u64,
}

impl Journal {
    /// Whatever the file holds was played back, and is given up.
    pub(crate) fn new(path: PathBuf, bytes: u64, generations: Generations) -> Self {
        Self { path, bytes: bytes.max(2 * HEADER_BYTES), generations, open: None, failed: None }
    }

    /// Whether it can take this frame as it is.
    pub(crate) fn has_room(&self, frame: &Frame) -> bool {
        self.open.as_ref().is_some_and(|open| open.at + frame.size() <= self.bytes)
    }

    /// Makes a frame durable. After an error nothing can be said of the file: it begins anew.
    pub(crate) fn append(&mut self, frame: &mut Frame) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Err(io::Error::other("the journal is not open"));
        };
        let bytes = frame.finish(open.generation, open.sequence);
        let done = open.file.write_all_at(bytes, open.at).and_then(|()| open.file.sync_data());
        match done {
            Ok(()) => {
                open.at += frame.size();
                open.sequence += 1;
                Ok(())
            }
            Err(error) => {
                self.open = None;
                Err(error)
            }
        }
    }

    /// Whether it is worth another try.
    pub(crate) fn may_begin(&self) -> bool {
        self.failed.is_none_or(|failed| failed.elapsed() >= AGAIN_AFTER)
    }

    /// Begins the next generation: what the file holds is in the stores' files, durably.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        let begun = self.begin_generation();
        self.failed = begun.is_err().then(Instant::now);
        begun
    }

    fn begin_generation(&mut self) -> io::Result<()> {
        let file = match self.open.take() {
            Some(open) => open.file,
            None => allocate(&self.path, self.bytes)?,
        };
        let generation = self.generations.next();
        write_header(&file, generation, false)?;
        self.open = Some(Open { file, generation, sequence: 0, at: HEADER_BYTES });
        Ok(())
    }

    /// Notes that the file has nothing which is to be played back, so that nobody has to read it.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some(open) => write_header(&open.file, self.generations.next(), true),
            None => Ok(()),
        }
    }
}

fn write_header(file: &File, generation: u64, empty: bool) -> io::Result<()> {
    let mut fields = MAGIC.to_vec();
    fields.extend_from_slice(&generation.to_le_bytes());
    fields.push(u8::from(empty));
    fields.extend_from_slice(&crc32fast::hash(&fields).to_le_bytes());
    file.write_all_at(&fields, 0)?;
    file.sync_data()
}

/// A file whose blocks are written: into such an `fdatasync` takes no metadata with it, and so half the time.
fn allocate(path: &Path, bytes: u64) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    if file.metadata()?.len() < bytes {
        let zeros = vec![0; 1 << 20];
        let mut at = 0;
        while at < bytes {
            let part = zeros.len().min(usize::try_from(bytes - at).unwrap_or(usize::MAX));
            file.write_all_at(zeros.get(..part).unwrap_or_default(), at)?;
            at += part as u64;
        }
        file.sync_all()?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
