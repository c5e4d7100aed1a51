//! What makes a log show tampering: a Merkle tree over its entries, and proofs about it.
//!
//! Source: [RFC 6962](https://www.rfc-editor.org/rfc/rfc6962.html#section-2.1), section 2.1;
//! [RFC 9162](https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1), section 2.1.

mod merkle;
mod notation;

pub use merkle::{
    ConsistencyProof, ConsistencyProver, Hash, HashError, InclusionProof, InclusionProver,
    LeafHash, ProofError, Tree, TreeError, TreeHead,
};
