//! A signer whose key is in memory (feature `sign`).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey};

use super::note::{KeyError, KeyName, VerifyingKey, named_key, typed_base64};
use super::signer::{CheckpointSigner, SignError};
use crate::digest::{EntropyError, random_bytes};

/// An Ed25519 key in memory (feature `sign`).
///
/// It is read from the text that the tools around C2SP signed-note keep such keys in, `PRIVATE+KEY+name+id+base64`.
/// The secret is wiped when the signer is dropped, and is not shown by `Debug`. What it is made from is not wiped: texts
/// and seeds of the caller, and what passes over the stack.
///
/// ```
/// use portcullis::audit::{Ed25519Signer, KeyName, SignedNote, CheckpointSigner as _};
///
/// let signer = Ed25519Signer::generate(KeyName::parse("example.org/audit")?)?;
/// let note = SignedNote::sign("All is well.\n", &signer)?;
///
/// let vkey = signer.key().to_string(); // to be given to whoever verifies
/// let keys = [vkey.parse()?];
/// assert_eq!(note.verify(&keys)?.text(), "All is well.\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ed25519Signer {
    key: VerifyingKey,
    secret: SigningKey,
}

impl Ed25519Signer {
    /// From the 32 bytes that RFC 8032 calls the private key.
    #[must_use]
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let secret = SigningKey::from_bytes(seed);
        let key = VerifyingKey::ed25519(name, secret.verifying_key().to_bytes());
        Self { key, secret }
    }

    /// A fresh key from the operating system.
    ///
    /// # Errors
    /// [`EntropyError`] if it gives no random bytes.
    pub fn generate(name: KeyName) -> Result<Self, EntropyError> {
        random_bytes().map(|seed| Self::from_seed(name, &seed))
    }

    /// The secret key as text, to be kept where only the signer can read it.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let secret = typed_base64(self.secret.as_bytes());
        format!("{PREFIX}{}+{}+{secret}", self.key.name(), self.key.id())
    }
}

impl CheckpointSigner for Ed25519Signer {
    fn key(&self) -> &VerifyingKey {
        &self.key
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.secret.sign(text).to_bytes().to_vec())
    }
}

impl FromStr for Ed25519Signer {
    type Err = KeyError;

    /// Reads the secret key from its text.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let named = text.strip_prefix(PREFIX).ok_or(KeyError::Form)?;
        let (name, id, seed) = named_key(named)?;
        let signer = Self::from_seed(name, &seed);
        signer.key.check_id(id)?;
        Ok(signer)
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519Signer")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// What the text of a secret key begins with.
const PREFIX: &str = "PRIVATE+KEY+";
