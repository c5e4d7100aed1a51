//! Reading, strictly and in bounded memory.

use zeroize::Zeroizing;

use super::damaged;
use crate::journal::{Source, read_up_to};
use crate::privacy::memory::MemoryError;

/// Bytes out of a file, of which no more are taken than there are. The last four, the checksum, are not among them.
pub(super) struct Input<'s> {
    source: &'s mut dyn Source,
    /// Where the buffer ends in the file, and where the checksum stands.
    read: u64,
    end: u64,
    buffer: Zeroizing<Vec<u8>>,
    used: usize,
    checksum: u32,
}

const ROOM: usize = 64 << 10;
const CHECKSUM: u64 = 4;

impl<'s> Input<'s> {
    pub(super) fn new(source: &'s mut dyn Source) -> Result<Self, MemoryError> {
        let Some(end) = source.length()?.checked_sub(CHECKSUM) else {
            return damaged("it is too short");
        };
        Ok(Self {
            source,
            read: 0,
            end,
            buffer: Zeroizing::default(),
            used: 0,
            checksum: 0,
        })
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), MemoryError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let ready = self.buffer.get(self.used..).unwrap_or_default();
            if ready.is_empty() {
                self.refill()?;
                continue;
            }
            let count = ready.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            for (to, from) in now.iter_mut().zip(ready) {
                *to = *from;
            }
            self.used = self.used.saturating_add(count);
            rest = later;
        }
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], MemoryError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, MemoryError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, MemoryError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Result<String, MemoryError> {
        let mut bytes = vec![0; usize::from(self.byte()?)];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).or_else(|_| damaged("a text is none"))
    }

    /// So many numbers, read into memory that is there already.
    pub(super) fn floats(&mut self, row: &mut [f32]) -> Result<(), MemoryError> {
        for value in row {
            *value = self.array().map(f32::from_le_bytes)?;
        }
        Ok(())
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> u64 {
        let ready = self.buffer.len().saturating_sub(self.used) as u64;
        self.end.saturating_sub(self.read).saturating_add(ready)
    }

    /// That there is nothing more, and that all was as it was written.
    pub(super) fn finish(self) -> Result<(), MemoryError> {
        if self.left() > 0 {
            return damaged("there is more in it than it says");
        }
        let checksum = read_up_to(self.source, self.end, CHECKSUM as usize)?;
        match checksum == self.checksum.to_le_bytes() {
            true => Ok(()),
            false => damaged("the checksum is another"),
        }
    }

    fn refill(&mut self) -> Result<(), MemoryError> {
        let left = self.end.saturating_sub(self.read);
        let count = usize::try_from(left).map_or(ROOM, |left| left.min(ROOM));
        self.buffer = Zeroizing::new(read_up_to(self.source, self.read, count)?);
        if self.buffer.is_empty() {
            return damaged("it ends too early");
        }
        self.used = 0;
        self.read = self.read.saturating_add(self.buffer.len() as u64);
        self.checksum = crc32c::crc32c_append(self.checksum, &self.buffer);
        Ok(())
    }
}
