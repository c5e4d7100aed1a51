//! What one release costs, in the terms of whichever accountant charges it.

use crate::privacy::{Adjacency, Delta, Epsilon, Mu, ParameterError, Rho};

/// The kinds of mechanism that an accountant tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// Gaussian noise: its cost is a mu, exactly.
    Gaussian,
    /// Laplace noise: its cost is an epsilon.
    Laplace,
    /// The exponential mechanism: its cost is an epsilon of bounded range.
    Exponential,
}

/// What one release costs. It is made by the mechanism only, from what its noise really is, and rounded up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    mechanism: Mechanism,
    /// The square of mu, or epsilon.
    amount: f64,
    adjacency: Adjacency,
}

impl Cost {
    pub(in crate::privacy) const fn gaussian(mu_squared: f64) -> Self {
        Self {
            mechanism: Mechanism::Gaussian,
            amount: mu_squared,
            adjacency: Adjacency::ReplaceOne,
        }
    }

    pub(in crate::privacy) const fn laplace(epsilon: f64) -> Self {
        Self {
            mechanism: Mechanism::Laplace,
            amount: epsilon,
            adjacency: Adjacency::ReplaceOne,
        }
    }

    pub(in crate::privacy) const fn exponential(epsilon: f64) -> Self {
        Self {
            mechanism: Mechanism::Exponential,
            amount: epsilon,
            adjacency: Adjacency::ReplaceOne,
        }
    }

    pub(super) const fn under(self, adjacency: Adjacency) -> Self {
        Self { adjacency, ..self }
    }

    /// The neighbours that this is the price of. A budget that is promised for others must not be charged with it: see
    /// [`Adjacency`].
    #[must_use]
    pub const fn adjacency(&self) -> Adjacency {
        self.adjacency
    }

    /// What made the release.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The cost in a budget of GDP, whose entries are the squares of mu and add up; rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where it is beyond what a float holds.
    pub fn mu_squared(&self) -> Result<f64, ParameterError> {
        match self.mechanism {
            Mechanism::Gaussian => Ok(self.amount),
            Mechanism::Laplace | Mechanism::Exponential => {
                let mu = Epsilon::new(self.amount)?.mu()?.value();
                Mu::new((mu * mu).next_up()).map(Mu::value)
            }
        }
    }

    /// The cost in a budget of zCDP, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where it is beyond what a float holds.
    pub fn rho(&self) -> Result<Rho, ParameterError> {
        match self.mechanism {
            Mechanism::Gaussian => Rho::new((self.amount / 2.0).next_up()),
            Mechanism::Laplace => Epsilon::new(self.amount)?.rho(),
            Mechanism::Exponential => Epsilon::new(self.amount)?.bounded_range_rho(),
        }
    }

    /// The cost in pure differential privacy, rounded up. Gaussian noise has none.
    #[must_use]
    pub fn epsilon(&self) -> Option<Epsilon> {
        match self.mechanism {
            Mechanism::Gaussian => None,
            Mechanism::Laplace | Mechanism::Exponential => Epsilon::new(self.amount).ok(),
        }
    }

    /// What is to be added to the delta of the budget: nothing, for the mechanisms that there are.
    #[must_use]
    pub const fn delta(&self) -> Delta {
        Delta::ZERO
    }
}
