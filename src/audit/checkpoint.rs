//! What a log commits to at one size: [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::merkle::TreeHead;
use super::notation::from_decimal;
use super::note::{KeyName, NoteError, NoteSignature, SignedNote};
#[cfg(feature = "sign")]
use super::note::{VerifyError, VerifyingKey};
use super::signer::CheckpointSigner;

/// Which log a checkpoint is of: a line of text, by convention a URL without scheme such as `example.org/audit/host-7`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

impl Origin {
    /// Takes a text for an origin.
    ///
    /// White space and `+` are let through, since the specification only advises against them; the name of a key, and
    /// therefore of a log whose key goes by its origin, may not hold them.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] if it is empty or holds a control character.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        match is_line(text) {
            true => Ok(Self(text.into())),
            false => Err(CheckpointError::Origin),
        }
    }

    /// The origin as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A log should sign under its origin.
impl From<&KeyName> for Origin {
    fn from(name: &KeyName) -> Self {
        Self(name.as_str().into())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({:?})", &*self.0)
    }
}

impl FromStr for Origin {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        Self::parse(text)
    }
}

/// What a log holds at one size, without any signature: nothing vouches for it but whoever hands it over.
///
/// ```
/// use portcullis::audit::{Checkpoint, LeafHash, Origin, Tree};
///
/// let mut tree = Tree::new();
/// tree.append(LeafHash::of(b"an entry"))?;
/// let checkpoint = Checkpoint::new(Origin::parse("example.org/audit")?, tree.head());
/// assert_eq!(
///     checkpoint.to_string(),
///     "example.org/audit\n1\ng/jjpc4q6P6YCFFoOy42e3k/0Eq3wTIvMELnXBYUGDM=\n",
/// );
/// assert_eq!(checkpoint.to_string().parse::<Checkpoint>()?, checkpoint);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: Origin,
    head: TreeHead,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads what a sink was given: a checkpoint, signed or not. No signature is verified.
    ///
    /// # Errors
    /// [`CheckpointError`] if the text is neither.
    pub fn parse_kept(text: &str) -> Result<Self, CheckpointError> {
        match SignedCheckpoint::parse(text.as_bytes()) {
            Ok(signed) => Ok(signed.unverified().clone()),
            Err(_) => text.parse(),
        }
    }

    /// A checkpoint without extension lines.
    #[must_use]
    pub fn new(origin: Origin, head: TreeHead) -> Self {
        Self {
            origin,
            head,
            extensions: Vec::new(),
        }
    }

    /// Adds a line whose meaning is up to the log. The specification advises against them.
    ///
    /// # Errors
    /// [`CheckpointError::Extension`] if it is empty or holds a control character, such as a newline.
    pub fn with_extension(mut self, line: impl Into<String>) -> Result<Self, CheckpointError> {
        let line = line.into();
        if !is_line(&line) {
            return Err(CheckpointError::Extension);
        }
        self.extensions.push(line);
        Ok(self)
    }

    /// The log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Size and root of its tree.
    #[must_use]
    pub const fn head(&self) -> &TreeHead {
        &self.head
    }

    /// The lines below the root.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Signs the checkpoint.
    ///
    /// # Errors
    /// [`NoteError`] if the signer fails, or extension lines make the note too long.
    pub fn sign(&self, signer: &dyn CheckpointSigner) -> Result<SignedCheckpoint, NoteError> {
        let note = SignedNote::sign(self.to_string(), signer)?;
        Ok(SignedCheckpoint {
            checkpoint: self.clone(),
            note,
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TreeHead { size, root } = self.head;
        writeln!(f, "{}\n{size}\n{root}", self.origin)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads the lines, each of which ends in a newline.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > SignedNote::MAX_LEN {
            return Err(NoteError::TooLong.into());
        }
        let mut lines = text
            .strip_suffix('\n')
            .ok_or(NoteError::NoNewline)?
            .split('\n');
        let origin = Origin::parse(lines.next().unwrap_or_default())?;
        let size = lines
            .next()
            .and_then(from_decimal)
            .ok_or(CheckpointError::Size)?;
        let root = lines
            .next()
            .and_then(|line| line.parse().ok())
            .ok_or(CheckpointError::Root)?;
        let checkpoint = Self::new(origin, TreeHead { size, root });
        lines.try_fold(checkpoint, Self::with_extension)
    }
}

/// A checkpoint with signatures below it, of which none has been verified.
///
/// Signing and verifying takes the feature `sign`, or a [`CheckpointSigner`] of your own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: SignedNote,
}

impl SignedCheckpoint {
    /// Reads a signed note whose text is a checkpoint. No signature is verified.
    ///
    /// # Errors
    /// [`CheckpointError`] if it is not one.
    pub fn parse(note: &[u8]) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        let checkpoint = note.unverified_text().parse()?;
        Ok(Self { checkpoint, note })
    }

    /// The checkpoint, for which nothing vouches as long as no signature has been verified.
    #[must_use]
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note that it is.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// Adds a signature of one more key, for instance of the next one while keys change.
    ///
    /// # Errors
    /// [`NoteError`] if the signer fails or the note outgrows the limits; the checkpoint is as it was.
    pub fn sign_also(&mut self, signer: &dyn CheckpointSigner) -> Result<(), NoteError> {
        self.note.sign_also(signer)
    }

    /// Adds a signature that was made elsewhere, for instance by a witness. It is not verified.
    ///
    /// # Errors
    /// [`NoteError`] if the note outgrows the limits; the checkpoint is as it was.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        self.note.add(signature)
    }

    /// Verifies that this is a checkpoint of the log `origin`, signed by one of the keys of that log.
    ///
    /// `log_keys` are the keys of the log itself, more than one only while they change. Keys of witnesses have no place
    /// among them: a witness vouches for what it saw, not for what the log says.
    ///
    /// # Errors
    /// [`VerifyError`] if none of the keys signed, a signature by one of them is bad, or the checkpoint is of another
    /// log.
    #[cfg(feature = "sign")]
    pub fn verify(
        &self,
        origin: &Origin,
        log_keys: &[VerifyingKey],
    ) -> Result<&Checkpoint, VerifyError> {
        self.note.verify(log_keys)?;
        if self.checkpoint.origin != *origin {
            return Err(VerifyError::OtherOrigin);
        }
        Ok(&self.checkpoint)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

impl FromStr for SignedCheckpoint {
    type Err = CheckpointError;

    fn from_str(note: &str) -> Result<Self, CheckpointError> {
        Self::parse(note.as_bytes())
    }
}

/// Why a text is not a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The first line.
    #[error("the origin of a checkpoint must not be empty or hold control characters")]
    Origin,
    /// The second line.
    #[error(
        "the second line of a checkpoint must be the size of the tree, in digits without leading zeros"
    )]
    Size,
    /// The third line.
    #[error(
        "the third line of a checkpoint must be the root of the tree, 32 bytes in padded base64"
    )]
    Root,
    /// A line after these.
    #[error("an extension line of a checkpoint must not be empty or hold control characters")]
    Extension,
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Whether a text can stand as a line of its own in the text of a note.
fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}

#[cfg(test)]
mod tests;
