//! `cargo xtask explore`: every world that two clients and a room can come to, within bounds.

use anyhow::Result;

use crate::log::Log;
use crate::{process, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Wider bounds: hours instead of minutes
    #[arg(long)]
    deep: bool,
    /// Bounds of your own, as the program takes them: `--commits 1,1 --faults 2 --kinds cut,crash`
    #[arg(last = true)]
    bounds: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let deep = args.deep.then(|| "--deep".to_owned());
    search(deep.iter().chain(&args.bounds), &Log::Terminal)
}

/// What CI has the time for.
pub(crate) fn all(log: &Log) -> Result<()> {
    search([].iter(), log)
}

fn search<'a>(bounds: impl Iterator<Item = &'a String>, log: &Log) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--release", "--package", "syncline-sim", "--bin", "explore", "--"]);
    process::run(cargo.args(bounds), log)
}
