//! The rules by which privacy losses add up, whatever later releases are made to depend on.

use std::fmt;

use super::amount::{Amount, Spend};
use crate::privacy::{Cost, Delta, Epsilon, Mu, ParameterError, Rho};

/// How losses are accounted. It is chosen when a ledger is made, and stays.
///
/// Both rules are *filters*: they hold where each release, its cost, and whether there is another one, are chosen in view
/// of all earlier answers. Accountants that compose whole curves of privacy loss are tighter on paper, and not valid there.
///
/// Both pay off over many releases. For a few they hold less than adding up epsilons would: a budget of (1, 1e-6) has no room
/// for one Laplace release above an epsilon of 0.22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Gaussian differential privacy: squares of mu add up. Exact for Gaussian noise, and for that it is the one to take.
    ///
    /// Other mechanisms are charged the mu that any mechanism of their epsilon has. For small epsilon that is about half
    /// as much again as [`Zcdp`](Self::Zcdp) charges for Laplace noise, and six times as much for the exponential
    /// mechanism.
    ///
    /// Source: Smith and Thakurta, *Fully Adaptive Composition for Gaussian Differential Privacy* (2022).
    Gdp,
    /// Approximate zero-concentrated differential privacy: rho adds up, and delta in a column of its own. For releases by
    /// several kinds of mechanism.
    ///
    /// Source: Whitehouse, Ramdas, Rogers and Wu, *Fully Adaptive Composition in Differential Privacy* (2023), theorem 1.
    Zcdp,
}

impl Filter {
    /// What a release is charged, rounded up.
    pub(in crate::privacy) fn price(self, cost: &Cost) -> Spend {
        let loss = match self {
            Self::Gdp => cost.mu_squared(),
            Self::Zcdp => cost.rho().map(Rho::value),
        };
        Spend {
            loss: loss.map_or(Amount::BEYOND, Amount::charge),
            delta: Amount::charge(cost.delta().value()),
        }
    }

    /// The smallest epsilon that this loss keeps beside `delta`, rounded up.
    pub(super) fn epsilon(self, spend: Spend, delta: Delta) -> Result<Epsilon, ParameterError> {
        if spend == Spend::default() {
            return Ok(Epsilon::ZERO);
        }
        let rest = without(delta, spend.delta)?;
        match self {
            Self::Gdp => Mu::new(spend.loss.value().sqrt().next_up())?.epsilon(rest),
            Self::Zcdp => Rho::new(spend.loss.value())?.epsilon(rest),
        }
    }

    /// What the loss is measured in.
    pub(super) const fn measure(self) -> Measure {
        match self {
            Self::Gdp => Measure::MuSquared,
            Self::Zcdp => Measure::Rho,
        }
    }
}

/// What of a delta is left for the conversion, rounded down.
fn without(delta: Delta, column: Amount) -> Result<Delta, ParameterError> {
    if column == Amount::ZERO {
        return Ok(delta);
    }
    let rest = (delta.value() - column.value()).next_down();
    if rest > 0.0 {
        Delta::new(rest)
    } else {
        Err(ParameterError::NeedsDelta)
    }
}

/// By its name in the literature.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gdp => "GDP",
            Self::Zcdp => "zCDP",
        })
    }
}

/// What an [`Amount`] is an amount of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// The square of a mu of Gaussian differential privacy.
    MuSquared,
    /// A rho of zero-concentrated differential privacy.
    Rho,
    /// A delta that a mechanism itself spends, apart from the one that the loss is converted with.
    Delta,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MuSquared => "mu squared",
            Self::Rho => "rho",
            Self::Delta => "delta",
        })
    }
}
