//! Which parts of a volume entries refer to.

use std::collections::BTreeMap;
use std::ops::Range;

/// Ranges that do not touch, by where they begin. Payloads stand one behind another, so there are few.
#[derive(Debug, Default)]
pub(super) struct Extents(BTreeMap<u64, u64>);

impl Extents {
    /// Adds a range, as one with those that it touches.
    pub(super) fn add(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        while let Some((&from, &to)) = self.0.range(..=end).next_back() {
            if to < start {
                break;
            }
            self.0.remove(&from);
            (start, end) = (start.min(from), end.max(to));
        }
        self.0.insert(start, end);
    }

    /// Behind the last of them.
    pub(super) fn end(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(_, end)| *end)
    }

    /// What lies before and between them.
    pub(super) fn gaps(&self) -> impl Iterator<Item = Range<u64>> {
        let mut at = 0;
        self.0
            .iter()
            .map(move |(&start, &end)| std::mem::replace(&mut at, end)..start)
            .filter(|gap| !gap.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn gaps_are_what_no_range_covers(ranges in vec((0..60_u64, 1..9_u64), 0..20)) {
            let mut extents = Extents::default();
            let mut covered = [false; 70];
            for (start, length) in ranges {
                extents.add(start..start + length);
                covered[start as usize..(start + length) as usize].fill(true);
            }
            let end = covered.iter().rposition(|covered| *covered).map_or(0, |last| last + 1);
            prop_assert_eq!(extents.end(), end as u64);
            let mut gap = [false; 70];
            for range in extents.gaps() {
                gap[range.start as usize..range.end as usize].fill(true);
            }
            for at in 0..end {
                prop_assert_eq!(gap[at], !covered[at], "{}", at);
            }
        }
    }
}
