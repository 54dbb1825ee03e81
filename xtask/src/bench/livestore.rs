//! `cargo xtask bench livestore`: LiveStore's protocol, as its own server speaks it and as both of ours do. One load
//! generator, one run; CPU time first, as the machine is shared.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::server::host::{Host, Own};
use super::server::livestore::LiveStore;
use super::server::{Bench, load, program};
use crate::build::{self, Mode};
use crate::log::Log;
use crate::workspace::App;
use crate::{figures, process, setup, workspace};

const PAGE: &str = "docs/livestore.md";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A tenth of everything: to see that it works
    #[arg(long)]
    quick: bool,
    /// Put the table into docs/livestore.md
    #[arg(long, conflicts_with = "quick")]
    write: bool,
}

/// What is measured, and of it what is compared.
struct Row {
    what: &'static str,
    load: &'static str,
    figure: &'static str,
    unit: &'static str,
    /// As many times less than LiveStore's server, on workerd, it is to be.
    aim: f64,
}

const ROWS: [Row; 5] = [
    Row { what: "CPU of a push of 100 events", load: "push100", figure: "cpu", unit: "µs", aim: 30.0 },
    Row { what: "CPU of a push of one event", load: "push1", figure: "cpu", unit: "µs", aim: 5.0 },
    Row {
        what: "CPU of a catch-up with 100,000 events",
        load: "catch-up",
        figure: "cpu",
        unit: "µs",
        aim: 40.0,
    },
    Row {
        what: "CPU of an event that 500 clients are told",
        load: "fan-out",
        figure: "cpu",
        unit: "µs",
        aim: 1.0,
    },
    Row { what: "memory with 500 clients", load: "idle500", figure: "memory", unit: "MiB", aim: 1.0 },
];

pub(super) fn run(args: &Args) -> Result<()> {
    setup::for_worker()?;
    setup::for_page()?;
    let mut cargo = workspace::cargo();
    cargo.args([
        "build",
        "--release",
        "--quiet",
        "--package",
        "syncline-load",
        "--package",
        "syncline-server",
    ]);
    process::run(&mut cargo, &Log::Terminal)?;
    build::worker(App::Livestore, Mode::Release, &Log::Terminal)?;
    let folder = workspace::target_dir()?.join("bench/livestore");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let bench = Bench { load: program("load")?, folder, quick: args.quick };
    let mut hosts: [Box<dyn Host>; 3] = [
        Box::new(LiveStore::prepare(bench.folder.join("livestore"))?),
        Box::new(Own::workerd(App::Livestore, bench.folder.join("workerd"))?),
        Box::new(Own::native(bench.folder.join("native"), &program("syncline")?)?),
    ];
    let mut table = String::from(
        "| what | LiveStore's server | Syncline on workerd | | Syncline, native | |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &ROWS {
        let mut values = Vec::new();
        for host in &mut hosts {
            eprintln!("{} on {}", row.what, host.name());
            let place = host.start()?;
            let measured = load(&bench, row.load, Some((place, true)));
            host.stop()?;
            let figures = measured?;
            let figure = figures.iter().find(|figure| figure.name == row.figure);
            values.push(figure.with_context(|| format!("{} has no {}", row.load, row.figure))?.value);
        }
        table.push_str(&row.line(&values)?);
    }
    fs::remove_dir_all(&bench.folder)?;
    println!("{table}");
    if args.write { figures::put(PAGE, "livestore", &table) } else { Ok(()) }
}

impl Row {
    fn line(&self, values: &[f64]) -> Result<String> {
        let [theirs, workerd, native] = values else { anyhow::bail!("three servers are measured") };
        let (on_workerd, on_native) = (theirs / workerd, theirs / native);
        let met = if on_workerd >= self.aim { "✓" } else { "✗" };
        let aim = if self.aim > 1.0 { format!("{:.0}×", self.aim) } else { "less".to_owned() };
        let mut line = format!("| {} | {} |", self.what, self.shown(*theirs));
        write!(line, " {} | {on_workerd:.1}× less (aim: {aim} {met}) |", self.shown(*workerd))?;
        writeln!(line, " {} | {on_native:.1}× less |", self.shown(*native))?;
        Ok(line)
    }

    fn shown(&self, value: f64) -> String {
        if self.unit == "µs" && value >= 10_000.0 {
            return format!("{:.1} ms", value / 1_000.0);
        }
        format!("{value:.0} {}", self.unit)
    }
}
