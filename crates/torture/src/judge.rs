//! What was promised, held against what is there.

mod archive;
mod log;
mod promises;
mod room;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
pub use archive::{ArchivedEntry, archived, archived_head};
pub use log::{Log, read_log};
pub use promises::{Counts, Evidence, violations};
pub use room::{RoomFile, released, room_file};

/// The SQLite files in a folder and those below it.
fn databases(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sqlite") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The commits of a log, by their name; a name that comes twice is in `doubled`.
#[derive(Debug, Default)]
struct Logged<'a> {
    by_tag: BTreeMap<String, &'a [syncline_engine::protocol::Entry]>,
    doubled: Vec<String>,
    unnamed: Vec<String>,
}
