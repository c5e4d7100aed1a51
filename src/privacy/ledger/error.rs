//! Why a ledger cannot be opened, or does not charge.

use crate::digest::EntropyError;
use crate::journal::JournalError;
use crate::privacy::{Adjacency, Budget, ChargeError, Filter, Limit, PartitionName};

/// What is wrong with a ledger, or with what is to be charged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The charge is refused, and nothing was charged.
    #[error(transparent)]
    Charge(#[from] ChargeError),
    /// The process was forked since the ledger was opened. Its parent may go on spending.
    #[error("the ledger was opened by another process: open it anew")]
    Forked,
    /// A budget is in the terms of another filter than the overall one, or than what is on record.
    #[error("{limit} is not in the terms of {wanted}")]
    OtherFilter {
        /// Whose budget.
        limit: Limit,
        /// The filter that it should be of.
        wanted: Filter,
    },
    /// The ledger is promised for other neighbours, and cannot be turned into one for these.
    #[error("the ledger is for neighbours by `{wanted:?}`")]
    OtherNeighbours {
        /// The neighbours that are on record.
        wanted: Adjacency,
    },
    /// A partition is declared twice.
    #[error("partition `{partition}` is declared twice")]
    PartitionTwice {
        /// Which one.
        partition: PartitionName,
    },
    /// There are more partitions than one ledger keeps, with those that were there before.
    #[error("a ledger keeps at most {most} partitions")]
    TooManyPartitions {
        /// How many it keeps.
        most: usize,
    },
    /// A budget is larger than what is on record. What was promised stays promised.
    #[error(transparent)]
    Raised(Box<RaisedBudget>),
    /// The end of the ledger is torn, as by a crash in the middle of a write. What was in it may have been a charge.
    #[error(
        "the ledger ends in {bytes} bytes that are no record, at byte {offset} of `{file}`: accept the loss to go on with every budget spent"
    )]
    Torn {
        /// The name of the file.
        file: String,
        /// Where in it, in bytes from its start.
        offset: u64,
        /// How many there are.
        bytes: u64,
    },
    /// The ledger holds what no crash leaves behind.
    #[error("the ledger is damaged: {problem}")]
    Damaged {
        /// Where and how.
        problem: String,
    },
    /// The ledger is not one that has grown out of what was kept of it: it was rolled back, or replaced.
    #[error(
        "the ledger has not grown out of the {records} records that were kept: it was rolled back or replaced"
    )]
    NotGrown {
        /// How many records were kept.
        records: u64,
    },
    /// Another writer has the ledger open.
    #[error("the ledger is in use by another writer")]
    InUse,
    /// The system refuses to read or write. After a failed write the ledger charges no more until it is opened anew.
    #[error("the ledger cannot be kept: {0}")]
    Storage(String),
    /// The operating system gives no randomness for a new ledger.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// A budget that cannot be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} is {recorded} on record and cannot be raised to {wanted}")]
pub struct RaisedBudget {
    /// Whose budget.
    pub limit: Limit,
    /// What is on record.
    pub recorded: Budget,
    /// What was asked for.
    pub wanted: Budget,
}

impl From<JournalError> for LedgerError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Locked { .. } => Self::InUse,
            JournalError::Damaged { .. } | JournalError::WrongPurpose { .. } => Self::Damaged {
                problem: error.to_string(),
            },
            _ => Self::Storage(error.to_string()),
        }
    }
}

impl LedgerError {
    pub(super) fn damaged(record: u64, problem: &str) -> Self {
        Self::Damaged {
            problem: format!("record {record} {problem}"),
        }
    }
}
