//! Choosing among public candidates.

use super::Cost;
use crate::privacy::numeric::up;
use crate::privacy::sampler::Scale;
use crate::privacy::{Epsilon, MechanismError, Range};

/// The exponential mechanism: picks one of several candidates, each with a probability in proportion to
/// `exp(epsilon * score / range)`.
///
/// The candidates are public; only the scores come from the records. What is picked is as if Gumbel noise of scale
/// `range / epsilon` had been added to each score and the largest taken.
///
/// Source: McSherry and Talwar, *Mechanism Design via Differential Privacy* (2007).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponential {
    sensitivity: Range,
    scale: Scale,
}

impl Exponential {
    /// The choice that follows the scores as closely as `epsilon` allows.
    ///
    /// # Errors
    ///
    /// [`MechanismError`] where epsilon is so small that the scores would not count.
    pub fn new(sensitivity: Range, epsilon: Epsilon) -> Result<Self, MechanismError> {
        let scale = Scale::at_least(up(sensitivity.steps() as f64 / epsilon.value()))?;
        Ok(Self { sensitivity, scale })
    }

    /// What one choice costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let epsilon = self.sensitivity.steps() as f64 / self.scale.steps();
        Cost::exponential(epsilon * (1.0 + 2.0 * f64::EPSILON)).under(self.sensitivity.adjacency())
    }

    /// What the scores must be bounded by.
    #[must_use]
    pub const fn sensitivity(&self) -> Range {
        self.sensitivity
    }

    /// The scale of the Gumbel noise that this is like, in units of the scores.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale.steps() * self.sensitivity.lattice().step()
    }

    pub(in crate::privacy) const fn in_steps(&self) -> Scale {
        self.scale
    }
}
