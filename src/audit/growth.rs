//! Proving that a log only grew between two checkpoints.

use std::path::Path;

use super::{
    Checkpoint, ConsistencyProof, ConsistencyProver, LeafHash, LogError, SignedCheckpoint,
    VerifyOptions,
};

/// That a log only grew from one checkpoint to another, with the proof for whoever has the older one.
///
/// ```
/// use portcullis::audit::{AuditLog, Origin, ProvenGrowth};
///
/// # let folder = std::env::temp_dir().join(format!("portcullis-growth-{}", std::process::id()));
/// # let _ = std::fs::remove_dir_all(&folder);
/// let log = AuditLog::options(Origin::parse("example.org/agents")?).open(&folder)?;
/// let kept = log.checkpoint()?;
/// log.close()?;
///
/// let grown = ProvenGrowth::between(&folder, &kept, None, |_| {})?;
/// grown.proof.verify(kept.head(), grown.to.head())?;
/// # drop(log);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProvenGrowth {
    /// The newer checkpoint.
    pub to: Checkpoint,
    /// The same as the log signed it, if it did; with the proof it makes [`GrowthEvidence`](super::GrowthEvidence).
    pub signed: Option<SignedCheckpoint>,
    /// The proof.
    pub proof: ConsistencyProof,
}

/// What whoever reads a log comes by.
pub(super) enum Seen<'l> {
    Entry {
        index: u64,
        line: &'l [u8],
        leaf: LeafHash,
        has_payloads: bool,
    },
    Checkpoint(Checkpoint),
    Signed(SignedCheckpoint),
}

impl ProvenGrowth {
    /// Verifies the log but for what is kept beside its entries, holds it against both checkpoints, and proves that the
    /// newer one continues the older one. Without a newer one, that is the last signed checkpoint in the log or, if none
    /// is signed, the last one; which takes one pass more. `watch` is told of every entry that is read, by its length in
    /// bytes.
    ///
    /// # Errors
    /// [`LogError::Proof`] if the newer checkpoint covers fewer entries than the older one; [`LogError::NotCovered`] if no
    /// checkpoint in the log continues the older one; and as for [`VerifyOptions::verify`].
    pub fn between(
        directory: impl AsRef<Path>,
        from: &Checkpoint,
        to: Option<&Checkpoint>,
        mut watch: impl FnMut(usize),
    ) -> Result<Self, LogError> {
        let directory = directory.as_ref();
        let to = match to {
            Some(to) => to.clone(),
            None => last_since(directory, from, &mut watch)?,
        };
        let (old, new) = (from.head(), to.head());
        let mut prover = ConsistencyProver::new(old.size, new.size)?;
        let mut signed = None;
        let options = VerifyOptions::new().kept(from.clone()).kept(to.clone());
        options.read_with(directory, |seen| {
            match seen {
                Seen::Entry { line, leaf, .. } => {
                    watch(line.len());
                    prover.push(leaf);
                }
                Seen::Signed(found) if found.unverified() == &to => signed = Some(found),
                Seen::Checkpoint(_) | Seen::Signed(_) => {}
            }
            Ok::<_, LogError>(())
        })?;
        let proof = prover.finish()?;
        // What would not convince others must not be handed out.
        proof.verify(old, new)?;
        Ok(Self { to, signed, proof })
    }
}

/// The last checkpoint in the log that covers what an older one does. One that is signed convinces others, also if a later
/// one is not.
fn last_since(
    directory: &Path,
    from: &Checkpoint,
    mut watch: impl FnMut(usize),
) -> Result<Checkpoint, LogError> {
    let (mut last, mut last_signed) = (None, None);
    let continues = |checkpoint: &Checkpoint| checkpoint.head().size >= from.head().size;
    let options = VerifyOptions::new().kept(from.clone());
    let verified = options.read_with(directory, |seen| {
        match seen {
            Seen::Entry { line, .. } => watch(line.len()),
            Seen::Checkpoint(found) if continues(&found) => last = Some(found),
            Seen::Signed(found) if continues(found.unverified()) => {
                last_signed = Some(found.unverified().clone());
            }
            Seen::Checkpoint(_) | Seen::Signed(_) => {}
        }
        Ok::<_, LogError>(())
    })?;
    last_signed.or(last).ok_or(LogError::NotCovered {
        index: from.head().size.saturating_sub(1),
        covered: verified.covered,
    })
}
