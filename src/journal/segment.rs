//! The start of a file, and its name.

use std::fmt;

use crc32c::crc32c;

use super::error::{Flaw, JournalError};
use super::files::Files;
use crate::text::Plain;

/// Bytes of a segment's header:
/// `magic [8] | version u32 | journal id [16] | first seq u64 | purpose [32] | checksum u32`, little endian.
pub(super) const HEADER: usize = 72;

pub(super) const VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"PORTJRNL";

/// Where the header holds what it has in common with others, for messages.
pub(super) const ID_OFFSET: u64 = 12;
pub(super) const FIRST_OFFSET: u64 = 28;

/// What tells the journals apart: random, chosen when one is created, the same in all of its segments.
pub(super) type Id = [u8; 16];

/// What a journal is for, so that one kind is never opened as another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purpose([u8; 32]);

impl Purpose {
    /// A purpose by its name, such as `b"audit"`, of 1 to 32 bytes.
    pub(crate) const fn new<const N: usize>(name: &[u8; N]) -> Self {
        const { assert!(N >= 1 && N <= 32, "a purpose has 1 to 32 bytes") };
        let mut padded = [0; 32];
        let (start, _) = padded.split_at_mut(N);
        start.copy_from_slice(name);
        Self(padded)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = String::from_utf8_lossy(&self.0);
        Plain(name.trim_end_matches('\0')).fmt(f)
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Purpose({self})")
    }
}

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) purpose: Purpose,
    pub(super) id: Id,
    /// The sequence number of its first frame.
    pub(super) first: u64,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.purpose.0);
        bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        let found = bytes.len() as u64;
        let fields = Fields::split(bytes).ok_or(Flaw::HeaderCut { found })?;
        let version = u32::from_le_bytes(fields.version);
        if fields.magic != MAGIC {
            return Err(Flaw::Magic);
        }
        // Before the checksum, which another version may have elsewhere.
        if version != VERSION {
            return Err(Flaw::Version { found: version });
        }
        if fields.checksum != crc32c(fields.covered) {
            return Err(Flaw::HeaderChecksum);
        }
        Ok(Self {
            purpose: Purpose(fields.purpose),
            id: fields.id,
            first: u64::from_le_bytes(fields.first),
        })
    }

    pub(super) fn check_purpose(&self, expected: Purpose, file: &str) -> Result<(), JournalError> {
        if self.purpose == expected {
            return Ok(());
        }
        Err(JournalError::WrongPurpose {
            file: file.to_owned(),
            expected,
            found: self.purpose,
        })
    }
}

struct Fields<'a> {
    magic: [u8; 8],
    version: [u8; 4],
    id: Id,
    first: [u8; 8],
    purpose: [u8; 32],
    checksum: u32,
    covered: &'a [u8],
}

impl<'a> Fields<'a> {
    fn split(bytes: &'a [u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (first, rest) = rest.split_first_chunk()?;
        let (purpose, rest) = rest.split_first_chunk()?;
        Some(Self {
            magic: *magic,
            version: *version,
            id: *id,
            first: *first,
            purpose: *purpose,
            checksum: u32::from_le_bytes(*rest.first_chunk()?),
            covered: bytes.get(..HEADER.checked_sub(4)?)?,
        })
    }
}

/// The name of the segment that starts with record `first`. Names sort as numbers do.
pub(super) fn name(first: u64) -> String {
    format!("journal-{first:020}.log")
}

/// The segments in a directory, by their first records, in order. Whatever is named otherwise is left alone.
pub(super) fn list(files: &dyn Files) -> Result<Vec<u64>, JournalError> {
    let mut segments = Vec::new();
    files
        .list(&mut |name| segments.extend(first_in(name)))
        .map_err(|cause| JournalError::io("list", files.directory(), cause))?;
    segments.sort_unstable();
    Ok(segments)
}

fn first_in(file_name: &str) -> Option<u64> {
    let digits = file_name.strip_prefix("journal-")?.strip_suffix(".log")?;
    let first = digits.parse().ok()?;
    (name(first) == file_name).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_are_segments() {
        for first in [0, 7, u64::MAX] {
            assert_eq!(first_in(&name(first)), Some(first));
        }
        for other in [
            "journal-0.log",
            "journal-+0000000000000000001.log",
            "journal-00000000000000000000.log.bak",
            "journal-99999999999999999999.log",
            "Journal-00000000000000000000.log",
            "lock",
        ] {
            assert_eq!(first_in(other), None, "{other}");
        }
    }

    /// Computed by an independent script from the description of the format. A change here breaks every journal.
    #[test]
    fn the_header_is_fixed() {
        let header = Header {
            purpose: Purpose::new(b"audit"),
            id: *b"0123456789abcdef",
            first: 0x0102,
        };
        let mut expected =
            b"PORTJRNL\x01\x00\x00\x000123456789abcdef\x02\x01\0\0\0\0\0\0audit".to_vec();
        expected.resize(68, 0);
        expected.extend([0x8d, 0xf2, 0x38, 0x5c]);
        assert_eq!(header.encode(), expected);
        assert_eq!(Header::parse(&header.encode()), Ok(header));
        assert_eq!(header.purpose.to_string(), "audit");
    }
}
