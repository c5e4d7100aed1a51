//! Why a memory does not store, answer, save or load.

use super::{Protection, RecordKey};
use crate::privacy::{
    BoundError, ChargeError, LedgerError, MechanismError, ParameterError, PartitionName,
};
use crate::text::Plain;

/// What is wrong with a memory, or with what is asked of it. None of these depends on what a protected record holds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The process was forked since the memory was made. Its parent may release what it would.
    #[error("the memory was made by another process: make or load it anew")]
    Forked,
    /// No such partition is in the plan.
    #[error("the memory has no partition `{partition}`")]
    UnknownPartition {
        /// What was asked for.
        partition: PartitionName,
    },
    /// A partition is planned twice.
    #[error("partition `{partition}` is planned twice")]
    PartitionTwice {
        /// Which one.
        partition: PartitionName,
    },
    /// More partitions are planned than a memory has.
    #[error("a memory has at most {most} partitions")]
    TooManyPartitions {
        /// How many it has.
        most: usize,
    },
    /// The partition is protected in another way than this needs.
    #[error("partition `{partition}` is protected by `{protection:?}`, which this is not for")]
    OtherProtection {
        /// Which one.
        partition: PartitionName,
        /// How it is protected.
        protection: Protection,
    },
    /// A text is not a key of a record.
    #[error(
        "a key of a record has 1 to {} bytes and no control characters",
        RecordKey::LONGEST
    )]
    Key,
    /// There is no record of this key, or it was forgotten or replaced while it was read.
    #[error("there is no record `{}`", Plain(.key.as_str()))]
    UnknownRecord {
        /// The key.
        key: RecordKey,
    },
    /// The key is that of a record about somebody else.
    #[error("record `{}` is about another subject", Plain(.key.as_str()))]
    OtherSubject {
        /// The key.
        key: RecordKey,
    },
    /// A record of a protected partition must say whom it is about.
    #[error("a record of `{partition}` must say whom it is about")]
    NoSubject {
        /// Which partition.
        partition: PartitionName,
    },
    /// A subject has as many records as one may have. That bound is part of every promise.
    #[error("a subject has at most {most} records in `{partition}`")]
    TooManyOfSubject {
        /// Which partition.
        partition: PartitionName,
        /// How many it may have.
        most: u32,
    },
    /// The partition has as many records as it may have.
    #[error("partition `{partition}` is full: it keeps at most {most} records")]
    Full {
        /// Which partition.
        partition: PartitionName,
        /// How many it may have.
        most: u32,
    },
    /// A label is not among those of the partition, or is missing where there are some.
    #[error("partition `{partition}` has no such label, or the record needs one")]
    Label {
        /// Which partition.
        partition: PartitionName,
    },
    /// The labels of a plan are none, too many, too long, or one is there twice.
    #[error("labels must be 1 to {most}, all different, of 1 to {longest} bytes", most = super::plan::MOST_LABELS, longest = super::plan::LONGEST_LABEL)]
    Labels,
    /// The partition has no labels to count or vote by.
    #[error("partition `{partition}` has no labels")]
    Unlabelled {
        /// Which partition.
        partition: PartitionName,
    },
    /// A query or a candidate is all zeros, so nothing is nearer to it than anything else.
    #[error("a vector of zeros has no direction")]
    NoDirection,
    /// A vote is asked for in which nobody has one.
    #[error("`nearest` is 0, so that nobody has a vote")]
    NoVotes,
    /// A number that a question comes with is not finite.
    #[error("`{name}` is not finite")]
    NotFinite {
        /// Which one.
        name: &'static str,
    },
    /// There are no candidates to choose among, or too many.
    #[error("there are {found} candidates: there must be from 1 to {most}", most = super::MOST_CANDIDATES)]
    Candidates {
        /// How many there were.
        found: usize,
    },
    /// A vector is none that a partition takes.
    #[error(transparent)]
    Bound(#[from] BoundError),
    /// A parameter is none.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// There is no such mechanism, or it cannot draw.
    #[error(transparent)]
    Mechanism(#[from] MechanismError),
    /// The ledger does not charge, so nothing was released.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file is none that a memory was saved to, or was cut off or altered.
    #[error("the file is not a memory of this version, or is damaged: {problem}")]
    Damaged {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file was saved by a memory of another plan. What was promised of its records is not what this plan promises.
    #[error("partition `{partition}` was saved by another plan: its {differs} differs")]
    OtherPlan {
        /// Which partition.
        partition: PartitionName,
        /// In what.
        differs: &'static str,
    },
    /// The system refuses to read or write.
    #[error("the memory cannot be kept: {0}")]
    Storage(String),
}

impl MemoryError {
    /// Why a charge was refused, if it was: nothing was charged and nothing released.
    #[must_use]
    pub const fn refused_charge(&self) -> Option<&ChargeError> {
        match self {
            Self::Ledger(LedgerError::Charge(error)) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for MemoryError {
    fn from(error: std::io::Error) -> Self {
        Self::Storage(error.to_string())
    }
}
