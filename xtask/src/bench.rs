//! `cargo xtask bench`: figures, measured here and now.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::build::{self, Mode};
use crate::log::Log;
use crate::screenshot::scene;
use crate::{setup, workspace};

const START: &str = "<!-- figures:start -->";
const END: &str = "<!-- figures:end -->";

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
}

#[derive(Deserialize)]
struct Figure {
    what: String,
    value: f64,
    unit: String,
    most: Option<f64>,
    beside: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let What::Path { write } = args.what;
    setup::for_build()?;
    setup::for_browser()?;
    build::all(Mode::Release, &Log::Terminal)?;
    let results = workspace::target_dir()?.join("bench/path.json");
    if results.exists() {
        fs::remove_file(&results)?;
    }
    scene("path")?;
    let text = fs::read_to_string(&results).context("the benchmark wrote no figures")?;
    let table = table(&serde_json::from_str::<Vec<Figure>>(&text)?)?;
    println!("{table}");
    if write { put_into_readme(&table) } else { Ok(()) }
}

fn table(figures: &[Figure]) -> Result<String> {
    let mut table = String::from("| what | measured | aim | beside it |\n| --- | --- | --- | --- |\n");
    for Figure { what, value, unit, most, beside } in figures {
        let digits = if *value < 1.0 { 3 } else { 1 };
        let most = most.map_or_else(|| "–".to_owned(), |most| format!("≤ {most} {unit}"));
        writeln!(table, "| {what} | {value:.digits$} {unit} | {most} | {beside} |")?;
    }
    Ok(table)
}

fn put_into_readme(table: &str) -> Result<()> {
    let path = workspace::path("README.md");
    let readme = fs::read_to_string(&path)?;
    let missing = "README.md has lost its figure markers";
    let (before, rest) = readme.split_once(START).context(missing)?;
    let (_, after) = rest.split_once(END).context(missing)?;
    Ok(fs::write(path, format!("{before}{START}\n{table}{END}{after}"))?)
}
