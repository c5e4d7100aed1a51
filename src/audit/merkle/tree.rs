//! A tree that grows: only the roots of its complete subtrees are kept.

use super::{Hash, LeafHash};

/// The size of a tree and its root. They belong together: a root alone does not tell how many leaves are below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The Merkle tree hash of the leaves.
    pub root: Hash,
}

/// A Merkle tree that is appended to, in the memory of at most 64 hashes.
///
/// It keeps its frontier: the roots of the complete subtrees into which its size falls apart, one for each bit that is
/// set, largest first. From the size and the frontier it can be [restored](Tree::restore).
///
/// ```
/// use portcullis::audit::{LeafHash, Tree};
///
/// let mut tree = Tree::new();
/// tree.append(LeafHash::of(b"first"))?;
/// tree.append(LeafHash::of(b"second"))?;
/// tree.append(LeafHash::of(b"third"))?;
/// assert_eq!(tree.frontier().len(), 2); // of the first two leaves, and of the third
///
/// let restored = Tree::restore(tree.size(), tree.frontier().to_vec())?;
/// assert_eq!(restored.head(), tree.head());
/// # Ok::<(), portcullis::audit::TreeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    frontier: Vec<Hash>,
}

/// What a tree cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// There are as many leaves as can be counted.
    #[error("a tree holds at most {} leaves", u64::MAX)]
    Full,
    /// The frontier does not have one hash for each complete subtree.
    #[error("the frontier of a tree of {size} leaves has {wanted} hashes, not {got}")]
    Frontier {
        /// The size that was given.
        size: u64,
        /// How many hashes belong to it.
        wanted: u32,
        /// How many there were.
        got: usize,
    },
}

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree as it was, from its size and [frontier](Tree::frontier).
    ///
    /// Any hashes of the right number make a tree. Whether it is the one that it was, only a look at its
    /// [root](Tree::root) tells.
    ///
    /// # Errors
    /// [`TreeError::Frontier`] if there are too few hashes for the size, or too many.
    pub fn restore(size: u64, frontier: Vec<Hash>) -> Result<Self, TreeError> {
        let (wanted, got) = (size.count_ones(), frontier.len());
        if usize::try_from(wanted) != Ok(got) {
            return Err(TreeError::Frontier { size, wanted, got });
        }
        Ok(Self { size, frontier })
    }

    /// Appends a leaf and returns its index.
    ///
    /// # Errors
    /// [`TreeError::Full`] if the number of leaves would no longer fit.
    pub fn append(&mut self, leaf: LeafHash) -> Result<u64, TreeError> {
        let index = self.size;
        let size = index.checked_add(1).ok_or(TreeError::Full)?;
        // Each trailing one is a complete subtree on the right that the new leaf makes a left half.
        let halves = index.trailing_ones();
        let hash = (0..halves).fold(leaf.node(), |right, _| match self.frontier.pop() {
            Some(left) => Hash::node(&left, &right),
            None => right,
        });
        self.frontier.push(hash);
        self.size = size;
        Ok(index)
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash of all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        let from_the_right = self.frontier.iter().rev().copied();
        from_the_right
            .reduce(|right, left| Hash::node(&left, &right))
            .unwrap_or_else(Hash::empty)
    }

    /// Size and root.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: self.root(),
        }
    }

    /// The roots of the complete subtrees, largest first.
    #[must_use]
    pub fn frontier(&self) -> &[Hash] {
        &self.frontier
    }

    /// Makes room for the next tree without giving memory back.
    pub(super) fn clear(&mut self) {
        self.size = 0;
        self.frontier.clear();
    }
}
