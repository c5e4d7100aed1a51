//! What can go wrong with a journal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame::MAX_PAYLOAD;
use super::segment::{HEADER, Purpose, VERSION};

/// Why a journal could not be opened, read or written.
///
/// Messages name files and byte offsets. They never repeat what a record holds.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum JournalError {
    /// Another writer has the directory open, in this process or in another one.
    #[error("journal `{}` is in use by another writer", .directory.display())]
    Locked {
        /// The journal's directory.
        directory: PathBuf,
    },
    /// The system refused an operation. When it was a write or a sync, the journal is poisoned from then on.
    #[error("cannot {action} `{}`: {cause}", .file.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file, or the directory.
        file: PathBuf,
        /// The system's answer. Shared, since it is also the first cause of what is refused later.
        cause: Arc<io::Error>,
    },
    /// A file holds what no crash of a writer leaves behind. Nothing was changed.
    #[error("`{file}` is damaged at byte {offset}: {flaw}{}", Follows(*.follows))]
    Damaged {
        /// The name of the segment.
        file: String,
        /// Where in it, in bytes from its start.
        offset: u64,
        /// What was expected there.
        flaw: Flaw,
        /// Where a valid later record stands behind the flaw, if that is why this is damage and not a torn tail.
        follows: Option<u64>,
    },
    /// The directory holds a journal of another kind.
    #[error("`{file}` belongs to a journal for `{found}`, not to one for `{expected}`")]
    WrongPurpose {
        /// The name of the segment.
        file: String,
        /// What the journal was opened as.
        expected: Purpose,
        /// What the segment says that it is.
        found: Purpose,
    },
    /// The disk is busy and as much waits for it as may. The record was not taken; it can be tried again.
    #[error("the journal's queue is full: {queued} bytes wait for the disk")]
    Full {
        /// How much waits, in bytes.
        queued: usize,
    },
    /// The record is longer than the journal takes. It was not taken.
    #[error("a record of the journal holds at most {limit} bytes")]
    TooLarge {
        /// The longest payload, in bytes.
        limit: usize,
    },
    /// A sync was asked for up to a record that does not exist.
    #[error("record {seq} was never appended; the next one is {next}")]
    NotAppended {
        /// The sequence number asked for.
        seq: u64,
        /// The number that the next record will get.
        next: u64,
    },
    /// An earlier write or sync failed, so that nobody knows what is on disk. Open the directory anew to find out.
    #[error("the journal stopped at its first failure: {first}")]
    Poisoned {
        /// That failure.
        first: Arc<JournalError>,
    },
    /// The system gave no random bytes for the id of a new journal.
    #[error("the system gave no random bytes for the id of a new journal")]
    Entropy,
}

impl JournalError {
    pub(crate) fn io(action: &'static str, file: &Path, cause: io::Error) -> Self {
        Self::Io {
            action,
            file: file.to_owned(),
            cause: Arc::new(cause),
        }
    }
}

/// What was expected at a place, and what stood there instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Flaw {
    /// The file ends within the header of a segment.
    #[error("expected a segment header of {HEADER} bytes, found {found}")]
    HeaderCut {
        /// The bytes that are there.
        found: u64,
    },
    /// The file does not start as a segment does.
    #[error("expected the first bytes of a journal segment")]
    Magic,
    /// Written by another version of this format.
    #[error("expected format version {VERSION}, found {found}")]
    Version {
        /// The version that the header names.
        found: u32,
    },
    /// The header does not match its checksum.
    #[error("expected a segment header that matches its checksum")]
    HeaderChecksum,
    /// The segment belongs to another journal.
    #[error("expected the journal id of the first segment")]
    JournalId,
    /// A segment does not start where the one before it ends: records or whole segments are missing, or too many.
    #[error("expected the segment to start with record {expected}, found {found}")]
    FirstSeq {
        /// The number behind the last record of the segment before.
        expected: u64,
        /// The number that the segment starts with.
        found: u64,
    },
    /// The file ends within a record.
    #[error("expected a record of at least {expected} bytes, found {found}")]
    FrameCut {
        /// The bytes that the record needs.
        expected: u64,
        /// The bytes that are there.
        found: u64,
    },
    /// A record claims to be longer than any is.
    #[error("expected a record of at most {MAX_PAYLOAD} bytes, found a length of {found}")]
    Length {
        /// The length that it claims.
        found: u32,
    },
    /// A record does not match its checksum.
    #[error("expected a record that matches its checksum")]
    Checksum,
    /// A record of this journal stands at another one's place: some were removed, repeated or moved.
    #[error("expected record {expected}, found record {found}")]
    Seq {
        /// The number that comes next here.
        expected: u64,
        /// The number of the record that stands here.
        found: u64,
    },
}

/// The end of the message on damage.
struct Follows(Option<u64>);

impl fmt::Display for Follows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(offset) => write!(f, ", and later records follow at byte {offset}"),
            None => Ok(()),
        }
    }
}
