//! Where things are in this repository, and the tools that run in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// An app of this repository: a folder of `apps`, with crates that are named for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum App {
    /// The example, with all there is
    #[default]
    Chat,
    /// The smallest example
    Todo,
    /// A log without rules, for the clients of a LiveStore app
    Livestore,
}

impl App {
    /// What its folder and its crates are named for.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Todo => "todo",
            Self::Livestore => "livestore",
        }
    }

    /// The crate of its native server, and the program that comes of it.
    pub(crate) const fn server(self) -> (&'static str, &'static str) {
        match self {
            Self::Chat => ("chat-server", "chat-server"),
            Self::Todo => ("todo-server", "todo-server"),
            // A server without rules is one for all.
            Self::Livestore => ("syncline-server", "syncline"),
        }
    }

    /// Whether its page runs the rules.
    pub(crate) const fn has_client(self) -> bool {
        match self {
            Self::Chat | Self::Todo => true,
            Self::Livestore => false,
        }
    }

    /// Where its worker lies, with the wrangler.toml.
    pub(crate) fn worker(self) -> PathBuf {
        self.folder().join("worker")
    }

    /// Where its page lies.
    pub(crate) fn web(self) -> PathBuf {
        self.folder().join("web")
    }

    pub(crate) fn folder(self) -> PathBuf {
        path("apps").join(self.name())
    }
}

pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A command of an npm package of the lockfile.
pub(crate) fn npm_bin(name: &str) -> Command {
    let mut command = Command::new(path("node_modules/.bin").join(name));
    command.current_dir(root());
    command
}

pub(crate) fn target_dir() -> Result<PathBuf> {
    let target = metadata()?.get("target_directory").and_then(Value::as_str);
    Ok(target.context("cargo metadata names no target directory")?.into())
}

/// Where the sources of a dependency are.
pub(crate) fn package_dir(name: &str) -> Result<PathBuf> {
    let packages = metadata()?.get("packages").and_then(Value::as_array);
    packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").and_then(Value::as_str) == Some(name))
        .and_then(|package| package.get("manifest_path")?.as_str())
        .and_then(|manifest| Path::new(manifest).parent())
        .map(Path::to_path_buf)
        .with_context(|| format!("{name} is not in Cargo.lock"))
}

fn metadata() -> Result<&'static Value> {
    static METADATA: OnceLock<Value> = OnceLock::new();
    if let Some(metadata) = METADATA.get() {
        return Ok(metadata);
    }
    let json = process::output(cargo().args(["metadata", "--format-version", "1"]))?;
    let metadata = serde_json::from_str(&json).context("cargo metadata is not JSON")?;
    Ok(METADATA.get_or_init(|| metadata))
}
