//! The Merkle tree and the signed notes against the vectors of others, and against another implementation.

use std::env;
use std::path::Path;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{HashableLeaf, RootHash, digest};
use portcullis::audit::{
    ConsistencyProof, ConsistencyProver, Hash, InclusionProof, InclusionProver, LeafHash,
    SignedCheckpoint, SignedNote, Tree, TreeHead, VerifyingKey,
};
use proptest::prelude::*;
use serde_json::Value;
use sha2::Sha256;

fn document(file: &str) -> Option<Value> {
    let Some(data) = env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("SKIPPED: {file}, since PORTCULLIS_TEST_DATA is not set");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&data).join(file)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn merkle_proofs_are_judged_as_the_vectors_say() {
    let Some(document) = document("merkle.json") else {
        return;
    };
    let cases = document["cases"].as_array().unwrap();
    let mut seen = [0; 2];
    for case in cases {
        let holds = match case["type"].as_str().unwrap() {
            "inclusion" => {
                seen[0] += 1;
                inclusion_holds(case)
            }
            "consistency" => {
                seen[1] += 1;
                consistency_holds(case)
            }
            // Proofs about parts of a tree, of which a log has no need.
            "subtree_inclusion" | "subtree_consistency" => continue,
            other => panic!("a kind of case that this test does not know: {other}"),
        };
        assert_eq!(holds.is_some(), case["valid"].as_bool().unwrap(), "{case}");
    }
    assert_eq!(seen, [48, 49]);
}

fn inclusion_holds(case: &Value) -> Option<()> {
    let leaf = LeafHash::from_bytes(*hash(&case["leafHash"])?.as_bytes());
    let proof = InclusionProof::new(case["leafIdx"].as_u64().unwrap(), path(case)?);
    proof
        .verify(leaf, &head(&case["treeSize"], &case["root"])?)
        .ok()
}

fn consistency_holds(case: &Value) -> Option<()> {
    let old = head(&case["size1"], &case["root1"])?;
    let new = head(&case["size2"], &case["root2"])?;
    ConsistencyProof::new(old.size, path(case)?)
        .verify(&old, &new)
        .ok()
}

fn head(size: &Value, root: &Value) -> Option<TreeHead> {
    Some(TreeHead {
        size: size.as_u64().unwrap(),
        root: hash(root)?,
    })
}

/// Some cases have no hash, or one of another length, where one belongs: those proofs cannot even be written here.
fn hash(value: &Value) -> Option<Hash> {
    value.as_str()?.parse().ok()
}

fn path(case: &Value) -> Option<Vec<Hash>> {
    let hashes = case["proof"].as_array().map_or(&[][..], Vec::as_slice);
    hashes.iter().map(hash).collect()
}

#[test]
fn roots_are_those_of_the_vectors() {
    let Some(document) = document("merkle.json") else {
        return;
    };
    let texts = |key: &str| -> Vec<&str> {
        let texts = document[key].as_array().unwrap();
        texts.iter().map(|text| text.as_str().unwrap()).collect()
    };
    let mut tree = Tree::new();
    let mut roots = vec![tree.root()];
    for entry in texts("leaf_inputs_hex") {
        tree.append(LeafHash::of(&from_hex(entry))).unwrap();
        roots.push(tree.root());
    }
    let expected = texts("root_by_size_hex");
    assert_eq!(expected.len(), 9);
    for (root, expected) in roots.iter().zip(expected) {
        assert_eq!(root.as_bytes()[..], from_hex(expected));
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    let (pairs, rest) = text.as_bytes().as_chunks();
    assert!(rest.is_empty());
    pairs
        .iter()
        .map(|&[high, low]| digit(high) << 4 | digit(low))
        .collect()
}

#[test]
fn a_tree_that_has_its_room_grows_without_allocating() {
    let leaf = LeafHash::of(b"entry");
    let mut tree = Tree::restore(u64::from(u16::MAX), vec![leaf_as_node(leaf); 16]).unwrap();
    let counted = allocation_counter::measure(|| {
        for _ in 0..u16::MAX {
            tree.append(leaf).unwrap();
        }
        assert_eq!(tree.frontier().len(), 16);
    });
    assert_eq!(counted.count_total, 0);
}

fn leaf_as_node(leaf: LeafHash) -> Hash {
    Hash::from_bytes(*leaf.as_bytes())
}

#[test]
fn notes_of_the_specification_are_read() {
    let Some(document) = document("c2sp_note.json") else {
        return;
    };
    let signed = &document["signed_note"];
    let text = |key: &str| signed[key].as_str().unwrap();
    let note: SignedNote = text("note").parse().unwrap();
    assert_eq!(note.to_string(), text("note"));
    assert_eq!(note.unverified_text(), text("text"));
    let key: VerifyingKey = text("vkey").parse().unwrap();
    assert_eq!(key.to_string(), text("vkey"));
    assert_eq!(key.name().as_str(), text("key_name"));
    assert_eq!(key.id().to_string(), text("key_id_hex"));
    assert_eq!(key.as_bytes()[..], from_hex(text("public_key_hex")));
    let [signature] = note.signatures() else {
        panic!("{note}")
    };
    assert_eq!((signature.name(), signature.id()), (key.name(), key.id()));
    assert_eq!(signature.as_bytes(), from_hex(text("signature_hex")));
    #[cfg(feature = "sign")]
    {
        let keys = [key];
        assert_eq!(note.verify(&keys).unwrap().text(), text("text"));
        let other = text("note").replace("example message", "other message");
        assert!(other.parse::<SignedNote>().unwrap().verify(&keys).is_err());
    }
}

#[test]
fn checkpoints_of_the_specification_are_read() {
    let Some(document) = document("c2sp_note.json") else {
        return;
    };
    let published = &document["checkpoint"];
    for (name, signatures) in [("checkpoint", 1), ("cosigned_checkpoint", 2)] {
        let note = document[name]["note"].as_str().unwrap();
        let checkpoint: SignedCheckpoint = note.parse().unwrap();
        assert_eq!(checkpoint.to_string(), note);
        assert_eq!(checkpoint.note().signatures().len(), signatures);
        let read = checkpoint.unverified();
        assert_eq!(read.origin().as_str(), published["origin"]);
        assert_eq!(read.head().size, published["size"]);
        assert_eq!(read.head().root.to_string(), published["root_b64"]);
        assert!(read.extensions().is_empty());
    }
}

struct Entry(Vec<u8>);

impl HashableLeaf for Entry {
    fn hash<H: digest::Update>(&self, hasher: &mut H) {
        hasher.update(&self.0);
    }
}

/// The same entries in their tree, in ours, and as leaf hashes, with our head at every size.
fn grown(
    entries: Vec<Vec<u8>>,
) -> (
    MemoryBackedTree<Sha256, Entry>,
    Vec<LeafHash>,
    Vec<TreeHead>,
) {
    let (mut theirs, mut ours) = (MemoryBackedTree::new(), Tree::new());
    let leaves: Vec<LeafHash> = entries.iter().map(|entry| LeafHash::of(entry)).collect();
    let mut heads = vec![ours.head()];
    for (entry, &leaf) in entries.into_iter().zip(&leaves) {
        theirs.push(Entry(entry));
        ours.append(leaf).unwrap();
        heads.push(ours.head());
        assert_eq!(theirs.root().as_bytes()[..], ours.root().as_bytes()[..]);
    }
    (theirs, leaves, heads)
}

fn their_root(head: &TreeHead) -> RootHash<Sha256> {
    RootHash::new((*head.root.as_bytes()).into(), head.size)
}

fn flat(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn hashes(flat: &[u8]) -> Vec<Hash> {
    let (chunks, rest) = flat.as_chunks();
    assert!(rest.is_empty());
    chunks.iter().copied().map(Hash::from_bytes).collect()
}

proptest! {
    /// `ct-merkle` and this crate make the same trees and proofs, and each takes those of the other.
    #[test]
    fn another_implementation_agrees(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..120),
        at: prop::sample::Index,
    ) {
        let index = at.index(entries.len());
        let entry = Entry(entries[index].clone());
        let (theirs, leaves, heads) = grown(entries);
        let new = heads[leaves.len()];

        let their_proof = theirs.prove_inclusion(index);
        let proof = InclusionProof::new(index as u64, hashes(their_proof.as_bytes()));
        prop_assert_eq!(proof.verify(leaves[index], &new), Ok(()));
        let mut prover = InclusionProver::new(index as u64, new.size).unwrap();
        leaves.iter().for_each(|&leaf| prover.push(leaf));
        let ours = prover.finish().unwrap();
        let ours_as_theirs = ct_merkle::InclusionProof::try_from_bytes(flat(ours.path())).unwrap();
        prop_assert!(their_root(&new).verify_inclusion(&entry, index as u64, &ours_as_theirs).is_ok());
        prop_assert_eq!(ours, proof);

        let old = heads[index + 1];
        let their_proof = theirs.prove_consistency(leaves.len() - (index + 1));
        let proof = ConsistencyProof::new(old.size, hashes(their_proof.as_bytes()));
        prop_assert_eq!(proof.verify(&old, &new), Ok(()));
        let mut prover = ConsistencyProver::new(old.size, new.size).unwrap();
        leaves.iter().for_each(|&leaf| prover.push(leaf));
        let ours = prover.finish().unwrap();
        let ours_as_theirs = ct_merkle::ConsistencyProof::try_from_bytes(flat(ours.path())).unwrap();
        prop_assert!(their_root(&new).verify_consistency(&their_root(&old), &ours_as_theirs).is_ok());
        prop_assert_eq!(ours, proof);
    }
}
