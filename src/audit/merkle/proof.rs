//! The two proofs about a tree, and the text in which they travel.

use std::fmt;
use std::str::FromStr;

use super::{Hash, LeafHash, TreeHead, verify};
use crate::audit::notation::from_decimal;

/// Proof that a leaf stands at an index of a tree (RFC 9162, section 2.1.3).
///
/// Its text is that of [C2SP tlog-proof](https://c2sp.org/tlog-proof): a line `index 5`, then one hash a line, from the
/// leaf's sibling up.
///
/// ```
/// use portcullis::audit::{InclusionProof, InclusionProver, LeafHash, Tree};
///
/// let mut tree = Tree::new();
/// let mut prover = InclusionProver::new(1, 3)?;
/// for entry in ["first", "second", "third"] {
///     let leaf = LeafHash::of(entry.as_bytes());
///     tree.append(leaf)?;
///     prover.push(leaf);
/// }
/// let proof = prover.finish()?;
/// proof.verify(LeafHash::of(b"second"), &tree.head())?;
/// assert!(proof.verify(LeafHash::of(b"third"), &tree.head()).is_err());
/// assert_eq!(proof.to_string().parse::<InclusionProof>()?, proof);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    index: u64,
    path: Vec<Hash>,
}

impl InclusionProof {
    /// The most hashes that a proof has: one for each level of the largest tree.
    pub const MAX_HASHES: usize = 64;

    /// A proof that was carried in another format.
    #[must_use]
    pub fn new(index: u64, path: Vec<Hash>) -> Self {
        Self { index, path }
    }

    /// Where the leaf stands, counted from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The hashes beside the way from the leaf to the root.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// Checks that `leaf` stands at the index of this proof in the tree with this head.
    ///
    /// The head has to come from somewhere that is trusted, such as a signed checkpoint: a proof says nothing about the
    /// size of the tree.
    ///
    /// # Errors
    /// [`ProofError`] if it does not, or this is no proof of it.
    pub fn verify(&self, leaf: LeafHash, head: &TreeHead) -> Result<(), ProofError> {
        verify::inclusion(leaf, self.index, &self.path, head)
    }
}

/// Proof that a tree only grew: its first leaves are those of an older tree (RFC 9162, section 2.1.4).
///
/// Every tree has grown from the empty one and from itself; the proof of that has no hashes. The text is that of
/// [C2SP tlog-witness](https://c2sp.org/tlog-witness): a line `old 3`, then one hash a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    old_size: u64,
    path: Vec<Hash>,
}

impl ConsistencyProof {
    /// The most hashes that a proof has: one to start with, and one for each level of the largest tree.
    pub const MAX_HASHES: usize = 65;

    /// A proof that was carried in another format.
    #[must_use]
    pub fn new(old_size: u64, path: Vec<Hash>) -> Self {
        Self { old_size, path }
    }

    /// The size of the older tree.
    #[must_use]
    pub const fn old_size(&self) -> u64 {
        self.old_size
    }

    /// The hashes from which both roots follow.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// Checks that the tree `old` is what the tree `new` was when it had fewer leaves.
    ///
    /// # Errors
    /// [`ProofError`] if it is not, or this is no proof of it.
    pub fn verify(&self, old: &TreeHead, new: &TreeHead) -> Result<(), ProofError> {
        if old.size != self.old_size {
            return Err(ProofError::OtherOldSize {
                proof: self.old_size,
                old: old.size,
            });
        }
        verify::consistency(old, new, &self.path)
    }
}

/// Why a proof does not hold, cannot be made, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// There is no such leaf.
    #[error("a tree of {size} leaves has none at index {index}")]
    IndexOutside {
        /// The index of the proof.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A tree does not shrink.
    #[error("the older tree has {old} leaves, the newer one only {new}")]
    Shrunk {
        /// The size of the older tree.
        old: u64,
        /// The size of the newer tree.
        new: u64,
    },
    /// The proof starts from a tree of another size.
    #[error("the proof starts from a tree of {proof} leaves, not from one of {old}")]
    OtherOldSize {
        /// The old size in the proof.
        proof: u64,
        /// The size of the older tree at hand.
        old: u64,
    },
    /// The proof has too many hashes, or too few.
    #[error("the proof does not have as many hashes as trees of this size ask for")]
    WrongLength,
    /// The proof leads to another root: leaf, proof or root are not what they should be.
    #[error("the proof does not lead to the root of the tree")]
    WrongRoot,
    /// The proof leads to another root of the older tree.
    #[error("the proof does not lead to the root of the older tree")]
    WrongOldRoot,
    /// The leaves ended before all hashes of the proof were known.
    #[error("the proof needs the first {wanted} leaves, and there were {seen}")]
    TooFewLeaves {
        /// How many leaves are needed.
        wanted: u64,
        /// How many were given.
        seen: u64,
    },
    /// The text is not a proof.
    #[error("line {line} of the proof is malformed")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
    },
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, "index", self.index, &self.path)
    }
}

impl FromStr for InclusionProof {
    type Err = ProofError;

    /// Reads the lines, each of which ends in a newline.
    fn from_str(text: &str) -> Result<Self, ProofError> {
        let (index, path) = read_lines(text, "index", Self::MAX_HASHES)?;
        Ok(Self { index, path })
    }
}

impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, "old", self.old_size, &self.path)
    }
}

impl FromStr for ConsistencyProof {
    type Err = ProofError;

    /// Reads the lines, each of which ends in a newline.
    fn from_str(text: &str) -> Result<Self, ProofError> {
        let (old_size, path) = read_lines(text, "old", Self::MAX_HASHES)?;
        Ok(Self { old_size, path })
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, word: &str, number: u64, path: &[Hash]) -> fmt::Result {
    writeln!(f, "{word} {number}")?;
    path.iter().try_for_each(|hash| writeln!(f, "{hash}"))
}

fn read_lines(text: &str, word: &str, most: usize) -> Result<(u64, Vec<Hash>), ProofError> {
    let mut lines = text
        .split_inclusive('\n')
        .map(|line| line.strip_suffix('\n'));
    let number = lines
        .next()
        .flatten()
        .and_then(|line| line.strip_prefix(word)?.strip_prefix(' '))
        .and_then(from_decimal)
        .ok_or(ProofError::Malformed { line: 1 })?;
    let mut path = Vec::new();
    for line in lines {
        let hash = line
            .and_then(|line| line.parse().ok())
            .filter(|_| path.len() < most);
        path.push(hash.ok_or(ProofError::Malformed {
            line: path.len() + 2,
        })?);
    }
    Ok((number, path))
}
