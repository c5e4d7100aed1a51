//! Normal variables, and their rounding to integers.

use super::table::{NORMAL, Table};
use super::{Coins, Exhausted, Scale, Uniform, falls, is_negative};
use crate::privacy::mutant::Mutant;

/// Draws normal variables of deviation `sigma`, each rounded to the nearest integer.
///
/// Not the discrete Gaussian, whose privacy needs a proof of its own: this is post-processing of the continuous one.
pub(in crate::privacy) struct Rounded {
    normal: Normal,
    sigma: Scale,
}

impl Rounded {
    pub(in crate::privacy) fn new(sigma: Scale) -> Self {
        Self {
            normal: Normal::new(),
            sigma,
        }
    }

    #[inline]
    pub(in crate::privacy) fn draw<C: Coins>(&self, coins: &mut C) -> Result<i64, Exhausted> {
        let (steps, mut fraction) = self.normal.draw(coins)?;
        let Scale { numerator, shift } = self.sigma;
        // Half an integer is added and the sum rounded down. A size below a half is 0 with either sign, which is how it
        // should be: both halves of the middle belong to it.
        let half = 1 << (shift + 2);
        let size = fraction.scaled(numerator * steps + half, numerator, shift + 3, coins)?;
        let size = i64::try_from(size).map_err(|_| Exhausted)?;
        Ok(if is_negative(coins)? { -size } else { size })
    }
}

/// Draws the sizes of normal variables of deviation 1: `(steps + fraction) / 8`.
pub(super) struct Normal {
    table: &'static Table,
}

impl Normal {
    pub(super) fn new() -> Self {
        Self { table: &NORMAL }
    }

    /// A number of eighths below 192, and the fraction of one that comes on top.
    ///
    /// This is Karney's algorithm N in steps of an eighth, with a table in place of its first two steps.
    #[inline]
    pub(super) fn draw<C: Coins>(&self, coins: &mut C) -> Result<(u64, Uniform), Exhausted> {
        loop {
            let Some(steps) = self.table.step(&mut Uniform::draw(coins)?, coins)? else {
                continue;
            };
            let mut fraction = Uniform::draw(coins)?;
            if is_kept(steps, &mut fraction, coins)? || Mutant::NoRetry.lives() {
                return Ok((steps, fraction));
            }
        }
    }
}

/// True with probability `exp(-fraction (2 steps + fraction) / 128)`, as the density falls within a step.
#[inline]
pub(super) fn is_kept<C: Coins>(
    steps: u64,
    fraction: &mut Uniform,
    coins: &mut C,
) -> Result<bool, Exhausted> {
    // From 8 deviations on the exponent can be more than 1, and is taken in four parts.
    let (parts, bits) = if steps < 64 { (1, 7) } else { (4, 9) };
    for _ in 0..parts {
        let even = falls::are_even(fraction, coins, |fraction, coins| {
            counts(steps, bits, fraction, coins)
        })?;
        if !even {
            return Ok(false);
        }
    }
    Ok(true)
}

/// True with probability `(2 steps + fraction) / 2^bits`.
#[inline]
pub(super) fn counts<C: Coins>(
    steps: u64,
    bits: u32,
    fraction: &mut Uniform,
    coins: &mut C,
) -> Result<bool, Exhausted> {
    let place = coins.bits(bits)?;
    if place == 2 * steps {
        return Uniform::draw(coins)?.is_below(fraction, coins);
    }
    Ok(place < 2 * steps)
}
