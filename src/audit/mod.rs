//! What makes a log show tampering: a Merkle tree over its entries, proofs about it, and signed checkpoints.
//!
//! Whoever keeps a checkpoint of a log can later tell whether an entry was in it ([`InclusionProof`]) and whether the log
//! has only grown since ([`ConsistencyProof`]). Nothing can be changed, left out or moved without one of them failing. What
//! no proof can show is that entries after the last checkpoint that somebody else has kept were cut off: checkpoints are to
//! be kept elsewhere, and often.
//!
//! All formats are those of other transparency logs, so that their tools can verify ours: RFC 6962 trees, and C2SP
//! [signed notes](https://c2sp.org/signed-note), [checkpoints](https://c2sp.org/tlog-checkpoint) and
//! [proofs](https://c2sp.org/tlog-proof), which are read strictly: each value has exactly one text. Signing and verifying
//! with Ed25519 takes the feature `sign`. Without it everything is read and written, and nothing that verifies a signature
//! exists.
//!
//! Source: [RFC 6962](https://www.rfc-editor.org/rfc/rfc6962.html#section-2.1), section 2.1;
//! [RFC 9162](https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1), section 2.1.

mod checkpoint;
#[cfg(feature = "sign")]
mod ed25519;
mod evidence;
mod growth;
mod log;
mod merkle;
mod notation;
mod note;
mod ocsf;
mod signer;

pub use checkpoint::{Checkpoint, CheckpointError, Origin, SignedCheckpoint};
#[cfg(feature = "sign")]
pub use ed25519::Ed25519Signer;
pub use evidence::{EntryEvidence, EvidenceError, GrowthEvidence};
pub use growth::ProvenGrowth;
pub use log::{
    AuditLog, AuditLogOptions, CallbackSink, CheckpointSink, EntryFilter, EntryRecord, Erasure,
    FileSink, LogEntry, LogError, LogWatch, Payload, PayloadCounts, PayloadForm, PayloadKind,
    PayloadRef, Payloads, ProvenEntry, SinkError, Utc, Verification, VerifyOptions, prove, read,
    restore_quarantine, warm_up,
};
pub use merkle::{
    ConsistencyProof, ConsistencyProver, Hash, HashError, InclusionProof, InclusionProver,
    LeafHash, ProofError, Tree, TreeError, TreeHead,
};
pub use note::{KeyError, KeyId, KeyName, NoteError, NoteSignature, SignedNote, VerifyingKey};
#[cfg(feature = "sign")]
pub use note::{VerifiedNote, VerifyError};
pub use ocsf::{OcsfEvents, OcsfFindings};
pub use signer::{CheckpointSigner, SignError};
