//! What is left, in the terms of what it can be spent on.

use super::amount::{Amount, Spend};
use super::filter::{Filter, Measure};
use crate::privacy::numeric::bisect;
use crate::privacy::{Cost, Delta, Epsilon, Gaussian, L2, MechanismError, Mu, ParameterError};

/// What may still be spent on releases of one scope. Another thread may spend it meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    filter: Filter,
    left: Spend,
}

impl Remaining {
    pub(super) const fn new(filter: Filter, left: Spend) -> Self {
        Self { filter, left }
    }

    /// The square of mu, or rho.
    #[must_use]
    pub const fn loss(&self) -> Amount {
        self.left.loss
    }

    /// What mechanisms may still spend of delta by themselves.
    #[must_use]
    pub const fn delta(&self) -> Amount {
        self.left.delta
    }

    /// What the loss is measured in.
    #[must_use]
    pub const fn measure(&self) -> Measure {
        self.filter.measure()
    }

    /// The largest epsilon of one release by Laplace noise that can be paid. 0 where none can.
    #[must_use]
    pub fn laplace(&self) -> Epsilon {
        self.largest(Cost::laplace)
    }

    /// The largest epsilon of one choice by the exponential mechanism that can be paid. 0 where none can.
    #[must_use]
    pub fn exponential(&self) -> Epsilon {
        self.largest(Cost::exponential)
    }

    /// The Gaussian noise of the smallest deviation that can be paid.
    ///
    /// # Errors
    ///
    /// [`MechanismError::TooMuchNoise`] where so little is left that nothing of the data would remain.
    pub fn gaussian(&self, sensitivity: L2) -> Result<Gaussian, MechanismError> {
        let affordable = bisect::largest(|mu| self.pays(&Cost::gaussian(mu * mu)));
        Gaussian::with_mu(sensitivity, Mu::new(affordable)?)
    }

    /// The smallest epsilon that losing all of it would keep beside `delta`, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where there is none.
    pub fn epsilon(&self, delta: Delta) -> Result<Epsilon, ParameterError> {
        self.filter.epsilon(self.left, delta)
    }

    fn largest(&self, cost: impl Fn(f64) -> Cost) -> Epsilon {
        let epsilon = bisect::largest(|epsilon| self.pays(&cost(epsilon)));
        Epsilon::new(epsilon).unwrap_or(Epsilon::ZERO)
    }

    fn pays(&self, cost: &Cost) -> bool {
        let price = self.filter.price(cost);
        price.loss <= self.left.loss && price.delta <= self.left.delta
    }
}
