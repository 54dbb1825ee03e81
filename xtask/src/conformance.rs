//! `cargo xtask conformance`: one suite of scenarios, against whichever server.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;

use crate::build::{self, Mode};
use crate::log::Log;
use crate::server::{Server, TOKEN};
use crate::workspace::App;
use crate::{process, setup, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which server is started for it; none where `-- --url` names one that runs
    #[arg(long, value_enum, default_value_t = Target::Workerd)]
    server: Target,
    /// How it is set up
    #[arg(long, value_enum, default_value_t = Setup::Token)]
    setup: Setup,
    /// For the suite, as `--only crowd` or `--json`
    #[arg(last = true)]
    suite: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    Workerd,
    Native,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Setup {
    /// One token for all clients
    Token,
    /// Tokens that say who, what and until when
    Jwt,
    /// One token for all clients, each of which may push a few events per second
    Small,
    /// One token for all clients; what the archive has leaves the store at once. Of the worker alone
    Cold,
}

/// Of the operator.
const ADMIN_TOKEN: &str = "the-operator-s-token";

/// Few enough to be reached.
const SMALL_RATES: &str = r#"{"client-events":10}"#;

/// Nothing stays that may leave.
const COLD_UPKEEP: &str = r#"{"snapshot-every":1,"keep-hot":0}"#;

/// What JWTs are signed with.
const SECRET: &str = "the-secret-of-the-tokens-of-the-tests";

impl Setup {
    /// The variables of the server, as the worker names them.
    const fn vars(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Token => &[("AUTH_TOKEN", TOKEN)],
            Self::Jwt => &[("AUTH", "jwt"), ("JWT_ALGORITHMS", "HS256"), ("JWT_SECRET", SECRET)],
            Self::Small => &[("AUTH_TOKEN", TOKEN), ("RATES", SMALL_RATES)],
            Self::Cold => &[("AUTH_TOKEN", TOKEN), ("ADMIN_TOKEN", ADMIN_TOKEN), ("UPKEEP", COLD_UPKEEP)],
        }
    }

    /// What the suite has to know of it.
    const fn told(self) -> &'static [&'static str] {
        match self {
            Self::Token => &["--token", TOKEN],
            Self::Jwt => &["--jwt-secret", SECRET],
            Self::Small => &["--token", TOKEN, "--limits", "small"],
            Self::Cold => &["--token", TOKEN, "--cold", ADMIN_TOKEN],
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.suite.iter().any(|word| word.starts_with("--url") || word == "--list") {
        return process::run(suite().args(&args.suite), &Log::Terminal);
    }
    match args.server {
        Target::Native if args.setup == Setup::Cold => {
            anyhow::bail!("the native server has no archive: --setup cold is for --server workerd")
        }
        Target::Workerd => {
            setup::for_worker()?;
            build::worker(App::Chat, Mode::Dev, &Log::Terminal)?;
            workerd(args.setup, &args.suite, &Log::Terminal)
        }
        Target::Native => native(args.setup, &args.suite, &Log::Terminal),
    }
}

/// Two servers at once, each with some setups one after the other: most of the time, they wait.
const LANES: [&[Setup]; 2] = [&[Setup::Token], &[Setup::Jwt, Setup::Small, Setup::Cold]];

/// Against the worker as it was built last, in every setup.
pub(crate) fn workerd_in_all(log: &Log) -> Result<()> {
    in_all(workerd, log)
}

/// Against the native server of the chat, in every setup that it has.
pub(crate) fn native_in_all(log: &Log) -> Result<()> {
    build::native(App::Chat, false, log)?;
    let without_archive = |setup, suite: &[String], log: &Log| match setup {
        Setup::Cold => Ok(()),
        Setup::Token | Setup::Jwt | Setup::Small => native(setup, suite, log),
    };
    in_all(without_archive, log)
}

fn in_all(run: impl Fn(Setup, &[String], &Log) -> Result<()> + Sync, log: &Log) -> Result<()> {
    let mut cargo = workspace::cargo();
    process::run(cargo.args(["build", "--package", "syncline-conformance"]), log)?;
    let run = &run;
    let lane = |setups: &[Setup]| {
        let log = Log::buffer();
        let done = setups.iter().try_for_each(|setup| run(*setup, &[], &log));
        (log.text(), done)
    };
    let lanes = thread::scope(|scope| {
        let lanes = LANES.map(|setups| scope.spawn(move || lane(setups)));
        lanes.map(|lane| lane.join().unwrap_or_else(|_| (String::new(), Err(anyhow!("a lane has ended")))))
    });
    lanes.into_iter().try_for_each(|(text, done)| {
        log.line(&text);
        done
    })
}

/// Against the worker as it was built last.
fn workerd(setup: Setup, suite: &[String], log: &Log) -> Result<()> {
    let vars: String = setup.vars().iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
    ask_it(Server::workerd(App::Chat, empty("workerd", setup)?, &vars)?, setup, suite, log)
}

/// Against the native server of the chat.
fn native(setup: Setup, suite: &[String], log: &Log) -> Result<()> {
    build::native(App::Chat, false, log)?;
    // Its own name for the shared token is shorter.
    let vars = setup
        .vars()
        .iter()
        .map(|(name, value)| (format!("SYNCLINE_{}", name.trim_start_matches("AUTH_")), *value));
    let vars: Vec<(String, &str)> = vars.collect();
    let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let program = workspace::target_dir()?.join("debug/chat-server");
    ask_it(Server::native(empty("native", setup)?, &program, &vars)?, setup, suite, log)
}

fn ask_it(mut server: Server, setup: Setup, suite: &[String], log: &Log) -> Result<()> {
    server.start()?;
    let asked = ask(server.address(), setup, suite, log);
    server.kill()?;
    asked.with_context(|| format!("what the server said: {}", server.output().display()))
}

fn ask(address: SocketAddr, setup: Setup, suite_args: &[String], log: &Log) -> Result<()> {
    let mut suite = suite();
    suite.args(["--url", &format!("http://{address}")]).args(setup.told()).args(suite_args);
    process::run(&mut suite, log)
}

fn suite() -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--quiet", "--package", "syncline-conformance", "--"]);
    cargo
}

/// A folder without what another run has left.
fn empty(name: &str, setup: Setup) -> Result<PathBuf> {
    let name = format!("{name}-{setup:?}").to_lowercase();
    let folder = workspace::target_dir()?.join("xtask/servers").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
