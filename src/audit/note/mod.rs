//! Signed notes, the envelope of checkpoints: [C2SP signed-note](https://c2sp.org/signed-note).

mod key;
mod signature;
#[cfg(feature = "sign")]
mod verify;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use key::{KeyError, KeyId, KeyName, VerifyingKey};
#[cfg(feature = "sign")]
pub(crate) use key::{named_key, typed_base64};
pub use signature::NoteSignature;
#[cfg(feature = "sign")]
pub use verify::{VerifiedNote, VerifyError};

use super::signer::{CheckpointSigner, SignError};

/// A text with signatures below it, of which none has been verified.
///
/// ```text
/// This is an example message.
///
/// — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
/// ```
///
/// Anybody can write such a text. It counts only once it is verified, for which the crate needs its feature `sign`;
/// without it, notes are read, carried along and written, and nothing vouches for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// The longest note that is read or made, in bytes.
    pub const MAX_LEN: usize = 1 << 20;

    /// The most signatures in a note.
    pub const MAX_SIGNATURES: usize = 64;

    /// Reads a note. No signature is verified.
    ///
    /// # Errors
    /// [`NoteError`] if it is not one, or if it is longer or has more signatures than the limits allow. Signatures by
    /// unknown keys are no error.
    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        check_len(note.len())?;
        let note = std::str::from_utf8(note).map_err(|_| NoteError::NotUtf8)?;
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::NoBlankLine)?;
        let text = format!("{text}\n");
        check_text(&text)?;
        let lines = signatures
            .strip_suffix('\n')
            .ok_or(NoteError::NoSignature)?;
        let mut note = Self {
            text,
            signatures: Vec::new(),
        };
        for (index, line) in lines.split('\n').enumerate() {
            if index == Self::MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            let signature = line
                .parse()
                .map_err(|_| NoteError::SignatureLine { line: index + 1 })?;
            note.signatures.push(signature);
        }
        Ok(note)
    }

    /// Signs a text, which must end in a newline and hold no other control character.
    ///
    /// # Errors
    /// [`NoteError`] if the text cannot be that of a note, or the signer fails.
    pub fn sign(text: impl Into<String>, signer: &dyn CheckpointSigner) -> Result<Self, NoteError> {
        let text = text.into();
        check_text(&text)?;
        let mut note = Self {
            text,
            signatures: Vec::new(),
        };
        note.sign_also(signer)?;
        Ok(note)
    }

    /// Adds a signature of one more key, for instance of the next one while keys change.
    ///
    /// # Errors
    /// [`NoteError`] if the signer fails or the note outgrows the limits; the note is as it was.
    pub fn sign_also(&mut self, signer: &dyn CheckpointSigner) -> Result<(), NoteError> {
        let key = signer.key();
        let signature = signer.sign(self.text.as_bytes())?;
        if signature.len() != ED25519_SIGNATURE {
            let message = format!(
                "an Ed25519 signature has {ED25519_SIGNATURE} bytes, not {}",
                signature.len()
            );
            return Err(SignError(message).into());
        }
        self.add(NoteSignature::new(key.name().clone(), key.id(), signature)?)
    }

    /// Adds a signature that was made elsewhere, for instance by a witness. It is not verified.
    ///
    /// # Errors
    /// [`NoteError`] if the note outgrows the limits; the note is as it was.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= Self::MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        check_len(self.to_string().len()).inspect_err(|_| drop(self.signatures.pop()))
    }

    /// The text, for which nothing vouches as long as no signature has been verified.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The signatures, by known and unknown keys, good and bad.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        Self::parse(note.as_bytes())
    }
}

/// Why something is not a signed note, or cannot become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than [`SignedNote::MAX_LEN`].
    #[error("a note must have at most {} bytes", SignedNote::MAX_LEN)]
    TooLong,
    /// Notes are text.
    #[error("a note must be UTF-8")]
    NotUtf8,
    /// A control character other than newline.
    #[error("a note must hold no control character but newline")]
    ControlCharacter,
    /// The text is not made of whole lines.
    #[error("the text of a note must end in a newline")]
    NoNewline,
    /// Nothing divides text and signatures.
    #[error("a note must have a blank line between text and signatures")]
    NoBlankLine,
    /// There is no whole line after the last blank line.
    #[error("a note must end in lines with signatures")]
    NoSignature,
    /// A line after the last blank line is not a signature.
    #[error("signature {line} is not an em dash, a key name and base64, one space between them")]
    SignatureLine {
        /// Which one, counted from 1.
        line: usize,
    },
    /// A signature without content.
    #[error("a signature must not be empty")]
    EmptySignature,
    /// More than [`SignedNote::MAX_SIGNATURES`].
    #[error("a note must have at most {} signatures", SignedNote::MAX_SIGNATURES)]
    TooManySignatures,
    /// The signer failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

const ED25519_SIGNATURE: usize = 64;

fn check_len(len: usize) -> Result<(), NoteError> {
    match len {
        0..=SignedNote::MAX_LEN => Ok(()),
        _ => Err(NoteError::TooLong),
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::ControlCharacter);
    }
    match text.ends_with('\n') {
        true => Ok(()),
        false => Err(NoteError::NoNewline),
    }
}
