//! How far one record can move what is released, in the norm that a mechanism asks for.
//!
//! There is no way to make one of these from a number: they come from what bounds them.

use std::fmt;
use std::num::NonZeroU32;

use super::mutant::Mutant;
use super::{Adjacency, BoundError, Lattice};

/// How far one record can move a vector of integers, as the sum of the distances of its coordinates. Laplace noise is
/// scaled to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1 {
    steps: u64,
    lattice: Lattice,
    adjacency: Adjacency,
}

/// How far one record can move a vector of integers, as Euclidean distance. Gaussian noise is scaled to it.
///
/// Its square is kept, which is a whole number of steps squared where the distance itself may be none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L2 {
    squared: u128,
    lattice: Lattice,
    adjacency: Adjacency,
}

/// How far one record can move the scores of candidates against each other: the largest change of any difference of two.
/// The exponential mechanism is scaled to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    steps: u64,
    lattice: Lattice,
    adjacency: Adjacency,
}

impl L1 {
    pub(super) const fn of(steps: u64, lattice: Lattice, adjacency: Adjacency) -> Self {
        Self {
            steps,
            lattice,
            adjacency,
        }
    }

    /// The sensitivity to a subject with this many records.
    ///
    /// # Errors
    ///
    /// [`BoundError::Group`] where it does not fit.
    pub fn times(self, records: NonZeroU32) -> Result<Self, BoundError> {
        let steps = times(self.steps, records)?;
        Ok(Self { steps, ..self })
    }

    /// The distance in steps of the lattice. Exact.
    #[must_use]
    pub const fn steps(self) -> u64 {
        self.steps
    }

    /// The lattice of the vector.
    #[must_use]
    pub const fn lattice(self) -> Lattice {
        self.lattice
    }

    /// The neighbours that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> Adjacency {
        self.adjacency
    }

    /// The distance, rounded.
    #[must_use]
    pub fn value(self) -> f64 {
        self.steps as f64 * self.lattice.step()
    }
}

impl L2 {
    pub(super) const fn of_squared(squared: u128, lattice: Lattice, adjacency: Adjacency) -> Self {
        Self {
            squared,
            lattice,
            adjacency,
        }
    }

    /// The sensitivity to a subject with this many records.
    ///
    /// # Errors
    ///
    /// [`BoundError::Group`] where it does not fit.
    pub fn times(self, records: NonZeroU32) -> Result<Self, BoundError> {
        let factor = u128::from(records.get()).pow(2);
        let squared = self
            .squared
            .checked_mul(factor)
            // Roots then fit 64 bits, with room for what is computed from them.
            .filter(|squared| *squared < 1 << 120)
            .ok_or(BoundError::Group {
                records: records.get(),
            })?;
        Ok(Self { squared, ..self })
    }

    /// The square of the distance in steps of the lattice. Exact.
    #[must_use]
    pub const fn steps_squared(self) -> u128 {
        self.squared
    }

    /// The lattice of the vector.
    #[must_use]
    pub const fn lattice(self) -> Lattice {
        self.lattice
    }

    /// The neighbours that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> Adjacency {
        self.adjacency
    }

    /// The distance, rounded.
    #[must_use]
    pub fn value(self) -> f64 {
        (self.squared as f64).sqrt() * self.lattice.step()
    }
}

impl Range {
    pub(super) const fn of(steps: u64, lattice: Lattice, adjacency: Adjacency) -> Self {
        Self {
            steps,
            lattice,
            adjacency,
        }
    }

    /// The sensitivity to a subject with this many records.
    ///
    /// # Errors
    ///
    /// [`BoundError::Group`] where it does not fit.
    pub fn times(self, records: NonZeroU32) -> Result<Self, BoundError> {
        let steps = times(self.steps, records)?;
        Ok(Self { steps, ..self })
    }

    /// The distance in steps of the lattice. Exact.
    #[must_use]
    pub const fn steps(self) -> u64 {
        self.steps
    }

    /// The lattice of the scores.
    #[must_use]
    pub const fn lattice(self) -> Lattice {
        self.lattice
    }

    /// The neighbours that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> Adjacency {
        self.adjacency
    }

    /// The distance, rounded.
    #[must_use]
    pub fn value(self) -> f64 {
        self.steps as f64 * self.lattice.step()
    }
}

fn times(steps: u64, records: NonZeroU32) -> Result<u64, BoundError> {
    steps
        .checked_mul(u64::from(records.get()))
        .filter(|steps| *steps < 1 << 60)
        .ok_or(BoundError::Group {
            records: records.get(),
        })
}

impl fmt::Display for L1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in L1", self.value())
    }
}

impl fmt::Display for L2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in L2", self.value())
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in range", self.value())
    }
}

/// How far one record can move a result: [`L1`], [`L2`] or [`Range`].
pub trait Sensitivity: sealed::Sealed + Copy + PartialEq {
    #[doc(hidden)]
    fn of_subjects(self, records: NonZeroU32) -> Result<Self, BoundError>;
}

impl Sensitivity for L1 {
    fn of_subjects(self, records: NonZeroU32) -> Result<Self, BoundError> {
        self.times(records)
    }
}

impl Sensitivity for L2 {
    fn of_subjects(self, records: NonZeroU32) -> Result<Self, BoundError> {
        self.times(records)
    }
}

impl Sensitivity for Range {
    fn of_subjects(self, records: NonZeroU32) -> Result<Self, BoundError> {
        self.times(records)
    }
}

/// A norm to clip to: [`L1`] or [`L2`].
pub trait Norm: Sensitivity {
    /// The sensitivity of a sum of vectors whose norm is at most `radius` steps.
    #[doc(hidden)]
    fn of_sum(radius: u32, lattice: Lattice, adjacency: Adjacency) -> Self;

    /// The norm of a vector, rounded.
    #[doc(hidden)]
    fn norm(vector: impl Iterator<Item = f64>) -> f64;

    /// Whether the norm of a vector of integers is at most `radius`: exactly.
    #[doc(hidden)]
    fn is_within(vector: &[i32], radius: u32) -> bool;
}

impl Norm for L1 {
    fn of_sum(radius: u32, lattice: Lattice, adjacency: Adjacency) -> Self {
        Self::of(moved_by(radius, adjacency), lattice, adjacency)
    }

    fn norm(vector: impl Iterator<Item = f64>) -> f64 {
        vector.map(f64::abs).sum()
    }

    fn is_within(vector: &[i32], radius: u32) -> bool {
        let sizes = vector.iter().map(|steps| u64::from(steps.unsigned_abs()));
        sizes.sum::<u64>() <= u64::from(radius)
    }
}

impl Norm for L2 {
    fn of_sum(radius: u32, lattice: Lattice, adjacency: Adjacency) -> Self {
        let distance = u128::from(moved_by(radius, adjacency));
        Self::of_squared(distance.pow(2), lattice, adjacency)
    }

    fn norm(vector: impl Iterator<Item = f64>) -> f64 {
        vector.map(|steps| steps * steps).sum::<f64>().sqrt()
    }

    fn is_within(vector: &[i32], radius: u32) -> bool {
        let squares = vector
            .iter()
            .map(|steps| u128::from(steps.unsigned_abs()).pow(2));
        squares.sum::<u128>() <= u128::from(radius).pow(2)
    }
}

/// How far one record can move a sum of vectors that are no longer than `radius`: from one end of a ball to the other where it
/// may be replaced, from its middle to its end where it may be left out.
fn moved_by(radius: u32, adjacency: Adjacency) -> u64 {
    match adjacency {
        Adjacency::ReplaceOne if Mutant::HalfSensitivity.lives() => u64::from(radius),
        Adjacency::ReplaceOne => 2 * u64::from(radius),
        Adjacency::AddRemove => u64::from(radius),
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::L1 {}
    impl Sealed for super::L2 {}
    impl Sealed for super::Range {}
}
