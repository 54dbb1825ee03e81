//! The table, and the line below it that says where it was measured.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::Figure;
use super::rows::{Aim, Bound, Row};

pub(super) struct Table {
    lines: String,
    limits: String,
    missed: usize,
    aims: usize,
}

impl Table {
    /// With what the machine can do.
    pub(super) fn new(machine: &[Figure]) -> Result<Self> {
        let (flush, echo) = (value(machine, "fdatasync")?, value(machine, "echo")?);
        let limits = format!(
            "4 KB to a preallocated file with `fdatasync` took {flush:.2} ms (p50), a text of 200 bytes there and back over a bare tokio-tungstenite socket {echo:.2} ms."
        );
        let mut lines = String::from("| what | server | aim | measured | CPU of the server | peers |\n");
        lines.push_str("| --- | --- | --- | --- | --- | --- |\n");
        Ok(Self { lines, limits, missed: 0, aims: 0 })
    }

    pub(super) fn add(&mut self, row: &Row, host: &str, aims: &[Aim], figures: &[Figure]) -> Result<()> {
        let mut wanted = Vec::new();
        for Aim { figure, bound, text } in aims {
            let value = value(figures, figure)?;
            let met = match bound {
                Bound::Most(most) => value <= *most,
                Bound::Least(least) => value >= *least,
            };
            self.aims += 1;
            self.missed += usize::from(!met);
            wanted.push(format!("{text} {}", if met { "✓" } else { "✗" }));
        }
        let measured: Vec<String> = figures.iter().filter(|figure| figure.name != "cpu").map(show).collect();
        let cpu = figures.iter().find(|figure| figure.name == "cpu").map_or_else(|| "–".to_owned(), show);
        let aim = if wanted.is_empty() { "–".to_owned() } else { wanted.join(", ") };
        let line =
            format!("| {} | {host} | {aim} | {} | {cpu} | {} |", row.what, measured.join(", "), row.peers);
        eprintln!("{line}");
        Ok(writeln!(self.lines, "{line}")?)
    }

    pub(super) fn finish(self) -> String {
        let Self { lines, limits, missed, aims } = self;
        let met = aims.saturating_sub(missed);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "{lines}\n{met} of {aims} aims were met, on {cores} cores ({}) that server and load shared. {limits} LiveStore is sync-cf 0.4.0 from npm, measured in the same run. The other peers were measured before, on this machine: durable-streams, Redis (`appendfsync always`), SierraDB, y-sweet, SQLite and bare tokio-tungstenite, each with the same sizes.\n",
            processor()
        )
    }
}

fn processor() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = known.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

fn value(figures: &[Figure], name: &str) -> Result<f64> {
    let figure = figures.iter().find(|figure| figure.name == name);
    figure.map(|figure| figure.value).with_context(|| format!("{name} was not measured"))
}

fn show(Figure { name, value, unit }: &Figure) -> String {
    let number = if *value >= 100.0 { thousands(*value) } else { format!("{value:.2}") };
    match name.as_str() {
        "p50" | "p99" | "snapshot" => format!("{name} {number} {unit}"),
        _ => format!("{number} {unit}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::server::rows::ROWS;

    fn figure(name: &str, value: f64) -> Figure {
        Figure { name: name.to_owned(), value, unit: "µs a push".to_owned() }
    }

    #[test]
    fn an_aim_is_met_or_missed() {
        let mut table = Table::new(&[figure("fdatasync", 0.1), figure("echo", 0.05)]).unwrap();
        let row = ROWS.first().unwrap();
        let aims = row.workerd.unwrap();
        table.add(row, "workerd", aims, &[figure("cpu", 2_400.0)]).unwrap();
        table.add(row, "workerd", aims, &[figure("cpu", 1_234_567.0)]).unwrap();
        assert!(table.add(row, "workerd", aims, &[]).is_err());
        let text = table.finish();
        assert!(text.contains("≤ 2.5 ms CPU ✓ |") && text.contains("≤ 2.5 ms CPU ✗ |"), "{text}");
        assert!(text.contains("1,234,567 µs a push") && text.contains("1 of 2 aims"), "{text}");
    }
}
