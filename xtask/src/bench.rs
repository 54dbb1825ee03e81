//! `cargo xtask bench`: figures, measured here and now.

mod guards;
mod livestore;
mod server;

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::build::{self, Mode};
use crate::log::Log;
use crate::screenshot::scene;
use crate::workspace::App;
use crate::{figures, setup, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// From a commit in one page to the screen of another: release build, Chromium, workerd
    Path {
        /// Put the figures into README.md
        #[arg(long)]
        write: bool,
    },
    /// The browser client by itself: boot, a long log, live queries; release build, Chromium
    Web {
        /// Put the figures into docs/client-setup.md
        #[arg(long)]
        write: bool,
    },
    /// What workerd and the native server do, and what they take for that, beside what they are to
    Server(server::Args),
    /// LiveStore's protocol: its own server beside both of ours
    Livestore(livestore::Args),
    /// What the assertions and checks that guard the promises cost a push, in CPU time
    Guards {
        /// How many pairs of runs, with and without them
        #[arg(long, default_value_t = 41)]
        pairs: usize,
        /// Put the figures into docs/reliability.md
        #[arg(long)]
        write: bool,
    },
}

#[derive(Deserialize)]
struct Figure {
    what: String,
    value: f64,
    unit: String,
    most: Option<f64>,
    /// The same of LiveStore's client.
    livestore: Option<f64>,
    beside: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.what {
        What::Path { write } => scenes(&["path", "tabs"], "README.md", *write),
        What::Web { write } => {
            setup::for_build()?;
            build::worker(App::Livestore, Mode::Release, &Log::Terminal)?;
            scenes(&["web", "livestore"], "docs/client-setup.md", *write)
        }
        What::Server(args) => server::run(args),
        What::Livestore(args) => livestore::run(args),
        What::Guards { pairs, write } => guards::run(*pairs, *write),
    }
}

fn scenes(names: &[&str], file: &str, write: bool) -> Result<()> {
    setup::for_build()?;
    setup::for_browser()?;
    build::all(App::Chat, Mode::Release, &Log::Terminal)?;
    build::all(App::Todo, Mode::Release, &Log::Terminal)?;
    let results = workspace::target_dir()?.join("bench/scenes.json");
    if results.exists() {
        fs::remove_file(&results)?;
    }
    names.iter().try_for_each(|name| scene(name))?;
    let text = fs::read_to_string(&results).context("the benchmark wrote no figures")?;
    let all: Vec<Figure> = serde_json::from_str(&text)?;
    let (compared, alone): (Vec<Figure>, Vec<Figure>) =
        all.into_iter().partition(|figure| figure.livestore.is_some());
    let alone = table(&alone)?;
    println!("{alone}");
    if write {
        figures::put(file, "figures", &alone)?;
    }
    if compared.is_empty() {
        return Ok(());
    }
    let compared = comparison(&compared)?;
    println!("{compared}");
    if write { figures::put(file, "livestore", &compared) } else { Ok(()) }
}

fn table(figures: &[Figure]) -> Result<String> {
    let mut table = String::from("| what | measured | aim | beside it |\n| --- | --- | --- | --- |\n");
    for Figure { what, value, unit, most, beside, .. } in figures {
        let most = most.map_or_else(|| "–".to_owned(), |most| format!("≤ {most} {unit}"));
        writeln!(table, "| {what} | {} | {most} | {beside} |", shown(*value, unit))?;
    }
    Ok(table)
}

fn comparison(figures: &[Figure]) -> Result<String> {
    let mut table = String::from(
        "| what | Syncline | LiveStore 0.4.0 | times | beside it |\n| --- | --- | --- | --- | --- |\n",
    );
    for Figure { what, value, unit, livestore, beside, .. } in figures {
        let theirs = livestore.context("a figure has nothing to be compared with")?;
        let times = if *value > 0.0 { format!("{:.1}", theirs / value) } else { "–".to_owned() };
        let (ours, theirs) = (shown(*value, unit), shown(theirs, unit));
        writeln!(table, "| {what} | {ours} | {theirs} | {times} | {beside} |")?;
    }
    Ok(table)
}

fn shown(value: f64, unit: &str) -> String {
    let digits = match value {
        whole if whole.fract() == 0.0 => 0,
        small if small < 1.0 => 3,
        _ => 1,
    };
    format!("{value:.digits$} {unit}")
}
