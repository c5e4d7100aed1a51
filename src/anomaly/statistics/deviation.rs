//! How far a length or a duration is from those before it.

use crate::anomaly::snapshot::stored;

/// Mean and deviation of `ln(1 + x)`, fading over 256 values. 12 bytes, constant time.
///
/// What is beyond three deviations moves them no more than what is at three (Huber, *Robust estimation of a location
/// parameter*, 1964): neither a single giant nor a thousand of them take the baseline along at once. The deviation is at
/// least 0.05 and one hundredth of the mean, or after a constant stream any other value would be infinitely far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deviation {
    mean: f32,
    variance: f32,
    seen: u32,
}

/// No logarithm of a value or its square is as large.
const LARGEST: f32 = 2048.0;

stored!(
    Deviation {
        mean,
        variance,
        seen
    },
    |deviation| { deviation.mean <= LARGEST && deviation.variance <= LARGEST }
);

impl Deviation {
    pub(crate) fn new() -> Self {
        Self {
            mean: 0.0,
            variance: 0.0,
            seen: 0,
        }
    }

    /// One more value. Tells by how many deviations it is above or below the mean of those before it; `None` for the first
    /// thirty.
    pub(crate) fn observe(&mut self, value: u64) -> Option<f64> {
        let value = (value as f64).ln_1p();
        let difference = value - f64::from(self.mean);
        let deviation = self.deviation();
        let is_learned = self.seen >= MIN_SEEN;
        let learned = if is_learned {
            difference.clamp(-MOST_DEVIATIONS * deviation, MOST_DEVIATIONS * deviation)
        } else {
            difference
        };
        self.seen = self.seen.saturating_add(1);
        let weight = f64::from(self.seen.min(FADES_OVER)).recip();
        self.mean += (weight * learned) as f32;
        let variance = f64::from(self.variance);
        self.variance = ((1.0 - weight) * (variance + weight * learned * learned)) as f32;
        is_learned.then(|| difference / deviation)
    }

    /// What is in the middle of the values, in their unit.
    pub(crate) fn center(&self) -> f64 {
        f64::from(self.mean).exp_m1()
    }

    fn deviation(&self) -> f64 {
        let floor = (0.01 * f64::from(self.mean)).max(0.05);
        f64::from(self.variance).sqrt().max(floor)
    }
}

/// At most `-ln P(|Z| >= z)` for a normal Z, by Chernoff's bound on both sides.
pub(crate) fn surprise(deviations: f64) -> f64 {
    (deviations * deviations / 2.0 - std::f64::consts::LN_2).max(0.0)
}

const MIN_SEEN: u32 = 30;
const FADES_OVER: u32 = 256;
const MOST_DEVIATIONS: f64 = 3.0;
