//! What signs checkpoints.

use std::fmt;
use std::sync::Arc;

use super::note::VerifyingKey;

/// Signs checkpoints with a key that may live elsewhere, such as in a key management service.
pub trait CheckpointSigner: Send + Sync + fmt::Debug {
    /// The public key, with the name under which it signs.
    fn key(&self) -> &VerifyingKey;

    /// Signs the text with Ed25519 (RFC 8032, not pre-hashed): 64 bytes.
    ///
    /// # Errors
    /// [`SignError`] if there is no signature to be had.
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError>;
}

impl<S: CheckpointSigner + ?Sized> CheckpointSigner for Arc<S> {
    fn key(&self) -> &VerifyingKey {
        (**self).key()
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        (**self).sign(text)
    }
}

/// A signer could not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the note could not be signed: {0}")]
pub struct SignError(pub String);
