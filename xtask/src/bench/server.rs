//! `cargo xtask bench server`: what a server does and what it takes for that, on workerd and native, and what
//! LiveStore's takes for the same.

pub(super) mod host;
pub(super) mod livestore;
mod rows;
mod table;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::build::{self, Mode};
use crate::log::Log;
use crate::workspace::App;
use crate::{figures, process, setup, workspace};
use host::{Host, Own, TOKEN};
use livestore::LiveStore;
use rows::{Model, ROWS, Row};
use table::Table;

const PAGE: &str = "docs/operations.md";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only rows whose name has one of these words, separated by commas
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these servers, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    target: Vec<Target>,
    /// A tenth of everything: to see that it works
    #[arg(long)]
    quick: bool,
    /// Measure what was built before
    #[arg(long)]
    no_build: bool,
    /// Put the table into docs/operations.md
    #[arg(long, conflicts_with_all = ["only", "target", "quick"])]
    write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    Workerd,
    Native,
    /// LiveStore's sync-cf 0.4.0 from npm, where it can do the same
    Livestore,
}

/// What the load generator says.
#[derive(Deserialize)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: f64,
    unit: String,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let chosen =
        |row: &&Row| args.only.is_empty() || args.only.iter().any(|word| row.name().contains(word.as_str()));
    let rows: Vec<&Row> = ROWS.iter().filter(chosen).collect();
    ensure!(!rows.is_empty(), "no row has such a name");
    let wanted = |target| args.target.is_empty() || args.target.contains(&target);
    let (native, workerd) = (wanted(Target::Native), wanted(Target::Workerd));
    if !args.no_build {
        build(native, workerd)?;
    }
    let folder = workspace::target_dir()?.join("bench/server");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let bench = Bench { load: program("load")?, folder, quick: args.quick };
    let mut table = Table::new(&load(&bench, "machine", None)?)?;
    if workerd {
        let mut host = Own::workerd(App::Chat, bench.folder.join("workerd"))?;
        for row in rows.iter().filter(|row| row.workerd.is_some()) {
            bench.row(&mut host, row, row.workerd.unwrap_or_default(), &mut table)?;
        }
    }
    if native {
        for row in rows.iter().filter(|row| row.native.is_some()) {
            let program = program(match row.model {
                Model::Chat => "chat-server",
                Model::Schemaless => "syncline",
            })?;
            let mut host = Own::native(bench.folder.join(row.name()), &program)?;
            bench.row(&mut host, row, row.native.unwrap_or_default(), &mut table)?;
        }
    }
    if wanted(Target::Livestore) {
        setup::for_page()?;
        let mut host = LiveStore::prepare(bench.folder.join("livestore"))?;
        for row in rows.iter().filter(|row| row.with_livestore()) {
            bench.row(&mut host, row, &[], &mut table)?;
        }
    }
    fs::remove_dir_all(&bench.folder)?;
    let text = table.finish();
    println!("\n{text}");
    if args.write { figures::put(PAGE, "server", &text) } else { Ok(()) }
}

fn build(native: bool, workerd: bool) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--release", "--quiet", "--package", "syncline-load"]);
    if native {
        cargo.args(["--package", "chat-server", "--package", "syncline-server"]);
    }
    process::run(&mut cargo, &Log::Terminal)?;
    if workerd {
        setup::for_worker()?;
        build::worker(App::Chat, Mode::Release, &Log::Terminal)?;
    }
    Ok(())
}

pub(super) fn program(name: &str) -> Result<PathBuf> {
    let program = workspace::target_dir()?.join("release").join(name);
    ensure!(program.exists(), "{} was not built", program.display());
    Ok(program)
}

pub(super) struct Bench {
    pub(super) load: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) quick: bool,
}

impl Bench {
    /// Starts a server for this row alone, so that no row pays for another.
    fn row(&self, host: &mut dyn Host, row: &Row, aims: &[rows::Aim], table: &mut Table) -> Result<()> {
        eprintln!("{} on {}", row.name(), host.name());
        let place = host.start()?;
        let livestore = host.name() == "LiveStore";
        let measured = load(self, row.load, Some((place, livestore)));
        host.stop()?;
        table.add(row, host.name(), aims, &measured?)
    }
}

/// Runs the load generator: a row, against a server, in LiveStore's protocol or in ours.
pub(super) fn load(
    Bench { load, folder, quick }: &Bench,
    row: &str,
    place: Option<(host::Place, bool)>,
) -> Result<Vec<Figure>> {
    let mut command = Command::new(load);
    command.arg(row).env("SYNCLINE_TOKEN", TOKEN).current_dir(folder);
    if let Some((host::Place { port, group }, livestore)) = place {
        command.args(["--port", &port.to_string(), "--group", &group.to_string()]);
        if livestore {
            command.arg("--livestore");
        }
    }
    if *quick {
        command.arg("--quick");
    }
    let said = process::output(&mut command)?;
    serde_json::from_str(&said).with_context(|| format!("the load says {said:?}"))
}
