//! `cargo xtask codegen`: the TypeScript of the chat's model, which is committed.

use std::fs;

use anyhow::{Result, bail};

use crate::log::Log;
use crate::{process, workspace};

/// Where the page imports it from.
const GENERATED_DIR: &str = "apps/chat/web/src/generated";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing: fail when what is committed is stale
    #[arg(long)]
    check: bool,
}

struct File {
    path: String,
    contents: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.check { check() } else { write() }
}

/// Fails unless what is committed is what would be written.
pub(crate) fn check() -> Result<()> {
    let folder = workspace::path(GENERATED_DIR);
    let stale: Vec<String> = render()?
        .into_iter()
        .filter(|file| fs::read_to_string(folder.join(&file.path)).ok().as_ref() != Some(&file.contents))
        .map(|file| file.path)
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    bail!("{} in {GENERATED_DIR} is stale: run `cargo xtask codegen`", stale.join(", "))
}

/// Renders a model that has changed since this program was built: builds it again, and runs that.
pub(crate) fn anew(log: &Log) {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--quiet", "--package", "xtask", "--", "codegen"]);
    if let Err(error) = process::run(&mut cargo, log) {
        log.line(&format!("{error:#}"));
    }
}

fn write() -> Result<()> {
    let folder = workspace::path(GENERATED_DIR);
    for file in render()? {
        let target = folder.join(&file.path);
        if fs::read_to_string(&target).is_ok_and(|old| old == file.contents) {
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&target, file.contents)?;
        println!("wrote {GENERATED_DIR}/{}", file.path);
    }
    Ok(())
}

fn render() -> Result<Vec<File>> {
    Ok(Vec::new())
}
