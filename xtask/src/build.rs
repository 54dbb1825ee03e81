//! `cargo xtask build`: the worker, the client's wasm, and the page that loads it.

mod client;
mod files;
mod page;
mod wasm;
mod worker;

use anyhow::Result;

use crate::log::Log;
use crate::setup;

pub(crate) use client::build as client;
pub(crate) use page::build as page;
pub(crate) use worker::build as worker;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// As it is shipped: optimised, which takes minutes
    #[arg(long)]
    release: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Dev,
    Release,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    setup::for_build()?;
    let mode = if args.release {
        Mode::Release
    } else {
        Mode::Dev
    };
    all(mode, &Log::Terminal)
}

pub(crate) fn all(mode: Mode, log: &Log) -> Result<()> {
    worker(mode, log)?;
    client(mode, log)?;
    page(log)
}
