//! `cargo xtask sim`: the deterministic simulation, in release, on all cores.

use std::process::Command;

use anyhow::Result;

use crate::log::Log;
use crate::{figures, process, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A script, and a process killed at each point of each of its databases, in place of seeds
    #[arg(long, conflicts_with_all = ["seeds", "minutes", "seed", "from", "with", "without"])]
    crash_points: bool,
    /// Put what the crash points came to into docs/reliability.md
    #[arg(long, requires = "crash_points")]
    write: bool,
    /// How many seeds
    #[arg(long, default_value_t = 1_000, conflicts_with_all = ["minutes", "seed"])]
    seeds: u64,
    /// For how long, in place of a number of seeds
    #[arg(long, conflicts_with = "seed")]
    minutes: Option<f64>,
    /// One seed
    #[arg(long)]
    seed: Option<u64>,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// A kind of fault that is off otherwise
    #[arg(long, value_name = "FAULT")]
    with: Vec<String>,
    /// A kind of fault to leave out
    #[arg(long, value_name = "FAULT")]
    without: Vec<String>,
    /// The engine with one deliberate bug at a time, each of which has to be found
    #[arg(long, conflicts_with_all = ["crash_points", "seeds", "minutes", "seed", "from", "with", "without"])]
    mutations: bool,
}

fn simulation() -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--release", "--quiet", "--package", "syncline-sim"]);
    cargo
}

/// Builds the engine with deliberate bugs, and looks for each of them.
pub(crate) fn find_mutations(log: &Log) -> Result<()> {
    process::run(simulation().args(["--features", "mutations", "--", "--mutations"]), log)
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.mutations {
        return find_mutations(&Log::Terminal);
    }
    let mut cargo = simulation();
    cargo.arg("--");
    if args.crash_points {
        cargo.arg("--crash-points");
        return if args.write { write(&mut cargo) } else { process::run(&mut cargo, &Log::Terminal) };
    }
    cargo.args(["--from", &args.from.to_string()]);
    match (args.seed, args.minutes) {
        (Some(seed), _) => cargo.args(["--seed", &seed.to_string()]),
        (None, Some(minutes)) => cargo.args(["--minutes", &minutes.to_string()]),
        (None, None) => cargo.args(["--seeds", &args.seeds.to_string()]),
    };
    for fault in &args.with {
        cargo.args(["--with", fault]);
    }
    for fault in &args.without {
        cargo.args(["--without", fault]);
    }
    process::run(&mut cargo, &Log::Terminal)
}

/// Its last lines say what it came to.
fn write(sweep: &mut Command) -> Result<()> {
    let text = process::output(sweep)?;
    print!("{text}");
    let came_to: Vec<&str> = text.lines().filter(|line| line.starts_with("in ")).collect();
    figures::put("docs/reliability.md", "crash-points", &format!("Last run: {}.", came_to.join("; ")))
}
