//! `cargo xtask torture`: real servers and clients, killed while they work; after each round what is
//! left is held against what was promised.

mod arena;
mod client;
mod round;
mod summary;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use syncline_torture::client::Assignment;

use crate::build::{self, Mode};
use crate::log::Log;
use crate::workspace::App;
use crate::{figures, setup};
use arena::Arena;
use summary::Summary;

/// A store and the files of its clients are used for this many rounds, so that histories grow, and
/// first starts are seen as well.
const ROUNDS_OF_A_STORE: u32 = 5;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long; the last round is brought to its end
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Which server
    #[arg(long, value_enum, default_value_t = Target::Workerd)]
    server: Target,
    /// Chooses the faults and what the clients do
    #[arg(long)]
    seed: Option<u64>,
    /// Client processes
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// The server as it is shipped: optimised, which takes minutes to build
    #[arg(long)]
    release: bool,
    /// Put the summary into docs/reliability.md, where nothing was violated
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    Workerd,
    Native,
}

/// One client process; only `torture` starts it.
#[derive(clap::Args)]
pub(crate) struct ClientArgs {
    assignment: String,
}

pub(crate) fn run_client(args: &ClientArgs) -> Result<()> {
    let assignment: Assignment = serde_json::from_str(&args.assignment).context("no assignment")?;
    syncline_torture::client::run(&assignment)
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match args.server {
        Target::Workerd => {
            setup::for_worker()?;
            build::worker(App::Chat, if args.release { Mode::Release } else { Mode::Dev }, &Log::Terminal)?;
        }
        Target::Native => build::native(App::Chat, args.release, &Log::Terminal)?,
    }
    let seed = args.seed.unwrap_or_else(fresh_seed);
    println!("seed {seed}, {} clients, {} minutes", args.clients, args.minutes);
    let mut arena = Arena::prepare(seed, args.clients, args.server, args.release)?;
    let deadline = Instant::now() + Duration::from_secs(args.minutes * 60);
    let mut summary = Summary::default();
    while Instant::now() < deadline && summary.violations.is_empty() {
        if summary.rounds.is_multiple_of(ROUNDS_OF_A_STORE) {
            arena.new_store()?;
        }
        summary.rounds += 1;
        let round = arena.round(summary.rounds).with_context(|| {
            format!("round {} of seed {seed}; see {}", summary.rounds, arena.folder().display())
        })?;
        println!("{round}");
        summary.add(round);
    }
    println!("{summary}");
    if summary.violations.is_empty() {
        arena.remove()?;
        return if args.write { put_into_docs(args, seed, &summary) } else { Ok(()) };
    }
    for violation in &summary.violations {
        eprintln!("  {violation}");
    }
    bail!(
        "{} violations; `cargo xtask torture --seed {seed}` chooses the same faults; databases, receipts and logs: {}",
        summary.violations.len(),
        arena.folder().display()
    )
}

fn put_into_docs(args: &Args, seed: u64, summary: &Summary) -> Result<()> {
    let (minutes, clients) = (args.minutes, args.clients);
    let build = if args.release { "the release build" } else { "a debug build" };
    let (of, marker) = match args.server {
        Target::Workerd => ("the worker", "torture"),
        Target::Native => ("the native server", "torture-native"),
    };
    let ran = format!(
        "Last run, {minutes} minutes with {clients} clients and {build} of {of}, seed {seed}: {summary}."
    );
    figures::put("docs/reliability.md", marker, &ran)
}

fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() % 1_000_000
}
