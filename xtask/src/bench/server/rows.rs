//! The rows of the table: what is measured, what it is to come to, and what others came to.

use Bound::{Least, Most};
use Model::{Chat, Schemaless};

/// What a server is to come to.
pub(super) struct Aim {
    /// Of the load generator's figures.
    pub(super) figure: &'static str,
    pub(super) bound: Bound,
    pub(super) text: &'static str,
}

pub(super) enum Bound {
    Most(f64),
    Least(f64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Chat,
    Schemaless,
}

pub(super) struct Row {
    /// What the load generator is told.
    pub(super) load: &'static str,
    pub(super) what: &'static str,
    pub(super) model: Model,
    /// The aims, where it is measured there.
    pub(super) workerd: Option<&'static [Aim]>,
    pub(super) native: Option<&'static [Aim]>,
    pub(super) peers: &'static str,
}

impl Row {
    pub(super) fn name(&self) -> String {
        match self.model {
            Chat => self.load.to_owned(),
            Schemaless => format!("{}-schemaless", self.load),
        }
    }

    /// Whether LiveStore's server can do the same, but for the rules.
    pub(super) fn with_livestore(&self) -> bool {
        const ROWS: [&str; 6] = ["push100", "push1", "clients64", "catch-up", "fan-out", "one-reader"];
        self.model == Chat && ROWS.contains(&self.load)
    }
}

const fn aim(figure: &'static str, bound: Bound, text: &'static str) -> Aim {
    Aim { figure, bound, text }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        load: "push100",
        what: "push of 100 events in one commit, one writer, one in flight",
        model: Chat,
        workerd: Some(&[aim("cpu", Most(2_500.0), "≤ 2.5 ms CPU")]),
        native: Some(&[aim("rate", Least(120_000.0), "≥ 120,000 events/s")]),
        peers: "durable-streams (no rules) 325,000/s; Redis always 151,000; SierraDB 9,000; SQLite WAL FULL 390,000",
    },
    Row {
        load: "push100-scattered",
        what: "the same, with ids in no order, as UUIDs of version 4",
        model: Chat,
        workerd: Some(&[]),
        native: Some(&[]),
        peers: "",
    },
    Row {
        load: "push100-window",
        what: "push of 100 events, four in flight",
        model: Chat,
        workerd: None,
        native: Some(&[aim("rate", Least(120_000.0), "≥ 120,000 events/s")]),
        peers: "as above",
    },
    Row {
        load: "push100-commits",
        what: "push of 100 commits of one event, one writer, one in flight",
        model: Chat,
        workerd: Some(&[]),
        native: Some(&[]),
        peers: "",
    },
    Row {
        load: "push100",
        what: "push of 100 events, one in flight, `Schemaless`",
        model: Schemaless,
        workerd: None,
        native: Some(&[aim("rate", Least(300_000.0), "≥ 300,000 events/s")]),
        peers: "durable-streams 325,000/s",
    },
    Row {
        load: "push100-window",
        what: "the same, four in flight",
        model: Schemaless,
        workerd: None,
        native: Some(&[aim("rate", Least(300_000.0), "≥ 300,000 events/s")]),
        peers: "durable-streams 325,000/s",
    },
    Row {
        load: "push1",
        what: "push of 1 event, one after the other",
        model: Chat,
        workerd: Some(&[aim("cpu", Most(500.0), "≤ 0.5 ms CPU")]),
        native: Some(&[aim("p50", Most(0.25), "p50 ≤ 0.25 ms")]),
        peers: "durable-streams 0.16 ms; Redis always 0.15; one fsync 0.09–0.15 ms",
    },
    Row {
        load: "clients64",
        what: "64 clients at once, one store, 1-event commits, each reads what all write",
        model: Chat,
        workerd: Some(&[aim("rate", Least(4_000.0), "≥ 4,000 events/s")]),
        native: Some(&[]),
        peers: "",
    },
    Row {
        load: "clients64-blind",
        what: "the same, who do not read along",
        model: Chat,
        workerd: Some(&[aim("rate", Least(4_000.0), "≥ 4,000 events/s")]),
        native: Some(&[aim("rate", Least(50_000.0), "≥ 50,000 events/s")]),
        peers: "durable-streams 65,000",
    },
    Row {
        load: "stores100",
        what: "100 stores, one writer each, 1-event commits",
        model: Chat,
        workerd: None,
        native: Some(&[aim("rate", Least(40_000.0), "≥ 40,000 events/s")]),
        peers: "durable-streams 62,500; Redis always 97,000; a file and an fsync per store: ~10,000",
    },
    Row {
        load: "catch-up",
        what: "catch-up of 100,000 events",
        model: Chat,
        workerd: Some(&[aim("p50", Most(1_500.0), "≤ 1.5 s")]),
        native: Some(&[aim("p50", Most(50.0), "≤ 50 ms")]),
        peers: "durable-streams 10 ms; Redis 35; y-sweet 33 (merged); SierraDB 5,200; raw WebSocket in 20 KB frames 7.4 ms (20 MB each)",
    },
    Row {
        load: "fan-out",
        what: "one writer at 20/s, 500 readers: until all have it",
        model: Chat,
        workerd: Some(&[aim("p50", Most(60.0), "p50 ≤ 60 ms")]),
        native: Some(&[aim("p50", Most(3.3), "p50 ≤ 3.3 ms"), aim("p99", Most(5.0), "p99 ≤ 5 ms")]),
        peers: "y-sweet 3.3 / 5.3; durable-streams 3.6 / 6.7; Redis 6.4; bare tokio-tungstenite 2.8 / 5.1",
    },
    Row {
        load: "fan-out-full",
        what: "the same, saturated",
        model: Chat,
        workerd: None,
        native: Some(&[aim("rate", Least(1_000_000.0), "≥ 1,000,000 deliveries/s")]),
        peers: "durable-streams 1,616,000 (coalesced); y-sweet 454,000; bare tokio-tungstenite 363,000",
    },
    Row {
        load: "one-reader",
        what: "writer to one reader",
        model: Chat,
        workerd: Some(&[aim("p50", Most(3.0), "p50 ≤ 3 ms")]),
        native: Some(&[aim("p50", Most(0.35), "p50 ≤ 0.35 ms")]),
        peers: "durable-streams 0.37; Redis always 0.37; y-sweet 0.15 (no fsync)",
    },
    Row {
        load: "idle1000",
        what: "1,000 idle connections, then a message to all",
        model: Chat,
        workerd: Some(&[aim("answered", Least(1_000.0), "all answered")]),
        native: Some(&[aim("rss", Most(25.0), "≤ 25 MB RSS above base")]),
        peers: "y-sweet 14 KB each; tokio-tungstenite with 128 KiB buffers 129 KB each",
    },
    Row {
        load: "stores10000",
        what: "10,000 stores, 100 active; time to open a cold one and be greeted",
        model: Chat,
        workerd: None,
        native: Some(&[aim("rss", Most(300.0), "≤ 300 MB RSS"), aim("p50", Most(5.0), "opened in ≤ 5 ms")]),
        peers: "",
    },
];
