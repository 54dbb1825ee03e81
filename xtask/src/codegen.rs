//! `cargo xtask codegen`: the TypeScript and the docs that are rendered from Rust, and committed.

use std::fs;

use anyhow::{Result, bail};
use chat_model::Chat;
use syncline_codegen::{GeneratedFile, render, render_error_catalogue, render_protocol};
use todo_model::Todos;

use crate::log::Log;
use crate::{process, workspace};

const PROTOCOL_DIR: &str = "crates/web/js/src/generated";
const ERROR_CATALOGUE: &str = "docs/errors.md";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing: fail when what is committed is stale
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.check { check() } else { write() }
}

/// Fails unless what is committed is what would be written.
pub(crate) fn check() -> Result<()> {
    let stale = stale()?;
    if stale.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = stale.iter().map(|file| file.path.as_str()).collect();
    bail!("stale: {}; run `cargo xtask codegen`", names.join(", "))
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
    for file in stale()? {
        let target = workspace::path(&file.path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(target, file.contents)?;
        println!("wrote {}", file.path);
    }
    Ok(())
}

/// What differs from what is committed, by its path from the root.
fn stale() -> Result<Vec<GeneratedFile>> {
    let mut files = rendered()?;
    files
        .retain(|file| fs::read_to_string(workspace::path(&file.path)).ok().as_ref() != Some(&file.contents));
    Ok(files)
}

fn rendered() -> Result<Vec<GeneratedFile>> {
    let catalogue = GeneratedFile { path: ERROR_CATALOGUE.to_owned(), contents: render_error_catalogue() };
    let mut files = vec![catalogue];
    files.extend(below("apps/chat/web/src/generated", render::<Chat>("Chat")?));
    files.extend(below("apps/todo/web/src/generated", render::<Todos>("Todo")?));
    files.extend(below(PROTOCOL_DIR, render_protocol()?));
    Ok(files)
}

fn below(folder: &str, files: Vec<GeneratedFile>) -> impl Iterator<Item = GeneratedFile> {
    files
        .into_iter()
        .map(move |file| GeneratedFile { path: format!("{folder}/{}", file.path), contents: file.contents })
}
