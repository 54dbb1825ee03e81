//! `cargo xtask bench guards`: a push with what guards the promises, and without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::log::Log;
use crate::{figures, process, workspace};

/// What they may cost, in percent of a push.
const MOST: f64 = 3.0;

/// Events in a push, and pushes in a run: about a tenth of a second each.
const RUNS: [(u32, u32); 2] = [(1, 10_000), (100, 300)];

/// Of one size of push: nanoseconds with them, and how much more that is, in percent.
struct Cost {
    events: u32,
    nanos: f64,
    lower: f64,
    median: f64,
    upper: f64,
}

pub(super) fn run(pairs: usize, write: bool) -> Result<()> {
    ensure!(pairs > 0, "no pairs, no figures");
    let (guarded, bare) = (build("guarded", &[])?, build("unguarded", &["--features", "unguarded"])?);
    let costs: Vec<Cost> = RUNS
        .iter()
        .map(|(events, pushes)| measure(*events, *pushes, pairs, [&guarded, &bare]))
        .collect::<Result<_>>()?;
    let lines: Vec<String> = costs.iter().map(Cost::line).collect();
    let text = format!("They cost {}. By CPU time, in {pairs} pairs of runs.", lines.join(", and "));
    println!("{text}");
    if let Some(cost) = costs.iter().find(|cost| cost.median >= MOST) {
        anyhow::bail!("{:.1} % of a push of {} is not below {MOST} %", cost.median, cost.events);
    }
    if write { figures::put("docs/reliability.md", "guards", &text) } else { Ok(()) }
}

/// A build of the bench that the next one leaves alone.
fn build(name: &str, features: &[&str]) -> Result<PathBuf> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--release", "--quiet", "--package", "syncline-bench"]).args(features);
    process::run(&mut cargo, &Log::Terminal)?;
    let target = workspace::target_dir()?;
    let kept = target.join("bench").join(name);
    fs::create_dir_all(target.join("bench"))?;
    fs::copy(target.join("release/syncline-bench"), &kept).context("the bench was not built")?;
    Ok(kept)
}

/// Pairs, so that what else the machine does meets both; each pair begins with the other one.
fn measure(events: u32, pushes: u32, pairs: usize, [guarded, bare]: [&Path; 2]) -> Result<Cost> {
    let (mut nanos, mut more) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
    for pair in 0..pairs {
        let (with, without) = if pair % 2 == 0 {
            let with = once(guarded, pushes, events)?;
            (with, once(bare, pushes, events)?)
        } else {
            let without = once(bare, pushes, events)?;
            (once(guarded, pushes, events)?, without)
        };
        nanos.push(with);
        more.push((with / without - 1.0) * 100.0);
    }
    let [lower, median, upper] = [1, 2, 3].map(|quarter| quantile(&mut more, quarter));
    Ok(Cost { events, nanos: quantile(&mut nanos, 2), lower, median, upper })
}

fn once(bench: &Path, pushes: u32, events: u32) -> Result<f64> {
    let output = process::output(Command::new(bench).args([pushes.to_string(), events.to_string()]))?;
    output.trim().parse().with_context(|| format!("the bench says {output:?}"))
}

fn quantile(values: &mut [f64], quarter: usize) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get((values.len() - 1) * quarter / 4).copied().unwrap_or_default()
}

impl Cost {
    fn line(&self) -> String {
        let Self { events, nanos, lower, median, upper } = self;
        let events = if *events == 1 { "one event".to_owned() } else { format!("{events} events") };
        let micros = nanos / 1_000.0;
        format!(
            "{median:.1} % of a push of {events}, which takes {micros:.1} µs (half of the pairs: {lower:.1} to {upper:.1} %)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_values_lies_below_the_lower_quartile() {
        let mut values: Vec<f64> = (0..41).rev().map(f64::from).collect();
        assert_eq!([1, 2, 3].map(|quarter| quantile(&mut values, quarter)), [10.0, 20.0, 30.0]);
    }
}
