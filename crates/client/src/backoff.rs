//! How long to wait before trying again: exponential, with full jitter.

use std::time::Duration;

/// Each delay is uniform between 0 and a ceiling that doubles with every failure, so that clients that
/// lost the server together do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    last: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(last: Duration) -> Self {
        Self { first: Duration::from_millis(250), last, failures: 0 }
    }

    /// Failures since the last success.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure; `chance` is uniform in [0, 1].
    pub(crate) fn next(&mut self, chance: f64) -> Duration {
        let ceiling = self.first.saturating_mul(1 << self.failures.min(20)).min(self.last);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(chance.clamp(0.0, 1.0))
    }

    pub(crate) const fn succeeded(&mut self) {
        self.failures = 0;
    }
}

/// Uniform in [0, 1]. Without randomness a client waits as long as it may.
pub(crate) fn chance() -> f64 {
    getrandom::u32().map_or(1.0, |n| f64::from(n) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_doubles_up_to_the_last_and_begins_anew_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1));
        let delays: Vec<u128> = (0..4).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(delays, [250, 500, 1_000, 1_000]);
        backoff.succeeded();
        assert_eq!(backoff.next(0.5).as_millis(), 125);
    }

    #[test]
    fn a_chance_is_within_its_bounds_and_not_always_the_same() {
        let chances: Vec<f64> = (0..50).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance != chances[0]));
    }
}
