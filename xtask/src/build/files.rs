//! Putting finished files in place, so that only what changed is written: others watch them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Makes `to` equal to `from`.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let (fresh, stale) = (relative_files(from)?, relative_files(to)?);
    for file in stale.difference(&fresh) {
        fs::remove_file(to.join(file))?;
    }
    for file in &fresh {
        let contents = fs::read(from.join(file))?;
        let target = to.join(file);
        if fs::read(&target).is_ok_and(|old| old == contents) {
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&target, contents)?;
    }
    Ok(())
}

fn relative_files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder)?.to_path_buf());
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_written_and_what_vanished_is_removed() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (file, contents) in [("same", "1"), ("changed", "new"), ("sub/added", "3")] {
            let path = from.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        for (file, contents) in [("same", "1"), ("changed", "old"), ("vanished", "4")] {
            fs::write(to.path().join(file), contents).unwrap();
        }
        let same = to.path().join("same");
        let written = fs::metadata(&same).unwrap().modified().unwrap();

        publish(from.path(), to.path()).unwrap();

        assert_eq!(relative_files(to.path()).unwrap(), relative_files(from.path()).unwrap());
        assert_eq!(fs::read_to_string(to.path().join("changed")).unwrap(), "new");
        assert_eq!(fs::metadata(&same).unwrap().modified().unwrap(), written);
    }
}
