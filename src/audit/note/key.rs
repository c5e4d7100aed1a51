//! Who signs notes: names, key ids, and the public keys to verify with.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::audit::notation::{array_from_base64, base64};

/// The name of a key, by convention a URL without scheme such as `example.org/audit/host-7`.
///
/// It is not empty and holds neither white space, `+` nor control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Arc<str>);

impl KeyName {
    /// Takes a text for a name.
    ///
    /// # Errors
    /// [`KeyError::Name`] if it is not one.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let refused = |c: char| c.is_whitespace() || c == '+' || c < ' ';
        if text.is_empty() || text.contains(refused) {
            return Err(KeyError::Name);
        }
        Ok(Self(text.into()))
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({:?})", &*self.0)
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

/// Tells keys of one name apart. It is short: a hint which key to verify with, and no more than that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// Takes a number for a key id.
    #[must_use]
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A public Ed25519 key with its name, by which signatures are verified.
///
/// Its text is a *vkey* as [C2SP signed-note](https://c2sp.org/signed-note) and its tools have it:
/// name, key id and key, joined by `+`. That this is a point on the curve shows when it is first used.
///
/// ```
/// use portcullis::audit::VerifyingKey;
///
/// let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// let key: VerifyingKey = vkey.parse()?;
/// assert_eq!(key.name().as_str(), "example.com/foo");
/// assert_eq!(key.id().to_string(), "530d903a");
/// assert_eq!(key.to_string(), vkey);
/// # Ok::<(), portcullis::audit::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VerifyingKey {
    name: KeyName,
    id: KeyId,
    key: [u8; 32],
}

impl VerifyingKey {
    /// From the 32 bytes of an Ed25519 public key (RFC 8032), as a key management service gives them.
    #[must_use]
    pub fn ed25519(name: KeyName, key: [u8; 32]) -> Self {
        let id = key_id(&name, &key);
        Self { name, id, key }
    }

    /// The name under which the key signs.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id under which the key signs.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The raw public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    pub(crate) fn check_id(&self, id: KeyId) -> Result<(), KeyError> {
        match id == self.id {
            true => Ok(()),
            false => Err(KeyError::Id),
        }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, self.id, typed_base64(&self.key))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({:?}, {})", self.name.as_str(), self.id)
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, key) = named_key(text)?;
        let key = Self::ed25519(name, key);
        key.check_id(id)?;
        Ok(key)
    }
}

/// Why a text is not a key. Never repeats the text, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The name is empty or holds what it may not.
    #[error("a key name must not be empty or hold white space, `+` or control characters")]
    Name,
    /// The parts are not there, or the key id or the key is not written as it should be.
    #[error("a key must be written as its name, 8 hexadecimal digits and base64, joined by `+`")]
    Form,
    /// A key of another kind.
    #[error("a key must be an Ed25519 key, type 1, and not of type {0}")]
    Algorithm(u8),
    /// Name, id and key do not belong together.
    #[error("the key id is not that of the name and the key")]
    Id,
}

/// The signature type of Ed25519 in C2SP signed-note.
const ED25519: u8 = 1;

fn key_id(name: &KeyName, key: &[u8; 32]) -> KeyId {
    let hash = Sha256::new()
        .chain_update(name.as_str())
        .chain_update([b'\n', ED25519]);
    let hash: [u8; 32] = hash.chain_update(key).finalize().into();
    let [a, b, c, d, ..] = hash;
    KeyId(u32::from_be_bytes([a, b, c, d]))
}

/// Reads `name+id+base64(type || 32 bytes)`.
pub(crate) fn named_key(text: &str) -> Result<(KeyName, KeyId, [u8; 32]), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
    let (id, key) = rest.split_once('+').ok_or(KeyError::Form)?;
    let name = KeyName::parse(name)?;
    let lower_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    if id.len() != 8 || !id.bytes().all(lower_hex) {
        return Err(KeyError::Form);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Form)?;
    let typed: [u8; 33] = array_from_base64(key).ok_or(KeyError::Form)?;
    match typed.split_first_chunk() {
        Some((&[ED25519], key)) => {
            let key = key.try_into().map_err(|_| KeyError::Form)?;
            Ok((name, KeyId(id), key))
        }
        Some((&[other], _)) => Err(KeyError::Algorithm(other)),
        None => Err(KeyError::Form),
    }
}

/// The type of an Ed25519 key and the key, public or secret, in base64.
pub(crate) fn typed_base64(key: &[u8; 32]) -> String {
    let mut typed = [ED25519; 33];
    if let Some(room) = typed.last_chunk_mut() {
        *room = *key;
    }
    base64(&typed)
}
