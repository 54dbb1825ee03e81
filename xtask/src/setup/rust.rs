//! The wasm target of the toolchain that rust-toolchain.toml names.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::missing;
use crate::log::Log;
use crate::process;
use crate::workspace::{self, WASM_TARGET};

pub(crate) fn wasm_target() -> Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    let libraries = process::output(rustc.current_dir(workspace::root()))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    missing("rustc has no wasm target: rustup adds it");
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", WASM_TARGET]).current_dir(workspace::root());
    process::run(&mut rustup, &Log::Terminal).context(
        "rustc cannot compile to wasm; with a Rust that is not rustup's, install its standard library for wasm32-unknown-unknown",
    )
}
