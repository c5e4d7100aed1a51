//! A tool, or a path to another agent, that is closed for a time and then tried.

use crate::anomaly::snapshot::{Input, Stored};

/// Closed until a second, then half open: one call tries it, and how that ends decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Breaker {
    until: u32,
    /// Seconds for which it was closed the last time.
    lasts: u32,
    trial: Option<Trial>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Trial {
    call: u64,
    since: u32,
}

/// The longest that it stays closed before it is tried, in seconds.
const LONGEST: u32 = 7 * 86_400;
/// A trial that has not ended after so many seconds is given up: somebody else may try.
const TRIAL_LASTS: u32 = 60;

/// Who tries it does not outlive the process.
impl Stored for Breaker {
    fn store(&self, out: &mut Vec<u8>) {
        self.until.store(out);
        self.lasts.store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        let until = Stored::load(input)?;
        let lasts = u32::load(input).filter(|lasts| *lasts <= LONGEST)?;
        let trial = None;
        Some(Self {
            until,
            lasts,
            trial,
        })
    }
}

impl Breaker {
    pub(super) fn new(second: u32, lasts: u32) -> Self {
        Self {
            until: second.saturating_add(lasts),
            lasts,
            trial: None,
        }
    }

    /// Closes it again, for at least so long. Tells whether that changes anything worth telling.
    pub(super) fn close_again(&mut self, second: u32, lasts: u32) -> bool {
        let until = second.saturating_add(lasts.max(self.lasts));
        let left = self.until.saturating_sub(second);
        let is_half_over = left < lasts / 2 || left == 0;
        if is_half_over {
            (self.until, self.trial) = (until, None);
        }
        is_half_over
    }

    /// Both in one: closed until both would be tried, with the longer of their times.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            until: self.until.max(other.until),
            lasts: self.lasts.max(other.lasts),
            trial: None,
        }
    }

    /// For how many seconds this call does not get through; `None` if it may try, or is the one that does.
    pub(super) fn closed_for(&self, call: Option<u64>, second: u32) -> Option<u32> {
        if second < self.until {
            return Some(self.until.saturating_sub(second));
        }
        let trial = self.trial.filter(|trial| Some(trial.call) != call)?;
        let over = trial.since.saturating_add(TRIAL_LASTS);
        (second < over).then(|| over.saturating_sub(second))
    }

    /// This call tries it.
    pub(super) fn begin_trial(&mut self, call: u64, second: u32) {
        let since = second;
        self.trial = Some(Trial { call, since });
    }

    /// A call ended, well or not; `None` if it never ran. Tells whether the breaker has done its work.
    pub(super) fn ended(&mut self, call: u64, was_good: Option<bool>, second: u32) -> bool {
        if self.trial.is_none_or(|trial| trial.call != call) {
            return false;
        }
        self.trial = None;
        match was_good {
            Some(true) => true,
            Some(false) => {
                self.lasts = self.lasts.saturating_mul(2).min(LONGEST);
                self.until = second.saturating_add(self.lasts);
                false
            }
            None => false,
        }
    }

    /// Whether nobody has tried it for so long that the agent may as well be let be.
    pub(super) fn is_stale(&self, second: u32) -> bool {
        second.saturating_sub(self.until) > LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_once_and_closed_for_longer_if_that_fails() {
        let mut breaker = Breaker::new(100, 60);
        assert_eq!(breaker.closed_for(None, 100), Some(60));
        assert_eq!(breaker.closed_for(None, 159), Some(1));
        assert_eq!(breaker.closed_for(None, 160), None);
        breaker.begin_trial(7, 160);
        assert_eq!(breaker.closed_for(None, 161), Some(TRIAL_LASTS - 1));
        assert_eq!(breaker.closed_for(Some(7), 161), None);
        // Another call's end says nothing.
        assert!(!breaker.ended(8, Some(true), 161));
        assert!(!breaker.ended(7, Some(false), 162));
        assert_eq!(breaker.closed_for(None, 162), Some(120));
        assert_eq!(breaker.closed_for(None, 282), None);
        breaker.begin_trial(9, 282);
        assert!(breaker.ended(9, Some(true), 283));
    }

    #[test]
    fn a_trial_that_never_ends_or_never_runs_lets_another_one_try() {
        let mut breaker = Breaker::new(0, 60);
        breaker.begin_trial(1, 60);
        assert_eq!(breaker.closed_for(None, 60 + TRIAL_LASTS), None);
        breaker.begin_trial(2, 200);
        assert!(!breaker.ended(2, None, 201));
        assert_eq!(breaker.closed_for(None, 201), None);
    }

    #[test]
    fn it_is_closed_again_once_half_of_the_time_is_over() {
        let mut breaker = Breaker::new(0, 60);
        assert!(!breaker.close_again(10, 60));
        assert_eq!(breaker.closed_for(None, 10), Some(50));
        assert!(breaker.close_again(40, 60));
        assert_eq!(breaker.closed_for(None, 40), Some(60));
    }

    #[test]
    fn one_that_is_half_open_is_closed_again_however_short_it_is() {
        let mut breaker = Breaker::new(0, 1);
        assert!(!breaker.close_again(0, 1));
        assert!(breaker.close_again(1, 1));
        assert_eq!(breaker.closed_for(None, 1), Some(1));
    }
}
