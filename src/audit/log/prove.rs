//! Proving that an entry is in a log.

use std::path::Path;

use super::read::LogEntry;
use super::{LogError, PURPOSE, kind};
use crate::audit::{
    Checkpoint, InclusionProof, InclusionProver, LeafHash, SignedCheckpoint, TreeHead,
};
use crate::journal::Reader;

/// An entry with the proof that it is in the log that a checkpoint speaks of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProvenEntry {
    /// The entry's line, of which the leaf is made.
    pub line: String,
    /// The proof, for `checkpoint`.
    pub proof: InclusionProof,
    /// The last checkpoint in the log that covers the entry; the last signed one, if there is any.
    pub checkpoint: Checkpoint,
    /// The same, signed, if there is one.
    pub signed: Option<SignedCheckpoint>,
}

/// Proves that an entry is in a log, in two passes over it and bounded memory.
///
/// # Errors
/// [`LogError::NotCovered`] if there is no such entry under a checkpoint, and as for [`read`](super::read).
pub fn prove(directory: impl AsRef<Path>, index: u64) -> Result<ProvenEntry, LogError> {
    ProvenEntry::of(directory, index, |_| {})
}

impl ProvenEntry {
    /// As [`prove`], and tells `watch` of every entry that is read, by its length in bytes: twice of most.
    ///
    /// # Errors
    /// As for [`prove`].
    pub fn of(
        directory: impl AsRef<Path>,
        index: u64,
        mut watch: impl FnMut(usize),
    ) -> Result<Self, LogError> {
        let reader = Reader::new(directory.as_ref(), PURPOSE);
        let (checkpoint, signed) = covering(&reader, index, &mut watch)?;
        let covered = checkpoint.head().size;
        let not_covered = |_| LogError::NotCovered { index, covered };
        let mut prover = InclusionProver::new(index, covered).map_err(not_covered)?;
        let (mut at, mut line) = (0, String::new());
        reader.read(|frame| {
            if frame.kind == kind::ENTRY && at < covered {
                watch(frame.payload.len());
                if at == index {
                    LogEntry::parse(at, frame.payload)?
                        .line()
                        .clone_into(&mut line);
                }
                prover.push(LeafHash::of(frame.payload));
                at += 1;
            }
            Ok::<_, LogError>(())
        })?;
        let proof = prover.finish().map_err(not_covered)?;
        let leaf = LeafHash::of(line.as_bytes());
        let head: &TreeHead = checkpoint.head();
        // What would not convince others must not be handed out.
        proof.verify(leaf, head).map_err(|_| LogError::Checkpoint {
            size: head.size,
            problem: "the entries do not come to its root".to_owned(),
        })?;
        Ok(Self {
            line,
            proof,
            checkpoint,
            signed,
        })
    }
}

/// The last checkpoint that covers an entry. One that is signed convinces others, also if a later one is not.
fn covering(
    reader: &Reader,
    index: u64,
    mut watch: impl FnMut(usize),
) -> Result<(Checkpoint, Option<SignedCheckpoint>), LogError> {
    let mut covered = 0;
    let mut last: Option<Checkpoint> = None;
    let mut signed: Option<SignedCheckpoint> = None;
    let covers = |checkpoint: &Checkpoint| index < checkpoint.head().size;
    reader.read(|frame| {
        match frame.kind {
            kind::ENTRY => watch(frame.payload.len()),
            kind::CHECKPOINT => {
                if let Some(checkpoint) = parse(frame.payload) {
                    covered = checkpoint.head().size;
                    last = Some(checkpoint);
                }
            }
            kind::SIGNED => {
                let found = SignedCheckpoint::parse(frame.payload).ok();
                signed = found
                    .filter(|found| covers(found.unverified()))
                    .or(signed.take());
            }
            _ => {}
        }
        Ok::<_, LogError>(())
    })?;
    let best = signed.as_ref().map(|signed| signed.unverified().clone());
    match best.or(last.filter(covers)) {
        Some(checkpoint) => Ok((checkpoint, signed)),
        None => Err(LogError::NotCovered { index, covered }),
    }
}

fn parse(text: &[u8]) -> Option<Checkpoint> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
