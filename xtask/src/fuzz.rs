//! `cargo xtask fuzz`: libFuzzer looks for inputs that break what a decoder or a machine promises.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::log::Log;
use crate::{process, workspace};

const DIR: &str = "crates/fuzz";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Only these targets; an unknown name lists them all
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    only: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let targets = selected(&args.only)?;
    refuse_without_tools()?;
    let found = workspace::target_dir()?.join("fuzz");
    let mut broken: Vec<String> = Vec::new();
    for target in targets {
        let (inputs, crashes) = (found.join("inputs").join(&target), found.join("crashes").join(&target));
        fs::create_dir_all(&inputs)?;
        fs::create_dir_all(&crashes)?;
        let log = Log::buffer();
        let mut fuzz = nightly("fuzz");
        // Without a sanitizer: the code is safe Rust, and the C of SQLite would not be instrumented.
        fuzz.args(["run", "--fuzz-dir", DIR, "--features", "libfuzzer", "--sanitizer", "none", &target]);
        // What is new goes to the first folder; the corpus is only read.
        fuzz.arg(&inputs).arg(workspace::path(DIR).join("corpus").join(&target)).args([
            "--",
            "-print_final_stats=1",
            "-verbosity=0",
            &format!("-max_total_time={}", args.seconds),
            &format!("-artifact_prefix={}/", crashes.display()),
        ]);
        let done = process::run(&mut fuzz, &log);
        let text = log.text();
        if done.is_ok() {
            println!(
                "{target}: {} runs in {} s",
                runs(&text).context("libFuzzer counted nothing")?,
                args.seconds
            );
        } else {
            eprintln!("{text}");
            broken.push(target);
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    let crashes = found.join("crashes");
    bail!("{} failed; what did it is in {}", broken.join(", "), crashes.display())
}

fn runs(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.split_once("stat::number_of_executed_units:")).map(|(_, n)| n.trim())
}

fn selected(only: &[String]) -> Result<Vec<String>> {
    let corpus = fs::read_dir(workspace::path(DIR).join("corpus"))?;
    let mut all: Vec<String> =
        corpus.map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned())).collect::<Result<_>>()?;
    all.sort_unstable();
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown:?}; the targets are {}", all.join(", "));
    }
    all.retain(|target| only.is_empty() || only.contains(target));
    Ok(all)
}

fn refuse_without_tools() -> Result<()> {
    process::output(Command::new("rustup").args(["run", "nightly", "rustc", "--version"]))
        .context("libFuzzer needs a nightly toolchain: `rustup toolchain install nightly`")?;
    process::output(nightly("fuzz").arg("--version"))
        .context("cargo-fuzz is not installed: `cargo install --locked cargo-fuzz`")?;
    Ok(())
}

/// A subcommand of cargo on the nightly toolchain, whatever toolchain this program was started with.
fn nightly(subcommand: &str) -> Command {
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo", subcommand]).current_dir(workspace::root());
    cargo.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_an_error_that_lists_the_targets() {
        let error = selected(&["what".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("\"what\"") && error.contains("client_message"), "{error}");
        assert_eq!(selected(&["segment".to_owned()]).unwrap(), ["segment"]);
        assert!(selected(&[]).unwrap().len() > 1);
    }
}
