//! Making proofs in one pass over the leaf hashes. The tree is never held: a proof names ranges of leaves, and each
//! range is hashed as it goes by.

use super::{ConsistencyProof, Hash, InclusionProof, LeafHash, ProofError, Tree};

/// Makes an [`InclusionProof`] from leaf hashes that go by in order, in the memory of at most 128 hashes.
///
/// Several provers can be fed in one pass.
#[derive(Clone, Debug)]
pub struct InclusionProver {
    index: u64,
    collector: Collector,
}

impl InclusionProver {
    /// For the leaf at `index` in the tree of the first `size` leaves.
    ///
    /// # Errors
    /// [`ProofError::IndexOutside`] if there is no such leaf.
    pub fn new(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::IndexOutside { index, size });
        }
        let collector = Collector::new(inclusion_ranges(index, size));
        Ok(Self { index, collector })
    }

    /// Takes the next leaf, from the first one on. Leaves that the proof does not need are passed over.
    pub fn push(&mut self, leaf: LeafHash) {
        self.collector.push(leaf);
    }

    /// The proof.
    ///
    /// # Errors
    /// [`ProofError::TooFewLeaves`] if leaves that it needs have not been seen.
    pub fn finish(self) -> Result<InclusionProof, ProofError> {
        let path = self.collector.finish()?;
        Ok(InclusionProof::new(self.index, path))
    }
}

/// Makes a [`ConsistencyProof`] from leaf hashes that go by in order, in the memory of at most 130 hashes.
///
/// ```
/// use portcullis::audit::{ConsistencyProver, LeafHash, Tree};
///
/// let mut prover = ConsistencyProver::new(2, 5)?;
/// let mut tree = Tree::new();
/// let mut heads = vec![tree.head()];
/// for entry in 0..5_u8 {
///     prover.push(LeafHash::of(&[entry]));
///     tree.append(LeafHash::of(&[entry]))?;
///     heads.push(tree.head());
/// }
/// let proof = prover.finish()?;
/// proof.verify(&heads[2], &heads[5])?;
/// assert!(proof.verify(&heads[3], &heads[5]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConsistencyProver {
    old_size: u64,
    collector: Collector,
}

impl ConsistencyProver {
    /// For the trees of the first `old_size` and of the first `new_size` leaves.
    ///
    /// # Errors
    /// [`ProofError::Shrunk`] if the older tree is the larger one.
    pub fn new(old_size: u64, new_size: u64) -> Result<Self, ProofError> {
        if old_size > new_size {
            return Err(ProofError::Shrunk {
                old: old_size,
                new: new_size,
            });
        }
        let collector = Collector::new(consistency_ranges(old_size, new_size));
        Ok(Self {
            old_size,
            collector,
        })
    }

    /// Takes the next leaf, from the first one on. Leaves that the proof does not need are passed over.
    pub fn push(&mut self, leaf: LeafHash) {
        self.collector.push(leaf);
    }

    /// The proof.
    ///
    /// # Errors
    /// [`ProofError::TooFewLeaves`] if leaves that it needs have not been seen.
    pub fn finish(self) -> Result<ConsistencyProof, ProofError> {
        let path = self.collector.finish()?;
        Ok(ConsistencyProof::new(self.old_size, path))
    }
}

/// Leaves from `start` on, up to but without `end`; there is at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Range {
    /// The two subtrees of a tree over these leaves: the left one is the largest complete one that leaves something
    /// over. None if there is but one leaf.
    fn halves(self) -> Option<(Self, Self)> {
        let before_last = self.end.checked_sub(self.start)?.checked_sub(1)?;
        let left = 1_u64.checked_shl(before_last.checked_ilog2()?)?;
        let middle = self.start.checked_add(left)?;
        let left = Self {
            end: middle,
            ..self
        };
        Some((
            left,
            Self {
                start: middle,
                ..self
            },
        ))
    }
}

/// `PATH(m, D_n)` of RFC 9162, section 2.1.3.1, as ranges.
pub(super) fn inclusion_ranges(index: u64, size: u64) -> Vec<Range> {
    let mut siblings = Vec::new();
    let mut tree = Range {
        start: 0,
        end: size,
    };
    while let Some((left, right)) = tree.halves() {
        let (inside, sibling) = if index < left.end {
            (left, right)
        } else {
            (right, left)
        };
        siblings.push(sibling);
        tree = inside;
    }
    siblings.reverse();
    siblings
}

/// `PROOF(m, D_n)` of RFC 9162, section 2.1.4.1, as ranges.
pub(super) fn consistency_ranges(old_size: u64, new_size: u64) -> Vec<Range> {
    let mut nodes = Vec::new();
    let mut tree = Range {
        start: 0,
        end: new_size,
    };
    // An empty older tree ends nowhere within the newer one: it needs no proof.
    while old_size != 0 && old_size != tree.end {
        let Some((left, right)) = tree.halves() else {
            break;
        };
        let (inside, sibling) = if old_size <= left.end {
            (left, right)
        } else {
            (right, left)
        };
        nodes.push(sibling);
        tree = inside;
    }
    // What starts with the first leaf is the older tree itself, whose hash the verifier has.
    if tree.start != 0 {
        nodes.push(tree);
    }
    nodes.reverse();
    nodes
}

/// Hashes the ranges of a proof as their leaves go by. The ranges do not overlap.
#[derive(Clone, Debug)]
struct Collector {
    /// Ranges with their place in the proof, the next one to come last.
    wanted: Vec<(usize, Range)>,
    /// Hashes with their place in the proof.
    found: Vec<(usize, Hash)>,
    seen: u64,
    /// Of the leaves seen so far in the range at hand.
    tree: Tree,
}

impl Collector {
    fn new(ranges: Vec<Range>) -> Self {
        let mut wanted: Vec<_> = ranges.into_iter().enumerate().collect();
        wanted.sort_unstable_by_key(|(_, range)| std::cmp::Reverse(range.start));
        Self {
            found: Vec::with_capacity(wanted.len()),
            wanted,
            seen: 0,
            tree: Tree::new(),
        }
    }

    fn push(&mut self, leaf: LeafHash) {
        let index = self.seen;
        self.seen = index.saturating_add(1);
        let Some(&(place, range)) = self.wanted.last() else {
            return;
        };
        if index < range.start || self.tree.append(leaf).is_err() {
            return;
        }
        if self.seen == range.end {
            self.found.push((place, self.tree.root()));
            self.tree.clear();
            self.wanted.pop();
        }
    }

    fn finish(mut self) -> Result<Vec<Hash>, ProofError> {
        if let Some((_, last)) = self.wanted.first() {
            return Err(ProofError::TooFewLeaves {
                wanted: last.end,
                seen: self.seen,
            });
        }
        self.found.sort_unstable_by_key(|&(place, _)| place);
        Ok(self.found.into_iter().map(|(_, hash)| hash).collect())
    }
}
