//! Runs scenarios, and says what came of each.

use std::time::Instant;

use serde::Serialize;

use crate::failure::Failure;
use crate::scenario::Scenario;
use crate::server::Server;

/// What came of one scenario.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which.
    pub scenario: &'static str,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took.
    pub ms: u64,
}

/// How a scenario ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The server did what it has to.
    Passed,
    /// It did not.
    Failed {
        /// What the protocol says.
        expected: String,
        /// What the server did.
        came: String,
    },
    /// The server is not set up for it.
    NotRun {
        /// What that takes.
        needs: &'static str,
    },
}

impl Report {
    /// Whether the server did something else than it has to.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }
}

/// Runs one scenario, if the server is set up for it.
#[must_use]
pub fn run(scenario: &Scenario, server: &Server) -> Report {
    let started = Instant::now();
    let outcome = match scenario.needs.missing(&server.setup) {
        Some(needs) => Outcome::NotRun { needs },
        None => match (scenario.run)(server) {
            Ok(()) => Outcome::Passed,
            Err(Failure { expected, came }) => Outcome::Failed { expected, came },
        },
    };
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Report { scenario: scenario.id, outcome, ms }
}
