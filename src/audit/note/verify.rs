//! Verifying the signatures of a note (feature `sign`).

use ed25519_dalek::Signature;

use super::{KeyId, KeyName, NoteSignature, SignedNote, VerifyingKey};
use crate::audit::merkle::ProofError;
use crate::text::Plain;

/// The text of a note that at least one of the given keys has signed, and no signature by any of them is bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedNote<'a> {
    text: &'a str,
    signed_by: Vec<&'a VerifyingKey>,
}

impl<'a> VerifiedNote<'a> {
    /// The text that was signed.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The keys that signed, each once, in the order of the signatures.
    #[must_use]
    pub fn signed_by(&self) -> &[&'a VerifyingKey] {
        &self.signed_by
    }
}

impl SignedNote {
    /// Verifies all signatures by these keys. Signatures by other keys are passed over, whatever they hold.
    ///
    /// Signatures are verified strictly: keys of small order and malleable signatures are refused. A key that signed
    /// twice counts once, and both signatures must be good.
    ///
    /// # Errors
    /// [`VerifyError`] if none of the keys signed, or a signature by one of them is bad, or two of them go by the same
    /// name and id.
    pub fn verify<'a>(&'a self, keys: &'a [VerifyingKey]) -> Result<VerifiedNote<'a>, VerifyError> {
        let mut signed_by: Vec<&VerifyingKey> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = known(keys, signature)? else {
                continue;
            };
            if !holds(key, self.text.as_bytes(), signature) {
                return Err(VerifyError::BadSignature {
                    name: key.name().clone(),
                    id: key.id(),
                });
            }
            if !signed_by.contains(&key) {
                signed_by.push(key);
            }
        }
        match signed_by.is_empty() {
            true => Err(VerifyError::NotSigned),
            false => Ok(VerifiedNote {
                text: &self.text,
                signed_by,
            }),
        }
    }
}

/// Why something is not vouched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// None of the known keys has signed.
    #[error("none of the known keys has signed")]
    NotSigned,
    /// A signature by a known key is bad: the text, the signature or the key is not what it should be.
    #[error("the signature by `{}`, key id {id}, is bad", Plain(name.as_str()))]
    BadSignature {
        /// The name of the key.
        name: KeyName,
        /// Its id.
        id: KeyId,
    },
    /// Two known keys differ, but a signature cannot tell which of them made it.
    #[error("two known keys go by the name `{}` and the key id {id}", Plain(name.as_str()))]
    AmbiguousKey {
        /// The name of both keys.
        name: KeyName,
        /// The id of both keys.
        id: KeyId,
    },
    /// A good checkpoint, of another log.
    #[error("the checkpoint is of another log")]
    OtherOrigin,
    /// The checkpoint is good, and the proof is not.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// The key that is said to have made a signature.
fn known<'a>(
    keys: &'a [VerifyingKey],
    signature: &NoteSignature,
) -> Result<Option<&'a VerifyingKey>, VerifyError> {
    let mut candidates = keys
        .iter()
        .filter(|key| key.id() == signature.id() && key.name() == signature.name());
    let Some(key) = candidates.next() else {
        return Ok(None);
    };
    if candidates.any(|other| other != key) {
        return Err(VerifyError::AmbiguousKey {
            name: key.name().clone(),
            id: key.id(),
        });
    }
    Ok(Some(key))
}

fn holds(key: &VerifyingKey, text: &[u8], signature: &NoteSignature) -> bool {
    let Ok(signature) = Signature::from_slice(signature.as_bytes()) else {
        return false;
    };
    ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes())
        .is_ok_and(|key| key.verify_strict(text, &signature).is_ok())
}
