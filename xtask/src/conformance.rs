//! `cargo xtask conformance`: one suite of scenarios, against whichever server.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::build::{self, Mode};
use crate::log::Log;
use crate::workerd::{self, TOKEN};
use crate::{process, setup, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which server is started for it; none where `-- --url` names one that runs
    #[arg(long, value_enum, default_value_t = Server::Workerd)]
    server: Server,
    /// For the suite, as `--only crowd` or `--json`
    #[arg(last = true)]
    suite: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Server {
    Workerd,
    Native,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.suite.iter().any(|word| word.starts_with("--url") || word == "--list") {
        return process::run(suite().args(&args.suite), &Log::Terminal);
    }
    match args.server {
        Server::Workerd => {
            setup::for_worker()?;
            build::worker(Mode::Dev, &Log::Terminal)?;
            workerd(&args.suite, &Log::Terminal)
        }
        Server::Native => native(&args.suite, &Log::Terminal),
    }
}

/// Against the worker as it was built last.
pub(crate) fn workerd(suite: &[String], log: &Log) -> Result<()> {
    let mut server = workerd::Server::prepare(empty("workerd")?)?;
    server.start()?;
    let asked = ask(server.address(), suite, log);
    server.kill()?;
    asked
}

/// Against the native server of the chat.
pub(crate) fn native(suite: &[String], log: &Log) -> Result<()> {
    process::run(workspace::cargo().args(["build", "--package", "chat-server"]), log)?;
    let folder = empty("native")?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, workerd::free_port()?));
    let mut serve = Command::new(workspace::target_dir()?.join("debug/chat-server"));
    serve.args(["serve", "--listen", &address.to_string(), "--data"]).arg(folder.join("data"));
    serve.env("SYNCLINE_TOKEN", TOKEN);
    let output = folder.join("server.txt");
    let running = workerd::start_into(&mut serve, File::create(&output)?)?;
    let started = workerd::until(|| {
        running.check()?;
        Ok(workerd::answers(address))
    });
    let asked = started
        .and_then(|()| ask(address, suite, log))
        .with_context(|| format!("what the server said: {}", output.display()));
    running.kill()?;
    asked
}

fn ask(address: SocketAddr, suite_args: &[String], log: &Log) -> Result<()> {
    let mut suite = suite();
    suite.args(["--url", &format!("http://{address}"), "--token", TOKEN]).args(suite_args);
    process::run(&mut suite, log)
}

fn suite() -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--quiet", "--package", "syncline-conformance", "--"]);
    cargo
}

/// A folder without what another run has left.
fn empty(name: &str) -> Result<PathBuf> {
    let folder = workspace::target_dir()?.join("xtask/servers").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
