//! Counts of records, and what bounds them: a record counts once.

use super::{Adjacency, BoundError, Bounded, L1, L2, Lattice, Range};

/// The number of records of a kind. One record moves it by at most 1, whether it is replaced or added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count;

/// The numbers of records in bins, where no record is in two. Bins are public: they must not be made from the records.
///
/// Replacing a record takes one from a bin and gives one to another; adding one touches one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram;

/// Votes of the k nearest records for labels, one each. Labels are public, and k does not depend on the records.
///
/// Where a record comes, goes or changes, at most one of the nearest leaves and one enters, by either adjacency. This holds
/// where the nearest are found exactly; an approximate search may change its mind about many of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Votes;

impl Count {
    /// In L1: 1.
    #[must_use]
    pub const fn l1(self) -> L1 {
        L1::of(1, Lattice::INTEGERS, Adjacency::ReplaceOne)
    }

    /// In L2: 1.
    #[must_use]
    pub const fn l2(self) -> L2 {
        L2::of_squared(1, Lattice::INTEGERS, Adjacency::ReplaceOne)
    }

    /// So many records, for Laplace noise.
    #[must_use]
    pub fn l1_of(self, records: u64) -> Bounded<L1> {
        Bounded::count(records, self.l1())
    }

    /// So many records, for Gaussian noise.
    #[must_use]
    pub fn l2_of(self, records: u64) -> Bounded<L2> {
        Bounded::count(records, self.l2())
    }
}

impl Histogram {
    /// In L1: 2 where a record may be replaced, else 1.
    #[must_use]
    pub const fn l1(self, adjacency: Adjacency) -> L1 {
        L1::of(changed_bins(adjacency), Lattice::INTEGERS, adjacency)
    }

    /// In L2: the root of 2 where a record may be replaced, else 1.
    #[must_use]
    pub const fn l2(self, adjacency: Adjacency) -> L2 {
        L2::of_squared(
            changed_bins(adjacency) as u128,
            Lattice::INTEGERS,
            adjacency,
        )
    }

    /// In range: 2 where a record may be replaced, since one bin loses what another wins, else 1.
    #[must_use]
    pub const fn range(self, adjacency: Adjacency) -> Range {
        Range::of(changed_bins(adjacency), Lattice::INTEGERS, adjacency)
    }

    /// These numbers of records, for Laplace noise.
    ///
    /// # Errors
    ///
    /// [`BoundError::Dimension`] where there are no bins, or too many.
    pub fn l1_of(self, bins: &[u64], adjacency: Adjacency) -> Result<Bounded<L1>, BoundError> {
        Bounded::counts(bins, self.l1(adjacency))
    }

    /// These numbers of records, for Gaussian noise.
    ///
    /// # Errors
    ///
    /// [`BoundError::Dimension`] where there are no bins, or too many.
    pub fn l2_of(self, bins: &[u64], adjacency: Adjacency) -> Result<Bounded<L2>, BoundError> {
        Bounded::counts(bins, self.l2(adjacency))
    }

    /// These numbers of records, to choose a bin by.
    ///
    /// # Errors
    ///
    /// [`BoundError::Dimension`] where there are no bins, or too many.
    pub fn range_of(
        self,
        bins: &[u64],
        adjacency: Adjacency,
    ) -> Result<Bounded<Range>, BoundError> {
        Bounded::counts(bins, self.range(adjacency))
    }
}

impl Votes {
    /// In L1: 2.
    #[must_use]
    pub const fn l1(self) -> L1 {
        L1::of(2, Lattice::INTEGERS, Adjacency::ReplaceOne)
    }

    /// In L2: the root of 2.
    #[must_use]
    pub const fn l2(self) -> L2 {
        L2::of_squared(2, Lattice::INTEGERS, Adjacency::ReplaceOne)
    }

    /// In range: 2.
    #[must_use]
    pub const fn range(self) -> Range {
        Range::of(2, Lattice::INTEGERS, Adjacency::ReplaceOne)
    }

    /// These numbers of votes, for Laplace noise.
    ///
    /// # Errors
    ///
    /// [`BoundError::Dimension`] where there are no labels, or too many.
    pub fn l1_of(self, votes: &[u64]) -> Result<Bounded<L1>, BoundError> {
        Bounded::counts(votes, self.l1())
    }

    /// These numbers of votes, for Gaussian noise.
    ///
    /// # Errors
    ///
    /// [`BoundError::Dimension`] where there are no labels, or too many.
    pub fn l2_of(self, votes: &[u64]) -> Result<Bounded<L2>, BoundError> {
        Bounded::counts(votes, self.l2())
    }

    /// These numbers of votes, to choose a label by.
    ///
    /// # Errors
    ///
    /// [`BoundError::Dimension`] where there are no labels, or too many.
    pub fn range_of(self, votes: &[u64]) -> Result<Bounded<Range>, BoundError> {
        Bounded::counts(votes, self.range())
    }
}

const fn changed_bins(adjacency: Adjacency) -> u64 {
    match adjacency {
        Adjacency::ReplaceOne => 2,
        Adjacency::AddRemove => 1,
    }
}
