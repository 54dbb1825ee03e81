//! From a crate to optimised wasm.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::log::Log;
use crate::workspace::WASM_TARGET;
use crate::{process, setup, workspace};

/// What rustc uses by default, and exception handling, by which wasm-bindgen notices a crash.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Compiles the library of a crate, and returns where its wasm is.
pub(crate) fn compile(package: &str, profile: &str, features: &[&str], log: &Log) -> Result<PathBuf> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--package", package, "--lib"]);
    cargo.args(["--target", WASM_TARGET, "--profile", profile]);
    cargo.args(["--features", &features.join(",")]);
    setup::wasm_c(&mut cargo)?;
    if profile == "web" {
        // SHA-256 as a loop: a twentieth of the code, in what every browser downloads.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fsha2_backend_soft=\"compact\"");
    }
    process::run(&mut cargo, log)?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(workspace::target_dir()?.join(WASM_TARGET).join(profile).join(file))
}

/// An empty folder for what is not finished yet.
pub(crate) fn staging(name: &str) -> Result<PathBuf> {
    let staging = workspace::target_dir()?.join("xtask").join(name);
    if staging.exists() {
        fs::remove_dir_all(&staging)?;
    }
    fs::create_dir_all(&staging)?;
    Ok(staging)
}

/// Optimises a file in place; what it was made of is kept, as this takes half a minute each time.
pub(crate) fn optimize(wasm: &Path, options: &[&str], log: &Log) -> Result<()> {
    let cache = workspace::target_dir()?.join("xtask/optimized");
    fs::create_dir_all(&cache)?;
    let name = wasm.file_name().context("wasm has no file name")?;
    let before = cache.join(name).with_extension(options.concat());
    let after = before.with_added_extension("wasm");
    let input = fs::read(wasm)?;
    let known = after.exists() && fs::read(&before).is_ok_and(|before| before == input);
    if !known {
        let mut opt = workspace::npm_bin("wasm-opt");
        opt.args(options).args(FEATURES).arg(wasm).arg("-o").arg(&after);
        process::run(&mut opt, log)?;
        fs::write(&before, input)?;
    }
    fs::copy(&after, wasm)?;
    Ok(())
}
