//! What can go wrong with a log.

use std::path::PathBuf;

use super::payload::PayloadKind;
use super::sink::SinkError;
use crate::audit::{CheckpointError, NoteError, Origin, ProofError, TreeError, TreeHead};
use crate::digest::EntropyError;
use crate::journal::JournalError;
use crate::quarantine::QuarantineFull;
use crate::text::Plain;

/// Why a log could not be opened, written, read or verified.
///
/// Messages name files, byte offsets and entries. They never repeat what an entry holds.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Another writer has the log open, in this process or in another one.
    #[error("the log in `{}` is in use by another writer", .directory.display())]
    InUse {
        /// The log's directory.
        directory: PathBuf,
    },
    /// A file holds what no crash of a writer leaves behind.
    #[error("{problem}")]
    Damaged {
        /// The file's name.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// The whole of it, for people.
        problem: String,
    },
    /// The disk is busy, and as much waits for it as may.
    #[error("the log's queue is full: {queued} bytes wait for the disk")]
    Full {
        /// How much waits, in bytes.
        queued: usize,
    },
    /// The system refused an operation, or the log stopped at an earlier refusal.
    #[error("{0}")]
    Storage(String),
    /// The log belongs to another origin.
    #[error("this is the log of `{}`, not of `{}`", Plain(.found), Plain(.expected.as_str()))]
    WrongOrigin {
        /// What was asked for.
        expected: Origin,
        /// What the log says.
        found: String,
    },
    /// An entry is not one that this library writes, or not at its place.
    #[error("entry {index} is not what stands at this place of a log")]
    NotAnEntry {
        /// Its position, from 0.
        index: u64,
    },
    /// The entries are not those that a checkpoint in the log was made over.
    #[error("the entries do not match the checkpoint over the first {}", .checkpoint.size)]
    Mismatch {
        /// What the checkpoint says.
        checkpoint: TreeHead,
        /// What the entries come to.
        found: TreeHead,
    },
    /// A checkpoint that was kept elsewhere covers more entries than there are: the end of the log was cut off.
    #[error("the log has {found} entries, but a checkpoint over {} was kept: its end was cut off", .checkpoint.size)]
    CutOff {
        /// What was kept.
        checkpoint: TreeHead,
        /// How many entries there are.
        found: u64,
    },
    /// A checkpoint in the log is not well-formed, or not signed by a key that was given.
    #[error("a checkpoint over the first {size} entries is not valid: {problem}")]
    Checkpoint {
        /// How many entries the last checkpoint before it covers.
        size: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// Keys were given, but none of them signed any checkpoint: signatures may have been taken out.
    #[error("no checkpoint in the log is signed by a key that was given")]
    Unsigned,
    /// A payload is not what an entry was written with, and nothing on record says why.
    #[error("the {} of entry {index} {problem}", .kind.as_str())]
    Payload {
        /// The entry's position.
        index: u64,
        /// Which of its payloads.
        kind: PayloadKind,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A payload is longer than a log keeps, so that what the policy wants recorded cannot be.
    #[error("the {} have {size} bytes, more than a log keeps", .kind.as_str())]
    PayloadTooLarge {
        /// Which payload.
        kind: PayloadKind,
        /// Its size.
        size: usize,
    },
    /// The directory holds no log.
    #[error("there is no log in this directory")]
    NoLog,
    /// There is no such entry under any checkpoint.
    #[error("no checkpoint covers entry {index}; the last one covers {covered} entries")]
    NotCovered {
        /// What was asked for.
        index: u64,
        /// How many entries are covered.
        covered: u64,
    },
    /// What was to be proved cannot be: a log does not shrink.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A sink could not say what it has kept.
    #[error("a sink cannot tell the last checkpoint: {0}")]
    Sink(SinkError),
    /// A checkpoint could not be signed.
    #[error("the checkpoint could not be signed: {0}")]
    Sign(NoteError),
    /// More agents are shut out than a list has room for.
    #[error(transparent)]
    Quarantine(#[from] QuarantineFull),
    /// The log is full: no tree has so many leaves.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl From<JournalError> for LogError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Locked { directory } => Self::InUse { directory },
            JournalError::Damaged {
                ref file, offset, ..
            } => Self::Damaged {
                file: file.clone(),
                offset,
                problem: error.to_string(),
            },
            JournalError::Full { queued } => Self::Full { queued },
            other => Self::Storage(other.to_string()),
        }
    }
}

impl LogError {
    pub(super) fn checkpoint(size: u64, problem: &CheckpointError) -> Self {
        Self::Checkpoint {
            size,
            problem: problem.to_string(),
        }
    }
}
