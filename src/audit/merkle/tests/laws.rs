//! What holds for trees and proofs of any shape.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::audit::merkle::prove::{Range, consistency_ranges, inclusion_ranges};
use crate::audit::merkle::verify;

/// What is computed when a proof is verified. Statements for which it is the same hold together: that the size is not
/// among what a proof proves is why it stands in the signed checkpoint.
#[derive(Debug, PartialEq)]
enum Shape {
    NoLeaf,
    Inclusion(Vec<char>),
    Shrunk,
    FromNothing,
    Unchanged,
    Growth {
        old_is_a_node: bool,
        siblings: Vec<char>,
    },
}

fn inclusion_shape(index: u64, size: u64) -> Shape {
    fn siblings(m: u64, n: u64) -> Vec<char> {
        let (mut inner, side) = match n {
            1 => return Vec::new(),
            _ if m < split(n) => (siblings(m, split(n)), 'R'),
            _ => (siblings(m - split(n), n - split(n)), 'L'),
        };
        inner.push(side);
        inner
    }
    match index < size {
        true => Shape::Inclusion(siblings(index, size)),
        false => Shape::NoLeaf,
    }
}

fn consistency_shape(old: u64, new: u64) -> Shape {
    fn siblings(m: u64, n: u64, b: bool) -> (bool, Vec<char>) {
        let ((old_is_a_node, mut inner), side) = match n {
            _ if m == n => return (b, Vec::new()),
            _ if m <= split(n) => (siblings(m, split(n), b), 'R'),
            _ => (siblings(m - split(n), n - split(n), false), 'L'),
        };
        inner.push(side);
        (old_is_a_node, inner)
    }
    match old {
        _ if old > new => Shape::Shrunk,
        0 => Shape::FromNothing,
        _ if old == new => Shape::Unchanged,
        _ => {
            let (old_is_a_node, siblings) = siblings(old, new, true);
            Shape::Growth {
                old_is_a_node,
                siblings,
            }
        }
    }
}

fn flip(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

fn flip_one(path: &[Hash], which: Index, bit: usize) -> Vec<Hash> {
    let mut path = path.to_vec();
    let at = which.index(path.len());
    path[at] = flip(path[at], bit);
    path
}

/// Beside each other they make the whole tree, and each is aligned as subtrees are.
fn check_ranges(mut ranges: Vec<Range>, size: u64) {
    ranges.sort_by_key(|range| range.start);
    let mut covered = 0;
    for range in ranges {
        assert_eq!(range.start, covered);
        assert_eq!(
            range.start % (range.end - range.start).next_power_of_two(),
            0
        );
        covered = range.end;
    }
    assert_eq!(covered, size);
}

/// Sizes whose next power of two can be counted.
const LARGE: std::ops::RangeInclusive<u64> = 1..=1 << 63;

proptest! {
    /// What a proof holds, and what the verifier has, is the whole tree.
    #[test]
    fn proofs_of_large_trees_leave_out_what_is_known(
        (index, size) in LARGE.prop_flat_map(|size| (0..size, Just(size))),
    ) {
        let mut ranges = inclusion_ranges(index, size);
        ranges.push(Range { start: index, end: index + 1 });
        check_ranges(ranges, size);

        let old = index + 1;
        let mut ranges = consistency_ranges(old, size);
        if old == size || old.is_power_of_two() {
            ranges.push(Range { start: 0, end: old });
        }
        check_ranges(ranges, size);
    }

    /// Up to the last number: the longest proofs that there can be.
    #[test]
    fn no_proof_has_more_hashes_than_are_read(below: u8, old: u64) {
        let size = u64::MAX - u64::from(below);
        let old = old.min(size);
        prop_assert!(inclusion_ranges(old.min(size - 1), size).len() <= InclusionProof::MAX_HASHES);
        prop_assert!(consistency_ranges(old, size).len() <= ConsistencyProof::MAX_HASHES);
        prop_assert!(consistency_ranges(size - 1, size).len() <= ConsistencyProof::MAX_HASHES);
    }

    /// Whatever the split, a restored tree goes on as the one that was stored.
    #[test]
    fn a_restored_tree_grows_equally(before in 0_usize..200, after in 0_usize..200) {
        let leaves = leaves(before + after);
        let mut tree = Tree::new();
        for &leaf in &leaves[..before] {
            tree.append(leaf).unwrap();
        }
        let mut restored = Tree::restore(tree.size(), tree.frontier().to_vec()).unwrap();
        for &leaf in &leaves[before..] {
            prop_assert_eq!(tree.append(leaf), restored.append(leaf));
        }
        prop_assert_eq!(&restored, &tree);
        prop_assert_eq!(tree.head(), head(&leaves));
    }

    #[test]
    fn a_flipped_bit_breaks_an_inclusion_proof(
        (index, size) in (1_usize..200).prop_flat_map(|size| (0..size, Just(size))),
        bit in 0_usize..256,
        number_bit in 0..64,
        which: Index,
    ) {
        let leaves = leaves(size);
        let (leaf, head) = (leaves[index], head(&leaves));
        let proof = prove_inclusion(index, &leaves);
        prop_assert_eq!(proof.verify(leaf, &head), Ok(()));

        let other_leaf = LeafHash::from_bytes(*flip(leaf.node(), bit).as_bytes());
        prop_assert_eq!(proof.verify(other_leaf, &head), Err(ProofError::WrongRoot));
        let other_root = TreeHead { root: flip(head.root, bit), ..head };
        prop_assert_eq!(proof.verify(leaf, &other_root), Err(ProofError::WrongRoot));
        if !proof.path().is_empty() {
            let other = InclusionProof::new(proof.index(), flip_one(proof.path(), which, bit));
            prop_assert_eq!(other.verify(leaf, &head), Err(ProofError::WrongRoot));
        }

        let shape = inclusion_shape(proof.index(), head.size);
        let index = proof.index() ^ 1_u64 << number_bit;
        let other = InclusionProof::new(index, proof.path().to_vec());
        prop_assert_eq!(other.verify(leaf, &head).is_ok(), inclusion_shape(index, head.size) == shape);
        let size = head.size ^ 1_u64 << number_bit;
        let other = TreeHead { size, ..head };
        prop_assert_eq!(proof.verify(leaf, &other).is_ok(), inclusion_shape(proof.index(), size) == shape);
    }

    #[test]
    fn a_flipped_bit_breaks_a_consistency_proof(
        (old, new) in (1_usize..200).prop_flat_map(|new| (1..=new, Just(new))),
        bit in 0_usize..256,
        number_bit in 0..64,
        which: Index,
    ) {
        let leaves = leaves(new);
        let proof = prove_consistency(old, &leaves);
        let path = proof.path();
        let (old, new) = (head(&leaves[..old]), head(&leaves));
        prop_assert_eq!(verify::consistency(&old, &new, path), Ok(()));

        let other = TreeHead { root: flip(old.root, bit), ..old };
        prop_assert!(verify::consistency(&other, &new, path).is_err());
        let other = TreeHead { root: flip(new.root, bit), ..new };
        prop_assert!(verify::consistency(&old, &other, path).is_err());
        if !path.is_empty() {
            prop_assert!(verify::consistency(&old, &new, &flip_one(path, which, bit)).is_err());
        }

        let shape = consistency_shape(old.size, new.size);
        let other = TreeHead { size: old.size ^ 1_u64 << number_bit, ..old };
        let holds = verify::consistency(&other, &new, path).is_ok();
        prop_assert_eq!(holds, consistency_shape(other.size, new.size) == shape);
        let other = TreeHead { size: new.size ^ 1_u64 << number_bit, ..new };
        let holds = verify::consistency(&old, &other, path).is_ok();
        prop_assert_eq!(holds, consistency_shape(old.size, other.size) == shape);
    }

    /// A hash more or less is noticed, and so is any length for any sizes.
    #[test]
    fn proofs_have_the_length_that_the_sizes_ask_for(index: u64, size: u64, len in 0_usize..70) {
        let hash = LeafHash::of(b"").node();
        let head = TreeHead { size, root: hash };
        let path = vec![hash; len];
        let inclusion = InclusionProof::new(index, path.clone()).verify(LeafHash::of(b""), &head);
        match inclusion_shape(index, size) {
            Shape::Inclusion(siblings) if siblings.len() == len => {
                prop_assert_eq!(inclusion, if len == 0 { Ok(()) } else { Err(ProofError::WrongRoot) });
            }
            Shape::Inclusion(_) => prop_assert_eq!(inclusion, Err(ProofError::WrongLength)),
            _ => prop_assert_eq!(inclusion, Err(ProofError::IndexOutside { index, size })),
        }
        let old = TreeHead { size: index, root: hash };
        let consistency = verify::consistency(&old, &head, &path);
        if let Shape::Growth { old_is_a_node, siblings } = consistency_shape(index, size) {
            let right = siblings.len() + usize::from(!old_is_a_node) == len;
            prop_assert!(consistency.is_err());
            prop_assert_eq!(consistency != Err(ProofError::WrongLength), right);
        }
    }

    #[test]
    fn proofs_read_back(number: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..=64)) {
        let path: Vec<Hash> = path.into_iter().map(Hash::from_bytes).collect();
        let inclusion = InclusionProof::new(number, path.clone());
        prop_assert_eq!(inclusion.to_string().parse(), Ok(inclusion));
        let consistency = ConsistencyProof::new(number, path);
        prop_assert_eq!(consistency.to_string().parse(), Ok(consistency));
    }

    /// What is read as a proof is written as it was.
    #[test]
    fn a_proof_has_one_text(text in "(index|old) [0-9]{1,3}\n([A-C/+=]{43}=\n){0,2}|\\PC{0,40}") {
        if let Ok(proof) = text.parse::<InclusionProof>() {
            prop_assert_eq!(proof.to_string(), text.clone());
        }
        if let Ok(proof) = text.parse::<ConsistencyProof>() {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}
