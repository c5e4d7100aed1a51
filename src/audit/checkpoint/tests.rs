use proptest::prelude::*;

use super::*;
use crate::audit::merkle::Hash;

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

fn any_checkpoint() -> impl Strategy<Value = Checkpoint> {
    let lines = prop::collection::vec("[ -~é—]{1,20}", 0..3);
    ("[ -~é—]{1,20}", any::<u64>(), any::<[u8; 32]>(), lines).prop_map(
        |(origin, size, root, lines)| {
            let root = Hash::from_bytes(root);
            let checkpoint = Checkpoint::new(origin.parse().unwrap(), TreeHead { size, root });
            let extended = lines
                .into_iter()
                .try_fold(checkpoint, Checkpoint::with_extension);
            extended.unwrap()
        },
    )
}

#[test]
fn malformed_checkpoints_are_refused() {
    for (text, error) in [
        (String::new(), CheckpointError::Note(NoteError::NoNewline)),
        (
            format!("o\n5\n{ROOT}"),
            CheckpointError::Note(NoteError::NoNewline),
        ),
        (format!("\n5\n{ROOT}\n"), CheckpointError::Origin),
        (format!("o\r\n5\n{ROOT}\n"), CheckpointError::Origin),
        ("o\n".into(), CheckpointError::Size),
        (format!("o\n05\n{ROOT}\n"), CheckpointError::Size),
        (format!("o\n-5\n{ROOT}\n"), CheckpointError::Size),
        (
            format!("o\n18446744073709551616\n{ROOT}\n"),
            CheckpointError::Size,
        ),
        (format!("o\n\n{ROOT}\n"), CheckpointError::Size),
        ("o\n5\n".into(), CheckpointError::Root),
        (format!("o\n5\n{ROOT} \n"), CheckpointError::Root),
        (
            "o\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n".into(),
            CheckpointError::Root,
        ),
        (format!("o\n5\n{ROOT}\n\n"), CheckpointError::Extension),
        (
            format!("o\n5\n{ROOT}\na\n\nb\n"),
            CheckpointError::Extension,
        ),
        (format!("o\n5\n{ROOT}\na\tb\n"), CheckpointError::Extension),
        (
            format!("o\n5\n{ROOT}\n{}\n", "a".repeat(SignedNote::MAX_LEN)),
            CheckpointError::Note(NoteError::TooLong),
        ),
    ] {
        assert_eq!(text.parse::<Checkpoint>(), Err(error), "{:.99}", text);
    }
}

#[test]
fn origins_and_extensions_stay_on_their_line() {
    for bad in ["", "a\nb", "a\r", "\0", "\u{1b}"] {
        assert_eq!(Origin::parse(bad), Err(CheckpointError::Origin));
        let checkpoint: Checkpoint = format!("o\n5\n{ROOT}\n").parse().unwrap();
        assert_eq!(
            checkpoint.with_extension(bad),
            Err(CheckpointError::Extension)
        );
    }
    // Only advised against.
    assert_eq!(
        Origin::parse("my log + yours").unwrap().as_str(),
        "my log + yours"
    );
}

#[test]
fn a_note_with_another_text_is_no_checkpoint() {
    let note = "no checkpoint\n\n— a AAAAAQc=\n";
    assert_eq!(note.parse::<SignedCheckpoint>(), Err(CheckpointError::Size));
    assert_eq!(
        SignedCheckpoint::parse(b"\xff"),
        Err(CheckpointError::Note(NoteError::NotUtf8))
    );
}

proptest! {
    #[test]
    fn checkpoints_read_back(checkpoint in any_checkpoint()) {
        let text = checkpoint.to_string();
        prop_assert_eq!(text.parse(), Ok(checkpoint.clone()));
        let signed = format!("{text}\n— a AAAAAQc=\n");
        let read = SignedCheckpoint::parse(signed.as_bytes()).unwrap();
        prop_assert_eq!(read.unverified(), &checkpoint);
        prop_assert_eq!(read.to_string(), signed);
    }

    /// What is read is written as it was, and any bytes give an answer.
    #[test]
    fn a_checkpoint_has_one_text(bytes: Vec<u8>, text in "[a ]{0,2}\n[0-9]{1,2}\n[A-C/+=]{43}=\n([a\n]{0,3}\n){0,2}") {
        let _ = SignedCheckpoint::parse(&bytes);
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}

#[cfg(feature = "sign")]
mod signing {
    use super::*;
    use crate::audit::Ed25519Signer;

    fn signer(name: &str, seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(KeyName::parse(name).unwrap(), &[seed; 32])
    }

    fn checkpoint(origin: &str) -> Checkpoint {
        let checkpoint: Checkpoint = format!("{origin}\n20852163\n{ROOT}\n").parse().unwrap();
        checkpoint.with_extension("extended").unwrap()
    }

    #[test]
    fn a_log_vouches_for_its_own_checkpoints_only() {
        let (log, witness) = (signer("example.org/a", 1), signer("example.org/w", 2));
        let keys = [log.key().clone()];
        let origin = Origin::from(log.key().name());
        let mut signed = checkpoint("example.org/a").sign(&witness).unwrap();
        assert_eq!(signed.verify(&origin, &keys), Err(VerifyError::NotSigned));
        signed.sign_also(&log).unwrap();
        assert_eq!(
            signed.verify(&origin, &keys),
            Ok(&checkpoint("example.org/a"))
        );

        let other = checkpoint("example.org/b").sign(&log).unwrap();
        assert_eq!(other.verify(&origin, &keys), Err(VerifyError::OtherOrigin));
    }

    /// While keys change, either signature will do, and neither may be bad.
    #[test]
    fn keys_can_be_changed() {
        let (old, new) = (signer("example.org/a", 1), signer("example.org/a", 2));
        let mut signed = checkpoint("example.org/a").sign(&old).unwrap();
        signed.sign_also(&new).unwrap();
        let origin = Origin::from(old.key().name());
        for keys in [vec![&old], vec![&new], vec![&old, &new]] {
            let keys: Vec<VerifyingKey> = keys.iter().map(|signer| signer.key().clone()).collect();
            assert!(signed.verify(&origin, &keys).is_ok());
        }
    }

    /// Every byte, in two ways: nothing gets through, since each value has one text.
    #[test]
    fn any_changed_byte_is_noticed() {
        let log = signer("example.org/a", 1);
        let origin = Origin::from(log.key().name());
        let keys = [log.key().clone()];
        let signed = checkpoint("example.org/a")
            .sign(&log)
            .unwrap()
            .to_string()
            .into_bytes();
        assert!(
            SignedCheckpoint::parse(&signed)
                .unwrap()
                .verify(&origin, &keys)
                .is_ok()
        );
        for at in 0..signed.len() {
            for bit in [at % 8, (at + 3) % 8] {
                let mut tampered = signed.clone();
                tampered[at] ^= 1 << bit;
                let read = SignedCheckpoint::parse(&tampered);
                assert!(
                    read.is_err() || read.unwrap().verify(&origin, &keys).is_err(),
                    "bit {bit} of byte {at}"
                );
            }
        }
        for len in 0..signed.len() {
            assert!(
                SignedCheckpoint::parse(&signed[..len]).is_err(),
                "cut to {len} bytes"
            );
        }
    }
}
