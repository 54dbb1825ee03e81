//! `cargo xtask deploy`: the worker, its database and its secrets, on Cloudflare.

mod config;
mod credentials;
mod database;
mod health;
mod secrets;
mod size;

use std::env;
use std::fs;

use anyhow::{Context, Result, bail};
use console::style;

use crate::build::{self, Mode};
use crate::dev::wrangler;
use crate::log::Log;
use crate::workspace::App;
use crate::{process, setup};
use config::Config;
use size::Plan;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to deploy
    #[arg(long, value_enum, default_value_t)]
    app: App,
    /// An `[env.NAME]` of wrangler.toml: its own worker, objects, database and secrets, under names that end in NAME
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Say what would be deployed, and its size; needs neither credentials nor a network
    #[arg(long)]
    dry_run: bool,
    /// The account has the Workers Paid plan: 10 MB may be uploaded, not 3 MB
    #[arg(long)]
    paid: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let log = Log::Terminal;
    let plan = if args.paid { Plan::Paid } else { Plan::Free };
    if args.dry_run {
        let config = Config::read(&args.app.worker(), args.env.as_deref())?;
        setup::for_worker()?;
        build::worker(args.app, Mode::Release, &log)?;
        return bundle(&config, plan, &log);
    }
    credentials::check(|name| env::var(name).ok())?;
    let mut config = Config::read(&args.app.worker(), args.env.as_deref())?;
    setup::for_worker()?;
    config.write()?;
    // Before minutes are spent: whether the credentials are good, and whether every secret is known.
    let secrets = secrets::of(&config)?;
    build::worker(args.app, Mode::Release, &log)?;
    bundle(&config, plan, &log)?;
    database::prepare(&mut config, &log)?;
    let report = upload(&config, &secrets, &log)?;
    secrets.show();
    let url = health::address(&report)?;
    health::wait(&url)?;
    println!("{} {} answers at {url}", style("✓").green(), config.name());
    Ok(())
}

/// What would be deployed without `--env`, of the worker that is built.
pub(crate) fn rehearse(log: &Log) -> Result<()> {
    let config = Config::read(&App::Chat.worker(), None)?;
    bundle(&config, Plan::Free, log)
}

/// Lets wrangler bundle what it would upload, and fails where the configuration or the size is wrong.
fn bundle(config: &Config, plan: Plan, log: &Log) -> Result<()> {
    let file = config.write()?;
    let bundled = file.with_file_name("bundle");
    let said = process::output(
        wrangler().args(["deploy", "--dry-run", "--config"]).arg(&file).arg("--outdir").arg(bundled),
    )?;
    said.lines().for_each(|line| log.line(line));
    if said.contains("[WARNING]") {
        bail!("wrangler warns of {}, which is made from wrangler.toml", file.display());
    }
    let size = size::of(&said)?;
    log.line(&format!("{}: {size}, of {} that the {plan}", config.name(), plan.limit()));
    size.check(plan)
}

/// Uploads code and secrets as one version, so that there is no moment with only one of them. Returns what
/// wrangler reports.
fn upload(config: &Config, secrets: &secrets::Secrets, log: &Log) -> Result<String> {
    let file = config.write()?;
    let report = file.with_file_name("deployed.ndjson");
    fs::write(&report, "")?;
    let mut deploy = wrangler();
    deploy.arg("deploy").arg("--config").arg(&file).env("WRANGLER_OUTPUT_FILE_PATH", &report);
    let input = secrets.json()?;
    if input.is_some() {
        deploy.args(["--secrets-file", "/dev/stdin"]);
    }
    let said = process::output_of(&mut deploy, input.as_deref().unwrap_or_default())?;
    said.lines().for_each(|line| log.line(line));
    fs::read_to_string(report).context("wrangler has not said what it deployed")
}
