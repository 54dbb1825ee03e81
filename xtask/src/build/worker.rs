//! The worker: wasm, its glue and the shim that workerd loads, in `dist/`.

use std::fs;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::{Mode, files, wasm};
use crate::log::Log;
use crate::workspace::{self, App};

const SHIM: &str = include_str!("shim.js");

pub(crate) fn build(app: App, mode: Mode, log: &Log) -> Result<()> {
    let profile = match mode {
        Mode::Dev | Mode::Conformance => "wasm-dev",
        Mode::Release => "worker",
    };
    let package = format!("{}-worker", app.name());
    let compiled = wasm::compile(&package, profile, mode.features(), log)?;
    let staging = wasm::staging(&package)?;
    Bindgen::new()
        .input_path(compiled)
        .out_name("index")
        .module(true)?
        .typescript(false)
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .generate_output()?
        .emit(&staging)?;

    let glue = staging.join("index.js");
    let source = fs::read_to_string(&glue).context("wasm-bindgen wrote no index.js")?;
    // wrangler's bundler does not know source phase imports; a plain import is a module to it as well.
    fs::write(&glue, source.replace("import source ", "import "))?;
    fs::write(staging.join("shim.js"), SHIM)?;

    if mode == Mode::Release {
        wasm::optimize(&staging.join("index_bg.wasm"), &["-O3"], log)?;
    }
    let dist = match mode {
        Mode::Dev | Mode::Release => app.worker().join("dist"),
        Mode::Conformance => workspace::target_dir()?.join("xtask/conformance/worker"),
    };
    files::publish(&staging, &dist)
}
