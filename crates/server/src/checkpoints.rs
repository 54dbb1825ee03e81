//! Checkpoints: a thread brings what is in a store's write-ahead log into its file, which takes two fsyncs, while
//! the store's shard goes on.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::thread::JoinHandle;

use syncline_sqlite::Database;
use tracing::warn;

/// How far a store's write-ahead log is in its file.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    asked: AtomicBool,
    pages: AtomicU32,
}

/// The way to the thread, which ends with the last of these.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints(Sender<(PathBuf, Arc<Progress>)>);

impl Checkpoints {
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start() -> io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread =
            std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || run(&receiver))?;
        Ok((Self(sender), thread))
    }

    /// Asks for a checkpoint, where `least` of the `pages` in the write-ahead log are not in the file yet.
    pub(crate) fn ask(
        &self,
        progress: &Arc<Progress>,
        pages: u32,
        least: u32,
        path: impl FnOnce() -> PathBuf,
    ) {
        let done = progress.pages.load(Ordering::Relaxed);
        // With fewer than that it has begun anew.
        let done = if done > pages { 0 } else { done };
        if pages - done >= least && !progress.asked.swap(true, Ordering::Relaxed) {
            // The thread is there as long as this is.
            let _ = self.0.send((path(), Arc::clone(progress)));
        }
    }
}

fn run(asked: &Receiver<(PathBuf, Arc<Progress>)>) {
    for (path, progress) in asked {
        match Database::checkpoint_beside(&path) {
            Ok(pages) => progress.pages.store(pages, Ordering::Relaxed),
            Err(error) => warn!(file = %path.display(), "no checkpoint, and it is tried again: {error}"),
        }
        progress.asked.store(false, Ordering::Relaxed);
    }
}
