//! What the program is told to do.

use std::time::Duration;

use crate::setup::Faults;

pub(super) const USAGE: &str = "usage: syncline-sim [--seeds N | --minutes M | --seed X] [--from SEED] \
    [--threads T] [--with FAULT]… [--without FAULT]…
       syncline-sim --crash-points";

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    pub(super) from: u64,
    pub(super) seeds: u64,
    pub(super) until: Option<Duration>,
    pub(super) threads: usize,
    pub(super) faults: Faults,
    /// Whether the seeds come first that have found a bug before.
    pub(super) known: bool,
}

impl Options {
    /// # Errors
    /// Which word is wrong, and why.
    pub(super) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let faults = Faults::usual();
        let mut options = Self { from: 0, seeds: 1_000, until: None, threads, faults, known: true };
        while let Some(name) = args.next() {
            let value = args.next().unwrap_or_default();
            match name.as_str() {
                "--seeds" => options.seeds = number(&name, &value)?,
                "--minutes" => {
                    let minutes: f64 = number(&name, &value)?;
                    let until = Duration::try_from_secs_f64(minutes * 60.0);
                    options.until = Some(until.map_err(|why| format!("{name} {value}: {why}"))?);
                    options.seeds = u64::MAX;
                }
                "--seed" => {
                    (options.from, options.seeds) = (number(&name, &value)?, 1);
                    options.known = false;
                }
                "--from" => options.from = number(&name, &value)?,
                "--threads" => options.threads = number::<usize>(&name, &value)?.max(1),
                "--without" => options.faults.switch(&value, false)?,
                "--with" => options.faults.switch(&value, true)?,
                _ => return Err(format!("no option: {name:?}")),
            }
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} takes a number, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_wrong_word_is_named() {
        for (line, word) in [
            ("--with nonsense", "nonsense"),
            ("--with", "\"\""),
            ("--seeds many", "many"),
            ("--minutes -1", "-1"),
            ("--sedes 3", "--sedes"),
        ] {
            let why = parse(line).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
        assert!(parse("--with nonsense").unwrap_err().contains("half-open"));
    }

    #[test]
    fn one_seed_runs_alone() {
        let options = parse("--seed 7 --with clone").unwrap();
        assert_eq!((options.from, options.seeds, options.known), (7, 1, false));
        assert!(options.faults.clone_client);
        assert!(parse("--seeds 7").unwrap().known);
    }
}
