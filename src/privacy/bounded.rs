//! What may be released once noise is on it: integers, and how far one record can move them.

use std::fmt;
use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::{BoundError, Lattice, Sensitivity};

/// What counts and sums are cut to, either way. Noise is below 2^53, so it can be added without a look at what comes out.
const MOST_STEPS: i64 = 1 << 62;

/// The most coordinates that a vector has.
pub const MAX_DIMENSION: usize = 1 << 16;

/// A vector of integers on a lattice that was computed from records, with how far one record can move it: an
/// [`L1`](super::L1), an [`L2`](super::L2) or a [`Range`](super::Range).
///
/// It is made by what bounds it: a [`Clip`](super::Clip), a [`Count`](super::Count), a [`Histogram`](super::Histogram) or
/// [`Votes`](super::Votes), which is all that makes the sensitivity true. It tells nobody what it holds: for that it has to go
/// through a mechanism. Its memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Bounded<S> {
    steps: Zeroizing<Vec<i64>>,
    sensitivity: S,
}

impl<S> Bounded<S> {
    pub(super) fn new(mut steps: Zeroizing<Vec<i64>>, sensitivity: S) -> Result<Self, BoundError> {
        check_dimension(steps.len())?;
        for steps in steps.iter_mut() {
            // It moves no two results further apart.
            *steps = (*steps).clamp(-MOST_STEPS, MOST_STEPS);
        }
        Ok(Self { steps, sensitivity })
    }

    pub(super) fn count(count: u64, sensitivity: S) -> Self {
        let steps = Zeroizing::new(vec![cut(count)]);
        Self { steps, sensitivity }
    }

    pub(super) fn counts(counts: &[u64], sensitivity: S) -> Result<Self, BoundError> {
        let steps = counts.iter().map(|&count| cut(count));
        Self::new(Zeroizing::new(steps.collect()), sensitivity)
    }

    /// Scores of any number of candidates, which are chosen among and not told.
    pub(super) const fn scores(steps: Zeroizing<Vec<i64>>, sensitivity: S) -> Self {
        Self { steps, sensitivity }
    }

    pub(super) fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// How far one record can move it.
    pub const fn sensitivity(&self) -> &S {
        &self.sensitivity
    }

    /// The number of coordinates, which is public.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.steps.len()
    }
}

impl<S: Sensitivity> Bounded<S> {
    /// The same, where up to so many records are about one subject and all of them are to be protected together. That no subject
    /// has more must hold for the data: see to it before they are summed or counted.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use portcullis::privacy::{Count, Epsilon, Laplace, Noise};
    ///
    /// let three = NonZeroU32::new(3).unwrap();
    /// let visits = Count.l1_of(1234).of_subjects(three)?;
    /// let mechanism = Laplace::new(*visits.sensitivity(), Epsilon::new(1.0)?)?;
    /// assert!((3.0..3.001).contains(&mechanism.scale()));
    /// let released = Noise::new(mechanism)?.release(&visits)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BoundError::Group`] where so large a sensitivity does not fit.
    pub fn of_subjects(self, records: NonZeroU32) -> Result<Self, BoundError> {
        Ok(Self {
            sensitivity: self.sensitivity.of_subjects(records)?,
            ..self
        })
    }
}

impl<S: fmt::Debug> fmt::Debug for Bounded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("dimension", &self.dimension())
            .field("sensitivity", &self.sensitivity)
            .finish_non_exhaustive()
    }
}

/// A result that noise was added to: it may be told, kept and computed with at no further cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    steps: Vec<i64>,
    lattice: Lattice,
}

impl Released {
    pub(super) const fn new(steps: Vec<i64>, lattice: Lattice) -> Self {
        Self { steps, lattice }
    }

    /// In whole steps of the lattice.
    #[must_use]
    pub fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// The lattice that the steps are of.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// In units of the data, to the nearest float.
    pub fn values(&self) -> impl ExactSizeIterator<Item = f64> {
        let step = self.lattice.step();
        self.steps.iter().map(move |&steps| steps as f64 * step)
    }
}

fn cut(count: u64) -> i64 {
    i64::try_from(count).map_or(MOST_STEPS, |count| count.min(MOST_STEPS))
}

pub(super) fn check_dimension(dimension: usize) -> Result<(), BoundError> {
    if (1..=MAX_DIMENSION).contains(&dimension) {
        Ok(())
    } else {
        Err(BoundError::Dimension { dimension })
    }
}
