//! The numbers that privacy is promised in, each valid by construction.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use super::ParameterError;
use super::numeric::{gaussian, pure, zcdp};

macro_rules! parameter {
    ($(#[$docs:meta])* $name:ident, $what:literal) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(f64);

        impl $name {
            /// None at all: what a release costs that depends on no record.
            pub const ZERO: Self = Self(0.0);

            /// The value as a float: finite and not negative.
            #[must_use]
            pub const fn value(self) -> f64 {
                self.0
            }

            /// What every constructor asks. The sum takes the sign off a negative zero.
            fn checked(value: f64) -> Result<Self, ParameterError> {
                if !value.is_finite() {
                    return Err(ParameterError::NotFinite { name: $what });
                }
                if value < 0.0 {
                    return Err(ParameterError::Negative { name: $what, value });
                }
                Ok(Self(value + 0.0))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other) == Ordering::Equal
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.total_cmp(&other.0)
            }
        }

        /// The shortest decimal that reads back as the value.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl TryFrom<f64> for $name {
            type Error = ParameterError;

            fn try_from(value: f64) -> Result<Self, ParameterError> {
                Self::new(value)
            }
        }

        impl FromStr for $name {
            type Err = ParameterError;

            fn from_str(text: &str) -> Result<Self, ParameterError> {
                match text.parse() {
                    Ok(value) => Self::new(value),
                    Err(_) => Err(ParameterError::NotANumber { name: $what }),
                }
            }
        }
    };
}

parameter! {
    /// The epsilon of differential privacy: how much any one record may change the odds of an outcome, as a logarithm.
    ///
    /// Finite and at least 0. There is no default: what is right depends on who the records are about.
    ///
    /// ```
    /// use portcullis::privacy::Epsilon;
    ///
    /// let epsilon: Epsilon = "0.5".parse()?;
    /// assert_eq!(epsilon.value(), 0.5);
    /// assert!(Epsilon::new(f64::NAN).is_err());
    /// # Ok::<(), portcullis::privacy::ParameterError>(())
    /// ```
    Epsilon, "epsilon"
}

parameter! {
    /// The delta of approximate differential privacy: the probability with which the promise of [`Epsilon`] may fail.
    ///
    /// At least 0 and below 1. Where it is not given it is 1e-6; [`check_population`](Self::check_population) says whether
    /// that is small enough.
    Delta, "delta"
}

parameter! {
    /// The rho of zero-concentrated differential privacy (zCDP). Costs add up.
    ///
    /// Source: Bun and Steinke, *Concentrated Differential Privacy* (2016).
    Rho, "rho"
}

parameter! {
    /// The mu of Gaussian differential privacy (GDP): neighbours are as hard to tell apart as two normal distributions of
    /// deviation 1 whose means are `mu` apart. Squares of costs add up.
    ///
    /// Source: Dong, Roth and Su, *Gaussian Differential Privacy* (2019).
    Mu, "mu"
}

impl Epsilon {
    /// Takes an epsilon of 0 or more.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where the value is negative or not finite.
    pub fn new(value: f64) -> Result<Self, ParameterError> {
        Self::checked(value)
    }

    /// What any mechanism of this epsilon costs in zCDP: `epsilon * tanh(epsilon / 2)`, rounded up.
    ///
    /// This is the divergence of randomised response, by which every such mechanism is dominated.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where the answer is not finite.
    pub fn rho(self) -> Result<Rho, ParameterError> {
        Rho::new(pure::rho(self.0))
    }

    /// What the exponential mechanism costs in zCDP: the smaller of `epsilon^2 / 8` and [`rho`](Self::rho), rounded up.
    ///
    /// It holds for mechanisms of bounded range only. Permute-and-flip, Laplace and randomised response are not among them.
    ///
    /// Source: Cesar and Rogers, *Bounding, Concentrating, and Truncating* (2021).
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where the answer is not finite.
    pub fn bounded_range_rho(self) -> Result<Rho, ParameterError> {
        Rho::new(pure::bounded_range_rho(self.0))
    }

    /// The GDP that any mechanism of this epsilon has, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where the answer is not finite.
    pub fn mu(self) -> Result<Mu, ParameterError> {
        Mu::new(pure::mu(self.0))
    }
}

impl Delta {
    /// Takes a delta of at least 0 and below 1.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where the value is out of range or not a number.
    pub fn new(value: f64) -> Result<Self, ParameterError> {
        let delta = Self::checked(value)?;
        if value >= 1.0 {
            return Err(ParameterError::NoPromise { delta: value });
        }
        Ok(delta)
    }

    /// Refuses a delta that is too large for `population` records: from `1 / (10 population)` on, a mechanism could hand
    /// out whole records now and then and still be called private.
    ///
    /// ```
    /// use std::num::NonZeroU64;
    /// use portcullis::privacy::Delta;
    ///
    /// let records = NonZeroU64::new(99_999).unwrap();
    /// assert!(Delta::default().check_population(records).is_ok());
    /// assert!(Delta::default().check_population(records.saturating_add(1)).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParameterError::DeltaForPopulation`].
    pub fn check_population(self, population: NonZeroU64) -> Result<(), ParameterError> {
        // 10 n is below 2^68, so it is a float to within one part in 2^53; the product rounds 1e-6 * 1e6 to 1, as meant.
        if self.0 * (population.get() as f64 * 10.0) < 1.0 {
            return Ok(());
        }
        Err(ParameterError::DeltaForPopulation {
            delta: self,
            population,
        })
    }
}

/// 1e-6.
impl Default for Delta {
    fn default() -> Self {
        Self(1e-6)
    }
}

impl Rho {
    /// Takes a rho of 0 or more.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where the value is negative or not finite.
    pub fn new(value: f64) -> Result<Self, ParameterError> {
        Self::checked(value)
    }

    /// The largest budget in zCDP that keeps a promise of `(epsilon, delta)`, rounded down.
    ///
    /// Source: Canonne, Kamath and Steinke, *The Discrete Gaussian* (2020), corollary 13.
    ///
    /// # Errors
    ///
    /// [`ParameterError::NeedsDelta`] where delta is 0: zCDP alone then promises nothing.
    pub fn within(epsilon: Epsilon, delta: Delta) -> Result<Self, ParameterError> {
        let log_delta = log(delta)?;
        Self::new(zcdp::rho(epsilon.0, log_delta))
    }

    /// The smallest epsilon that this much zCDP promises beside `delta`, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where there is none: delta is 0, or the answer is not finite.
    pub fn epsilon(self, delta: Delta) -> Result<Epsilon, ParameterError> {
        if self == Self::ZERO {
            return Ok(Epsilon::ZERO);
        }
        Epsilon::new(zcdp::epsilon(self.0, log(delta)?))
    }

    /// The smallest delta that this much zCDP promises beside `epsilon`, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError::NoPromise`] where no delta below 1 will do.
    pub fn delta(self, epsilon: Epsilon) -> Result<Delta, ParameterError> {
        if self == Self::ZERO {
            return Ok(Delta::ZERO);
        }
        Delta::new(probability(zcdp::log_delta(self.0, epsilon.0)))
    }
}

impl Mu {
    /// Takes a mu of 0 or more.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where the value is negative or not finite.
    pub fn new(value: f64) -> Result<Self, ParameterError> {
        Self::checked(value)
    }

    /// The largest mu that keeps a promise of `(epsilon, delta)`, rounded down. Noise of deviation `sensitivity / mu` is
    /// then the least that a Gaussian mechanism can do with.
    ///
    /// ```
    /// use portcullis::privacy::{Delta, Epsilon, Mu};
    ///
    /// let mu = Mu::within(Epsilon::new(1.0)?, Delta::default())?;
    /// let sigma = 2.0 / mu.value();
    /// assert!((8.449..8.450).contains(&sigma));
    /// # Ok::<(), portcullis::privacy::ParameterError>(())
    /// ```
    ///
    /// Source: Balle and Wang, *Improving the Gaussian Mechanism for Differential Privacy* (2018), theorem 8.
    ///
    /// # Errors
    ///
    /// [`ParameterError::NeedsDelta`] where delta is 0: no Gaussian noise will do.
    pub fn within(epsilon: Epsilon, delta: Delta) -> Result<Self, ParameterError> {
        let log_delta = log(delta)?;
        Self::new(gaussian::mu(epsilon.0, log_delta))
    }

    /// The smallest epsilon that this much GDP promises beside `delta`, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where there is none: delta is 0, or the answer is not finite.
    pub fn epsilon(self, delta: Delta) -> Result<Epsilon, ParameterError> {
        if self == Self::ZERO {
            return Ok(Epsilon::ZERO);
        }
        Epsilon::new(gaussian::epsilon(self.0, log(delta)?))
    }

    /// The smallest delta that this much GDP promises beside `epsilon`, rounded up.
    ///
    /// # Errors
    ///
    /// [`ParameterError::NoPromise`] where no delta below 1 will do.
    pub fn delta(self, epsilon: Epsilon) -> Result<Delta, ParameterError> {
        if self == Self::ZERO {
            return Ok(Delta::ZERO);
        }
        Delta::new(probability(gaussian::log_delta(epsilon.0, self.0)))
    }
}

/// The logarithm of a delta that is not 0, rounded down.
fn log(delta: Delta) -> Result<f64, ParameterError> {
    if delta == Delta::ZERO {
        return Err(ParameterError::NeedsDelta);
    }
    let log = delta.0.ln();
    Ok(log - f64::EPSILON * log.abs())
}

/// From a logarithm, rounded up; never 0, since what is out of a float's reach is still there.
fn probability(log: f64) -> f64 {
    let probability = log.exp();
    (probability + 4.0 * f64::EPSILON * probability).max(f64::MIN_POSITIVE)
}
