//! Von Neumann's way to an exponential probability by comparing alone.

use super::{Coins, Exhausted, Uniform};

/// True with probability `exp(-fraction * c)`, where `counts` is true with probability `c`, at most 1, each time.
///
/// Uniform numbers fall from `fraction` on at least `n` times with the probability `fraction^n / n!`, and each fall counts
/// with probability `c`. So an even number of falls has the probability `1 - fraction c + (fraction c)^2 / 2 - ...`.
#[inline]
pub(super) fn are_even<C: Coins>(
    fraction: &mut Uniform,
    coins: &mut C,
    counts: impl Fn(&mut Uniform, &mut C) -> Result<bool, Exhausted>,
) -> Result<bool, Exhausted> {
    if !counts(fraction, coins)? {
        return Ok(true);
    }
    let mut last = Uniform::draw(coins)?;
    let mut even = true;
    if last.is_below(fraction, coins)? {
        even = false;
        while counts(fraction, coins)? {
            let mut next = Uniform::draw(coins)?;
            if !next.is_below(&mut last, coins)? {
                break;
            }
            last = next;
            even = !even;
        }
    }
    Ok(even)
}
