//! The client's wasm and its JavaScript, in `pkg/`.

use anyhow::Result;
use wasm_bindgen_cli_support::Bindgen;

use super::{Mode, files, wasm};
use crate::log::Log;
use crate::workspace::{self, App};

/// What makes it smallest once compressed, measured. The lowest kilobyte is the far end of the stack,
/// which nothing uses; and of functions that are called once, only the small ones gain from inlining.
const SMALL: [&str; 4] = ["-Oz", "--low-memory-unused", "--one-caller-inline-max-function-size", "100"];

pub(crate) fn build(app: App, mode: Mode, log: &Log) -> Result<()> {
    if !app.has_client() {
        return Ok(());
    }
    let profile = match mode {
        Mode::Dev | Mode::Conformance => "wasm-dev",
        Mode::Release => "web",
    };
    let compiled = wasm::compile(&format!("{}-wasm", app.name()), profile, mode.features(), log)?;
    let staging = wasm::staging(&format!("{}-client", app.name()))?;
    Bindgen::new()
        .input_path(compiled)
        .out_name(app.name())
        .web(true)?
        .typescript(true)
        // Without it, `init()` does not find the wasm by itself.
        .omit_default_module_path(false)
        .generate(&staging)?;

    if mode == Mode::Release {
        wasm::optimize(&staging.join(format!("{}_bg.wasm", app.name())), &SMALL, log)?;
    }
    let pkg = match mode {
        Mode::Dev | Mode::Release => app.folder().join("wasm/pkg"),
        Mode::Conformance => workspace::target_dir()?.join("xtask/conformance/client"),
    };
    files::publish(&staging, &pkg)
}
