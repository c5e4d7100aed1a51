//! What records are called by.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::MemoryError;
use crate::text::Plain;

/// What a record is called by: 1 to 128 bytes of text without control characters.
///
/// Keys are public. Whoever asks may learn which there are, and whom each is about; so they must not be made from what is to
/// be protected.
///
/// ```
/// use portcullis::privacy::RecordKey;
///
/// let key: RecordKey = "ticket-17".parse()?;
/// assert_eq!(key.as_str(), "ticket-17");
/// assert!(RecordKey::parse("").is_err());
/// # Ok::<(), portcullis::privacy::MemoryError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(Arc<str>);

impl RecordKey {
    /// The most bytes of a key.
    pub const LONGEST: usize = 128;

    /// Checks a key.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Key`].
    pub fn parse(key: &str) -> Result<Self, MemoryError> {
        let is_key = (1..=Self::LONGEST).contains(&key.len()) && !key.chars().any(char::is_control);
        is_key.then(|| Self(key.into())).ok_or(MemoryError::Key)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RecordKey {
    type Err = MemoryError;

    fn from_str(key: &str) -> Result<Self, MemoryError> {
        Self::parse(key)
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", Plain(&self.0))
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordKey({self})")
    }
}
