//! `cargo xtask build`: the worker, the client's wasm, and the page that loads it.

mod client;
mod files;
mod page;
mod wasm;
mod worker;

use anyhow::Result;

use crate::log::Log;
use crate::workspace::App;
use crate::{process, setup, workspace};

pub(crate) use client::build as client;
pub(crate) use page::build as page;
pub(crate) use worker::build as worker;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to build
    #[arg(long, value_enum, default_value_t)]
    app: App,
    /// As it is shipped: optimised, which takes minutes
    #[arg(long)]
    release: bool,
    /// The chat's worker and client with the suite that every host runs, beside the ones that ship
    #[arg(long, conflicts_with_all = ["app", "release"])]
    conformance: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Dev,
    Release,
    /// With the suite that every host runs; for tests alone.
    Conformance,
}

impl Mode {
    /// The features of the app's crates.
    const fn features(self) -> &'static [&'static str] {
        match self {
            Self::Dev | Self::Release => &[],
            Self::Conformance => &["conformance"],
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    setup::for_build()?;
    let mode = if args.release { Mode::Release } else { Mode::Dev };
    if args.conformance {
        return conformance(&Log::Terminal);
    }
    all(args.app, mode, &Log::Terminal)
}

/// The native server.
pub(crate) fn native(app: App, release: bool, log: &Log) -> Result<()> {
    let (package, _) = app.server();
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--package", package]);
    if release {
        cargo.arg("--release");
    }
    process::run(&mut cargo, log)
}

pub(crate) fn all(app: App, mode: Mode, log: &Log) -> Result<()> {
    worker(app, mode, log)?;
    client(app, mode, log)?;
    page(app, log)
}

/// The worker and the client with the suite, beside the ones that ship.
pub(crate) fn conformance(log: &Log) -> Result<()> {
    worker(App::Chat, Mode::Conformance, log)?;
    client(App::Chat, Mode::Conformance, log)
}
