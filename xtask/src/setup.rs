//! `cargo xtask setup`: checks what the other commands need, and gets what is missing.

mod browser;
mod clang;
mod debian;
mod node;
mod rust;

use anyhow::Result;
use console::style;

pub(crate) use browser::{CHROMIUM, FIREFOX};
pub(crate) use clang::wasm_c;

pub(crate) fn for_all() -> Result<()> {
    for_build()?;
    for_browsers()?;
    println!("{} everything that the commands need is here", style("✓").green());
    Ok(())
}

pub(crate) fn for_worker() -> Result<()> {
    rust::wasm_target()?;
    for_page()
}

pub(crate) fn for_build() -> Result<()> {
    for_worker()?;
    clang::get()
}

/// What needs Node.js alone.
pub(crate) fn for_page() -> Result<()> {
    node::get()?;
    node::packages()
}

pub(crate) fn for_browser() -> Result<()> {
    CHROMIUM.get()
}

/// What the end-to-end tests run in.
pub(crate) fn for_browsers() -> Result<()> {
    for_browser()?;
    FIREFOX.get_if_possible()
}

/// Says what is missing, before it is got.
fn missing(what: &str) {
    println!("{} {what}", style("setup:").cyan().bold());
}
