//! `conformance`: holds a running server against the protocol.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use console::style;
use syncline_conformance::{Jwt, Outcome, Report, Scenario, Server, Setup, Tokens, all, run};

/// Hold a running server that serves the chat's model against the protocol
#[derive(Parser)]
struct Args {
    /// Where the server is: http://, a host and a port
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// The token that all clients share; without it and --jwt-secret, the server has to let everybody in
    #[arg(long, conflicts_with = "jwt_secret")]
    token: Option<String>,
    /// The secret of the server's HS256 tokens
    #[arg(long)]
    jwt_secret: Option<String>,
    /// For how many seconds the server takes a token that has expired
    #[arg(long, default_value_t = 60)]
    jwt_leeway: u64,
    /// How the server limits its clients; `small`: 10 events per second of each
    #[arg(long, value_enum, default_value_t = Limits::Default)]
    limits: Limits,
    /// What the archive has leaves the store at once (`UPKEEP={"snapshot-every":1,"keep-hot":0}`): the operator's
    /// token
    #[arg(long, value_name = "ADMIN_TOKEN")]
    cold: Option<String>,
    /// Only the scenarios whose name has this in it
    #[arg(long)]
    only: Option<String>,
    /// Name the scenarios, and run none
    #[arg(long)]
    list: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// How many seconds an answer may take
    #[arg(long, default_value_t = 20)]
    patience: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Limits {
    Default,
    Small,
}

/// Nothing was selected, or the options make no sense.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    match choose_and_run(args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(MISUSED)
        }
    }
}

fn choose_and_run(args: Args) -> Result<ExitCode> {
    let chosen: Vec<Scenario> =
        all().filter(|scenario| args.only.as_deref().is_none_or(|part| scenario.id.contains(part))).collect();
    if args.list {
        chosen.iter().for_each(|scenario| println!("{}", scenario.id));
    }
    let server = Server::new(Setup {
        url: args.url,
        tokens: match (args.token, args.jwt_secret) {
            (Some(token), _) => Tokens::Shared(token),
            (None, Some(secret)) => Tokens::Jwt(Jwt { secret, leeway: args.jwt_leeway }),
            (None, None) => Tokens::None,
        },
        small_rates: args.limits == Limits::Small,
        admin: args.cold,
        patience: Duration::from_secs(args.patience),
    })?;
    if chosen.is_empty() {
        anyhow::bail!("no scenario has {:?} in its name", args.only.unwrap_or_default());
    }
    if args.list {
        return Ok(ExitCode::SUCCESS);
    }
    let mut reports = Vec::with_capacity(chosen.len());
    for scenario in &chosen {
        let report = run(scenario, &server);
        say(&report, args.json)?;
        reports.push(report);
    }
    sum_up(&reports, args.json)
}

fn say(report: &Report, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    let (name, ms) = (report.scenario, report.ms);
    match &report.outcome {
        Outcome::Passed => println!("{} {name} {}", style("ok").green(), style(format!("{ms} ms")).dim()),
        Outcome::NotRun { needs } => println!("{} {name}: needs {needs}", style("--").yellow()),
        Outcome::Failed { expected, came } => {
            println!("{} {name} {}", style("FAILED").red().bold(), style(format!("{ms} ms")).dim());
            println!("   expected: {expected}\n   came:     {came}");
        }
    }
    Ok(())
}

/// A run in which nothing was run says nothing about the server.
fn sum_up(reports: &[Report], json: bool) -> Result<ExitCode> {
    let failed = reports.iter().filter(|report| report.is_failed()).count();
    let passed = reports.iter().filter(|report| matches!(report.outcome, Outcome::Passed)).count();
    let not_run = reports.len() - failed - passed;
    if !json {
        println!("{passed} passed, {failed} failed, {not_run} not run");
    }
    if passed + failed == 0 {
        anyhow::bail!("the server is set up for none of the scenarios that were selected");
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
