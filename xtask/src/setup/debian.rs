//! Packages of the system: apt as root installs them, anywhere else the user is told the command.

use std::process::Command;

use anyhow::Result;

use crate::process;

/// Whether apt can install a package here, now.
pub(crate) fn has(package: &str) -> Result<bool> {
    if !rustix::process::geteuid().is_root() || !runs("apt-get") {
        return Ok(false);
    }
    refresh()?;
    let mut policy = Command::new("apt-cache");
    let policy = process::output(policy.args(["policy", package]))?;
    let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate:"));
    Ok(candidate.is_some_and(|version| version.trim() != "(none)"))
}

pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    process::run_whole(&mut apt)
}

/// The command by which a user installs packages here; Homebrew's names differ.
pub(crate) fn install_elsewhere(packages: &str, homebrew: &str) -> String {
    let known = [
        ("apt-get", format!("sudo apt-get install {packages}")),
        ("dnf", format!("sudo dnf install {packages}")),
        ("pacman", format!("sudo pacman -S {packages}")),
        ("zypper", format!("sudo zypper install {packages}")),
        ("apk", format!("sudo apk add {packages}")),
    ];
    let known = known.into_iter().find(|(tool, _)| runs(tool));
    known.map_or_else(|| format!("brew install {homebrew}"), |(_, command)| command)
}

/// A fresh machine's package lists are empty.
fn refresh() -> Result<()> {
    static REFRESHED: std::sync::Once = std::sync::Once::new();
    let mut done = Ok(());
    REFRESHED.call_once(|| {
        done = process::run_whole(Command::new("apt-get").args(["update", "--quiet"]));
    });
    done
}

fn runs(tool: &str) -> bool {
    process::output(Command::new(tool).arg("--version")).is_ok()
}
