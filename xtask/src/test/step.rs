//! The steps of `cargo xtask test`, in the order in which they run.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::purity;
use crate::build::{self, Mode};
use crate::log::Log;
use crate::workspace::{App, WASM_TARGET};
use crate::{codegen, conformance, deploy, explore, process, setup, sim, workspace};

/// LiveStore's example app, and the tests of its client.
const LIVESTORE_WEB: &str = "apps/livestore/web";

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// A step without which this one would say nothing.
    pub(crate) needs: Option<&'static str>,
    work: fn(&Log) -> Result<Done>,
}

enum Done {
    Done,
    /// Why there was nothing to do.
    Skipped(&'static str),
}

pub(crate) enum Outcome {
    Passed(Duration),
    Skipped(String),
    Failed { after: Duration, output: String },
}

pub(crate) const STEPS: [Step; 21] = [
    Step { name: "fmt", about: "Rust is formatted", needs: None, work: fmt },
    Step { name: "clippy", about: "Rust has no warnings", needs: None, work: clippy },
    Step { name: "clippy-wasm", about: "nor has what runs as wasm", needs: None, work: clippy_wasm },
    Step { name: "purity", about: "the engine needs no host", needs: None, work: purity },
    Step { name: "unit", about: "Rust tests", needs: None, work: unit },
    Step { name: "doc", about: "Rust samples in the docs", needs: None, work: doc },
    Step { name: "sim", about: "five thousand simulated histories", needs: None, work: sim },
    Step { name: "crash-points", about: "a kill at every write", needs: None, work: crash_points },
    Step { name: "mutations", about: "deliberate bugs are found", needs: None, work: mutations },
    Step { name: "explore", about: "every world of a small system", needs: None, work: explore },
    Step { name: "codegen", about: "generated TypeScript is fresh", needs: None, work: codegen },
    Step { name: "deny", about: "licences and sources of crates", needs: None, work: deny },
    Step { name: "biome", about: "TypeScript is formatted and linted", needs: None, work: biome },
    Step { name: "build", about: "workers, clients and pages", needs: None, work: build },
    Step {
        name: "deploy",
        about: "what would be deployed, and its size",
        needs: Some("build"),
        work: deploy,
    },
    Step { name: "tsc", about: "TypeScript's types", needs: Some("build"), work: tsc },
    Step { name: "vitest", about: "TypeScript tests", needs: Some("build"), work: vitest },
    Step {
        name: "conformance-native",
        about: "the native server keeps the protocol",
        needs: None,
        work: native,
    },
    Step {
        name: "conformance",
        about: "workerd keeps the protocol",
        needs: Some("build"),
        work: conformance,
    },
    Step {
        name: "livestore",
        about: "LiveStore's clients, on workerd and the native server",
        needs: Some("build"),
        work: livestore,
    },
    Step { name: "e2e", about: "the apps in browsers against workerd", needs: Some("build"), work: e2e },
];

impl Step {
    pub(crate) fn run(&self) -> Outcome {
        let (log, started) = (Log::buffer(), Instant::now());
        match (self.work)(&log) {
            Ok(Done::Done) => Outcome::Passed(started.elapsed()),
            Ok(Done::Skipped(reason)) => Outcome::Skipped(reason.to_owned()),
            Err(error) => {
                log.line(&format!("{error:#}"));
                Outcome::Failed { after: started.elapsed(), output: log.text() }
            }
        }
    }
}

fn fmt(log: &Log) -> Result<Done> {
    run(workspace::cargo().args(["fmt", "--all", "--check"]), log)
}

fn clippy(log: &Log) -> Result<Done> {
    let mut cargo = workspace::cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]);
    run(&mut cargo, log)
}

fn clippy_wasm(log: &Log) -> Result<Done> {
    let mut cargo = workspace::cargo();
    cargo.args(["clippy", "--target", WASM_TARGET, "--lib"]);
    for package in [
        "syncline-worker",
        "syncline-web",
        "syncline-sqlite",
        "chat-worker",
        "chat-wasm",
        "todo-worker",
        "todo-wasm",
        "livestore-worker",
    ] {
        cargo.args(["--package", package]);
    }
    setup::wasm_c(&mut cargo)?;
    run(cargo.args(["--", "--deny", "warnings"]), log)
}

fn purity(log: &Log) -> Result<Done> {
    purity::check(log).map(|()| Done::Done)
}

/// nextest where it is installed; it is faster, but takes minutes to install from source, and finds no more.
fn unit(log: &Log) -> Result<Done> {
    let mut cargo = workspace::cargo();
    if has_cargo("nextest") {
        cargo.args(["nextest", "run", "--workspace", "--no-tests", "fail"]);
    } else {
        cargo.args(["test", "--workspace", "--all-targets"]);
    }
    run(&mut cargo, log)
}

fn doc(log: &Log) -> Result<Done> {
    run(workspace::cargo().args(["test", "--workspace", "--doc"]), log)
}

/// Always the same ones, about a minute of two cores, after those that have found a bug before.
fn sim(log: &Log) -> Result<Done> {
    simulate(&["--seeds", "5000"], log)
}

fn crash_points(log: &Log) -> Result<Done> {
    simulate(&["--crash-points"], log)
}

fn simulate(args: &[&str], log: &Log) -> Result<Done> {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--release", "--quiet", "--package", "syncline-sim", "--"]).args(args);
    run(&mut cargo, log)
}

fn mutations(log: &Log) -> Result<Done> {
    sim::find_mutations(log).map(|()| Done::Done)
}

fn explore(log: &Log) -> Result<Done> {
    explore::all(log).map(|()| Done::Done)
}

fn codegen(_: &Log) -> Result<Done> {
    codegen::check().map(|()| Done::Done)
}

fn deny(log: &Log) -> Result<Done> {
    if !has_cargo("deny") {
        return Ok(Done::Skipped("cargo-deny is not installed: `cargo install --locked cargo-deny`"));
    }
    run(workspace::cargo().args(["deny", "check", "bans", "licenses", "sources"]), log)
}

fn biome(log: &Log) -> Result<Done> {
    run(workspace::npm_bin("biome").args(["check", "--error-on-warnings"]), log)
}

fn build(log: &Log) -> Result<Done> {
    build::all(App::Chat, Mode::Release, log)?;
    build::all(App::Todo, Mode::Dev, log)?;
    build::conformance(log)?;
    build::worker(App::Livestore, Mode::Dev, log).map(|()| Done::Done)
}

fn deploy(log: &Log) -> Result<Done> {
    deploy::rehearse(log).map(|()| Done::Done)
}

fn tsc(log: &Log) -> Result<Done> {
    run(&mut npm_script("typecheck"), log)
}

fn vitest(log: &Log) -> Result<Done> {
    run(&mut npm_script("test"), log)
}

fn native(log: &Log) -> Result<Done> {
    conformance::native_in_all(log).map(|()| Done::Done)
}

fn conformance(log: &Log) -> Result<Done> {
    conformance::workerd_in_all(log).map(|()| Done::Done)
}

fn e2e(log: &Log) -> Result<Done> {
    playwright(App::Chat, log)?;
    playwright(App::Todo, log)
}

/// The real client: in Node and in Chromium.
fn livestore(log: &Log) -> Result<Done> {
    let mut cargo = workspace::cargo();
    process::run(cargo.args(["build", "--package", "syncline-server"]), log)?;
    let mut npm = Command::new("npm");
    npm.args(["run", "build", "--workspace", LIVESTORE_WEB]).current_dir(workspace::root());
    process::run(&mut npm, log)?;
    let mut npm = Command::new("npm");
    npm.args(["run", "livestore", "--workspace", LIVESTORE_WEB]).current_dir(workspace::root());
    npm.env("SYNCLINE", workspace::target_dir()?.join("debug/syncline"));
    process::run(&mut npm, log)?;
    playwright(App::Livestore, log)
}

fn playwright(app: App, log: &Log) -> Result<Done> {
    let chromium = setup::CHROMIUM.find()?.context("no Chromium; run `cargo xtask setup`")?;
    let mut playwright = workspace::npm_bin("playwright");
    playwright.arg("test").env(setup::CHROMIUM.variable, chromium);
    if let Some(firefox) = setup::FIREFOX.find()? {
        playwright.env(setup::FIREFOX.variable, firefox);
    }
    playwright.env("SYNCLINE", workspace::target_dir()?.join("debug/syncline"));
    run(playwright.current_dir(app.web()), log)
}

fn run(command: &mut Command, log: &Log) -> Result<Done> {
    process::run(command, log).map(|()| Done::Done)
}

/// A script of every npm package of the workspace.
fn npm_script(name: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["run", name, "--workspaces", "--if-present"]).current_dir(workspace::root());
    npm
}

fn has_cargo(subcommand: &str) -> bool {
    process::output(workspace::cargo().args([subcommand, "--version"])).is_ok()
}
