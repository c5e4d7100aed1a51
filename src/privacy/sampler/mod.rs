//! Exact samplers: what they draw has the distribution that is written down, not one near it.
//!
//! A real number between 0 and 1 is drawn digit by digit, as many as it takes to decide what is asked of it
//! ([`Uniform`]). Every question is a comparison: with another such number, with a fraction, with a constant that is known
//! to 320 bits. There is no float and no number of unbounded size in here. Where [`DIGITS`] digits decide nothing, the
//! draw fails with [`Exhausted`] and its release is refused; with digits of 64 bits this has a probability below 2^-256.
//!
//! Everything is generic over the width of a digit ([`Coins`]). With digits of few bits all sequences of coins can be tried,
//! and the tests do: this proves the distribution where statistics only fail to refute it.
//!
//! | drawn | how |
//! |---|---|
//! | exponential variable | its eighths by a [`Table`](table::Table), the rest by comparing ([`falls`]) |
//! | normal variable | the same, in the way of Karney's algorithm N |
//! | [`Rounded`] normal variable | the normal variable, times the deviation, to the nearest integer |
//! | [`Geometric`](laplace::Geometric) variable | the exponential variable, times the scale, rounded down |
//! | [`Laplace`] variable | a geometric one with a sign, but one zero |
//! | a choice ([`choose`]) | a candidate at random, kept where a geometric variable reaches its distance from the best |
//!
//! Source: Karney, *Sampling Exactly from the Normal Distribution* (2016); von Neumann, *Various Techniques Used in
//! Connection with Random Digits* (1951); Canonne, Kamath and Steinke, *The Discrete Gaussian for Differential Privacy*
//! (2020), section 5.

mod choice;
mod coins;
mod exponential;
mod falls;
mod laplace;
mod normal;
mod table;
mod uniform;
mod wide;

pub(super) use choice::choose;
pub(super) use coins::{Coins, Exhausted};
pub(super) use laplace::Laplace;
pub(super) use normal::Rounded;

use self::exponential::Exponential;
use self::uniform::Uniform;
use super::mutant::Mutant;

/// How many digits of one number are drawn at most.
const DIGITS: usize = 5;

/// A positive scale of `numerator / 2^shift`. With digits of 64 bits, the numerator is below 2^44 and the shift at most 50.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) numerator: u64,
    pub(super) shift: u32,
}

/// A sign, either with the same probability.
#[inline]
fn is_negative<C: Coins>(coins: &mut C) -> Result<bool, Exhausted> {
    let bits = if Mutant::SignBias.lives() { 2 } else { 1 };
    Ok(coins.bits(bits)? == 1)
}

#[cfg(test)]
pub(super) mod tests;
