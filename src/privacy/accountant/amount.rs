//! Amounts of privacy loss, in fixed point: sums are exact, so their order does not matter and nothing small is lost.

use std::fmt;

use crate::privacy::mutant::Mutant;

/// An amount of privacy loss: a whole number of units of 2^-80.
///
/// What is charged is rounded up to the next unit and a budget down, so that an accepted sum is never above what the budget
/// says in real numbers. There is no amount that is negative, infinite or not a number, and none but 0 that adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

/// 2^80.
const UNITS_PER_ONE: f64 = (1_u128 << 80) as f64;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// More than any budget: what stands for a charge that no amount is large enough for.
    pub(in crate::privacy) const BEYOND: Self = Self(u128::MAX);

    /// Half of what fits, about 1.4e14. More is never needed, and below it a sum of two is an amount.
    const LARGEST_BUDGET: Self = Self(u128::MAX >> 1);

    pub(in crate::privacy) const fn from_units(units: u128) -> Self {
        Self(units)
    }

    /// The amount in units of 2^-80, exactly.
    #[must_use]
    pub const fn units(self) -> u128 {
        self.0
    }

    /// The amount as a float, rounded up.
    #[must_use]
    pub fn value(self) -> f64 {
        let rounded = self.0 as f64;
        // The cast back saturates, so at the very top this holds as well.
        let is_below = (rounded as u128) < self.0;
        (if is_below { rounded.next_up() } else { rounded }) / UNITS_PER_ONE
    }

    /// What a charge of this much takes: rounded up. What is no number of 0 or more is beyond any budget.
    pub(in crate::privacy) fn charge(value: f64) -> Self {
        if value.is_nan() || value < 0.0 {
            return Self::BEYOND;
        }
        // Multiplying by a power of two is exact, also of a subnormal number, and the cast saturates.
        let units = value * UNITS_PER_ONE;
        if Mutant::LostTinySpend.lives() {
            return Self(units as u128);
        }
        Self(units.ceil() as u128)
    }

    /// What a budget of this much holds: rounded down. What is no number of 0 or more holds nothing.
    pub(in crate::privacy) fn budget(value: f64) -> Self {
        Self((value * UNITS_PER_ONE).floor() as u128).min(Self::LARGEST_BUDGET)
    }

    /// The sum, if it fits.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The sum, or what is beyond any budget.
    pub(super) const fn saturating_plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left when `other` is taken away, or nothing.
    pub(super) const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many times this, or what is beyond any budget.
    pub(super) fn times(self, times: u32) -> Self {
        Self(self.0.saturating_mul(u128::from(times)))
    }
}

/// As a decimal, rounded up to a float.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value(), f)
    }
}

/// What was or may be spent, in both columns that an accountant keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::privacy) struct Spend {
    /// The square of mu, or rho.
    pub(in crate::privacy) loss: Amount,
    /// What is to be added to the delta of the promise.
    pub(in crate::privacy) delta: Amount,
}

impl Spend {
    pub(in crate::privacy) fn plus(self, other: Self) -> Self {
        self.by_column(other, Amount::saturating_plus)
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.by_column(other, Amount::minus)
    }

    /// The larger one in each column.
    pub(super) fn max(self, other: Self) -> Self {
        self.by_column(other, Amount::max)
    }

    /// The smaller one in each column.
    pub(in crate::privacy) fn min(self, other: Self) -> Self {
        self.by_column(other, Amount::min)
    }

    pub(super) fn times(self, times: u32) -> Self {
        Self {
            loss: self.loss.times(times),
            delta: self.delta.times(times),
        }
    }

    fn by_column(self, other: Self, combine: impl Fn(Amount, Amount) -> Amount) -> Self {
        Self {
            loss: combine(self.loss, other.loss),
            delta: combine(self.delta, other.delta),
        }
    }
}
