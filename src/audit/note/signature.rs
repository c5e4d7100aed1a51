//! One signature of a note, and the line that it is written on.

use std::fmt;
use std::str::FromStr;

use super::{KeyId, KeyName, NoteError};
use crate::audit::notation::{base64, from_base64};

/// A signature of a note, good or bad, by a key that may be unknown. Its text is its line, without the newline.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NoteSignature {
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
}

impl NoteSignature {
    /// A signature that was made elsewhere.
    ///
    /// # Errors
    /// [`NoteError::EmptySignature`] if there is none.
    pub fn new(name: KeyName, id: KeyId, signature: Vec<u8>) -> Result<Self, NoteError> {
        match signature.is_empty() {
            true => Err(NoteError::EmptySignature),
            false => Ok(Self {
                name,
                id,
                signature,
            }),
        }
    }

    /// The name of the key that is said to have signed.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key that is said to have signed.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The raw signature, in a form that the key defines.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.as_u32().to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.signature);
        write!(f, "{PREFIX}{} {}", self.name, base64(&bytes))
    }
}

impl fmt::Debug for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSignature({:?}, {})", self.name.as_str(), self.id)
    }
}

impl FromStr for NoteSignature {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        read(line).ok_or(NoteError::SignatureLine { line: 1 })
    }
}

/// An em dash and a space.
const PREFIX: &str = "\u{2014} ";

fn read(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(PREFIX)?.split_once(' ')?;
    let bytes = from_base64(encoded)?;
    let (&id, signature) = bytes.split_first_chunk()?;
    let id = KeyId::new(u32::from_be_bytes(id));
    NoteSignature::new(KeyName::parse(name).ok()?, id, signature.to_vec()).ok()
}
