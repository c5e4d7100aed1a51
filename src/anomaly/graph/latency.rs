//! How long things take, in constant space: the mean, and what 95 in 100 stay within.

use std::time::Duration;

use crate::anomaly::event::LONGEST_LATENCY;

/// Latencies in 64 buckets, each √2 times as wide as the one before, from 1 µs to 2³² µs (71 minutes).
///
/// A quantile is told as the geometric middle of the bucket that holds it, so that it is off by at most a factor of 2^¼:
/// 19 %, and it is never outside of what was seen. What lies outside of the buckets counts in the first or the last one. There are
/// no buckets before the first latency.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    timed: u64,
    /// Nanoseconds.
    sum: u64,
    buckets: Option<Box<Buckets>>,
}

#[derive(Clone, Copy, Debug)]
struct Buckets {
    counts: [u32; BUCKETS],
    /// Nanoseconds.
    least: u64,
    most: u64,
}

impl Latencies {
    pub(super) fn add(&mut self, latency: Duration) {
        let latency = latency.min(LONGEST_LATENCY);
        self.timed = self.timed.saturating_add(1);
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.sum = self.sum.saturating_add(nanos);
        self.buckets.get_or_insert_default().add(nanos);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.timed = self.timed.saturating_add(other.timed);
        self.sum = self.sum.saturating_add(other.sum);
        if let Some(others) = &other.buckets {
            self.buckets.get_or_insert_default().merge(others);
        }
    }

    pub(super) fn timed(&self) -> u64 {
        self.timed
    }

    pub(super) fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.timed).map(Duration::from_nanos)
    }

    /// By the nearest rank.
    pub(super) fn p95(&self) -> Option<Duration> {
        self.buckets.as_ref()?.p95().map(Duration::from_nanos)
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            least: u64::MAX,
            most: 0,
        }
    }
}

impl Buckets {
    fn add(&mut self, nanos: u64) {
        if let Some(count) = self.counts.get_mut(bucket_of(nanos / 1000)) {
            *count = count.saturating_add(1);
        }
        self.least = self.least.min(nanos);
        self.most = self.most.max(nanos);
    }

    fn merge(&mut self, others: &Self) {
        for (count, other) in self.counts.iter_mut().zip(&others.counts) {
            *count = count.saturating_add(*other);
        }
        self.least = self.least.min(others.least);
        self.most = self.most.max(others.most);
    }

    fn p95(&self) -> Option<u64> {
        let counted: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let rank = counted - counted / 20;
        let mut below = 0;
        let bucket = self.counts.iter().position(|count| {
            below += u64::from(*count);
            below >= rank
        })?;
        // The exact value is within these too.
        Some(middle(bucket).max(self.least).min(self.most))
    }
}

/// Which bucket a number of microseconds falls into: twice its binary logarithm, rounded down.
fn bucket_of(micros: u64) -> usize {
    let micros = micros.max(1);
    let power = micros.ilog2();
    let is_upper_half = u128::from(micros).pow(2) >= 1 << (2 * power + 1);
    (2 * power as usize + usize::from(is_upper_half)).min(BUCKETS - 1)
}

/// In nanoseconds.
fn middle(bucket: usize) -> u64 {
    let micros = ((bucket as f64 + 0.5) / 2.0).exp2();
    (micros * 1000.0).round() as u64
}

const BUCKETS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(micros: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        for micros in micros {
            latencies.add(Duration::from_micros(*micros));
        }
        latencies
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert_eq!((of(&[]).mean(), of(&[]).p95()), (None, None));
        let longest = of(&[u64::MAX]);
        assert_eq!(
            (longest.mean(), longest.p95()),
            (Some(LONGEST_LATENCY), Some(LONGEST_LATENCY))
        );
        assert_eq!(of(&[0]).p95(), Some(Duration::ZERO));
        assert_eq!(of(&[5, 5, 5]).p95(), Some(Duration::from_micros(5)));
    }

    proptest! {
        /// The error that the documentation states, against the exact nearest rank.
        #[test]
        fn the_quantile_is_off_by_at_most_its_bound(
            micros in proptest::collection::vec((0_u32..32, 0.0..1.0_f64), 1..200)
        ) {
            let mut micros: Vec<u64> = micros
                .iter()
                .map(|(power, rest)| ((f64::from(*power) + rest).exp2() as u64).max(1))
                .collect();
            let latencies = of(&micros);
            micros.sort_unstable();
            let exact = micros[(micros.len() * 95).div_ceil(100) - 1] as f64;
            let told = latencies.p95().unwrap().as_secs_f64() * 1e6;
            // A nanosecond of rounding.
            let bound = 2_f64.powf(0.25) * 1.001;
            prop_assert!(told / exact <= bound && exact / told <= bound, "{told} for {exact}");
            let mean = micros.iter().sum::<u64>() as f64 / micros.len() as f64;
            let told = latencies.mean().unwrap().as_secs_f64() * 1e6;
            prop_assert!((told - mean).abs() <= 0.001 + mean * 1e-9);
        }

        #[test]
        fn merging_is_adding(one in proptest::collection::vec(0_u64..1 << 40, 0..20), other in proptest::collection::vec(0_u64..1 << 40, 0..20)) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            let all = of(&[one, other].concat());
            prop_assert_eq!((merged.timed(), merged.mean(), merged.p95()), (all.timed(), all.mean(), all.p95()));
        }
    }
}
