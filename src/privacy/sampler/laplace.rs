//! Geometric and discrete Laplace variables.

use super::{Coins, Exhausted, Exponential, Scale, is_negative};
use crate::privacy::mutant::Mutant;

/// Draws integers of 0 and more, `n` with probability `exp(-n / scale) (1 - exp(-1 / scale))`.
pub(super) struct Geometric {
    exponential: Exponential,
    scale: Scale,
}

/// Draws integers of either sign, `n` with probability in proportion to `exp(-|n| / scale)`.
pub(in crate::privacy) struct Laplace(Geometric);

impl Geometric {
    pub(super) fn new(scale: Scale) -> Self {
        Self {
            exponential: Exponential::new(),
            scale,
        }
    }

    /// An exponential variable, times the scale, rounded down.
    #[inline]
    pub(super) fn draw<C: Coins>(&self, coins: &mut C) -> Result<u64, Exhausted> {
        let (steps, mut fraction) = self.exponential.draw(coins)?;
        let Scale { numerator, shift } = self.scale;
        fraction.scaled(numerator * steps, numerator, shift + 3, coins)
    }
}

impl Laplace {
    pub(in crate::privacy) fn new(scale: Scale) -> Self {
        Self(Geometric::new(scale))
    }

    #[inline]
    pub(in crate::privacy) fn draw<C: Coins>(&self, coins: &mut C) -> Result<i64, Exhausted> {
        loop {
            let size = i64::try_from(self.0.draw(coins)?).map_err(|_| Exhausted)?;
            let negative = is_negative(coins)?;
            // There is but one zero.
            if !(negative && size == 0) || Mutant::DoubleZero.lives() {
                return Ok(if negative { -size } else { size });
            }
        }
    }
}
