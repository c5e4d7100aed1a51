//! How much may be lost in all.

use std::fmt;

use super::amount::{Amount, Spend};
use super::filter::Filter;
use crate::privacy::{Delta, Epsilon, Mu, ParameterError, Rho};

/// How much privacy may be lost in all, in the terms of one [`Filter`], rounded down.
///
/// ```
/// use portcullis::privacy::{Budget, Delta, Epsilon, Filter};
///
/// let budget = Budget::within(Filter::Gdp, Epsilon::new(3.0)?, Delta::default())?;
/// assert!((0.647..0.648).contains(&budget.loss().value().sqrt()));
/// # Ok::<(), portcullis::privacy::ParameterError>(())
/// ```
///
/// Epochs are no budgets: whoever opens a new one every month promises as much per month, and in all without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    filter: Filter,
    limit: Spend,
}

impl Budget {
    /// The largest budget that keeps `(epsilon, delta)`, where no mechanism spends a delta of its own.
    ///
    /// # Errors
    ///
    /// [`ParameterError::NeedsDelta`] where delta is 0.
    pub fn within(filter: Filter, epsilon: Epsilon, delta: Delta) -> Result<Self, ParameterError> {
        match filter {
            Filter::Gdp => Mu::within(epsilon, delta).map(Self::gdp),
            Filter::Zcdp => Rho::within(epsilon, delta).map(|rho| Self::zcdp(rho, Delta::ZERO)),
        }
    }

    /// A budget of `mu` in Gaussian differential privacy.
    #[must_use]
    pub fn gdp(mu: Mu) -> Self {
        let square = (mu.value() * mu.value()).next_down();
        Self {
            filter: Filter::Gdp,
            limit: Spend {
                loss: Amount::budget(square),
                delta: Amount::ZERO,
            },
        }
    }

    /// A budget of `rho` in zero-concentrated differential privacy, and of `delta` for what mechanisms spend of that by
    /// themselves. With the conversion at a delta of `d`, the promise is one beside `delta + d`.
    #[must_use]
    pub fn zcdp(rho: Rho, delta: Delta) -> Self {
        Self {
            filter: Filter::Zcdp,
            limit: Spend {
                loss: Amount::budget(rho.value()),
                delta: Amount::budget(delta.value()),
            },
        }
    }

    /// How it is accounted.
    #[must_use]
    pub const fn filter(&self) -> Filter {
        self.filter
    }

    /// The square of mu, or rho.
    #[must_use]
    pub const fn loss(&self) -> Amount {
        self.limit.loss
    }

    /// What mechanisms may spend of delta by themselves.
    #[must_use]
    pub const fn delta(&self) -> Amount {
        self.limit.delta
    }

    /// The smallest epsilon that it promises beside `delta`, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where there is none: delta is not above what mechanisms may spend of it, or the answer is not
    /// finite.
    pub fn epsilon(&self, delta: Delta) -> Result<Epsilon, ParameterError> {
        self.filter.epsilon(self.limit, delta)
    }

    pub(in crate::privacy) const fn of(filter: Filter, limit: Spend) -> Self {
        Self { filter, limit }
    }

    pub(in crate::privacy) const fn limit(&self) -> Spend {
        self.limit
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.filter.measure(), self.limit.loss)?;
        if self.limit.delta > Amount::ZERO {
            write!(f, " and delta {}", self.limit.delta)?;
        }
        Ok(())
    }
}
