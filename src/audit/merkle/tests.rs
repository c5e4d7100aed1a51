//! The tree and its proofs, against the recursive definitions of RFC 9162 written down as they stand there.

mod laws;

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

/// Against every other leaf, index and size.
#[test]
fn a_proof_is_for_its_own_leaf_and_sizes() {
    let leaves = leaves(20);
    let heads: Vec<TreeHead> = (0..=20).map(|size| head(&leaves[..size])).collect();
    for size in 1..=20 {
        for index in 0..size {
            let (leaf, proof) = (leaves[index], prove_inclusion(index, &leaves[..size]));
            for other in (0..20).filter(|&other| other != index) {
                assert!(proof.verify(leaves[other], &heads[size]).is_err());
                let moved = InclusionProof::new(other as u64, proof.path().to_vec());
                assert!(moved.verify(leaf, &heads[size]).is_err());
            }
            for other in (0..=20).filter(|&other| other != size) {
                assert!(proof.verify(leaf, &heads[other]).is_err());
            }
        }
        for old in 1..size {
            let proof = prove_consistency(old, &leaves[..size]);
            for other in (0..=20).filter(|&other| other != old && other != size) {
                let claimed = ConsistencyProof::new(other as u64, proof.path().to_vec());
                assert!(claimed.verify(&heads[other], &heads[size]).is_err());
                assert!(proof.verify(&heads[old], &heads[other]).is_err());
                let (proof_size, old) = (old as u64, other as u64);
                let other_size = ProofError::OtherOldSize {
                    proof: proof_size,
                    old,
                };
                assert_eq!(proof.verify(&heads[other], &heads[size]), Err(other_size));
            }
        }
    }
}

/// From the empty tree anything may have grown, without a proof; but it has one root, and so has what it grew to if that
/// is empty too.
#[test]
fn everything_grew_from_nothing() {
    let (nothing, one) = (head(&[]), head(&leaves(1)));
    let proof = ConsistencyProof::new(0, Vec::new());
    let not_empty = |size| TreeHead { size, ..one };
    assert_eq!(proof.verify(&nothing, &nothing), Ok(()));
    for size in [1, 2, 3, u64::MAX] {
        assert_eq!(proof.verify(&nothing, &not_empty(size)), Ok(()));
        let padded = ConsistencyProof::new(0, vec![one.root]);
        assert_eq!(
            padded.verify(&nothing, &not_empty(size)),
            Err(ProofError::WrongLength)
        );
    }
    assert_eq!(
        proof.verify(&nothing, &not_empty(0)),
        Err(ProofError::WrongRoot)
    );
    for new in [nothing, one, not_empty(0)] {
        assert_eq!(
            proof.verify(&not_empty(0), &new),
            Err(ProofError::WrongOldRoot)
        );
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
