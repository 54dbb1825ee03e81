//! `cargo xtask test`: every check and every test, one step after the other.

mod progress;
mod purity;
mod step;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::setup;
use progress::Progress;
use step::{Outcome, STEPS, Step};

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only these steps, and what they need; an unknown name lists them all
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let steps = selected(&args.only)?;
    // Each step's needs, before the first starts: what has to be installed shows its own output.
    setup::for_build()?;
    if steps.iter().any(|step| step.name == "e2e") {
        setup::for_browsers()?;
    }
    let started = Instant::now();
    let mut progress = Progress::new(&steps);
    let mut failed: Vec<&str> = Vec::new();
    for step in steps {
        if let Some(needed) = step.needs.filter(|needed| failed.contains(needed)) {
            progress.end(step, &Outcome::Skipped(format!("{needed} failed")));
            failed.push(step.name);
            continue;
        }
        progress.begin(step);
        let outcome = step.run();
        progress.end(step, &outcome);
        if matches!(outcome, Outcome::Failed { .. }) {
            failed.push(step.name);
        }
    }
    progress.summary(started.elapsed());
    if failed.is_empty() {
        return Ok(());
    }
    bail!("{} failed; `cargo xtask test --only {}` repeats", failed.join(", "), failed.join(","))
}

fn selected(only: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step {unknown:?}; the steps are {}", names.join(", "));
    }
    let asked = |name: &str| only.is_empty() || only.iter().any(|asked| asked == name);
    let needed = |name: &str| STEPS.iter().any(|step| step.needs == Some(name) && asked(step.name));
    Ok(STEPS.iter().filter(|step| asked(step.name) || needed(step.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str]) -> Result<Vec<&'static str>> {
        let only: Vec<String> = only.iter().map(ToString::to_string).collect();
        Ok(selected(&only)?.into_iter().map(|step| step.name).collect())
    }

    #[test]
    fn without_a_selection_every_step_runs() {
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
    }

    #[test]
    fn a_step_brings_what_it_needs() {
        assert_eq!(names(&["e2e"]).unwrap(), ["build", "e2e"]);
        assert_eq!(names(&["fmt"]).unwrap(), ["fmt"]);
    }

    #[test]
    fn an_unknown_step_is_an_error_that_lists_the_steps() {
        let error = names(&["e2e", "lint"]).unwrap_err().to_string();
        assert!(error.contains("\"lint\"") && error.contains("clippy"), "{error}");
    }

    #[test]
    fn what_a_step_needs_runs_before_it() {
        for (at, step) in STEPS.iter().enumerate() {
            let before = STEPS.iter().take(at);
            let mut before = before.map(|step| step.name);
            assert!(step.needs.is_none_or(|needed| before.any(|name| name == needed)));
        }
    }
}
