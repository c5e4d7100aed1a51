//! Reading a segment piece by piece, and finding frames in it.

use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::error::{Flaw, JournalError};
use super::files::{Files, Source};
use super::frame::{self, Head, MAX_PAYLOAD, OVERHEAD, Seed};
use super::segment::{self, HEADER, Header};

/// How much is read at a time where nothing asks for more.
const CHUNK: usize = 64 << 10;

/// The budget of a search for later frames: so many bytes it computes checksums over before it gives up, beside 32 for each
/// byte that is searched. A payload can be made to look like the starts of very many long frames.
pub(super) const SEARCH_BUDGET: u64 = 1 << 30;

/// How many records later than expected one can be and still be looked at: more than any file holds that was cut out of.
const FURTHEST: u64 = 1 << 32;

/// A segment, of which one stretch is in memory: as long as a chunk or a frame, and never longer than the file.
pub(super) struct Window<'w> {
    name: String,
    path: PathBuf,
    source: Box<dyn Source>,
    length: u64,
    held: &'w mut Vec<u8>,
    held_from: u64,
}

/// What stands at a place.
pub(super) enum Found<'a> {
    Frame(Head, &'a [u8]),
    /// The segment ends here.
    End,
    Bad(Flaw),
}

impl<'w> Window<'w> {
    /// Opens the segment that starts with record `first`. `memory` is reused from one segment to the next.
    pub(super) fn open(
        files: &dyn Files,
        first: u64,
        memory: &'w mut Vec<u8>,
    ) -> Result<Self, JournalError> {
        let name = segment::name(first);
        let path = files.directory().join(&name);
        let opened = files.open(&name).and_then(|mut source| {
            let length = source.length()?;
            Ok((source, length))
        });
        let (source, length) = opened.map_err(|cause| JournalError::io("open", &path, cause))?;
        memory.clear();
        Ok(Self {
            name,
            path,
            source,
            length,
            held: memory,
            held_from: 0,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The length of the file when it was last asked for.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Forgets what was read of a file that may have grown.
    pub(super) fn refresh(&mut self) -> Result<(), JournalError> {
        self.held.clear();
        match self.source.length() {
            Ok(length) => self.length = length,
            Err(cause) => return Err(JournalError::io("read", &self.path, cause)),
        }
        Ok(())
    }

    pub(super) fn damaged(&self, offset: u64, flaw: Flaw) -> JournalError {
        JournalError::Damaged {
            file: self.name.clone(),
            offset,
            flaw,
            follows: None,
        }
    }

    pub(super) fn header(&mut self) -> Result<Result<Header, Flaw>, JournalError> {
        let count = self.remaining(0).min(HEADER as u64) as usize;
        let bytes = self.bytes(0, count)?.unwrap_or_default();
        Ok(Header::parse(bytes))
    }

    /// What stands at `offset`, where record `expected` should.
    pub(super) fn frame(
        &mut self,
        offset: u64,
        seed: Seed,
        expected: u64,
    ) -> Result<Found<'_>, JournalError> {
        let found = self.remaining(offset);
        if found == 0 {
            return Ok(Found::End);
        }
        let cut = |expected| Found::Bad(Flaw::FrameCut { expected, found });
        let Some(head) = self.bytes(offset, OVERHEAD)?.and_then(Head::parse) else {
            return Ok(cut(OVERHEAD as u64));
        };
        if head.length as usize > MAX_PAYLOAD {
            let found = head.length;
            return Ok(Found::Bad(Flaw::Length { found }));
        }
        // Whatever the length claims, no more is read, and no more memory taken, than the file has.
        let Some(bytes) = self.bytes(offset, head.frame_length() as usize)? else {
            return Ok(cut(head.frame_length()));
        };
        let payload = bytes.get(OVERHEAD..).unwrap_or_default();
        if !head.matches(frame::checksum(head.begin(seed), payload)) {
            return Ok(Found::Bad(Flaw::Checksum));
        }
        if head.seq != expected {
            let found = head.seq;
            return Ok(Found::Bad(Flaw::Seq { expected, found }));
        }
        Ok(Found::Frame(head, payload))
    }

    /// The first byte behind `offset` at which a valid frame of record `expected` or a later one starts, if there is any.
    /// Where checking what looks like a frame would exceed the budget, its first byte: what may be a record is treated as
    /// one.
    pub(super) fn later_frame(
        &mut self,
        offset: u64,
        seed: Seed,
        expected: u64,
        budget: u64,
    ) -> Result<Option<u64>, JournalError> {
        let region = self.remaining(offset);
        let last = expected.saturating_add(FURTHEST);
        let mut budget = region.saturating_mul(32).saturating_add(budget);
        let mut from = offset.saturating_add(1);
        while let Some((at, head)) = self.next_head(from, expected..=last)? {
            match budget.checked_sub(head.frame_length()) {
                Some(rest) => budget = rest,
                None => return Ok(Some(at)),
            }
            if self.is_valid(at, head, seed)? {
                return Ok(Some(at));
            }
            from = at.saturating_add(1);
        }
        Ok(None)
    }

    /// The next place that looks like the start of a frame with one of these numbers.
    fn next_head(
        &mut self,
        mut from: u64,
        numbers: RangeInclusive<u64>,
    ) -> Result<Option<(u64, Head)>, JournalError> {
        let length = self.length;
        loop {
            let ahead = self.ahead(from)?;
            let Some(last_start) = ahead.len().checked_sub(OVERHEAD) else {
                return Ok(None);
            };
            let heads = ahead.windows(OVERHEAD).zip(from..);
            let found = heads
                .filter_map(|(bytes, at)| Some((at, Head::parse(bytes)?)))
                .find(|(at, head)| {
                    numbers.contains(&head.seq)
                        && head.length as usize <= MAX_PAYLOAD
                        && at.saturating_add(head.frame_length()) <= length
                });
            if found.is_some() {
                return Ok(found);
            }
            from = from.saturating_add(last_start as u64 + 1);
        }
    }

    /// Checks a frame that may be long in pieces.
    fn is_valid(&mut self, at: u64, head: Head, seed: Seed) -> Result<bool, JournalError> {
        let end = at.saturating_add(head.frame_length());
        let mut from = at.saturating_add(OVERHEAD as u64);
        let mut checksum = head.begin(seed);
        while from < end {
            let count = end.saturating_sub(from).min(CHUNK as u64) as usize;
            let Some(piece) = self.bytes(from, count)? else {
                return Ok(false);
            };
            checksum = frame::checksum(checksum, piece);
            from = from.saturating_add(count as u64);
        }
        Ok(head.matches(checksum))
    }

    /// Calls `visit` with everything from `offset` on, in pieces.
    pub(super) fn each_piece(
        &mut self,
        mut offset: u64,
        mut visit: impl FnMut(&[u8]),
    ) -> Result<(), JournalError> {
        loop {
            let count = self.remaining(offset).min(CHUNK as u64) as usize;
            match self.bytes(offset, count)? {
                Some(piece) if !piece.is_empty() => visit(piece),
                _ => return Ok(()),
            }
            offset = offset.saturating_add(count as u64);
        }
    }

    /// What is in memory from `offset` on, if that is enough for the start of a frame; else the next chunk.
    fn ahead(&mut self, offset: u64) -> Result<&[u8], JournalError> {
        if self.held_at(offset, OVERHEAD).is_none() {
            self.load(offset, OVERHEAD)?;
        }
        let skipped = offset.saturating_sub(self.held_from);
        Ok(self.held.get(skipped as usize..).unwrap_or_default())
    }

    /// `None` where the file has fewer bytes.
    fn bytes(&mut self, offset: u64, count: usize) -> Result<Option<&[u8]>, JournalError> {
        if self.remaining(offset) < count as u64 {
            return Ok(None);
        }
        if self.held_at(offset, count).is_none() {
            self.load(offset, count)?;
        }
        Ok(self.held_at(offset, count))
    }

    fn held_at(&self, offset: u64, count: usize) -> Option<&[u8]> {
        let skipped = usize::try_from(offset.checked_sub(self.held_from)?).ok()?;
        self.held.get(skipped..)?.get(..count)
    }

    fn remaining(&self, offset: u64) -> u64 {
        self.length.saturating_sub(offset)
    }

    /// Reads a chunk, or more if `count` is more. A file that has become shorter meanwhile yields less.
    fn load(&mut self, offset: u64, count: usize) -> Result<(), JournalError> {
        let wanted = self.remaining(offset).min(count.max(CHUNK) as u64) as usize;
        self.held_from = offset;
        self.held.resize(wanted, 0);
        let mut filled = 0;
        while let Some(room) = self.held.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self
                .source
                .read_at(room, offset.saturating_add(filled as u64))
            {
                Ok(0) => break,
                Ok(read) => filled = filled.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    self.held.clear();
                    return Err(JournalError::io("read", &self.path, cause));
                }
            }
        }
        self.held.truncate(filled);
        Ok(())
    }
}
