//! Which different targets were refused lately.

use crate::anomaly::snapshot::stored;

/// The last 16 distinct refused targets, by 32 bits of a keyed hash, with the second in which each was refused last.
#[derive(Clone, Copy, Debug)]
pub(in crate::anomaly) struct Refused {
    /// The last refused first.
    targets: [(u32, u32); KEPT],
    len: usize,
}

const KEPT: usize = crate::anomaly::policy::MOST_REMEMBERED as usize;

stored!(Refused { targets, len }, |refused| refused.len <= KEPT);

impl Refused {
    pub(in crate::anomaly) fn new() -> Self {
        Self {
            targets: [(0, 0); KEPT],
            len: 0,
        }
    }

    /// One more refusal. Tells how many different targets were refused within so many seconds, by whole seconds.
    pub(in crate::anomaly) fn observe(&mut self, target: u32, second: u32, within: u32) -> u32 {
        let known = self.targets.get(..self.len).unwrap_or_default();
        let end = known
            .iter()
            .position(|(known, _)| *known == target)
            .unwrap_or_else(|| {
                self.len = (self.len + 1).min(KEPT);
                self.len - 1
            });
        if let Some(front) = self.targets.get_mut(..=end) {
            front.rotate_right(1);
            if let Some(first) = front.first_mut() {
                *first = (target, second);
            }
        }
        let live = self
            .targets
            .iter()
            .take(self.len)
            .filter(|(_, at)| second.saturating_sub(*at) < within);
        u32::try_from(live.count()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_agrees_with_a_map(events in prop::collection::vec((0..40_u32, 0..30_u32), 0..200)) {
            let mut refused = Refused::new();
            let (mut second, mut last) = (0, HashMap::new());
            for (target, gap) in events {
                second += gap;
                last.insert(target, second);
                let live = last.values().filter(|at| second - **at < 300).count();
                let found = refused.observe(target, second, 300);
                prop_assert_eq!(found as usize, live.min(KEPT));
            }
        }
    }
}
