//! Gaussian noise: the mechanism for long vectors.

use super::Cost;
use crate::privacy::mutant::Mutant;
use crate::privacy::numeric::up;
use crate::privacy::sampler::Scale;
use crate::privacy::{Delta, Epsilon, L2, MechanismError, Mu};

/// Adds normal noise, rounded to the lattice, to a vector whose sensitivity is known in L2.
///
/// The noise is an exact normal variable that is rounded to the nearest step, so the release is post-processing of a
/// release in real numbers, and has the same mu: the sensitivity over the deviation. The deviation is calibrated to the
/// exact profile, which holds for every epsilon, and is rounded up.
///
/// ```
/// use portcullis::privacy::{Adjacency, Clip, Delta, Epsilon, Gaussian, L2};
///
/// let clip = Clip::<L2>::new(1.0)?;
/// let sensitivity = clip.sensitivity(Adjacency::ReplaceOne);
/// let noise = Gaussian::new(sensitivity, Epsilon::new(1.0)?, Delta::default())?;
/// assert!((8.449..8.450).contains(&noise.sigma()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Balle and Wang, *Improving the Gaussian Mechanism for Differential Privacy* (2018).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gaussian {
    sensitivity: L2,
    sigma: Scale,
}

impl Gaussian {
    /// The least noise that keeps `(epsilon, delta)` in a single release.
    ///
    /// # Errors
    ///
    /// [`MechanismError`] where delta is 0, or where so much noise would be needed that nothing remains.
    pub fn new(sensitivity: L2, epsilon: Epsilon, delta: Delta) -> Result<Self, MechanismError> {
        Self::with_mu(sensitivity, Mu::within(epsilon, delta)?)
    }

    /// The least noise that costs at most `mu`.
    ///
    /// # Errors
    ///
    /// [`MechanismError`] where so much noise would be needed that nothing remains.
    pub fn with_mu(sensitivity: L2, mu: Mu) -> Result<Self, MechanismError> {
        let distance = (sensitivity.steps_squared() as f64).sqrt();
        let sigma = Scale::at_least(up(distance / mu.value()))?;
        Ok(Self { sensitivity, sigma })
    }

    /// What one release costs: the square of mu is that of the sensitivity over the deviation.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let sigma = self.sigma.steps();
        let squared = self.sensitivity.steps_squared() as f64 / (sigma * sigma);
        // Four roundings to the nearest, each of half a unit in the last place.
        Cost::gaussian(squared * (1.0 + 4.0 * f64::EPSILON)).under(self.sensitivity.adjacency())
    }

    /// What the release must be bounded by.
    #[must_use]
    pub const fn sensitivity(&self) -> L2 {
        self.sensitivity
    }

    /// The standard deviation of the noise, in units of the data.
    #[must_use]
    pub fn sigma(&self) -> f64 {
        self.sigma.steps() * self.sensitivity.lattice().step()
    }

    pub(in crate::privacy) fn in_steps(&self) -> Scale {
        if Mutant::LessNoise.lives() {
            let numerator = self.sigma.numerator / 11 * 10;
            return Scale {
                numerator,
                ..self.sigma
            };
        }
        self.sigma
    }
}
