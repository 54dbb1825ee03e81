//! Notices that sources have changed, by the times at which they were written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use crate::workspace;

/// What the Rust builds read; the page's own sources are Vite's to watch.
const EXTENSIONS: [&str; 4] = ["rs", "toml", "lock", "sql"];
const SKIPPED: [&str; 5] = ["dist", "node_modules", "pkg", "target", ".wrangler"];

type Written = BTreeMap<PathBuf, SystemTime>;

pub(crate) struct Sources {
    roots: Vec<PathBuf>,
    known: Written,
    /// Seen at the last look, when that was not what is known.
    changing: Option<Written>,
}

impl Sources {
    pub(crate) fn now(roots: &[&str]) -> Result<Self> {
        Self::at(roots.iter().map(|root| workspace::path(root)).collect())
    }

    fn at(roots: Vec<PathBuf>) -> Result<Self> {
        let known = written(&roots)?;
        Ok(Self { roots, known, changing: None })
    }

    /// Whether they have changed, and stayed as they are since the last look:
    /// an editor or a checkout writes many files one after the other.
    pub(crate) fn settled_anew(&mut self) -> Result<bool> {
        let seen = written(&self.roots)?;
        if self.changing.as_ref() == Some(&seen) {
            self.changing = None;
            self.known = seen;
            return Ok(true);
        }
        self.changing = (seen != self.known).then_some(seen);
        Ok(false)
    }

    /// Whether they have changed since the last call.
    pub(crate) fn differs(&mut self) -> Result<bool> {
        let seen = written(&self.roots)?;
        Ok(std::mem::replace(&mut self.known, seen) != self.known)
    }
}

fn written(roots: &[PathBuf]) -> Result<Written> {
    let mut written = Written::new();
    let mut folders = roots.to_vec();
    while let Some(path) = folders.pop() {
        // A file may vanish between being listed and being looked at.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            let entries = fs::read_dir(&path)?.flatten().map(|entry| entry.path());
            folders.extend(entries.filter(|path| !is(path.file_name(), &SKIPPED)));
        } else if is(path.extension(), &EXTENSIONS) {
            written.insert(path, metadata.modified()?);
        }
    }
    Ok(written)
}

fn is(name: Option<&std::ffi::OsStr>, names: &[&str]) -> bool {
    name.is_some_and(|name| names.iter().any(|known| name == Path::new(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_reported_once_and_only_when_it_has_settled() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = Sources::at(vec![folder.path().to_path_buf()]).unwrap();
        assert!(!sources.settled_anew().unwrap());

        fs::write(folder.path().join("a.rs"), "").unwrap();
        assert!(!sources.settled_anew().unwrap());
        fs::write(folder.path().join("b.rs"), "").unwrap();
        assert!(!sources.settled_anew().unwrap());
        assert!(sources.settled_anew().unwrap());
        assert!(!sources.settled_anew().unwrap());
    }

    #[test]
    fn what_is_built_is_not_a_source() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = Sources::at(vec![folder.path().to_path_buf()]).unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target/built.rs"), "").unwrap();
        fs::write(folder.path().join("page.tsx"), "").unwrap();
        assert!(!sources.differs().unwrap());
    }
}
