//! The laws of the tree, against the recursive definitions of RFC 9162 written down as they stand there.

use proptest::prelude::*;
use proptest::sample::Index;

use super::prove::{Range, consistency_ranges, inclusion_ranges};
use super::*;

fn leaves(count: usize) -> Vec<LeafHash> {
    (0..count)
        .map(|index| LeafHash::of(&index.to_be_bytes()))
        .collect()
}

/// The largest power of two below `n`.
fn split(n: u64) -> u64 {
    let mut k = 1;
    while k <= (n - 1) / 2 {
        k *= 2;
    }
    k
}

/// `MTH(D_n)`, section 2.1.1.
fn mth(leaves: &[LeafHash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [leaf] => leaf.node(),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            Hash::node(&mth(left), &mth(right))
        }
    }
}

fn head(leaves: &[LeafHash]) -> TreeHead {
    TreeHead {
        size: leaves.len() as u64,
        root: mth(leaves),
    }
}

/// `PATH(m, D_n)`, section 2.1.3.1.
fn path(m: usize, leaves: &[LeafHash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len() as u64) as usize;
    let (left, right) = leaves.split_at(k);
    let (mut inner, sibling) = match m < k {
        true => (path(m, left), mth(right)),
        false => (path(m - k, right), mth(left)),
    };
    inner.push(sibling);
    inner
}

/// `SUBPROOF(m, D_n, b)`, section 2.1.4.1.
fn subproof(m: usize, leaves: &[LeafHash], b: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if b { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = split(leaves.len() as u64) as usize;
    let (left, right) = leaves.split_at(k);
    let (mut inner, sibling) = match m <= k {
        true => (subproof(m, left, b), mth(right)),
        false => (subproof(m - k, right, false), mth(left)),
    };
    inner.push(sibling);
    inner
}

/// What is computed when a proof is verified. Statements for which it is the same hold together: that the size is not
/// among what a proof proves is why it stands in the signed checkpoint.
#[derive(Debug, PartialEq)]
enum Shape {
    NoLeaf,
    Inclusion(Vec<char>),
    Shrunk,
    FromNothing {
        to_nothing: bool,
    },
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
        0 => Shape::FromNothing {
            to_nothing: new == 0,
        },
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

fn prove_inclusion(index: usize, leaves: &[LeafHash]) -> InclusionProof {
    let mut prover = InclusionProver::new(index as u64, leaves.len() as u64).unwrap();
    leaves.iter().for_each(|&leaf| prover.push(leaf));
    prover.finish().unwrap()
}

fn prove_consistency(old: usize, leaves: &[LeafHash]) -> ConsistencyProof {
    let mut prover = ConsistencyProver::new(old as u64, leaves.len() as u64).unwrap();
    leaves.iter().for_each(|&leaf| prover.push(leaf));
    prover.finish().unwrap()
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

#[test]
fn trees_are_those_of_the_definition() {
    let leaves = leaves(130);
    let mut tree = Tree::new();
    for size in 0..=leaves.len() {
        assert_eq!(tree.head(), head(&leaves[..size]));
        assert_eq!(tree.frontier().len(), size.count_ones() as usize);
        if let Some(&leaf) = leaves.get(size) {
            assert_eq!(tree.append(leaf), Ok(size as u64));
        }
    }
}

#[test]
fn proofs_are_those_of_the_definition_and_hold() {
    let leaves = leaves(40);
    for size in 0..=leaves.len() {
        let leaves = &leaves[..size];
        let new = head(leaves);
        for (index, &leaf) in leaves.iter().enumerate() {
            let proof = prove_inclusion(index, leaves);
            assert_eq!(proof.path(), path(index, leaves));
            assert_eq!(proof.verify(leaf, &new), Ok(()));
        }
        for old in 0..=size {
            let proof = prove_consistency(old, leaves);
            let defined = if old == 0 {
                Vec::new()
            } else {
                subproof(old, leaves, true)
            };
            assert_eq!(proof.path(), defined);
            assert_eq!(proof.verify(&head(&leaves[..old]), &new), Ok(()));
        }
    }
}

/// For one leaf, every other leaf, and every two sizes.
#[test]
fn a_proof_is_for_its_own_leaf_and_sizes() {
    let leaves = leaves(20);
    for size in 1..=leaves.len() {
        for index in 0..size {
            let proof = prove_inclusion(index, &leaves[..size]);
            for (other, &leaf) in leaves
                .iter()
                .enumerate()
                .filter(|&(other, _)| other != index)
            {
                assert!(proof.verify(leaf, &head(&leaves[..size])).is_err());
                let moved = InclusionProof::new(other as u64, proof.path().to_vec());
                assert!(moved.verify(leaves[index], &head(&leaves[..size])).is_err());
            }
            for other in (0..=leaves.len()).filter(|&other| other != size) {
                assert!(
                    proof
                        .verify(leaves[index], &head(&leaves[..other]))
                        .is_err()
                );
            }
        }
        for old in 1..size {
            let proof = prove_consistency(old, &leaves[..size]);
            for other in (0..=leaves.len()).filter(|&other| other != old && other != size) {
                let claimed = ConsistencyProof::new(other as u64, proof.path().to_vec());
                assert!(
                    claimed
                        .verify(&head(&leaves[..other]), &head(&leaves[..size]))
                        .is_err()
                );
                assert!(
                    proof
                        .verify(&head(&leaves[..old]), &head(&leaves[..other]))
                        .is_err()
                );
                assert!(matches!(
                    proof.verify(&head(&leaves[..other]), &head(&leaves[..size])),
                    Err(ProofError::OtherOldSize { .. })
                ));
            }
        }
    }
}

/// The proof against an older head and the step from there to the newer one, out of the same leaves.
#[test]
fn several_proofs_are_made_in_one_pass() {
    let leaves = leaves(100);
    let mut inclusion = InclusionProver::new(17, 60).unwrap();
    let mut consistency = ConsistencyProver::new(60, 93).unwrap();
    for &leaf in &leaves {
        inclusion.push(leaf);
        consistency.push(leaf);
    }
    let (old, new) = (head(&leaves[..60]), head(&leaves[..93]));
    assert_eq!(inclusion.finish().unwrap().verify(leaves[17], &old), Ok(()));
    assert_eq!(consistency.finish().unwrap().verify(&old, &new), Ok(()));
}

#[test]
fn what_cannot_be_proved_is_refused() {
    let outside = |index, size| ProofError::IndexOutside { index, size };
    assert_eq!(InclusionProver::new(0, 0).unwrap_err(), outside(0, 0));
    assert_eq!(InclusionProver::new(5, 5).unwrap_err(), outside(5, 5));
    let shrunk = ProofError::Shrunk { old: 6, new: 5 };
    assert_eq!(ConsistencyProver::new(6, 5).unwrap_err(), shrunk);

    let mut inclusion = InclusionProver::new(2, 5).unwrap();
    let mut consistency = ConsistencyProver::new(3, 5).unwrap();
    for &leaf in &leaves(4) {
        inclusion.push(leaf);
        consistency.push(leaf);
    }
    let too_few = ProofError::TooFewLeaves { wanted: 5, seen: 4 };
    assert_eq!(inclusion.finish().unwrap_err(), too_few);
    assert_eq!(consistency.finish().unwrap_err(), too_few);
}

#[test]
fn a_frontier_must_fit_its_size() {
    let hash = LeafHash::of(b"").node();
    for size in [0, 1, 2, 3, 255, 1 << 63, u64::MAX] {
        for got in 0..=65 {
            let wanted = size.count_ones();
            let tree = Tree::restore(size, vec![hash; got]);
            match got == wanted as usize {
                true => assert_eq!(tree.unwrap().size(), size),
                false => assert_eq!(tree, Err(TreeError::Frontier { size, wanted, got })),
            }
        }
    }
}

#[test]
fn a_full_tree_takes_no_more() {
    let leaf = LeafHash::of(b"");
    let mut tree = Tree::restore(u64::MAX - 1, vec![leaf.node(); 63]).unwrap();
    assert_eq!(tree.append(leaf), Ok(u64::MAX - 1));
    let full = tree.clone();
    assert_eq!(tree.append(leaf), Err(TreeError::Full));
    assert_eq!(tree, full);
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
        (old, new) in (0_usize..200).prop_flat_map(|new| (0..=new, Just(new))),
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
        // From nothing, anything may have grown.
        if old.size > 0 || new.size == 0 {
            let other = TreeHead { root: flip(new.root, bit), ..new };
            prop_assert!(verify::consistency(&old, &other, path).is_err());
        }
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

#[test]
fn malformed_proofs_are_refused_with_the_line() {
    let hash = LeafHash::of(b"").node().to_string();
    for (line, text) in [
        (1, String::new()),
        (1, "index 5".into()),
        (1, "old 5\n".into()),
        (1, "index  5\n".into()),
        (1, "index 05\n".into()),
        (2, "index 5\n\n".into()),
        (2, format!("index 5\n{hash}")),
        (2, format!("index 5\n{hash}\r\n")),
        (3, format!("index 5\n{hash}\n {hash}\n")),
        (66, format!("index 5\n{}", format!("{hash}\n").repeat(65))),
    ] {
        assert_eq!(
            text.parse::<InclusionProof>(),
            Err(ProofError::Malformed { line }),
            "{text}"
        );
    }
}
