//! Scales of noise as fractions whose denominator is a power of two, so that samplers need integers only.

use crate::privacy::MechanismError;
use crate::privacy::sampler::Scale;

/// Numerators have so many bits that a scale is within 2^-43 of what it was rounded up from.
const BITS: i32 = 44;
const MOST_SHIFT: i32 = 50;

impl Scale {
    /// The least such fraction that is not below `steps`.
    pub(super) fn at_least(steps: f64) -> Result<Self, MechanismError> {
        let (least, most) = (2.0_f64.powi(BITS - 1 - MOST_SHIFT), 2.0_f64.powi(BITS - 1));
        if !steps.is_finite() || steps > most {
            return Err(MechanismError::TooMuchNoise { steps });
        }
        // Less noise than that is as good as none; more is never wrong.
        let steps = steps.max(least);
        let shift = (steps / most).log2();
        let shift = (-shift).floor().max(0.0) as i32;
        Ok(Self {
            numerator: (steps * 2.0_f64.powi(shift)).ceil() as u64,
            shift: shift.unsigned_abs(),
        })
    }

    /// In steps. Exact.
    pub(super) fn steps(self) -> f64 {
        self.numerator as f64 / (1_u64 << self.shift) as f64
    }
}
