//! `cargo xtask`: the menu of this repository's commands, a file each.

#[cfg(not(unix))]
compile_error!("cargo xtask needs a Unix: on Windows, run it in WSL");

mod bench;
mod build;
mod ci;
mod codegen;
mod conformance;
mod deploy;
mod dev;
mod explore;
mod figures;
mod fuzz;
mod log;
mod process;
mod screenshot;
mod server;
mod setup;
mod sim;
mod test;
mod torture;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Every command of this repository")]
struct Menu {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check what this machine needs, and get what is missing; the other commands do so by themselves
    Setup,
    /// Run a server and the page, and rebuild them as their sources change
    Dev(dev::Args),
    /// Build the worker, the client's wasm and the page
    Build(build::Args),
    /// Put the worker on Cloudflare, with its database and its secrets, and see that it answers
    Deploy(deploy::Args),
    /// Render the TypeScript of the chat's model
    Codegen(codegen::Args),
    /// Run every check and every test, those in a browser included
    Test(test::Args),
    /// What CI runs: every step of `test`
    Ci,
    /// Hold a running server against the protocol, over real sockets
    Conformance(conformance::Args),
    /// Kill real servers and clients while they work, and hold what is left against what was promised
    Torture(torture::Args),
    #[command(hide = true)]
    TortureClient(torture::ClientArgs),
    /// Go through every world that two clients and a room can come to, within bounds
    Explore(explore::Args),
    /// Let libFuzzer look for inputs that break a decoder or a machine
    Fuzz(fuzz::Args),
    /// Simulate clients, network, disks and server, seed after seed
    Sim(sim::Args),
    /// Measure
    Bench(bench::Args),
    /// Take the picture in the README
    Screenshot,
}

fn main() -> ExitCode {
    let menu = Menu::parse();
    let done = process::end_all_on_signal().and_then(|()| match menu.command {
        Command::Setup => setup::for_all(),
        Command::Dev(args) => dev::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Deploy(args) => deploy::run(&args),
        Command::Codegen(args) => codegen::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Ci => ci::run(),
        Command::Conformance(args) => conformance::run(&args),
        Command::Torture(args) => torture::run(&args),
        Command::TortureClient(args) => torture::run_client(&args),
        Command::Explore(args) => explore::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Screenshot => screenshot::run(),
    });
    process::end_all();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{} {error:#}", console::style("error:").red().bold().for_stderr());
            ExitCode::FAILURE
        }
    }
}
