//! The grid of numbers on which everything that is released stands.

use super::BoundError;

/// The whole multiples of a power of two. What is released lies on such a lattice, whatever was put in, since the last
/// bits of a float that noise was added to would tell what it was before.
///
/// Source: Mironov, *On Significance of the Least Significant Bits for Differential Privacy* (2012).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lattice {
    exponent: i32,
}

impl Lattice {
    const LEAST: i32 = -200;
    const MOST: i32 = 100;

    /// The integers.
    pub const INTEGERS: Self = Self { exponent: 0 };

    /// The multiples of `2^exponent`.
    ///
    /// # Errors
    ///
    /// [`BoundError::Exponent`] where the exponent is not between -200 and 100.
    pub const fn new(exponent: i32) -> Result<Self, BoundError> {
        if exponent < Self::LEAST || exponent > Self::MOST {
            return Err(BoundError::Exponent {
                exponent,
                least: Self::LEAST,
                most: Self::MOST,
            });
        }
        Ok(Self { exponent })
    }

    /// The binary logarithm of the distance between neighbouring numbers.
    #[must_use]
    pub const fn exponent(self) -> i32 {
        self.exponent
    }

    /// The distance between neighbouring numbers, exactly.
    #[must_use]
    pub fn step(self) -> f64 {
        2.0_f64.powi(self.exponent)
    }

    /// How many steps a value is from 0. Exact, as long as the answer is no subnormal number.
    pub(super) fn steps(self, value: f64) -> f64 {
        value * 2.0_f64.powi(-self.exponent)
    }
}
