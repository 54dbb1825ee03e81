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
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--release", "--package", "syncline-sim", "--bin", "explore", "--"]);
    if args.deep {
        cargo.arg("--deep");
    }
    process::run(cargo.args(&args.bounds), &Log::Terminal)
}
