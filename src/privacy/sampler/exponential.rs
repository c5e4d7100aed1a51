//! Exponential variables.

use super::falls;
use super::table::{EXPONENTIAL, EXPONENTIAL_STEPS, Table};
use super::{Coins, Exhausted, Uniform};
use crate::privacy::mutant::Mutant;

/// How often the table may be left at its end before a draw fails: once has a probability of `exp(-8)`, this often less than
/// 2^-360.
const MOST_ROUNDS: u64 = 32;

/// Draws exponential variables of mean 1: `(steps + fraction) / 8`.
pub(super) struct Exponential {
    table: &'static Table,
}

impl Exponential {
    pub(super) fn new() -> Self {
        Self {
            table: &EXPONENTIAL,
        }
    }

    /// A number of eighths below 2^12, and the fraction of one that comes on top. They are independent.
    #[inline]
    pub(super) fn draw<C: Coins>(&self, coins: &mut C) -> Result<(u64, Uniform), Exhausted> {
        let steps = self.steps(coins)?;
        // Within a step the density falls as `exp(-fraction/8)`: a uniform fraction is kept with that probability.
        loop {
            let mut fraction = Uniform::draw(coins)?;
            let kept = falls::are_even(&mut fraction, coins, |_, coins| Ok(coins.bits(3)? == 0))?;
            if kept || Mutant::NoRetry.lives() {
                return Ok((steps, fraction));
            }
        }
    }

    #[inline]
    fn steps<C: Coins>(&self, coins: &mut C) -> Result<u64, Exhausted> {
        for round in 0..MOST_ROUNDS {
            if let Some(step) = self.table.step(&mut Uniform::draw(coins)?, coins)? {
                return Ok(round * EXPONENTIAL_STEPS + step);
            }
            // Beyond the last step the variable is as if it began there.
        }
        Err(Exhausted)
    }
}
