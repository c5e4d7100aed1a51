//! A fingerprint of all records, to be kept elsewhere.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// How many records a ledger has, and a digest over all of them.
///
/// It is written as `records:digest`. Put on record elsewhere, as by [`AuditLog::anchor`](crate::audit::AuditLog::anchor), it later shows
/// whether a ledger has only grown since: see [`LedgerOptions::kept`](super::LedgerOptions::kept).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerHead {
    records: u64,
    digest: Digest,
}

/// The text is not the head of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the head of a ledger is a number of records, a colon, and a digest in hex")]
pub struct LedgerHeadError;

impl LedgerHead {
    /// The number of records.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// The digest over all of them.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

impl fmt::Display for LedgerHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.records, self.digest)
    }
}

impl FromStr for LedgerHead {
    type Err = LedgerHeadError;

    fn from_str(text: &str) -> Result<Self, LedgerHeadError> {
        let (records, digest) = text.split_once(':').ok_or(LedgerHeadError)?;
        let head = Self {
            records: records.parse().map_err(|_| LedgerHeadError)?,
            digest: digest.parse().map_err(|_| LedgerHeadError)?,
        };
        // A number has one text.
        (head.to_string() == text)
            .then_some(head)
            .ok_or(LedgerHeadError)
    }
}

/// The head as it grows: each digest is over the one before, the record's kind, and the record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain(LedgerHead);

impl Chain {
    pub(super) fn new() -> Self {
        Self(LedgerHead {
            records: 0,
            digest: Digest::from([0; 32]),
        })
    }

    pub(super) fn extend(&mut self, kind: u8, record: &[u8]) {
        let hash = Sha256::new_with_prefix("portcullis/privacy/ledger/v1\0")
            .chain_update(self.0.digest.as_bytes())
            .chain_update([kind])
            .chain_update(record);
        self.0 = LedgerHead {
            records: self.0.records.saturating_add(1),
            digest: Digest::from(<[u8; 32]>::from(hash.finalize())),
        };
    }

    pub(super) const fn head(&self) -> LedgerHead {
        self.0
    }
}
