//! Writing through a buffer that is overwritten.

use zeroize::{Zeroize as _, Zeroizing};

use crate::journal::{Sink, append_all};
use crate::privacy::memory::MemoryError;

/// Bytes on their way into a file, with their checksum.
pub(super) struct Output<'s> {
    sink: &'s mut dyn Sink,
    buffer: Zeroizing<Vec<u8>>,
    checksum: u32,
}

/// It does not grow, since memory that it left behind would not be overwritten.
const ROOM: usize = 64 << 10;

impl<'s> Output<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            buffer: Zeroizing::new(Vec::with_capacity(ROOM)),
            checksum: 0,
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), MemoryError> {
        for piece in bytes.chunks(ROOM) {
            if self.buffer.len().saturating_add(piece.len()) > ROOM {
                self.flush()?;
            }
            self.buffer.extend_from_slice(piece);
        }
        Ok(())
    }

    /// Of at most 255 bytes, as all texts in a file are.
    pub(super) fn text(&mut self, text: &str) -> Result<(), MemoryError> {
        let length = u8::try_from(text.len())
            .map_err(|_| MemoryError::Storage("a text is too long to be saved".into()))?;
        self.bytes(&[length])?;
        self.bytes(text.as_bytes())
    }

    /// Writes the checksum and waits until all is on disk.
    pub(super) fn finish(mut self) -> Result<(), MemoryError> {
        self.flush()?;
        append_all(self.sink, &self.checksum.to_le_bytes())?;
        Ok(self.sink.sync()?)
    }

    fn flush(&mut self) -> Result<(), MemoryError> {
        self.checksum = crc32c::crc32c_append(self.checksum, &self.buffer);
        append_all(self.sink, &self.buffer)?;
        self.buffer.as_mut_slice().zeroize();
        self.buffer.clear();
        Ok(())
    }
}
