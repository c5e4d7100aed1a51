//! One record on file: `length u32 | checksum u32 | kind u8 | seq u64 | payload`, little endian.
//!
//! The checksum is CRC-32C over everything but itself, as if the journal's id stood in front, so that a record of
//! another journal does not pass. It finds accidents; whoever writes on purpose can compute it too.

use std::io;

use crc32c::{crc32c, crc32c_append};

use super::error::JournalError;
use super::segment::Id;

/// Bytes of a frame beside its payload.
pub(super) const OVERHEAD: usize = 17;

/// The longest payload of any frame, whatever a journal is configured to: a reader's memory is bounded by it.
pub(super) const MAX_PAYLOAD: usize = 16 << 20;

/// Where a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// The segment, by the sequence number of its first record.
    pub(crate) segment: u64,
    /// Where in it, in bytes from its start.
    pub(crate) offset: u64,
}

/// A record that was read and passed every check. Not to be shown as it is: what it holds is the writer's secret.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The sequence number, from 0 without gaps.
    pub(crate) seq: u64,
    /// What the writer said that it is.
    pub(crate) kind: u8,
    /// What the writer wrote.
    pub(crate) payload: &'a [u8],
    /// Where it stands.
    pub(crate) place: Place,
}

/// The payload of a record that is being appended, written right behind the records before it.
pub(crate) struct Payload<'a> {
    queue: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
    overflowed: bool,
}

impl Payload<'_> {
    /// Appends to the payload.
    ///
    /// # Errors
    ///
    /// [`JournalError::TooLarge`] where it would get longer than the journal takes. Such a record is refused even if
    /// this error is ignored.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        if bytes.len() > self.limit.saturating_sub(self.bytes().len()) {
            self.overflowed = true;
        }
        if self.overflowed {
            return Err(JournalError::TooLarge { limit: self.limit });
        }
        self.queue.extend_from_slice(bytes);
        Ok(())
    }

    /// What was written so far.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.queue.get(self.start..).unwrap_or_default()
    }
}

/// For serialisers. All is taken or none.
impl io::Write for Payload<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.push(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => Err(io::Error::new(io::ErrorKind::FileTooLarge, error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The checksum's start, by the journal's id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u32);

impl Seed {
    pub(super) fn new(id: &Id) -> Self {
        Self(crc32c(id))
    }
}

/// What stands in front of a payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) length: u32,
    checksum: u32,
    pub(super) kind: u8,
    pub(super) seq: u64,
}

impl Head {
    /// Reads the first bytes of a frame, if there are enough.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (checksum, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first()?;
        Some(Self {
            length: u32::from_le_bytes(*length),
            checksum: u32::from_le_bytes(*checksum),
            kind: *kind,
            seq: u64::from_le_bytes(*rest.first_chunk()?),
        })
    }

    /// The bytes of the whole frame.
    pub(super) fn frame_length(&self) -> u64 {
        OVERHEAD as u64 + u64::from(self.length)
    }

    /// The checksum over what stands in front of the payload, to be carried on over it.
    pub(super) fn begin(&self, seed: Seed) -> u32 {
        let [a, b, c, d] = self.length.to_le_bytes();
        let [e, f, g, h, i, j, k, l] = self.seq.to_le_bytes();
        crc32c_append(seed.0, &[a, b, c, d, self.kind, e, f, g, h, i, j, k, l])
    }

    pub(super) fn matches(&self, checksum: u32) -> bool {
        self.checksum == checksum
    }

    fn encode(&self) -> [u8; OVERHEAD] {
        let [a, b, c, d] = self.length.to_le_bytes();
        let [e, f, g, h] = self.checksum.to_le_bytes();
        let [i, j, k, l, m, n, o, p] = self.seq.to_le_bytes();
        [a, b, c, d, e, f, g, h, self.kind, i, j, k, l, m, n, o, p]
    }
}

/// Carries a checksum on.
pub(super) fn checksum(so_far: u32, bytes: &[u8]) -> u32 {
    crc32c_append(so_far, bytes)
}

/// Appends a frame to the queue, whose payload `write` writes. If that fails or panics, the queue is as it was.
pub(super) fn encode<T, E: From<JournalError>>(
    queue: &mut Vec<u8>,
    seed: Seed,
    limit: usize,
    (kind, seq): (u8, u64),
    write: impl FnOnce(&mut Payload<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut rollback = Rollback::new(queue);
    let start = rollback.start;
    rollback.queue.extend_from_slice(&[0; OVERHEAD]);
    let mut payload = Payload {
        start: start.saturating_add(OVERHEAD),
        queue: rollback.queue,
        limit,
        overflowed: false,
    };
    let value = write(&mut payload)?;
    let too_large = JournalError::TooLarge { limit };
    if payload.overflowed {
        return Err(too_large.into());
    }
    let bytes = payload.bytes();
    let mut head = Head {
        length: u32::try_from(bytes.len()).map_err(|_| too_large)?,
        checksum: 0,
        kind,
        seq,
    };
    head.checksum = checksum(head.begin(seed), bytes);
    if let Some(place) = rollback
        .queue
        .get_mut(start..)
        .and_then(<[u8]>::first_chunk_mut)
    {
        *place = head.encode();
    }
    rollback.is_complete = true;
    Ok(value)
}

/// Takes back half a frame.
struct Rollback<'a> {
    queue: &'a mut Vec<u8>,
    start: usize,
    is_complete: bool,
}

impl<'a> Rollback<'a> {
    fn new(queue: &'a mut Vec<u8>) -> Self {
        Self {
            start: queue.len(),
            queue,
            is_complete: false,
        }
    }
}

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        if !self.is_complete {
            self.queue.truncate(self.start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by an independent script from the description of the format. A change here breaks every journal.
    #[test]
    fn the_frame_is_fixed() {
        let mut queue = b"before".to_vec();
        let seed = Seed::new(b"0123456789abcdef");
        encode(&mut queue, seed, 7, (7, 0x0102), |record| {
            record.push(b"payload")
        })
        .unwrap();
        let expected = b"before\x07\0\0\0\xef\x39\x11\x05\x07\x02\x01\0\0\0\0\0\0payload";
        assert_eq!(queue, expected);
    }
}
