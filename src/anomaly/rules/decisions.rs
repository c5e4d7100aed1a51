//! Which of the last decisions were refusals.

use crate::anomaly::snapshot::{Input, Stored};

/// One bit for each of the last 128 decisions.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::anomaly) struct Decisions(u128);

impl Stored for Decisions {
    fn store(&self, out: &mut Vec<u8>) {
        self.0.store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        u128::load(input).map(Self)
    }
}

impl Decisions {
    pub(in crate::anomaly) fn observe(&mut self, is_refused: bool) {
        self.0 = self.0 << 1 | u128::from(is_refused);
    }

    /// How many of the last `of` were refusals; at most 128 are remembered.
    pub(in crate::anomaly) fn refused(&self, of: u32) -> u32 {
        let kept = u128::MAX.checked_shr(128_u32.saturating_sub(of));
        (self.0 & kept.unwrap_or(0)).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_count() {
        let mut decisions = Decisions::default();
        for event in 0..1000 {
            decisions.observe(event % 4 == 0);
        }
        // The last was 999; 996 is the last refusal.
        for (of, refused) in [
            (0, 0),
            (3, 0),
            (4, 1),
            (8, 2),
            (100, 25),
            (128, 32),
            (500, 32),
        ] {
            assert_eq!(decisions.refused(of), refused, "{of}");
        }
    }
}
