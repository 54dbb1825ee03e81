//! `cargo xtask explore`: every world that two clients and a room can come to, within bounds.

use std::process::Command;

use anyhow::Result;

use crate::log::Log;
use crate::{process, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Wider bounds: some minutes more, and some gigabytes
    #[arg(long)]
    deep: bool,
    /// Builds the engine with deliberate bugs, and looks for each of them
    #[arg(long, conflicts_with_all = ["deep", "bounds"])]
    mutations: bool,
    /// Bounds of your own, as the program takes them: `--commits 1,1 --faults 2 --kinds cut,crash`
    #[arg(last = true)]
    bounds: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.mutations {
        return find_mutations(&Log::Terminal);
    }
    let deep = args.deep.then(|| "--deep".to_owned());
    search(deep.iter().chain(&args.bounds), &Log::Terminal)
}

/// What CI has the time for.
pub(crate) fn all(log: &Log) -> Result<()> {
    search([].iter(), log)?;
    find_mutations(log)
}

fn search<'a>(bounds: impl Iterator<Item = &'a String>, log: &Log) -> Result<()> {
    process::run(program().arg("--").args(bounds), log)
}

fn find_mutations(log: &Log) -> Result<()> {
    process::run(program().args(["--features", "mutations", "--", "--mutations"]), log)
}

fn program() -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--release", "--package", "syncline-sim", "--bin", "explore"]);
    cargo
}
