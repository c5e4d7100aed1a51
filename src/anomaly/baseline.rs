//! Baselines for what a host counts and measures itself.

use std::fmt;
use std::time::Duration;

use super::statistics::{NegativeBinomial, surprise_of_deviations};

/// How many events a minute are ordinary for one thing that the host counts itself, and how far above that the last ones are:
/// the words between two services, the messages to one mailbox, the queries of one table.
///
/// The monitor keeps the like for each agent, tool and pair of agents. This one has no burn-in: what is usual for things of its
/// kind stands in for what is not known yet, so that the first flood is seen too. A minute that is too surprising teaches no
/// more than the mean, and minutes without events teach nothing. What was learned fades with a half-life of one day. 40 bytes,
/// constant time.
///
/// ```
/// use std::time::Duration;
/// use portcullis::anomaly::RateBaseline;
///
/// let mut mailbox = RateBaseline::new(1.0);
/// let minute = |minute: u64| Duration::from_secs(60 * minute);
/// let ordinary = (0..60).map(|at| mailbox.observe(minute(at))).fold(0.0, f64::max);
/// let flood = (0..100).map(|_| mailbox.observe(minute(60))).fold(0.0, f64::max);
/// assert!(ordinary < 1.0 && flood > 300.0);
/// ```
///
/// Source: the prior is that of Poisson counts, a gamma distribution; not to learn from what is odd is Bhatia and others,
/// *Real-time anomaly detection in edge streams* (2022), section 5.
#[derive(Clone, Copy)]
pub struct RateBaseline {
    usual: f64,
    minute: Option<u64>,
    /// Events in this minute, and in the one before it.
    count: u32,
    before: u32,
    is_hot: bool,
    /// Minutes with events, and the events in them; both fading.
    exposure: f32,
    sum: f32,
}

/// What is ordinary for one number that the host measures itself, and how far from that the next one is.
///
/// Mean and deviation fade with a half-life of 2,000 values. What is beyond ten deviations moves them no more than what is at ten.
/// The deviation is taken to be at least a hundredth of the mean. The unit does not matter. 24 bytes, constant time.
///
/// ```
/// use portcullis::anomaly::ValueBaseline;
///
/// let mut tokens = ValueBaseline::new();
/// let ordinary = (0..100_u32).filter_map(|at| tokens.observe(f64::from(900 + at * 37 % 200)));
/// assert!(ordinary.fold(0.0, f64::max) < 3.0);
/// assert!(tokens.observe(90_000.0) > Some(100.0));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueBaseline {
    seen: f64,
    mean: f64,
    variance: f64,
}

impl RateBaseline {
    /// A baseline of which nothing is known but how many events a minute, in minutes with any, are usual for things of its
    /// kind. That counts like twenty minutes of its own.
    #[must_use]
    pub fn new(usual: f64) -> Self {
        Self {
            usual: if usual.is_finite() {
                usual.clamp(1e-6, 1e6)
            } else {
                1.0
            },
            minute: None,
            count: 0,
            before: 0,
            is_hot: false,
            exposure: 0.0,
            sum: 0.0,
        }
    }

    /// One more event, at a time since any fixed point; one that is past counts as of the last one. Tells how surprising it is
    /// that there are so many in this minute, or in the one before it, if there are as many as that: `-ln p` where events come
    /// by chance at the ordinary rate, by a bound from below, in nats. It grows with the number as well as with the ratio.
    pub fn observe(&mut self, at: Duration) -> f64 {
        self.advance(at.as_secs() / 60);
        self.count = self.count.saturating_add(1);
        let expected = NegativeBinomial::poisson(self.expected());
        self.is_hot |= expected.bound(self.count.into()) >= HOT;
        expected.bound(self.count.max(self.before).into())
    }

    /// Events that are expected in a minute with any.
    #[must_use]
    pub fn expected(&self) -> f64 {
        let (sum, exposure) = (f64::from(self.sum), f64::from(self.exposure));
        (sum + self.usual * PRIOR) / (exposure + PRIOR)
    }

    fn advance(&mut self, minute: u64) {
        let gap = minute.saturating_sub(*self.minute.get_or_insert(minute));
        if gap == 0 {
            return;
        }
        let expected = self.expected() as f32;
        let count = self.count as f32;
        let learned = if self.is_hot {
            count.min(expected)
        } else {
            count
        };
        let fades = (-(gap as f32) / HALF_LIFE).exp2();
        self.exposure = (self.exposure + 1.0) * fades;
        self.sum = (self.sum + learned) * fades;
        self.before = if gap == 1 { self.count } else { 0 };
        (self.minute, self.count, self.is_hot) = (Some(minute), 0, false);
    }
}

impl fmt::Debug for RateBaseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateBaseline")
            .field("expected", &self.expected())
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl ValueBaseline {
    /// A baseline of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more value. Tells how surprising it is after those before it: at most `-ln p` for a normal deviate, in nats; `None`
    /// for the first thirty, and for what is no finite number, which teaches nothing.
    pub fn observe(&mut self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let difference = value.clamp(-LARGEST, LARGEST) - self.mean;
        let floor = (self.mean.abs() * LEAST_DEVIATION).max(f64::MIN_POSITIVE);
        let deviation = self.variance.sqrt().max(floor);
        let is_learned = self.seen >= MIN_SEEN;
        self.learn(if is_learned {
            difference.clamp(-MOST_LEARNED * deviation, MOST_LEARNED * deviation)
        } else {
            difference
        });
        let deviations = (difference.abs() / deviation).min(MOST_DEVIATIONS);
        is_learned.then(|| surprise_of_deviations(deviations))
    }

    fn learn(&mut self, difference: f64) {
        self.seen += 1.0;
        let weight = (1.0 - (-VALUES_HALF_LIFE.recip()).exp2()).max(self.seen.recip());
        self.mean += weight * difference;
        self.variance = (1.0 - weight) * (self.variance + weight * difference * difference);
    }
}

/// The square of much more overflows.
const LARGEST: f64 = 1e150;
const MIN_SEEN: f64 = 30.0;
/// Values after which what was learned counts half.
const VALUES_HALF_LIFE: f64 = 2000.0;
/// In deviations.
const MOST_LEARNED: f64 = 10.0;
const MOST_DEVIATIONS: f64 = 1e6;
/// Of the mean.
const LEAST_DEVIATION: f64 = 0.01;
/// Minutes that what is usual counts for.
const PRIOR: f64 = 20.0;
/// Minutes after which what was learned counts half.
const HALF_LIFE: f32 = 1440.0;
/// One in ten thousand ordinary minutes is not learned from.
const HOT: f64 = 9.210_340_371_976_184;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minute(minute: u64) -> Duration {
        Duration::from_secs(minute * 60)
    }

    #[test]
    fn a_flood_is_seen_at_once_and_never_learned() {
        let mut rate = RateBaseline::new(2.0);
        for at in 0..1000 {
            let most = (0..50)
                .map(|_| rate.observe(minute(at)))
                .fold(0.0, f64::max);
            assert!(most > 100.0, "{at}: {most}");
        }
        assert!(rate.expected() < 2.1);
    }

    #[test]
    fn what_is_ordinary_for_it_is_learned() {
        let mut rate = RateBaseline::new(1.0);
        for at in 0..2000 {
            // A slow rise: what is not odd is learned from.
            let events = 1 + at / 200;
            (0..events).for_each(|_| {
                rate.observe(minute(at));
            });
        }
        assert!(rate.expected() > 5.0);
    }

    #[test]
    fn the_beginning_of_a_minute_still_tells_of_the_one_before() {
        let mut rate = RateBaseline::new(1.0);
        let last = (0..100)
            .map(|_| rate.observe(minute(5)))
            .fold(0.0, f64::max);
        assert!((rate.observe(minute(6)) - last).abs() < 10.0);
        assert!(rate.observe(minute(8)) < 1.0);
    }

    #[test]
    fn a_constant_is_no_trap_and_a_jump_no_lesson() {
        let mut value = ValueBaseline::new();
        for _ in 0..100 {
            assert!(value.observe(50.0).is_none_or(|surprise| surprise == 0.0));
        }
        assert!(value.observe(50.4).unwrap() < 1.0);
        assert!(value.observe(80.0).unwrap() > 100.0);
        // Nor is one that was seen once ordinary.
        (0..30).for_each(|_| {
            value.observe(50.0);
        });
        assert!(value.observe(80.0).unwrap() > 20.0);
    }

    #[test]
    fn a_level_that_stays_becomes_ordinary() {
        let mut value = ValueBaseline::new();
        let wave = |at: u32| f64::from(at * 37 % 11);
        (0..3000).for_each(|at| {
            value.observe(wave(at));
        });
        assert!(value.observe(300.0).unwrap() > 100.0);
        let last = (0..12_000).filter_map(|at| value.observe(300.0 + wave(at)));
        assert!(last.last().unwrap() < 10.0);
    }

    proptest! {
        /// Whatever the unit.
        #[test]
        fn a_unit_does_not_matter(
            values in prop::collection::vec(-1000..1000_i32, 31..100),
            exponent in -20..20_i32,
        ) {
            let (mut one, mut other) = (ValueBaseline::new(), ValueBaseline::new());
            for value in values {
                let value = f64::from(value);
                let found = (one.observe(value), other.observe(value * 2_f64.powi(exponent)));
                prop_assert_eq!(found.0, found.1);
            }
        }

        /// No time and no value makes a score that is not a number, or less than nothing.
        #[test]
        fn scores_are_numbers(
            usual in any::<f64>(),
            events in prop::collection::vec((any::<u64>(), any::<f64>()), 0..100),
        ) {
            let (mut rate, mut value) = (RateBaseline::new(usual), ValueBaseline::new());
            for (second, number) in events {
                let surprise = rate.observe(Duration::from_secs(second));
                prop_assert!(surprise.is_finite() && surprise >= 0.0, "{surprise}");
                let surprise = value.observe(number).unwrap_or(0.0);
                prop_assert!(surprise.is_finite() && surprise >= 0.0, "{surprise}");
            }
        }
    }
}
