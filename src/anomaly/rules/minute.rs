//! How many events there were in the last 60 seconds.

use crate::anomaly::policy::Ratio;
use crate::anomaly::snapshot::stored;
use crate::anomaly::statistics::NegativeBinomial;

/// Counts by whole seconds: an event is counted for the second in which it falls and the 59 after it. 128 bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::anomaly) struct Minute {
    seconds: [u16; 60],
    second: u32,
    total: u32,
}

/// More than was declared, beyond what chance explains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Excess {
    pub(in crate::anomaly) observed: u32,
    /// In nats.
    pub(in crate::anomaly) surprise: f64,
}

stored!(
    Minute {
        seconds,
        second,
        total
    },
    |minute| {
        minute.total
            == minute
                .seconds
                .iter()
                .map(|count| u32::from(*count))
                .sum::<u32>()
    }
);

impl Minute {
    pub(in crate::anomaly) fn new(second: u32) -> Self {
        Self {
            seconds: [0; 60],
            second,
            total: 0,
        }
    }

    /// One more event. A second that is past counts as the present one.
    pub(in crate::anomaly) fn observe(&mut self, second: u32) {
        self.advance(second);
        if let Some(count) = self.seconds.get_mut(slot(self.second))
            && *count < u16::MAX
        {
            *count += 1;
            self.total += 1;
        }
    }

    /// What the count says where so many events a minute were declared. What was learned has no say in it, since it can be taught.
    pub(in crate::anomaly) fn excess(&self, expected: f64, rule: Ratio) -> Option<Excess> {
        let observed = self.total;
        if f64::from(observed) <= rule.ratio * expected {
            return None;
        }
        let poisson = NegativeBinomial::poisson(expected);
        poisson
            .reaches(observed.into(), -rule.significance.ln())
            .then(|| Excess {
                observed,
                surprise: poisson.surprise(observed.into()),
            })
    }

    /// Whether nothing is left of it.
    pub(in crate::anomaly) fn is_over(&self, second: u32) -> bool {
        second.saturating_sub(self.second) >= 60
    }

    fn advance(&mut self, second: u32) {
        let gap = second.saturating_sub(self.second);
        if gap >= 60 {
            *self = Self::new(second);
            return;
        }
        for passed in 1..=gap {
            if let Some(count) = self.seconds.get_mut(slot(self.second + passed)) {
                self.total -= u32::from(*count);
                *count = 0;
            }
        }
        self.second += gap;
    }
}

fn slot(second: u32) -> usize {
    (second % 60) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The model is the list of all seconds.
        #[test]
        fn it_agrees_with_a_list(gaps in prop::collection::vec(prop_oneof![0..3_u32, 0..100_u32], 0..300)) {
            let mut minute = Minute::new(7);
            let (mut second, mut all) = (7, Vec::new());
            for gap in gaps {
                second += gap;
                all.push(second);
                minute.observe(second);
                let live = all.iter().filter(|at| second - **at < 60).count();
                prop_assert_eq!(minute.total as usize, live);
            }
        }
    }

    /// 40 a minute: more than 120 are three times as many, and chance does not explain 121. 1 a minute: more than 3 are
    /// not enough, since chance explains them; 11 are (p = 1.0e-8), 10 are too (1.1e-7), 9 are not (1.1e-6).
    #[test]
    fn both_the_ratio_and_chance_must_be_exceeded() {
        let first = |expected: f64| {
            let mut minute = Minute::new(0);
            (1..1000).find(|_| {
                minute.observe(0);
                minute.excess(expected, Ratio::default()).is_some()
            })
        };
        assert_eq!(first(40.0), Some(121));
        assert_eq!(first(1.0), Some(10));
        assert_eq!(first(0.05), Some(4));
    }
}
