//! The server that is measured: where it is, and what its processes use.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::param::clock_ticks_per_second;

#[derive(clap::Args)]
pub(crate) struct Server {
    /// Its port on this machine
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,
    /// The token that all clients share
    #[arg(long, env = "SYNCLINE_TOKEN", default_value = "dev-token")]
    pub(crate) token: String,
    /// Its process group: all of them are counted
    #[arg(long, default_value_t = 0)]
    group: u32,
}

impl Server {
    /// The same, for a task that measures nothing.
    pub(crate) const fn at(port: u16, token: String) -> Self {
        Self { port, token, group: 0 }
    }

    /// User and system time so far, of ended children as well.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let ticks: u64 = self.stats()?.iter().map(|stat| stat.ticks).sum();
        let micros = ticks * 1_000_000 / clock_ticks_per_second();
        Ok(Duration::from_micros(micros))
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let page = u64::try_from(rustix::param::page_size())?;
        Ok(self.stats()?.iter().map(|stat| stat.resident * page).sum())
    }

    fn stats(&self) -> Result<Vec<Stat>> {
        let mut stats = Vec::new();
        for process in fs::read_dir("/proc")? {
            // What ends meanwhile is not to be read any more.
            if let Ok(text) = fs::read_to_string(process?.path().join("stat")) {
                let stat = Stat::parse(&text).context("/proc/…/stat is not as it was")?;
                if stat.group == self.group {
                    stats.push(stat);
                }
            }
        }
        ensure!(!stats.is_empty(), "no process is of the group {}", self.group);
        Ok(stats)
    }
}

struct Stat {
    group: u32,
    ticks: u64,
    resident: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // A name may hold spaces and parentheses; what follows the last one has neither.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            group: u32::try_from(number(2)?).ok()?,
            ticks: number(11)? + number(12)? + number(13)? + number(14)?,
            resident: number(21)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_its_own_time_and_that_of_its_children() {
        let text = "7 (a (b) c) S 1 5 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 99 1000 12 18446744 1";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.group, stat.ticks, stat.resident), (5, 100, 12));
        assert!(Stat::parse("7 (a").is_none());
    }
}
