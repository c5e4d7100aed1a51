//! Why a release may not be made.

use std::fmt;

use super::amount::Amount;
use super::filter::Measure;
use super::scope::PartitionName;

/// Why a charge is refused. Nothing was charged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChargeError {
    /// It does not fit into what is left. Smaller ones may.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// The cost is that of telling whether a record is there, and the budget is promised for records of which one may be
    /// replaced, which moves a release further.
    #[error(
        "the budget is for neighbours by `ReplaceOne`, and the cost is for those by `AddRemove`"
    )]
    OtherNeighbours,
    /// No such partition is open.
    #[error("there is no partition `{partition}`")]
    UnknownPartition {
        /// What was asked for.
        partition: PartitionName,
    },
    /// The partition has no budget for releases of one subject's own record.
    #[error("partition `{partition}` has no budget for releases of one subject's own record")]
    NoOwnReleases {
        /// Which one.
        partition: PartitionName,
    },
    /// As many subjects as are kept account of have had releases of their own.
    #[error("{most} subjects have had releases of their own, and no more are kept account of")]
    TooManySubjects {
        /// How many are, counted in each partition.
        most: usize,
    },
}

/// A charge that does not fit, and what would.
///
/// It depends on costs, keys and earlier charges, which are public, and on nothing that a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} has {measure} {remaining} left: {spent} is spent, and {requested} was requested")]
pub struct OverBudget {
    /// Whose budget it is.
    pub limit: Limit,
    /// What is measured.
    pub measure: Measure,
    /// What was to be charged, in all.
    pub requested: Amount,
    /// What was charged before.
    pub spent: Amount,
    /// What still fits.
    pub remaining: Amount,
}

/// Which of the budgets a charge must fit into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// That of all partitions together.
    Overall,
    /// That of one partition.
    Partition(PartitionName),
    /// That of each subject of a partition, for releases of its own record.
    Subject(PartitionName),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overall => f.write_str("the overall budget"),
            Self::Partition(name) => write!(f, "the budget of `{name}`"),
            Self::Subject(name) => write!(f, "the budget of one subject of `{name}`"),
        }
    }
}
