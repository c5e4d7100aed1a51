//! The Merkle tree of RFC 6962, section 2.1 (the same as RFC 9162, section 2.1), over SHA-256.

mod hash;
mod proof;
mod prove;
mod tagged;
mod tree;
mod verify;

#[cfg(test)]
mod tests;

pub use hash::{Hash, HashError, LeafHash};
pub use proof::{ConsistencyProof, InclusionProof, ProofError};
pub use prove::{ConsistencyProver, InclusionProver};
pub use tree::{Tree, TreeError, TreeHead};
