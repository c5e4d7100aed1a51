//! The hashes of a tree. Leaves and nodes are hashed in domains of their own, so that none can pass for the other.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::tagged::sha256;
use crate::audit::notation::{array_from_base64, base64};

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The hash of a tree or of one of its subtrees.
///
/// It is written as checkpoints and proofs write it, in base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Takes raw bytes for a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    pub(crate) fn empty() -> Self {
        Self(Sha256::digest([]).into())
    }

    pub(crate) fn node(left: &Self, right: &Self) -> Self {
        let mut halves = [0; 64];
        let (first, second) = halves.split_at_mut(32);
        first.copy_from_slice(&left.0);
        second.copy_from_slice(&right.0);
        Self(sha256(NODE, &halves))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The text is not a hash of 32 bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 32 bytes in padded base64")]
pub struct HashError;

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        array_from_base64(text).map(Self).ok_or(HashError)
    }
}

/// The hash of one entry.
///
/// A type of its own, since a node of the tree in the place of a leaf would let a forger pass a subtree for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeafHash(Hash);

impl LeafHash {
    /// Hashes an entry.
    #[must_use]
    pub fn of(entry: &[u8]) -> Self {
        Self(Hash(sha256(LEAF, entry)))
    }

    /// Takes raw bytes for the hash of an entry, for instance one that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Hash(bytes))
    }

    /// The raw hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// As the tree of this one leaf.
    pub(crate) const fn node(self) -> Hash {
        self.0
    }
}
