//! What an agent did last, and whether it goes round in circles.

use crate::anomaly::policy::MOST_REMEMBERED;
use crate::anomaly::snapshot::stored;

/// The last 16 completed calls, each by 32 bits of a keyed hash of call and result, with its second.
#[derive(Clone, Copy, Debug)]
pub(in crate::anomaly) struct Steps {
    /// The last first.
    steps: [(u32, u32); KEPT],
    len: usize,
}

const KEPT: usize = MOST_REMEMBERED as usize;

/// The longest cycle that is looked for.
const LONGEST_CYCLE: usize = 3;

stored!(Steps { steps, len }, |steps| steps.len <= KEPT);

impl Steps {
    pub(in crate::anomaly) fn new() -> Self {
        Self {
            steps: [(0, 0); KEPT],
            len: 0,
        }
    }

    /// One more step. Tells how often this very step was made within so many seconds, or how often a cycle of two or three
    /// steps that ends with it was gone round without a break, each step within so many seconds on average; if that is at
    /// least `repeats` times.
    pub(in crate::anomaly) fn observe(
        &mut self,
        step: u32,
        second: u32,
        within: u32,
        repeats: u32,
    ) -> Option<u32> {
        self.steps.rotate_right(1);
        if let Some(first) = self.steps.first_mut() {
            *first = (step, second);
        }
        self.len = (self.len + 1).min(KEPT);
        let same = self
            .recent(second, within)
            .iter()
            .filter(|(other, _)| *other == step)
            .count();
        let cycles = (2..=LONGEST_CYCLE).map(|length| {
            let within = within.saturating_mul(u32::try_from(length).unwrap_or(1));
            rounds(self.recent(second, within), length)
        });
        let most = cycles.fold(same, usize::max);
        u32::try_from(most).ok().filter(|most| *most >= repeats)
    }

    fn recent(&self, second: u32, within: u32) -> &[(u32, u32)] {
        let recent = self
            .steps
            .iter()
            .take(self.len)
            .take_while(|(_, at)| second.saturating_sub(*at) < within);
        self.steps.get(..recent.count()).unwrap_or_default()
    }
}

/// How often the first `length` steps stand there in a row.
fn rounds(recent: &[(u32, u32)], length: usize) -> usize {
    let mut rounds = recent
        .chunks_exact(length)
        .map(|round| round.iter().map(|(step, _)| step));
    let Some(first) = rounds.next() else {
        return 0;
    };
    1 + rounds
        .take_while(|round| round.clone().eq(first.clone()))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a sequence of steps, a second apart, is first called a loop, and how often it went round by then.
    fn first_loop(steps: &[u32]) -> Option<(usize, u32)> {
        let mut memory = Steps::new();
        steps.iter().enumerate().find_map(|(at, step)| {
            let second = u32::try_from(at).unwrap();
            memory
                .observe(*step, second, 120, 3)
                .map(|times| (at, times))
        })
    }

    #[test]
    fn the_third_of_the_same_is_a_loop() {
        assert_eq!(first_loop(&[1, 1, 1]), Some((2, 3)));
        assert_eq!(first_loop(&[1, 2, 1, 3, 4, 1]), Some((5, 3)));
        assert_eq!(first_loop(&[1, 1, 2, 2, 3, 3, 4, 4]), None);
    }

    #[test]
    fn what_is_long_ago_does_not_count() {
        let mut memory = Steps::new();
        for second in [0, 60, 120, 180, 240] {
            assert_eq!(memory.observe(9, second, 120, 3), None, "{second}");
        }
        assert_eq!(memory.observe(9, 241, 120, 3), Some(3));
    }

    /// Half a minute between steps: the same comes but twice in 120 seconds.
    #[test]
    fn a_cycle_is_a_loop_too() {
        let mut memory = Steps::new();
        let steps = [9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1];
        let found: Vec<_> = (0..)
            .zip(steps)
            .filter_map(|(place, step)| Some((place, memory.observe(step, place * 39, 120, 3)?)))
            .collect();
        assert_eq!(found, [(9, 3), (10, 3)]);
        assert_eq!(rounds(&[(1, 0), (2, 0), (1, 0), (2, 0), (1, 0)], 2), 2);
        assert_eq!(rounds(&[(1, 0)], 2), 0);
    }
}
