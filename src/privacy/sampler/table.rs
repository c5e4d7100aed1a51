//! Choosing a step by a table of constants.

use std::cmp::Ordering;
use std::sync::LazyLock;

use super::uniform::Uniform;
use super::wide::{LIMBS, Wide};
use super::{Coins, DIGITS, Exhausted};

/// Increasing bounds between 0 and 1 that cut it into steps. A uniform number falls into one of them, or beyond the last.
///
/// Each bound is known to within 2^-350, and its limb of the bits below 2^-320 is neither all zeros nor all ones as far as
/// that error reaches (a test holds this). So its 320 leading bits are those of the true constant, a number that differs from
/// them is on the same side of both, and one that does not is refused.
pub(super) struct Table {
    /// The 64 leading bits of each bound.
    pub(super) first: Vec<u64>,
    /// The 256 bits that follow.
    pub(super) rest: Vec<[u64; DIGITS - 1]>,
    /// For each leading byte, the first step that a number with it can fall into.
    pub(super) guide: [u8; 256],
}

/// The whole part of 8 times a half-normal variable, up to a factor: step `j` has `exp(-(j/8)²/2) / 11`. The sum of all is
/// below 1; beyond the last step, which is far below 2^-384, it is to be drawn again.
pub(super) static NORMAL: LazyLock<Table> = LazyLock::new(|| Table::of(&normal_bounds()));

/// The whole part of 8 times an exponential variable: step `j` has `exp(-j/8) (1 - exp(-1/8))`. Beyond the last step, which
/// has number 63, the rest is distributed as the whole is.
pub(super) static EXPONENTIAL: LazyLock<Table> = LazyLock::new(|| Table::of(&exponential_bounds()));

/// Steps of the exponential table: eight of them make 1.
pub(super) const EXPONENTIAL_STEPS: u64 = 64;

/// `exp(-(j/8)²/2)` is `q^(j²)` with `q = exp(-1/128)`, and from one to the next the factor grows by `q²`.
pub(super) fn normal_bounds() -> Vec<Wide> {
    const STEPS: usize = 192;
    let q = Wide::exp_minus_reciprocal(128);
    let squared = q.times(q);
    let mut bound = Wide::reciprocal(11);
    let mut weight = q.divided_by(11);
    let mut factor = q;
    let mut bounds = vec![bound];
    while bounds.len() < STEPS {
        bound = bound.plus(weight);
        bounds.push(bound);
        factor = factor.times(squared);
        weight = weight.times(factor);
    }
    bounds
}

/// `1 - q^j` with `q = exp(-1/8)`, from j = 1.
pub(super) fn exponential_bounds() -> Vec<Wide> {
    let q = Wide::exp_minus_reciprocal(8);
    std::iter::successors(Some(q), |power| Some(power.times(q)))
        .take(EXPONENTIAL_STEPS as usize)
        .map(Wide::complement)
        .collect()
}

impl Table {
    fn of(bounds: &[Wide]) -> Self {
        let limbs = bounds.iter().map(|bound| bound.limbs());
        let (first, rest): (Vec<u64>, Vec<_>) = limbs
            .map(|[first, rest @ .., _]: [u64; LIMBS]| (first, rest))
            .unzip();
        let mut guide = [0; 256];
        for (start, leading) in guide.iter_mut().zip(0..) {
            let passed = first.iter().filter(|&&bound| bound >> 56 < leading);
            *start = u8::try_from(passed.count()).unwrap_or(u8::MAX);
        }
        Self { first, rest, guide }
    }

    /// The step that a uniform number falls into; `None` beyond the last.
    #[inline]
    pub(super) fn step<C: Coins>(
        &self,
        number: &mut Uniform,
        coins: &mut C,
    ) -> Result<Option<u64>, Exhausted> {
        let digit = number.first();
        let mut step = self.start::<C>(digit);
        while let Some(bound) = self.first.get(step) {
            let below = match digit.cmp(&(bound >> (u64::BITS - C::WIDTH))) {
                Ordering::Less => true,
                Ordering::Greater => false,
                Ordering::Equal => self.is_below_later(number, step, coins)?,
            };
            if below {
                return Ok(Some(step as u64));
            }
            step += 1;
        }
        Ok(None)
    }

    /// Where to start looking: narrow digits have no leading byte.
    #[inline]
    fn start<C: Coins>(&self, digit: u64) -> usize {
        if C::WIDTH < 8 {
            return 0;
        }
        let leading = (digit >> (C::WIDTH - 8)) as u8;
        usize::from(self.guide.get(usize::from(leading)).copied().unwrap_or(0))
    }

    /// Whether a number whose first digit is that of a bound is below it.
    #[cold]
    fn is_below_later<C: Coins>(
        &self,
        number: &mut Uniform,
        step: usize,
        coins: &mut C,
    ) -> Result<bool, Exhausted> {
        let first = self.first.get(step).ok_or(Exhausted)?;
        let rest = self.rest.get(step).ok_or(Exhausted)?;
        for index in 0..DIGITS - 1 {
            let bound = digit_of::<C>(*first, rest, index + 1);
            match number.later(index, coins)?.cmp(&bound) {
                Ordering::Equal => {}
                unequal => return Ok(unequal == Ordering::Less),
            }
        }
        Err(Exhausted)
    }
}

/// One digit, of whatever width, of a bound.
fn digit_of<C: Coins>(first: u64, rest: &[u64; DIGITS - 1], index: usize) -> u64 {
    let start = index as u32 * C::WIDTH;
    let limb = |limb: u32| match limb.checked_sub(1) {
        None => first,
        Some(index) => rest.get(index as usize).copied().unwrap_or(0),
    };
    let both = (u128::from(limb(start / 64)) << 64) | u128::from(limb(start / 64 + 1));
    let shifted = (both << (start % 64)) >> 64;
    shifted as u64 >> (u64::BITS - C::WIDTH)
}
