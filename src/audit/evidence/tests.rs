use proptest::prelude::*;

use super::*;
use crate::audit::merkle::Hash;

/// The example of the specification's checkpoint, with hashes that prove nothing.
const CHECKPOINT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";

#[test]
fn evidence_is_written_as_the_specifications_have_it() {
    let hash: Hash = HASH.parse().unwrap();
    let checkpoint: SignedCheckpoint = CHECKPOINT.parse().unwrap();
    let entry = EntryEvidence::new(
        InclusionProof::new(73894, vec![hash; 2]),
        checkpoint.clone(),
    );
    let text = format!("c2sp.org/tlog-proof@v1\nindex 73894\n{HASH}\n{HASH}\n\n{CHECKPOINT}");
    assert_eq!(entry.to_string(), text);
    let entry = entry.with_extra(b"extra".to_vec());
    let text = format!(
        "c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 73894\n{HASH}\n{HASH}\n\n{CHECKPOINT}"
    );
    assert_eq!(entry.to_string(), text);
    assert_eq!(text.parse(), Ok(entry));

    let growth = GrowthEvidence::new(ConsistencyProof::new(20852014, vec![hash]), checkpoint);
    assert_eq!(
        growth.to_string(),
        format!("old 20852014\n{HASH}\n\n{CHECKPOINT}")
    );
}

#[test]
fn malformed_evidence_is_refused() {
    let line = |line| EvidenceError::Proof(ProofError::Malformed { line });
    let header = "c2sp.org/tlog-proof@v1\n";
    for (text, error) in [
        (String::new(), EvidenceError::Header),
        (
            format!("c2sp.org/tlog-proof@v2\nindex 5\n\n{CHECKPOINT}"),
            EvidenceError::Header,
        ),
        (
            format!("{header}extra \nindex 5\n\n{CHECKPOINT}"),
            EvidenceError::Extra,
        ),
        (
            format!("{header}extra ZXh0cmF=\nindex 5\n\n{CHECKPOINT}"),
            EvidenceError::Extra,
        ),
        (format!("{header}extra ZXh0cmE="), EvidenceError::Extra),
        (format!("{header}index 5\n"), EvidenceError::NoBlankLine),
        (
            format!("{header}extra ZXh0cmE=\nextra ZXh0cmE=\nindex 5\n\n{CHECKPOINT}"),
            line(1),
        ),
        (format!("{header}\n\n{CHECKPOINT}"), line(1)),
        (format!("{header}old 5\n\n{CHECKPOINT}"), line(1)),
        (format!("{header}index 5\nhash\n\n{CHECKPOINT}"), line(2)),
        (
            format!("{header}index 5\n\n\n{CHECKPOINT}"),
            EvidenceError::Checkpoint(CheckpointError::Origin),
        ),
        (
            "x".repeat(MAX_LEN + 1),
            EvidenceError::Checkpoint(CheckpointError::Note(NoteError::TooLong)),
        ),
    ] {
        assert_eq!(text.parse::<EntryEvidence>(), Err(error), "{:.99}", text);
    }
    let swapped = format!("index 5\n\n{CHECKPOINT}");
    assert_eq!(swapped.parse::<GrowthEvidence>(), Err(line(1)));
}

proptest! {
    #[test]
    fn evidence_reads_back(number: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..64), extra: Vec<u8>) {
        let path: Vec<Hash> = path.into_iter().map(Hash::from_bytes).collect();
        let checkpoint: SignedCheckpoint = CHECKPOINT.parse().unwrap();
        let proof = InclusionProof::new(number, path.clone());
        let entry = EntryEvidence::new(proof, checkpoint.clone()).with_extra(extra);
        prop_assert_eq!(entry.to_string().parse(), Ok(entry));
        let growth = GrowthEvidence::new(ConsistencyProof::new(number, path), checkpoint);
        prop_assert_eq!(growth.to_string().parse(), Ok(growth));
    }

    /// What is read is written as it was, and any text gives an answer.
    #[test]
    fn evidence_has_one_text(
        before in "(c2sp.org/tlog-proof@v1\n)?(extra [A-Z=]{0,4}\n)?(index|old) [0-9]{1,2}\n{1,3}",
        noise in "\\PC{0,20}",
    ) {
        for text in [format!("{before}{CHECKPOINT}"), format!("{before}{noise}"), noise] {
            if let Ok(entry) = text.parse::<EntryEvidence>() {
                prop_assert_eq!(entry.to_string(), text.clone());
            }
            if let Ok(growth) = text.parse::<GrowthEvidence>() {
                prop_assert_eq!(growth.to_string(), text);
            }
        }
    }
}

#[cfg(feature = "sign")]
mod signing {
    use super::*;
    use crate::audit::{
        CheckpointSigner as _, ConsistencyProver, Ed25519Signer, InclusionProver, KeyName, Tree,
    };

    fn leaf(index: u64) -> LeafHash {
        LeafHash::of(&index.to_be_bytes())
    }

    fn signed(signer: &Ed25519Signer, size: u64) -> SignedCheckpoint {
        let mut tree = Tree::new();
        for index in 0..size {
            tree.append(leaf(index)).unwrap();
        }
        let origin = Origin::from(signer.key().name());
        Checkpoint::new(origin, tree.head()).sign(signer).unwrap()
    }

    #[test]
    fn evidence_holds_for_what_it_is_about_and_nothing_else() {
        let signer = Ed25519Signer::from_seed(KeyName::parse("example.org/a").unwrap(), &[1; 32]);
        let (origin, keys) = (Origin::from(signer.key().name()), [signer.key().clone()]);
        let (old, new) = (signed(&signer, 11), signed(&signer, 29));
        let mut inclusion = InclusionProver::new(4, 11).unwrap();
        let mut consistency = ConsistencyProver::new(11, 29).unwrap();
        for index in 0..29 {
            inclusion.push(leaf(index));
            consistency.push(leaf(index));
        }

        let proof = inclusion.finish().unwrap();
        let entry = EntryEvidence::new(proof.clone(), old.clone());
        assert_eq!(entry.verify(leaf(4), &origin, &keys), Ok(old.unverified()));
        let wrong = Err(VerifyError::Proof(ProofError::WrongRoot));
        assert_eq!(entry.verify(leaf(5), &origin, &keys), wrong);
        assert!(
            EntryEvidence::new(proof, new.clone())
                .verify(leaf(4), &origin, &keys)
                .is_err()
        );
        let other = Origin::parse("example.org/b").unwrap();
        assert_eq!(
            entry.verify(leaf(4), &other, &keys),
            Err(VerifyError::OtherOrigin)
        );
        assert_eq!(
            entry.verify(leaf(4), &origin, &[]),
            Err(VerifyError::NotSigned)
        );

        let proof = consistency.finish().unwrap();
        let growth = GrowthEvidence::new(proof.clone(), new.clone());
        let old = old.verify(&origin, &keys).unwrap();
        assert_eq!(growth.verify(old, &keys), Ok(new.unverified()));
        assert_eq!(growth.verify(old, &[]), Err(VerifyError::NotSigned));
        let root = Hash::from_bytes([0; 32]);
        let forked = Checkpoint::new(origin, crate::audit::TreeHead { size: 11, root });
        assert_eq!(
            growth.verify(&forked, &keys),
            Err(VerifyError::Proof(ProofError::WrongOldRoot))
        );
    }
}
