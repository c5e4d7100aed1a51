//! So many calls a minute, and no more.

use std::collections::VecDeque;

use crate::anomaly::policy::MOST_CALLS;
use crate::anomaly::snapshot::stored;

/// Counts calls exactly: in no window of 60 seconds, by whole seconds, are more let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Throttle {
    pub(super) until: u32,
    pub(super) calls: u32,
    /// The seconds of those that were let through, oldest first; at most `calls`.
    passed: VecDeque<u32>,
}

const WINDOW: u32 = 60;

stored!(
    Throttle {
        until,
        calls,
        passed
    },
    |throttle| {
        let counts = 1..=MOST_CALLS;
        counts.contains(&throttle.calls) && throttle.passed.len() <= MOST_CALLS as usize
    }
);

impl Throttle {
    pub(super) fn new(until: u32, calls: u32) -> Self {
        let passed = VecDeque::new();
        Self {
            until,
            calls,
            passed,
        }
    }

    /// Whether it is not over yet.
    pub(super) fn is_on(&self, second: u32) -> bool {
        self.until > second
    }

    /// The stricter of two, from now on.
    pub(super) fn tighten(&mut self, until: u32, calls: u32) {
        self.until = self.until.max(until);
        self.calls = self.calls.min(calls);
    }

    /// For how many seconds no call is let through; `None` if one is.
    pub(super) fn full_for(&self, second: u32) -> Option<u32> {
        // Once the last one but `calls` is over, fewer than `calls` are left.
        let ahead = (self.calls as usize).checked_sub(1)?;
        let last = self.passed.iter().rev().nth(ahead)?;
        let free_at = last.saturating_add(WINDOW);
        (free_at > second).then(|| free_at.saturating_sub(second))
    }

    /// Counts a call that is let through.
    pub(super) fn take(&mut self, second: u32) {
        let over = |passed: &u32| passed.saturating_add(WINDOW) <= second;
        while self.passed.front().is_some_and(over) {
            self.passed.pop_front();
        }
        self.passed.push_back(second);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against all that was let through, looked at anew; and who waits as told is let through.
        #[test]
        fn no_minute_has_more(calls in 1..5_u32, steps in prop::collection::vec(0..40_u32, 0..80)) {
            let (mut throttle, mut passed, mut now) = (Throttle::new(u32::MAX, calls), Vec::new(), 0);
            for step in steps {
                now += step;
                match throttle.full_for(now) {
                    None => {
                        throttle.take(now);
                        passed.push(now);
                    }
                    Some(wait) => {
                        let in_minute = passed.iter().filter(|at| **at + WINDOW > now).count();
                        prop_assert_eq!(in_minute, calls as usize);
                        let then = |at: &&u32| **at + WINDOW > now + wait;
                        prop_assert!(passed.iter().filter(then).count() < calls as usize);
                    }
                }
                let in_minute = passed.iter().filter(|at| **at + WINDOW > now).count();
                prop_assert!(in_minute <= calls as usize);
            }
        }
    }
}
