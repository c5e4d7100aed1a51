//! What can be wrong with a parameter of privacy, or with what is to bound a sensitivity.

use std::num::NonZeroU64;

use super::Delta;
use super::sampler::Exhausted;
use crate::digest::EntropyError;

/// Why a number is not a parameter of privacy, or no such parameter follows from others.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// A text is not a number.
    #[error("`{name}` is not a number")]
    NotANumber {
        /// Which parameter it was to be.
        name: &'static str,
    },
    /// A value is infinite or not a number, or what follows from it is beyond what a float holds.
    #[error("`{name}` is not finite")]
    NotFinite {
        /// Which parameter it was to be.
        name: &'static str,
    },
    /// A value is below 0.
    #[error("`{name}` is {value}, which is below 0")]
    Negative {
        /// Which parameter it was to be.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// A delta of 1 or more promises nothing.
    #[error("`delta` is {delta}, which promises nothing: it must be below 1")]
    NoPromise {
        /// What was given, or what follows.
        delta: f64,
    },
    /// Delta is 0, and the mechanism or the accounting has an epsilon only beside a positive one.
    #[error("`delta` is 0, beside which this has no finite epsilon")]
    NeedsDelta,
    /// Delta is 1 / (10 n) or more for a population of n.
    #[error(
        "`delta` is {delta}, which is too large for {population} records: it must be below 1 / (10 * {population})"
    )]
    DeltaForPopulation {
        /// What was given.
        delta: Delta,
        /// The number of records, as declared.
        population: NonZeroU64,
    },
}

/// Why a bound on what one record contributes is none.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundError {
    /// The norm to clip to is not a number of a size that a lattice can hold.
    #[error("a clipping norm of {norm} is not between {least} and {most}")]
    Norm {
        /// What was given.
        norm: f64,
        /// The smallest that is taken.
        least: f64,
        /// The largest that is taken.
        most: f64,
    },
    /// The lattice is too coarse for the norm, or so fine that the norm does not fit.
    #[error("a norm of {norm} is {steps} steps of the lattice: it must be from {least} to {most}")]
    Lattice {
        /// The norm that is clipped to.
        norm: f64,
        /// The norm in steps of the lattice.
        steps: f64,
        /// The fewest that are taken.
        least: u32,
        /// The most that are taken.
        most: u32,
    },
    /// An exponent is out of range.
    #[error("a lattice of 2^{exponent} is not between 2^{least} and 2^{most}")]
    Exponent {
        /// What was given.
        exponent: i32,
        /// The smallest that is taken.
        least: i32,
        /// The largest that is taken.
        most: i32,
    },
    /// A vector has no coordinates, or too many.
    #[error(
        "a vector of {dimension} coordinates: there must be from 1 to {}",
        super::MAX_DIMENSION
    )]
    Dimension {
        /// How many there were.
        dimension: usize,
    },
    /// A vector has another number of coordinates than the others.
    #[error("a vector has {found} coordinates, not {dimension}")]
    OtherDimension {
        /// How many there should be.
        dimension: usize,
        /// How many there were.
        found: usize,
    },
    /// A coordinate is infinite or not a number.
    #[error("coordinate {index} is not finite")]
    NotFinite {
        /// Which one, from 0.
        index: usize,
    },
    /// A vector was clipped to another norm or on another lattice.
    #[error("a vector was clipped to another norm or lattice")]
    OtherClip,
    /// Integers that should be a clipped vector are longer than its norm.
    #[error("a vector is longer than the norm that it should be clipped to")]
    TooLong,
    /// One subject contributes so many records that the sensitivity does not fit.
    #[error("a sensitivity of {records} records does not fit")]
    Group {
        /// Records of one subject.
        records: u32,
    },
}

/// Why a mechanism cannot be made, or does not release.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MechanismError {
    /// No such mechanism follows from the parameters.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// What is to be released is not bounded.
    #[error(transparent)]
    Bound(#[from] BoundError),
    /// The noise would be larger than a lattice holds, so nothing of the data would remain.
    #[error("noise of {steps} steps of the lattice is more than it holds")]
    TooMuchNoise {
        /// The scale of the noise, in steps.
        steps: f64,
    },
    /// What is to be released has another sensitivity than the noise was made for.
    #[error("the noise was made for another sensitivity than that of what is to be released")]
    OtherSensitivity,
    /// More noise would be drawn ahead than memory is kept for.
    #[error(
        "noise for {count} coordinates ahead is more than the {} that are kept",
        super::MAX_READY
    )]
    TooMuchAhead {
        /// What was asked for.
        count: usize,
    },
    /// The operating system gives no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The process was forked since the source of noise was opened; its parent may release the same noise.
    #[error("the source of noise was opened by another process: open it anew")]
    Forked,
    /// Random digits decided nothing, as many as there were. The probability of this is below 2^-256; more likely, what
    /// gives them is broken.
    #[error("random digits do not decide: the source of noise may be broken")]
    Undecided,
}

impl From<Exhausted> for MechanismError {
    fn from(_: Exhausted) -> Self {
        Self::Undecided
    }
}
