//! Proofs of entries, and signed checkpoints.

use std::sync::Arc;

use portcullis::Code;
use portcullis::audit::{LeafHash, LogError, prove};

use super::{Folder, lines, options, session};
use crate::support::call;

#[test]
fn every_covered_entry_has_a_proof() {
    let folder = Folder::new();
    let log = Arc::new(options().checkpoint_every(4).open(folder.log()).unwrap());
    let session = session(&log);
    for _ in 0..5 {
        assert_eq!(call(&session, "look", "{}"), Code::Allowed);
    }
    log.checkpoint().unwrap();
    call(&session, "look", "{}");
    drop(session);
    let covered = 18;
    let lines = lines(&folder.log());
    for (index, line) in lines.iter().enumerate().take(covered) {
        let proven = prove(folder.log(), index as u64).unwrap();
        assert_eq!(&proven.line, line);
        let head = proven.checkpoint.head();
        assert_eq!(head.size, covered as u64);
        proven
            .proof
            .verify(LeafHash::of(line.as_bytes()), head)
            .unwrap();
        let altered = line.replacen("look", "pay", 1) + " ";
        assert!(
            proven
                .proof
                .verify(LeafHash::of(altered.as_bytes()), head)
                .is_err()
        );
    }
    for index in [covered as u64, 1 << 40, u64::MAX] {
        let error = prove(folder.log(), index).unwrap_err();
        assert!(
            matches!(error, LogError::NotCovered { covered: 18, .. }),
            "{error}"
        );
    }
}

#[cfg(feature = "sign")]
mod signed {
    use portcullis::audit::{
        CheckpointSigner, Ed25519Signer, EntryEvidence, KeyName, SignError, VerifyOptions,
        VerifyingKey,
    };

    use super::*;
    use crate::audit::{kinds, origin};

    fn signer(seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(KeyName::parse("example.org/agents").unwrap(), &[seed; 32])
    }

    #[test]
    fn checkpoints_are_signed_and_entries_proved_to_strangers() {
        let folder = Folder::new();
        let key = signer(1).key().clone();
        let log = options()
            .signer(signer(1))
            .checkpoint_every(3)
            .open(folder.log())
            .unwrap();
        let log = Arc::new(log);
        let session = session(&log);
        call(&session, "pay", r#"{"n": 1}"#);
        drop(session);
        log.close().unwrap();
        let verified = VerifyOptions::new()
            .key(key.clone())
            .verify(folder.log())
            .unwrap();
        assert_eq!((verified.signed, verified.head.size), (7, 7));
        let other = VerifyOptions::new().key(signer(2).key().clone());
        let error = other.verify(folder.log()).unwrap_err();
        assert!(matches!(error, LogError::Checkpoint { .. }), "{error}");

        let proven = prove(folder.log(), 3).unwrap();
        let evidence = EntryEvidence::new(proven.proof, proven.signed.unwrap());
        let text = evidence.to_string();
        let read: EntryEvidence = text.parse().unwrap();
        let leaf = LeafHash::of(proven.line.as_bytes());
        read.verify(leaf, &origin(), &[key]).unwrap();
        assert!(
            read.verify(LeafHash::of(b"{}"), &origin(), &[signer(1).key().clone()])
                .is_err()
        );
    }

    /// Whoever takes all signatures out must not pass for a log that never had any.
    #[test]
    fn a_log_without_signatures_does_not_pass_for_a_key() {
        let folder = Folder::new();
        let log = options().open(folder.log()).unwrap();
        log.close().unwrap();
        let options = VerifyOptions::new().key(signer(1).key().clone());
        let error = options.verify(folder.log()).unwrap_err();
        assert!(matches!(error, LogError::Unsigned), "{error}");
    }

    /// A later checkpoint without a signature is no reason to hand out an unsigned proof.
    #[test]
    fn the_last_signed_checkpoint_is_what_proves() {
        let folder = Folder::new();
        let signed = options().signer(signer(1)).open(folder.log()).unwrap();
        let head = *signed.close().unwrap().head();
        drop(signed);
        options().open(folder.log()).unwrap().close().unwrap();
        let proven = prove(folder.log(), 0).unwrap();
        assert_eq!(proven.checkpoint.head(), &head);
        assert!(proven.signed.is_some());
        let later = prove(folder.log(), head.size).unwrap();
        assert!(later.signed.is_none() && later.checkpoint.head().size > head.size);
    }

    #[derive(Debug)]
    struct OutOfReach(VerifyingKey);

    impl CheckpointSigner for OutOfReach {
        fn key(&self) -> &VerifyingKey {
            &self.0
        }

        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
            Err(SignError("no answer".to_owned()))
        }
    }

    #[test]
    fn a_signer_out_of_reach_stops_no_call_and_goes_on_record() {
        let folder = Folder::new();
        let signer = OutOfReach(signer(1).key().clone());
        let log = options()
            .signer(signer)
            .checkpoint_every(2)
            .open(folder.log())
            .unwrap();
        let log = Arc::new(log);
        let session = session(&log);
        for _ in 0..5 {
            assert_eq!(call(&session, "pay", r#"{"n": 1}"#), Code::Allowed);
        }
        assert!(matches!(log.close(), Err(LogError::Sign(_))));
        assert!(kinds(&folder.log()).contains(&"checkpoint_not_signed".to_owned()));
        let verified = VerifyOptions::new().verify(folder.log()).unwrap();
        assert!(verified.signed == 0 && verified.covered > 0, "{verified:?}");
    }
}
