//! The worker on workerd, with a local Durable Object and a local D1 that outlive a restart.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use console::Color;

use super::part::{self, Part};
use crate::log::Log;
use crate::workspace::App;
use crate::{build, process, setup, workspace};

const PORT: u16 = 8787;

pub(crate) fn part(app: App) -> Part {
    Part {
        app,
        name: "sync-worker",
        port: PORT,
        setup: setup::for_worker,
        build: build::worker,
        service,
        program: None,
        log: part::log("sync-worker", Color::Cyan),
        running: None,
    }
}

fn service(app: App, log: &Log) -> Result<Command> {
    let worker = &app.worker();
    let secrets = worker.join(".dev.vars");
    if !secrets.exists() {
        fs::copy(worker.join(".dev.vars.example"), secrets).context(".dev.vars.example")?;
        log.line("wrote .dev.vars from .dev.vars.example");
    }
    migrate(worker, log)?;

    let mut dev = wrangler();
    dev.current_dir(worker);
    dev.args(["dev", "--port", &PORT.to_string(), "--show-interactive-dev-session=false"]);
    Ok(dev)
}

/// wrangler has much to say about nothing: it is shown when it fails.
fn migrate(worker: &Path, log: &Log) -> Result<()> {
    let said = Log::buffer();
    let mut migrations = wrangler();
    migrations.current_dir(worker);
    migrations.args(["d1", "migrations", "apply", "DB", "--local"]);
    process::run(&mut migrations, &said).inspect_err(|_| said.text().lines().for_each(|line| log.line(line)))
}

pub(crate) fn wrangler() -> Command {
    let mut wrangler = workspace::npm_bin("wrangler");
    wrangler
        // Nothing local is anyone else's business, and no question waits for an answer.
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_SEND_ERROR_REPORTS", "false")
        .env("WRANGLER_HIDE_BANNER", "true")
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("CI", "true");
    wrangler
}
