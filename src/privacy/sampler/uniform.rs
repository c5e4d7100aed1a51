//! Real numbers between 0 and 1, of which no more digits are drawn than are looked at.

use std::cmp::Ordering;

use super::{Coins, DIGITS, Exhausted};

/// A uniform number from 0 to 1, digit by digit.
pub(super) struct Uniform {
    first: u64,
    /// The digits after the first one. What was not looked at is not drawn.
    rest: [u64; DIGITS - 1],
    drawn: usize,
}

impl Uniform {
    #[inline]
    pub(super) fn draw<C: Coins>(coins: &mut C) -> Result<Self, Exhausted> {
        Ok(Self {
            first: coins.digit()?,
            rest: [0; DIGITS - 1],
            drawn: 0,
        })
    }

    #[inline]
    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    /// The digit that stands `index` places behind the first one.
    pub(super) fn later<C: Coins>(
        &mut self,
        index: usize,
        coins: &mut C,
    ) -> Result<u64, Exhausted> {
        while self.drawn <= index {
            let digit = coins.digit()?;
            *self.rest.get_mut(self.drawn).ok_or(Exhausted)? = digit;
            self.drawn += 1;
        }
        self.rest.get(index).copied().ok_or(Exhausted)
    }

    /// Whether this number is below another one.
    #[inline]
    pub(super) fn is_below<C: Coins>(
        &mut self,
        other: &mut Self,
        coins: &mut C,
    ) -> Result<bool, Exhausted> {
        if self.first != other.first {
            return Ok(self.first < other.first);
        }
        self.is_below_later(other, coins)
    }

    #[cold]
    fn is_below_later<C: Coins>(
        &mut self,
        other: &mut Self,
        coins: &mut C,
    ) -> Result<bool, Exhausted> {
        for index in 0..DIGITS - 1 {
            match self.later(index, coins)?.cmp(&other.later(index, coins)?) {
                Ordering::Equal => {}
                unequal => return Ok(unequal == Ordering::Less),
            }
        }
        Err(Exhausted)
    }

    /// The largest integer not above `(start + slope * u) / 2^shift`, where `u` is this number.
    ///
    /// `start` is below 2^62, `slope` from 1 to `2^(shift + WIDTH)`, and `shift` below 64.
    #[inline]
    pub(super) fn scaled<C: Coins>(
        &mut self,
        start: u64,
        slope: u64,
        shift: u32,
        coins: &mut C,
    ) -> Result<u64, Exhausted> {
        let shift = shift + C::WIDTH;
        // With the first digit d, u is from d to d + 1 of what 2^WIDTH are 1.
        let least = (u128::from(start) << C::WIDTH) + u128::from(slope) * u128::from(self.first);
        let answer = least >> shift;
        // Whatever follows adds less than a whole slope.
        let most = least + u128::from(slope) - 1;
        if most >> shift == answer {
            return u64::try_from(answer).map_err(|_| Exhausted);
        }
        let to_next = ((answer + 1) << shift) - least;
        let reaches = !self.is_rest_below(to_next, slope, coins)?;
        u64::try_from(answer + u128::from(reaches)).map_err(|_| Exhausted)
    }

    /// Whether the digits after the first one, as a number from 0 to 1, are below `numerator / denominator`, which is below
    /// 1: by long division.
    #[cold]
    fn is_rest_below<C: Coins>(
        &mut self,
        numerator: u128,
        denominator: u64,
        coins: &mut C,
    ) -> Result<bool, Exhausted> {
        let denominator = u128::from(denominator);
        let mut remainder = numerator;
        for index in 0..DIGITS - 1 {
            let shifted = remainder << C::WIDTH;
            let digit = u128::from(self.later(index, coins)?);
            match digit.cmp(&(shifted / denominator)) {
                Ordering::Equal => {}
                unequal => return Ok(unequal == Ordering::Less),
            }
            remainder = shifted % denominator;
            if remainder == 0 {
                // All digits of the fraction are matched, and what follows can only add.
                return Ok(false);
            }
        }
        Err(Exhausted)
    }
}
