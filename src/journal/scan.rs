//! Walking over all segments, and telling a torn tail from damage.

use super::error::{Flaw, JournalError};
use super::files::Files;
use super::frame::{Frame, Place, Seed};
use super::segment::{self, FIRST_OFFSET, HEADER, Header, ID_OFFSET, Id, Purpose};
use super::window::{Found, SEARCH_BUDGET, Window};

/// Who looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Under the lock: nothing moves.
    Alone,
    /// Beside a writer: the last segment may grow meanwhile.
    Beside,
}

/// What the segments hold.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// `None` where there is no segment with a whole header.
    pub(super) id: Option<Id>,
    /// The number behind that of the last record.
    pub(super) next: u64,
    /// The last segment with a whole header.
    pub(super) last: Option<Last>,
    /// What stands behind the last record and is none.
    pub(super) tail: Option<Tail>,
}

/// The segment to be written on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub(super) first: u64,
    /// Up to the end of its last record.
    pub(super) length: u64,
}

/// Bytes at the end of the last segment that are not records.
#[derive(Debug)]
pub(super) struct Tail {
    /// Offset 0 where not even the header is whole.
    pub(super) place: Place,
    pub(super) bytes: u64,
    pub(super) flaw: Flaw,
    /// Where a valid record stands behind the first bad byte.
    pub(super) follows: Option<u64>,
}

impl Tail {
    pub(super) fn damage(&self) -> JournalError {
        JournalError::Damaged {
            file: segment::name(self.place.segment),
            offset: self.place.offset,
            flaw: self.flaw,
            follows: self.follows,
        }
    }
}

/// Visits every record in order.
///
/// Only the tail of the last segment can be torn by a crash: a segment is synced before the next one is created, and its
/// own header before any record in it counts. Anything wrong elsewhere is damage.
pub(super) fn scan<E: From<JournalError>>(
    files: &dyn Files,
    purpose: Purpose,
    mode: Mode,
    mut visit: impl FnMut(Frame<'_>) -> Result<(), E>,
) -> Result<Scanned, E> {
    let segments = segment::list(files)?;
    let mut scan = Scan {
        purpose,
        mode,
        scanned: Scanned::default(),
    };
    let mut memory = Vec::new();
    let last = segments.len().saturating_sub(1);
    for (index, first) in segments.into_iter().enumerate() {
        let mut window = Window::open(files, first, &mut memory)?;
        scan.segment(&mut window, first, index == last, &mut visit)?;
    }
    Ok(scan.scanned)
}

struct Scan {
    purpose: Purpose,
    mode: Mode,
    scanned: Scanned,
}

impl Scan {
    fn segment<E: From<JournalError>>(
        &mut self,
        window: &mut Window<'_>,
        first: u64,
        is_last: bool,
        visit: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let expected = self.scanned.next;
        if first != expected {
            let found = first;
            return Err(window.damaged(0, Flaw::FirstSeq { expected, found }).into());
        }
        let header = match window.header()? {
            Ok(header) => header,
            Err(flaw) if is_last && is_torn_header(window, flaw) => {
                self.scanned.tail = Some(tail(window, first, 0, flaw));
                return Ok(());
            }
            Err(flaw) => return Err(window.damaged(0, flaw).into()),
        };
        self.check(window, header)?;
        let seed = Seed::new(&header.id);
        let mut place = Place {
            segment: first,
            offset: HEADER as u64,
        };
        let tail = loop {
            let seq = self.scanned.next;
            match window.frame(place.offset, seed, seq)? {
                Found::Frame(head, payload) => {
                    let kind = head.kind;
                    visit(Frame {
                        seq,
                        kind,
                        payload,
                        place,
                    })?;
                    place.offset = place.offset.saturating_add(head.frame_length());
                    self.scanned.next = seq.saturating_add(1);
                }
                Found::End => break None,
                Found::Bad(flaw @ Flaw::Seq { .. }) => {
                    return Err(window.damaged(place.offset, flaw).into());
                }
                Found::Bad(flaw) if !is_last => {
                    return Err(window.damaged(place.offset, flaw).into());
                }
                Found::Bad(flaw) => match self.tail(window, place, flaw, seed)? {
                    None => {}
                    torn => break torn,
                },
            }
        };
        self.scanned.tail = tail;
        self.scanned.last = Some(Last {
            first,
            length: place.offset,
        });
        Ok(())
    }

    fn check(&mut self, window: &Window<'_>, header: Header) -> Result<(), JournalError> {
        header.check_purpose(self.purpose, window.name())?;
        if header.first != self.scanned.next {
            let flaw = Flaw::FirstSeq {
                expected: self.scanned.next,
                found: header.first,
            };
            return Err(window.damaged(FIRST_OFFSET, flaw));
        }
        if *self.scanned.id.get_or_insert(header.id) != header.id {
            return Err(window.damaged(ID_OFFSET, Flaw::JournalId));
        }
        Ok(())
    }

    /// What is wrong at the end of the last segment, or `None` where a writer has completed the record meanwhile.
    fn tail(
        &self,
        window: &mut Window<'_>,
        place: Place,
        flaw: Flaw,
        seed: Seed,
    ) -> Result<Option<Tail>, JournalError> {
        let expected = self.scanned.next;
        let follows = window.later_frame(place.offset, seed, expected, SEARCH_BUDGET)?;
        if self.mode == Mode::Beside && follows.is_some() {
            // A writer appends in order: when a later record can be seen, so can this one.
            window.refresh()?;
            if let Found::Frame(..) = window.frame(place.offset, seed, expected)? {
                return Ok(None);
            }
        }
        Ok(Some(Tail {
            follows,
            ..tail(window, place.segment, place.offset, flaw)
        }))
    }
}

/// Whether a crash while the segment was created explains its header: then nothing was ever written behind it.
fn is_torn_header(window: &Window<'_>, flaw: Flaw) -> bool {
    let is_of_another_version = matches!(flaw, Flaw::Version { found } if found != 0);
    window.length() <= HEADER as u64 && !is_of_another_version
}

fn tail(window: &Window<'_>, segment: u64, offset: u64, flaw: Flaw) -> Tail {
    Tail {
        place: Place { segment, offset },
        bytes: window.length().saturating_sub(offset),
        flaw,
        follows: None,
    }
}
