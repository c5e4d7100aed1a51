//! Growth between two checkpoints.

use std::fs;
use std::sync::Arc;

use portcullis::audit::{Checkpoint, LogError, Origin, ProofError, ProvenGrowth};

use super::{Folder, options, session};
use crate::support::call;

/// A log with a checkpoint every few entries, all of which were kept.
fn log(folder: &Folder) -> Vec<Checkpoint> {
    let log = Arc::new(options().open(folder.log()).unwrap());
    let session = session(&log);
    let mut kept = vec![log.checkpoint().unwrap()];
    for _ in 0..5 {
        call(&session, "look", "{}");
        kept.push(log.checkpoint().unwrap());
    }
    kept
}

fn between(
    folder: &Folder,
    from: &Checkpoint,
    to: Option<&Checkpoint>,
) -> Result<ProvenGrowth, LogError> {
    ProvenGrowth::between(folder.log(), from, to, |_| {})
}

#[test]
fn any_two_checkpoints_are_connected() {
    let folder = Folder::new();
    let kept = log(&folder);
    for (index, from) in kept.iter().enumerate() {
        for to in &kept[index..] {
            let grown = between(&folder, from, Some(to)).unwrap();
            assert_eq!(&grown.to, to);
            grown.proof.verify(from.head(), to.head()).unwrap();
            if from != to {
                assert!(grown.proof.verify(to.head(), from.head()).is_err());
            }
        }
        let grown = between(&folder, from, None).unwrap();
        assert!(grown.signed.is_none());
        assert!(grown.to.head().size >= kept.last().unwrap().head().size);
        grown.proof.verify(from.head(), grown.to.head()).unwrap();
    }
    let error = between(&folder, &kept[1], Some(&kept[0])).unwrap_err();
    assert!(
        matches!(error, LogError::Proof(ProofError::Shrunk { .. })),
        "{error}"
    );
}

/// Each of the two must be of this log, at its place, and the log whole.
#[test]
fn checkpoints_of_another_log_are_found_out() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (kept, foreign) = (log(&folder), log(&other));
    let (first, last) = (&kept[0], kept.last().unwrap());
    let elsewhere = Checkpoint::new(Origin::parse("example.org/other").unwrap(), *last.head());
    for (from, to) in [
        (&foreign[0], Some(last)),
        (first, foreign.last()),
        (&foreign[0], None),
    ] {
        let error = between(&folder, from, to).unwrap_err();
        assert!(matches!(error, LogError::Mismatch { .. }), "{error}");
    }
    let error = between(&folder, first, Some(&elsewhere)).unwrap_err();
    assert!(matches!(error, LogError::WrongOrigin { .. }), "{error}");

    let segment = folder.log().join(format!("journal-{:020}.log", 0));
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() / 2]).unwrap();
    let error = between(&folder, first, Some(last)).unwrap_err();
    assert!(matches!(error, LogError::CutOff { .. }), "{error}");
}

/// Of a log without its end, the entries that a checkpoint covers may be there, and no checkpoint that continues it.
#[test]
fn without_a_later_checkpoint_there_is_nothing_to_prove() {
    let folder = Folder::new();
    let kept = log(&folder);
    let last = kept.last().unwrap();
    let segment = folder.log().join(format!("journal-{:020}.log", 0));
    let bytes = fs::read(&segment).unwrap();
    let mut answers = [0, 0];
    for length in (0..bytes.len()).rev() {
        fs::write(&segment, &bytes[..length]).unwrap();
        match between(&folder, last, None) {
            Ok(grown) => {
                grown.proof.verify(last.head(), grown.to.head()).unwrap();
                answers[0] += 1;
            }
            Err(LogError::NotCovered { .. }) => answers[1] += 1,
            Err(LogError::CutOff { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(answers[1] > 0, "{answers:?}");
}

#[cfg(feature = "sign")]
#[test]
fn a_signed_checkpoint_makes_evidence_for_strangers() {
    use portcullis::audit::{CheckpointSigner, Ed25519Signer, GrowthEvidence, KeyName};

    let folder = Folder::new();
    let signer =
        || Ed25519Signer::from_seed(KeyName::parse("example.org/agents").unwrap(), &[1; 32]);
    let log = options().signer(signer()).open(folder.log()).unwrap();
    let kept = log.checkpoint().unwrap();
    let signed = log.close().unwrap();
    drop(log);
    // A later checkpoint without a signature is no reason to hand out unsigned evidence.
    options().open(folder.log()).unwrap().close().unwrap();
    let grown = between(&folder, &kept, None).unwrap();
    assert_eq!(grown.to, signed);
    let evidence = GrowthEvidence::new(grown.proof, grown.signed.unwrap());
    let read: GrowthEvidence = evidence.to_string().parse().unwrap();
    let keys = [signer().key().clone()];
    assert_eq!(read.verify(&kept, &keys).unwrap(), &signed);
}
