//! Opening a journal for writing, and mending what a crash left.

use std::path::Path;
use std::process;
use std::sync::Arc;

use rand::TryRng as _;
use sha2::{Digest as _, Sha256};

use super::Journal;
use super::commit::{Commits, Sizes};
use super::error::JournalError;
use super::files::{Directory, Files};
use super::frame::{Frame, MAX_PAYLOAD, Place, Seed};
use super::scan::{Mode, Scanned, Tail, scan};
use super::segment::{self, Id, Purpose};
use super::window::Window;
use super::writer::Writer;
use crate::digest::Digest;

/// How a journal is opened.
#[derive(Clone, Debug)]
pub(crate) struct OpenOptions {
    purpose: Purpose,
    sizes: Sizes,
    segment_size: u64,
    accept_loss: bool,
}

impl OpenOptions {
    /// The defaults: payloads up to 16 MiB, segments of 64 MiB, writes of 8 KiB, a queue of 1 MiB, no loss accepted.
    #[must_use]
    pub(crate) fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            sizes: Sizes {
                max_payload: MAX_PAYLOAD,
                write_at: 8 << 10,
                queue: 1 << 20,
            },
            segment_size: 64 << 20,
            accept_loss: false,
        }
    }

    /// The longest payload of a new record, in bytes, at most 16 MiB. Longer ones that are there already still open.
    #[must_use]
    pub(crate) fn max_payload(mut self, bytes: usize) -> Self {
        self.sizes.max_payload = bytes.min(MAX_PAYLOAD);
        self
    }

    /// The length, in bytes, over which a segment does not grow. What is written at one time stays together, so that one
    /// write larger than this makes one larger segment.
    #[must_use]
    pub(crate) fn segment_size(mut self, bytes: u64) -> Self {
        self.segment_size = bytes;
        self
    }

    /// How many bytes buffered appends collect before they are written.
    #[must_use]
    pub(crate) fn write_at(mut self, bytes: usize) -> Self {
        self.sizes.write_at = bytes;
        self
    }

    /// How many bytes may wait while the disk is busy; one record at least.
    #[must_use]
    pub(crate) fn queue(mut self, bytes: usize) -> Self {
        self.sizes.queue = bytes.max(1);
        self
    }

    /// Whether records behind a hole in the last segment may be cut off. For an operator who has looked at the refusal:
    /// after a crash of the machine they are records that were never reported as durable, but damage looks the same.
    #[must_use]
    pub(crate) fn accept_loss(mut self, accept: bool) -> Self {
        self.accept_loss = accept;
        self
    }

    /// Opens the journal in a directory, which is created if it is not there, and calls `visit` with every record.
    ///
    /// All that `visit` has seen is durable when this returns. When this fails, `visit` may have seen records before the
    /// place that is wrong; what was made of them is to be thrown away.
    ///
    /// # Errors
    ///
    /// [`JournalError::Locked`] where another writer has it open, [`JournalError::Damaged`] and
    /// [`JournalError::WrongPurpose`] where the files are not what a writer leaves behind, [`JournalError::Io`], and
    /// whatever `visit` answers. Nothing is changed on disk then, unless the system failed in the middle of a repair, which
    /// the next opening completes.
    pub(crate) fn open<E: From<JournalError>>(
        &self,
        directory: &Path,
        visit: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(Journal, OpenReport), E> {
        self.open_in(Arc::new(Directory::create(directory)?), visit)
    }

    /// As [`open`](Self::open), over any files.
    pub(crate) fn open_in<E: From<JournalError>>(
        &self,
        files: Arc<dyn Files>,
        visit: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(Journal, OpenReport), E> {
        self.open_asking(files, visit, |_| Ok(()))
    }

    /// As [`open_in`](Self::open_in), but before anything is changed on disk, `consent` is asked, under the lock and with all
    /// records visited: it is told what is to be cut off, if anything is. Where it refuses, nothing is changed.
    pub(crate) fn open_asking<E: From<JournalError>>(
        &self,
        files: Arc<dyn Files>,
        visit: impl FnMut(Frame<'_>) -> Result<(), E>,
        consent: impl FnOnce(Option<&Recovered>) -> Result<(), E>,
    ) -> Result<(Journal, OpenReport), E> {
        let lock = files
            .lock()
            .map_err(|cause| JournalError::io("lock", files.directory(), cause))?
            .ok_or_else(|| JournalError::Locked {
                directory: files.directory().to_owned(),
            })?;
        let scanned = scan(&*files, self.purpose, Mode::Alone, visit)?;
        let tail = scanned.tail.as_ref();
        let recovered = tail.map(|tail| self.no_record(&*files, tail)).transpose()?;
        consent(recovered.as_ref())?;
        if let Some(recovered) = &recovered {
            cut_off(&*files, recovered)?;
        }
        let report = OpenReport {
            created: scanned.id.is_none(),
            next_seq: scanned.next,
            recovered,
        };
        let (id, writer) = self.writer(files, &scanned)?;
        let journal = Journal {
            commits: Commits::new(self.sizes, Seed::new(&id), scanned.next, writer),
            id,
            process: process::id(),
            _lock: lock,
        };
        Ok((journal, report))
    }

    /// What stands at the end and is no record, if it may be cut off.
    fn no_record(&self, files: &dyn Files, tail: &Tail) -> Result<Recovered, JournalError> {
        let cause = match tail.follows {
            Some(_) if !self.accept_loss => return Err(tail.damage()),
            Some(follows) => Cause::AcceptedLoss { follows },
            None if tail.place.offset == 0 => Cause::TornHeader,
            None => Cause::TornTail,
        };
        Ok(Recovered {
            segment: segment::name(tail.place.segment),
            offset: tail.place.offset,
            bytes: tail.bytes,
            digest: digest_of(files, tail.place)?,
            cause,
        })
    }

    fn writer(
        &self,
        files: Arc<dyn Files>,
        scanned: &Scanned,
    ) -> Result<(Id, Writer), JournalError> {
        let size = self.segment_size;
        if let (Some(id), Some(last)) = (scanned.id, scanned.last) {
            let writer = Writer::resume(files, self.purpose, id, size, last)?;
            return Ok((id, writer));
        }
        let mut id = Id::default();
        rand::rngs::SysRng
            .try_fill_bytes(&mut id)
            .map_err(|_| JournalError::Entropy)?;
        Ok((id, Writer::create(files, self.purpose, id, size)?))
    }
}

/// The writer makes this durable before it writes anything.
fn cut_off(files: &dyn Files, recovered: &Recovered) -> Result<(), JournalError> {
    let segment = &recovered.segment;
    let (action, done) = match recovered.cause {
        Cause::TornHeader => ("remove", files.remove(segment)),
        Cause::TornTail | Cause::AcceptedLoss { .. } => {
            ("truncate", files.truncate(segment, recovered.offset))
        }
    };
    done.map_err(|cause| JournalError::io(action, &files.directory().join(segment), cause))
}

fn digest_of(files: &dyn Files, place: Place) -> Result<Digest, JournalError> {
    let mut memory = Vec::new();
    let mut hash = Sha256::new();
    Window::open(files, place.segment, &mut memory)?
        .each_piece(place.offset, |piece| hash.update(piece))?;
    Ok(Digest::from(<[u8; 32]>::from(hash.finalize())))
}

/// What was found when a journal was opened.
#[derive(Clone, Debug)]
pub(crate) struct OpenReport {
    /// There was no journal, and now there is one.
    pub(crate) created: bool,
    /// The number that the next record gets.
    pub(crate) next_seq: u64,
    /// What was cut off, if anything was.
    pub(crate) recovered: Option<Recovered>,
}

/// What was cut off the end of the last segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// The name of the segment.
    pub(crate) segment: String,
    /// Where it ends now.
    pub(crate) offset: u64,
    /// How much was cut off.
    pub(crate) bytes: u64,
    /// The SHA-256 of what was cut off.
    pub(crate) digest: Digest,
    /// Why.
    pub(crate) cause: Cause,
}

/// Why something was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The last record was being written when the writer died.
    TornTail,
    /// The segment was being created when the writer died. It held no record and was removed.
    TornHeader,
    /// Records were lost, as the operator had accepted.
    AcceptedLoss {
        /// Where, in the segment as it was, a record that looked valid was cut off with the rest.
        follows: u64,
    },
}
