//! Counters, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is counted, by everybody.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    sockets: AtomicU64,
    sockets_total: AtomicU64,
    inputs: AtomicU64,
    drains: AtomicU64,
    pushes: AtomicU64,
    journal_syncs: AtomicU64,
    journal_sync_micros: AtomicU64,
    journal_failures: AtomicU64,
    flushes: AtomicU64,
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
        self.journal_syncs.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.journal_sync_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn journal_failed(&self) {
        self.journal_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn flushed(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn text(&self) -> String {
        let micros = self.journal_sync_micros.load(Ordering::Relaxed);
        let counted = [
            ("sockets", "gauge", "Sockets that are open.", &self.sockets),
            ("sockets_total", "counter", "Sockets that were opened.", &self.sockets_total),
            ("inputs_total", "counter", "Messages and requests that shards have handled.", &self.inputs),
            ("drains_total", "counter", "How often a shard has handled what waited.", &self.drains),
            ("pushes_total", "counter", "Pushes of which something was decided.", &self.pushes),
            ("journal_syncs_total", "counter", "Writes to the journals.", &self.journal_syncs),
            (
                "journal_failures_total",
                "counter",
                "Writes to the journals that failed.",
                &self.journal_failures,
            ),
            ("flushes_total", "counter", "Files of stores that were flushed.", &self.flushes),
        ];
        let counted = counted
            .map(|(name, kind, help, value)| (name, kind, help, value.load(Ordering::Relaxed).to_string()));
        let took = Duration::from_micros(micros).as_secs_f64().to_string();
        let took = ("journal_sync_seconds_total", "counter", "Time that writes to the journals took.", took);
        counted.into_iter().chain([took]).fold(String::new(), |mut text, (name, kind, help, value)| {
            // A text does not fail.
            let _ = write!(
                text,
                "# HELP syncline_{name} {help}\n# TYPE syncline_{name} {kind}\nsyncline_{name} {value}\n"
            );
            text
        })
    }
}
