//! The command line.

mod backup;
mod bench;
mod compact;
mod export;
mod failure;
mod import;
mod livestore;
mod local;
mod log;
mod manifest;
mod output;
mod query;
mod remote;
mod restore;
mod serve;
mod source;
mod tail;
mod token;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use syncline_auth::{MakePolicy, Policy};
use syncline_engine::{Model, Rules};
use tracing::error;

use crate::config::LogLevel;
use failure::{EXIT_CODES, Failure};

const EXAMPLES: &str = "Examples:
  syncline serve --data /var/lib/syncline --token …
  syncline tail team-1 --url https://chat.example.org --token …
  syncline backup /backups/monday --token \"$OPERATOR_TOKEN\"
";

/// Syncline: one ordered log per store, typed events, and rules that hold on every client and here.
#[derive(Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
struct Cli {
    /// Answer in JSON, and errors as well
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the stores of a directory, until SIGTERM or SIGINT
    Serve(serve::ServeArgs),
    /// Follows a store's log live, through cuts and restarts
    Tail(tail::TailArgs),
    /// Prints a part of a store's log, a line of JSON for each entry
    Log(log::LogArgs),
    /// Asks a store in SQL; it only reads
    Query(query::QueryArgs),
    /// Writes a store's log, or all of it as an SQLite file
    Export(export::ExportArgs),
    /// Makes a new store of a log that was exported
    Import(import::ImportArgs),
    /// Copies stores into a folder, each consistent, while the server writes
    Backup(backup::BackupArgs),
    /// Makes a data directory of a backup
    Restore(restore::RestoreArgs),
    /// Looks whether logs and states are what was written
    Verify(verify::VerifyArgs),
    /// Merges small segments of logs
    Compact(compact::CompactArgs),
    /// Makes a JWT for development
    Token(token::TokenArgs),
    /// Puts a quick load on a server, and tells rate and latencies
    Bench(bench::BenchArgs),
}

/// What every command knows.
struct Cx {
    json: bool,
    rules: Rules,
}

/// The whole program, for a model.
#[must_use]
pub fn main<M: Model>() -> ExitCode {
    main_with::<M>(Policy::none)
}

/// The same for an app that decides something by code of its own beside its model: its policy is made of the
/// variables of the environment.
#[must_use]
pub fn main_with<M: Model>(policy: MakePolicy) -> ExitCode {
    let Cli { json, command } = Cli::parse();
    let serves = matches!(command, Command::Serve(_));
    if !serves {
        crate::log::start(Some(LogLevel::Warn), None);
    }
    match run::<M>(json, command, policy) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if serves && !json {
                error!("{}", failure.message());
            } else {
                failure.tell(json);
            }
            ExitCode::from(failure.exit())
        }
    }
}

fn run<M: Model>(json: bool, command: Command, policy: MakePolicy) -> Result<(), Failure> {
    let cx = Cx { json, rules: Rules::of::<M>() };
    match command {
        Command::Serve(args) => serve::run::<M>(args, policy),
        Command::Tail(args) => tail::run(&cx, args),
        Command::Log(args) => log::run(&cx, args),
        Command::Query(args) => query::run(&cx, args),
        Command::Export(args) => export::run(&cx, args),
        Command::Import(args) => import::run(&cx, args),
        Command::Backup(args) => backup::run(&cx, args),
        Command::Restore(args) => restore::run(&cx, args),
        Command::Verify(args) => verify::run(&cx, args),
        Command::Compact(args) => compact::run(&cx, args),
        Command::Token(args) => token::run(&cx, args),
        Command::Bench(args) => bench::run(&cx, args),
    }
}
