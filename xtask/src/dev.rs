//! `cargo xtask dev`: a server, the worker or the native one, and the page on Vite, rebuilt as their sources change.

mod native;
mod part;
mod port;
mod sources;
mod sync_worker;
mod web;

use std::thread;
use std::time::Duration;

use anyhow::Result;
use console::style;

use crate::codegen;
use crate::workspace::App;
use part::Part;
use sources::Sources;

pub(crate) use sync_worker::wrangler;

/// How often the sources and the services are looked at.
const TICK: Duration = Duration::from_millis(300);

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    only: Option<Only>,
    /// What to run
    #[arg(long, value_enum, default_value_t, global = true)]
    app: App,
    /// The native server in the worker's place
    #[arg(long)]
    native: bool,
}

#[derive(Clone, Copy, clap::Subcommand)]
enum Only {
    /// The worker alone, at http://localhost:8787
    SyncWorker,
    /// The native server alone, at http://localhost:8787
    Native,
    /// The page alone, at http://localhost:3001
    Web,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let app = args.app;
    let mut parts = match args.only {
        None if args.native => vec![native::part(app)?, web::part(app)],
        None => vec![sync_worker::part(app), web::part(app)],
        Some(Only::SyncWorker) => vec![sync_worker::part(app)],
        Some(Only::Native) => vec![native::part(app)?],
        Some(Only::Web) => vec![web::part(app)],
    };
    for part in &parts {
        (part.setup)()?;
        port::require_free(part.port)?;
    }
    let mut sources = Sources::now(&["crates", "apps", "Cargo.toml", "Cargo.lock"])?;
    let mut model = Sources::now(&["apps/chat/model", "apps/todo/model"])?;
    let mut announced = false;
    loop {
        for part in &mut parts {
            part.renew()?;
        }
        loop {
            thread::sleep(TICK);
            for part in &parts {
                part.check()?;
            }
            if !announced && parts.iter().all(Part::answers) {
                announced = true;
                announce(&parts);
            }
            if sources.settled_anew()? {
                break;
            }
        }
        if model.differs()? {
            codegen::anew(&part::log("codegen", console::Color::Yellow));
        }
    }
}

fn announce(parts: &[Part]) {
    println!();
    for part in parts {
        let url = style(format!("http://localhost:{}", part.port)).bold();
        println!("  {} {:<12} {url}", style("✓").green(), part.name);
    }
    println!("  Ctrl-C ends them.\n");
}
