//! What a record tells of a tool's result.

use std::cell::RefCell;
use std::fmt;
use std::io;

use serde::Serialize;

use crate::decision::AuditLevel;
use crate::digest::{Digest, DigestKey, TextDigest};

/// What a tool returned, as JSON, as far as a log may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolResult<'a> {
    /// Its length in bytes.
    pub size: u64,
    /// Its digest under the log's key.
    pub digest: Digest,
    /// At the audit level `full` its text; of one longer than [`KEPT`](Self::KEPT) bytes, the beginning.
    pub text: Option<&'a str>,
}

impl ToolResult<'_> {
    /// How much of a result a log may keep, in bytes.
    pub const KEPT: usize = 1 << 20;
}

/// Reads a result once: its size, its digest, its beginning. It takes no more memory than that, whatever the tool returned.
#[doc(hidden)]
pub struct ResultReading {
    digest: TextDigest,
    size: u64,
    /// The beginning; not in the digest yet as long as it is all there is.
    kept: Vec<u8>,
    is_read: bool,
}

/// What tells these digests from others under the same key.
const USAGE: u8 = b'r';

thread_local! {
    /// Memory for the result that this thread reads.
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The most memory that a thread holds on to.
const HELD: usize = 64 << 10;

impl ResultReading {
    pub(crate) fn new(key: &DigestKey) -> Self {
        // While a thread ends there is none.
        let memory = MEMORY.try_with(|memory| memory.take());
        let mut kept = memory.unwrap_or_default();
        kept.clear();
        Self {
            digest: key.text(USAGE),
            size: 0,
            kept,
            is_read: false,
        }
    }

    /// Reads a value. One that does not serialise counts as one that was not shown.
    pub fn read<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.is_read = serde_json::to_writer(self.by_ref(), value).is_ok();
    }

    fn by_ref(&mut self) -> &mut Self {
        self
    }

    /// Hands on what was read, as far as the audit level allows; `None` if nothing was.
    pub(crate) fn tell<T>(
        mut self,
        level: AuditLevel,
        hear: impl FnOnce(Option<ToolResult<'_>>) -> T,
    ) -> T {
        if self.is_whole() {
            self.digest.update(&self.kept);
        }
        let text = (level >= AuditLevel::Full).then(|| valid_beginning(&self.kept));
        let result = self.is_read.then(|| ToolResult {
            size: self.size,
            digest: self.digest.finish(),
            text,
        });
        let heard = hear(result);
        self.kept.shrink_to(HELD);
        let _ = MEMORY.try_with(|memory| memory.replace(self.kept));
        heard
    }

    fn is_whole(&self) -> bool {
        self.size == self.kept.len() as u64
    }
}

impl io::Write for ResultReading {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = ToolResult::KEPT.saturating_sub(self.kept.len());
        // What fits waits to be hashed in one piece with the rest.
        if piece.len() > room {
            if self.is_whole() {
                self.digest.update(&self.kept);
            }
            self.digest.update(piece);
        }
        let beginning = piece.get(..room).unwrap_or(piece);
        self.kept.extend_from_slice(beginning);
        self.size = self.size.saturating_add(piece.len() as u64);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What of it is text: a character may be cut at the end.
fn valid_beginning(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(valid).unwrap_or_default()
    })
}

impl fmt::Debug for ResultReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultReading").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn digest(pieces: &mut dyn Iterator<Item = &[u8]>) -> Digest {
        let mut reading = ResultReading::new(&DigestKey::from_bytes(&[1; 32]));
        pieces.for_each(|piece| reading.write_all(piece).unwrap());
        reading.is_read = true;
        reading.tell(AuditLevel::Standard, |result| result.unwrap().digest)
    }

    /// A type is free to write itself in other pieces from one version to the next.
    #[test]
    fn the_digest_is_of_the_text_whatever_pieces_it_came_in() {
        let longer = ToolResult::KEPT + 5;
        for length in [0, 1, ToolResult::KEPT - 1, ToolResult::KEPT, longer] {
            let text: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut expected = DigestKey::from_bytes(&[1; 32]).text(USAGE);
            expected.update(&text);
            let expected = expected.finish();
            for piece in [1, 1 << 10, ToolResult::KEPT, longer] {
                let told = digest(&mut text.chunks(piece));
                assert_eq!(told, expected, "{length} bytes, {piece} at a time");
            }
        }
    }
}
