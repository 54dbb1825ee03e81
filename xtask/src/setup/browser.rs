//! Browsers for the tests: Chromium, and Firefox where there is one.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{debian, missing};

pub(crate) struct Browser {
    name: &'static str,
    /// The environment variable that names one.
    pub(crate) variable: &'static str,
    /// Of Debian.
    package: &'static str,
    homebrew: &'static str,
    commands: &'static [&'static str],
    macos: &'static [&'static str],
}

pub(crate) const CHROMIUM: Browser = Browser {
    name: "Chromium",
    variable: "CHROMIUM",
    package: "chromium",
    homebrew: "--cask chromium",
    commands: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    macos: &[
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
};

pub(crate) const FIREFOX: Browser = Browser {
    name: "Firefox",
    variable: "FIREFOX",
    package: "firefox-esr",
    homebrew: "--cask firefox",
    commands: &["firefox-esr", "firefox"],
    macos: &["/Applications/Firefox.app/Contents/MacOS/firefox"],
};

impl Browser {
    pub(crate) fn get(&self) -> Result<()> {
        if let Some(how) = self.try_get()? {
            let Self { name, variable, .. } = self;
            bail!("no {name} for the tests in a browser; install one: `{how}`, or name one in {variable}");
        }
        Ok(())
    }

    /// Some tests are skipped where there is none.
    pub(crate) fn get_if_possible(&self) -> Result<()> {
        if let Some(how) = self.try_get()? {
            missing(&format!(
                "its tests are skipped; `{how}` installs one, or name one in {}",
                self.variable
            ));
        }
        Ok(())
    }

    /// The command by which a user installs one, where it can not be done here.
    fn try_get(&self) -> Result<Option<String>> {
        if self.find()?.is_some() {
            return Ok(None);
        }
        missing(&format!("no {} for the tests in a browser", self.name));
        if debian::has(self.package)? {
            debian::install(&[self.package])?;
            if self.find()?.is_some() {
                return Ok(None);
            }
        }
        Ok(Some(debian::install_elsewhere(self.package, self.homebrew)))
    }

    /// The browser that the variable names, or the first one that is installed.
    pub(crate) fn find(&self) -> Result<Option<PathBuf>> {
        let variable = self.variable;
        if let Some(named) = env::var_os(variable).map(PathBuf::from) {
            if !named.is_file() {
                bail!("{variable} names {}, which is not there", named.display());
            }
            return Ok(Some(named));
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let installed = env::split_paths(&path)
            .flat_map(|folder| self.commands.iter().map(move |name| folder.join(name)))
            .chain(self.macos.iter().map(PathBuf::from))
            .find(|browser| Path::is_file(browser));
        Ok(installed)
    }
}
