//! Counters, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of a histogram, in microseconds, and how they are written in seconds.
const BUCKETS: [(u64, &str); 14] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (10_000_000, "10"),
];

/// How long something took, each time.
#[derive(Debug, Default)]
struct Histogram {
    /// What is in no bucket before.
    buckets: [AtomicU64; BUCKETS.len()],
    beyond: AtomicU64,
    micros: AtomicU64,
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|(bound, _)| micros <= *bound);
        let bucket = bucket.and_then(|bucket| self.buckets.get(bucket)).unwrap_or(&self.beyond);
        bucket.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, text: &mut String, name: &str, help: &str) {
        // A text does not fail.
        let _ = write!(text, "# HELP syncline_{name} {help}\n# TYPE syncline_{name} histogram\n");
        let mut count = 0;
        for ((_, bound), bucket) in BUCKETS.iter().zip(&self.buckets) {
            count += bucket.load(Ordering::Relaxed);
            let _ = writeln!(text, "syncline_{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        count += self.beyond.load(Ordering::Relaxed);
        let seconds = Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64();
        let _ = write!(
            text,
            "syncline_{name}_bucket{{le=\"+Inf\"}} {count}\nsyncline_{name}_sum {seconds}\nsyncline_{name}_count {count}\n"
        );
    }
}

/// What is counted, by everybody.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    sockets: AtomicU64,
    sockets_total: AtomicU64,
    inputs: AtomicU64,
    drains: AtomicU64,
    pushes: AtomicU64,
    /// From the socket's task to the answer that goes back to it.
    handled: Histogram,
    journal_syncs: Histogram,
    journal_failures: AtomicU64,
    flushes: AtomicU64,
    webhook_taken: AtomicU64,
    webhook_refused: AtomicU64,
    keys_failures: AtomicU64,
}

impl Metrics {
    pub(crate) fn socket_opened(&self) {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        self.sockets_total.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn socket_closed(&self) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// A shard has taken so many inputs at once.
    pub(crate) fn drained(&self, inputs: usize) {
        self.drains.fetch_add(1, Ordering::Relaxed);
        self.inputs.fetch_add(inputs as u64, Ordering::Relaxed);
    }

    pub(crate) fn decided(&self) {
        self.pushes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn synced(&self, took: Duration) {
        self.journal_syncs.observe(took);
    }

    /// An input that has waited, and was handled and made durable, in this time.
    pub(crate) fn handled(&self, took: Duration) {
        self.handled.observe(took);
    }

    pub(crate) fn journal_failed(&self) {
        self.journal_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn flushed(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }

    /// The webhook has taken a delivery, or not.
    pub(crate) fn delivered(&self, taken: bool) {
        let counter = if taken { &self.webhook_taken } else { &self.webhook_refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// An issuer's keys could not be had.
    pub(crate) fn keys_failed(&self) {
        self.keys_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn text(&self) -> String {
        let counted = [
            ("sockets", "gauge", "Sockets that are open.", &self.sockets),
            ("sockets_total", "counter", "Sockets that were opened.", &self.sockets_total),
            ("inputs_total", "counter", "Messages and requests that shards have handled.", &self.inputs),
            ("drains_total", "counter", "How often a shard has handled what waited.", &self.drains),
            ("pushes_total", "counter", "Pushes of which something was decided.", &self.pushes),
            (
                "journal_failures_total",
                "counter",
                "Writes to the journals that failed.",
                &self.journal_failures,
            ),
            ("flushes_total", "counter", "Files of stores that were flushed.", &self.flushes),
            ("webhook_taken_total", "counter", "Deliveries that the webhook took.", &self.webhook_taken),
            ("webhook_refused_total", "counter", "Deliveries that it did not take.", &self.webhook_refused),
            (
                "keys_failures_total",
                "counter",
                "Fetches of an issuer's keys that failed.",
                &self.keys_failures,
            ),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in counted {
            let value = value.load(Ordering::Relaxed);
            // A text does not fail.
            let _ = write!(
                text,
                "# HELP syncline_{name} {help}\n# TYPE syncline_{name} {kind}\nsyncline_{name} {value}\n"
            );
        }
        let help = "From when a message was read to when its answer was durable and went out.";
        self.handled.write(&mut text, "handled_seconds", help);
        self.journal_syncs.write(&mut text, "journal_sync_seconds", "A write to a journal, fsync included.");
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn each_bucket_counts_all_that_took_no_longer() {
        let metrics = Metrics::default();
        for micros in [80, 100, 101, 11_000_000] {
            metrics.handled(Duration::from_micros(micros));
        }
        let text = metrics.text();
        for line in [
            "# TYPE syncline_handled_seconds histogram",
            "syncline_handled_seconds_bucket{le=\"0.0001\"} 2",
            "syncline_handled_seconds_bucket{le=\"0.00025\"} 3",
            "syncline_handled_seconds_bucket{le=\"10\"} 3",
            "syncline_handled_seconds_bucket{le=\"+Inf\"} 4",
            "syncline_handled_seconds_sum 11.000281",
            "syncline_handled_seconds_count 4",
            "syncline_sockets 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }

    /// The rules of the text format, as far as this text uses it: a series has its help and type before it, and
    /// once; a counter is named as one; the buckets of a histogram grow, and the last has what its count says.
    #[test]
    fn the_text_keeps_the_format() {
        let metrics = Metrics::default();
        metrics.socket_opened();
        metrics.synced(Duration::from_secs(60));
        let text = metrics.text();
        assert!(text.ends_with('\n'));
        let (mut kinds, mut seen) = (BTreeMap::new(), BTreeSet::new());
        let mut last = (String::new(), 0.0);
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                assert!(rest.split_once(' ').unwrap().1.ends_with('.'), "{line}");
                continue;
            }
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
                assert!(text.contains(&format!("# HELP {name} ")), "{line}");
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            assert!(value >= 0.0 && seen.insert(series.to_owned()), "{line}");
            let name = series.split('{').next().unwrap();
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{line}");
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let family = family.filter(|family| kinds.contains_key(*family)).unwrap_or(name);
            let kind = kinds.get(family).unwrap();
            assert_eq!(kind == "histogram", family != name, "{line}");
            if name.ends_with("_bucket") {
                assert!(last.0 != family || value >= last.1, "{line}");
                last = (family.to_owned(), value);
            } else if name.ends_with("_count") {
                assert_eq!(last, (family.to_owned(), value), "{line}");
            }
        }
        assert!(kinds.len() > 5 && seen.len() > 30);
    }
}
