//! What was measured: a name, a value, a unit.

use std::time::Duration;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
}

impl Figure {
    pub(crate) const fn new(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit }
    }

    pub(crate) fn millis(name: &'static str, took: Duration) -> Self {
        Self::new(name, took.as_secs_f64() * 1_000.0, "ms")
    }

    /// What the server has used for one of `count`.
    pub(crate) fn cpu(used: Duration, count: usize, of: &'static str) -> Self {
        Self::new("cpu", used.as_secs_f64() * 1_000_000.0 / as_f64(count), of)
    }
}

/// So many of a hundred are not above it.
pub(crate) fn quantile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let last = values.len().saturating_sub(1);
    values.get((last * percent).div_ceil(100)).copied().unwrap_or_default()
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

pub(crate) fn per_second(count: usize, took: Duration) -> f64 {
    as_f64(count) / took.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values_and_so_many_are_not_above_it() {
        let mut values: Vec<Duration> = (1..=101).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&mut values, 50), Duration::from_millis(51));
        assert_eq!(quantile(&mut values, 99), Duration::from_millis(100));
        assert_eq!(quantile(&mut [], 50), Duration::ZERO);
    }
}
