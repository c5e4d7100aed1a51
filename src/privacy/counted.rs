//! Counts of records, and what bounds them: a record counts once.

use super::{Adjacency, L1, L2, Lattice, Range};

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
        L1::of(1, Lattice::INTEGERS)
    }

    /// In L2: 1.
    #[must_use]
    pub const fn l2(self) -> L2 {
        L2::of_squared(1, Lattice::INTEGERS)
    }
}

impl Histogram {
    /// In L1: 2 where a record may be replaced, else 1.
    #[must_use]
    pub const fn l1(self, adjacency: Adjacency) -> L1 {
        L1::of(changed_bins(adjacency), Lattice::INTEGERS)
    }

    /// In L2: the root of 2 where a record may be replaced, else 1.
    #[must_use]
    pub const fn l2(self, adjacency: Adjacency) -> L2 {
        L2::of_squared(changed_bins(adjacency) as u128, Lattice::INTEGERS)
    }

    /// In range: 2 where a record may be replaced, since one bin loses what another wins, else 1.
    #[must_use]
    pub const fn range(self, adjacency: Adjacency) -> Range {
        Range::of(changed_bins(adjacency), Lattice::INTEGERS)
    }
}

impl Votes {
    /// In L1: 2.
    #[must_use]
    pub const fn l1(self) -> L1 {
        L1::of(2, Lattice::INTEGERS)
    }

    /// In L2: the root of 2.
    #[must_use]
    pub const fn l2(self) -> L2 {
        L2::of_squared(2, Lattice::INTEGERS)
    }

    /// In range: 2.
    #[must_use]
    pub const fn range(self) -> Range {
        Range::of(2, Lattice::INTEGERS)
    }
}

const fn changed_bins(adjacency: Adjacency) -> u64 {
    match adjacency {
        Adjacency::ReplaceOne => 2,
        Adjacency::AddRemove => 1,
    }
}
