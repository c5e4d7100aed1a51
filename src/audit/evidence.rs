//! Proofs together with the signed checkpoint that they are about: texts that can be checked offline.

use std::fmt;
use std::str::FromStr;

#[cfg(feature = "sign")]
use super::checkpoint::{Checkpoint, Origin};
use super::checkpoint::{CheckpointError, SignedCheckpoint};
#[cfg(feature = "sign")]
use super::merkle::LeafHash;
use super::merkle::{ConsistencyProof, InclusionProof, ProofError};
use super::notation::{base64, from_base64};
use super::note::{NoteError, SignedNote};
#[cfg(feature = "sign")]
use super::note::{VerifyError, VerifyingKey};

/// Evidence that an entry is in a log: [C2SP tlog-proof](https://c2sp.org/tlog-proof), a file `*.tlog-proof`.
///
/// Whoever has the entry, the origin of the log and its key can verify it, without the log.
///
/// ```text
/// c2sp.org/tlog-proof@v1
/// index 1
/// <a hash a line, from the sibling of the leaf up>
///
/// <the signed checkpoint>
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryEvidence {
    extra: Vec<u8>,
    proof: InclusionProof,
    checkpoint: SignedCheckpoint,
}

impl EntryEvidence {
    /// Puts a proof together with the checkpoint that it is about.
    #[must_use]
    pub fn new(proof: InclusionProof, checkpoint: SignedCheckpoint) -> Self {
        Self {
            extra: Vec::new(),
            proof,
            checkpoint,
        }
    }

    /// Sets what else goes with it. No signature covers this, and with more than half a megabyte of it the text may be
    /// longer than what is read.
    #[must_use]
    pub fn with_extra(mut self, extra: Vec<u8>) -> Self {
        self.extra = extra;
        self
    }

    /// What else goes with it, empty if nothing does. No signature covers this.
    #[must_use]
    pub fn extra(&self) -> &[u8] {
        &self.extra
    }

    /// The proof that the entry is in the tree.
    #[must_use]
    pub const fn proof(&self) -> &InclusionProof {
        &self.proof
    }

    /// The signed checkpoint, not verified.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Verifies that the log `origin` holds this entry, and returns its checkpoint.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::verify`]; and [`VerifyError::Proof`] if the entry is not in the tree of the checkpoint.
    #[cfg(feature = "sign")]
    pub fn verify(
        &self,
        leaf: LeafHash,
        origin: &Origin,
        log_keys: &[VerifyingKey],
    ) -> Result<&Checkpoint, VerifyError> {
        let checkpoint = self.checkpoint.verify(origin, log_keys)?;
        self.proof.verify(leaf, checkpoint.head())?;
        Ok(checkpoint)
    }
}

impl fmt::Display for EntryEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        if !self.extra.is_empty() {
            writeln!(f, "{EXTRA}{}", base64(&self.extra))?;
        }
        write!(f, "{}\n{}", self.proof, self.checkpoint)
    }
}

impl FromStr for EntryEvidence {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        let text = within_limit(text)?
            .strip_prefix(HEADER)
            .ok_or(EvidenceError::Header)?;
        let (extra, text) = match text.strip_prefix(EXTRA) {
            None => (Vec::new(), text),
            Some(rest) => {
                let (extra, rest) = rest.split_once('\n').ok_or(EvidenceError::Extra)?;
                let extra = from_base64(extra).filter(|extra| !extra.is_empty());
                (extra.ok_or(EvidenceError::Extra)?, rest)
            }
        };
        let (proof, checkpoint) = halves(text)?;
        Ok(Self {
            extra,
            proof: proof.parse()?,
            checkpoint: checkpoint.parse()?,
        })
    }
}

/// Evidence that a log only grew: what [C2SP tlog-witness](https://c2sp.org/tlog-witness) has a log send to a witness
/// for its signature.
///
/// Whoever has kept the older checkpoint can verify it.
///
/// ```text
/// old 1
/// <a hash a line>
///
/// <the signed newer checkpoint>
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthEvidence {
    proof: ConsistencyProof,
    checkpoint: SignedCheckpoint,
}

impl GrowthEvidence {
    /// Puts a proof together with the newer checkpoint that it is about.
    #[must_use]
    pub fn new(proof: ConsistencyProof, checkpoint: SignedCheckpoint) -> Self {
        Self { proof, checkpoint }
    }

    /// The proof that the tree only grew.
    #[must_use]
    pub const fn proof(&self) -> &ConsistencyProof {
        &self.proof
    }

    /// The signed newer checkpoint, not verified.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Verifies that the newer checkpoint continues the older one, which has been verified before, and returns it.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::verify`], the older checkpoint naming the log; and [`VerifyError::Proof`] if the newer tree
    /// does not continue the older one.
    #[cfg(feature = "sign")]
    pub fn verify(
        &self,
        old: &Checkpoint,
        log_keys: &[VerifyingKey],
    ) -> Result<&Checkpoint, VerifyError> {
        let new = self.checkpoint.verify(old.origin(), log_keys)?;
        self.proof.verify(old.head(), new.head())?;
        Ok(new)
    }
}

impl fmt::Display for GrowthEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.proof, self.checkpoint)
    }
}

impl FromStr for GrowthEvidence {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        let (proof, checkpoint) = halves(within_limit(text)?)?;
        Ok(Self {
            proof: proof.parse()?,
            checkpoint: checkpoint.parse()?,
        })
    }
}

/// Why a text is not evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// Another format, or another version of it.
    #[error("the first line must be `c2sp.org/tlog-proof@v1`")]
    Header,
    /// The line that may follow.
    #[error("the extra data must be in padded base64, and left out if there is none")]
    Extra,
    /// Nothing divides proof and checkpoint.
    #[error("there must be a blank line between proof and checkpoint")]
    NoBlankLine,
    /// The proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

const HEADER: &str = "c2sp.org/tlog-proof@v1\n";
const EXTRA: &str = "extra ";

/// Twice what a note may have: the rest is a few kilobytes, but for the extra data.
const MAX_LEN: usize = 2 * SignedNote::MAX_LEN;

fn within_limit(text: &str) -> Result<&str, EvidenceError> {
    match text.len() {
        0..=MAX_LEN => Ok(text),
        _ => Err(CheckpointError::from(NoteError::TooLong).into()),
    }
}

/// The lines of the proof, and what follows the first blank line. Neither proof nor checkpoint has one before that.
fn halves(text: &str) -> Result<(&str, &str), EvidenceError> {
    let blank = text.find("\n\n").ok_or(EvidenceError::NoBlankLine)?;
    let (proof, rest) = text
        .split_at_checked(blank.saturating_add(1))
        .ok_or(EvidenceError::NoBlankLine)?;
    Ok((
        proof,
        rest.strip_prefix('\n').ok_or(EvidenceError::NoBlankLine)?,
    ))
}

#[cfg(test)]
mod tests;
