//! Laplace noise: the mechanism for counts and short vectors.

use super::Cost;
use crate::privacy::numeric::up;
use crate::privacy::sampler::Scale;
use crate::privacy::{Epsilon, L1, MechanismError};

/// Adds discrete Laplace noise to a vector whose sensitivity is known in L1.
///
/// On the lattice, `n` steps have a probability in proportion to `exp(-|n| / scale)`, where the scale is the sensitivity
/// over epsilon, rounded up.
///
/// ```
/// use portcullis::privacy::{Count, Epsilon, Laplace};
///
/// let noise = Laplace::new(Count.l1(), Epsilon::new(0.5)?)?;
/// assert!((2.0..2.001).contains(&noise.scale()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Ghosh, Roughgarden and Sundararajan, *Universally Utility-Maximizing Privacy Mechanisms* (2009).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Laplace {
    sensitivity: L1,
    scale: Scale,
}

impl Laplace {
    /// The least noise that keeps `epsilon`.
    ///
    /// # Errors
    ///
    /// [`MechanismError`] where so much noise would be needed that nothing remains.
    pub fn new(sensitivity: L1, epsilon: Epsilon) -> Result<Self, MechanismError> {
        let scale = Scale::at_least(up(sensitivity.steps() as f64 / epsilon.value()))?;
        Ok(Self { sensitivity, scale })
    }

    /// What one release costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let epsilon = self.sensitivity.steps() as f64 / self.scale.steps();
        Cost::laplace(epsilon * (1.0 + 2.0 * f64::EPSILON)).under(self.sensitivity.adjacency())
    }

    /// What the release must be bounded by.
    #[must_use]
    pub const fn sensitivity(&self) -> L1 {
        self.sensitivity
    }

    /// The scale of the noise, in units of the data. The deviation is about 1.4 times that.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale.steps() * self.sensitivity.lattice().step()
    }

    pub(in crate::privacy) const fn in_steps(&self) -> Scale {
        self.scale
    }
}
