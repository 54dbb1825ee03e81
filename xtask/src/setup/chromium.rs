//! A Chromium for the tests in a browser.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{debian, missing};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MACOS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

pub(crate) fn get() -> Result<()> {
    if find()?.is_some() {
        return Ok(());
    }
    missing("no Chromium for the tests in a browser");
    if debian::has("chromium")? {
        debian::install(&["chromium"])?;
        if find()?.is_some() {
            return Ok(());
        }
    }
    bail!(
        "no Chromium for the tests in a browser; install one: `{}`, or name one in CHROMIUM",
        debian::install_elsewhere("chromium", "--cask chromium")
    )
}

/// The browser that CHROMIUM names, or the first one that is installed.
pub(crate) fn find() -> Result<Option<PathBuf>> {
    if let Some(named) = env::var_os("CHROMIUM").map(PathBuf::from) {
        if !named.is_file() {
            bail!("CHROMIUM names {}, which is not there", named.display());
        }
        return Ok(Some(named));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .chain(MACOS.map(PathBuf::from))
        .find(|browser| Path::is_file(browser));
    Ok(installed)
}
