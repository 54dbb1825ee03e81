//! Node.js, and the npm packages of the lockfile.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::missing;
use crate::log::Log;
use crate::{process, workspace};

/// The oldest that Vite and wrangler run on.
const OLDEST: (u32, u32) = (20, 19);

pub(crate) fn get() -> Result<()> {
    let advice = "install Node.js 20.19 or newer (https://nodejs.org)";
    let Ok(version) = process::output(Command::new("node").arg("--version")) else {
        bail!("there is no `node` in the path: {advice}");
    };
    let version = version.trim();
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        bail!("`node --version` says {version:?}, which is no version: {advice}");
    };
    if (major, minor) < OLDEST {
        bail!("Node.js {version} is too old: {advice}");
    }
    Ok(())
}

/// Installs the packages of the lockfile, when others are installed.
pub(crate) fn packages() -> Result<()> {
    if installed()? {
        return Ok(());
    }
    missing("npm packages, as package-lock.json names them");
    let mut npm = Command::new("npm");
    // The tests use the Chromium that is installed here.
    npm.args(["ci", "--no-audit", "--no-fund"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    process::run(npm.current_dir(workspace::root()), &Log::Terminal)
}

/// npm notes in node_modules/.package-lock.json what it has installed: all that
/// the lockfile asks for is to be there, but for what is meant for other platforms.
fn installed() -> Result<bool> {
    let lockfile = fs::read_to_string(workspace::path("package-lock.json"))
        .context("package-lock.json cannot be read")?;
    let Ok(note) = fs::read_to_string(workspace::path("node_modules/.package-lock.json")) else {
        return Ok(false);
    };
    let wanted = serde_json::from_str(&lockfile).context("package-lock.json is not JSON")?;
    Ok(serde_json::from_str(&note).is_ok_and(|noted| covers(&noted, &wanted)))
}

fn covers(noted: &Value, wanted: &Value) -> bool {
    let packages = wanted.get("packages").and_then(Value::as_object);
    packages.into_iter().flatten().all(|(path, package)| {
        let found = noted.get("packages").and_then(|packages| packages.get(path));
        match found {
            Some(found) => found.get("version") == package.get("version"),
            None => path.is_empty() || package.get("optional") == Some(&Value::Bool(true)),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::covers;

    #[test]
    fn another_version_or_a_missing_package_is_installed_again() {
        let wanted = json!({ "packages": {
            "": { "name": "root" },
            "node_modules/a": { "version": "1.0.0" },
            "node_modules/for-another-platform": { "version": "1.0.0", "optional": true },
        }});
        let noted = |a: &str| json!({ "packages": { "node_modules/a": { "version": a } } });
        assert!(covers(&noted("1.0.0"), &wanted));
        assert!(!covers(&noted("2.0.0"), &wanted));
        assert!(!covers(&json!({ "packages": {} }), &wanted));
    }
}
