//! Reading a journal without keeping its writer from writing.

use std::path::Path;
use std::sync::Arc;

use super::error::{Flaw, JournalError};
use super::files::{Directory, Files};
use super::frame::{Frame, OVERHEAD, Place, Seed};
use super::scan::{Mode, scan};
use super::segment::{Id, Purpose};
use super::window::{Found, Window};

/// A journal that is only read, possibly while another process writes it.
pub(crate) struct Reader {
    files: Arc<dyn Files>,
    purpose: Purpose,
}

/// What a reader found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadReport {
    /// What tells this journal from all others; `None` where there is no journal yet.
    pub(crate) id: Option<Id>,
    /// The number behind that of the last record.
    pub(crate) next_seq: u64,
    /// What stands behind the last record: mostly one that is being written.
    pub(crate) torn_tail: Option<TornTail>,
}

/// Bytes behind the last record that are none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TornTail {
    /// Where they start.
    pub(crate) place: Place,
    /// How many there are.
    pub(crate) bytes: u64,
}

impl Reader {
    /// A reader of the journal in a directory. Nothing is read yet.
    #[must_use]
    pub(crate) fn new(directory: &Path, purpose: Purpose) -> Self {
        Self::over(Arc::new(Directory::existing(directory)), purpose)
    }

    /// As [`new`](Self::new), over any files.
    #[must_use]
    pub(crate) fn over(files: Arc<dyn Files>, purpose: Purpose) -> Self {
        Self { files, purpose }
    }

    /// Calls `visit` with every record in order, up to the end as it is when the reader gets there.
    ///
    /// Records that were written but not synced are among them; a crash of the machine may still take them.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`] and [`JournalError::WrongPurpose`] where the files are not what a writer leaves behind,
    /// [`JournalError::Io`], and whatever `visit` answers.
    pub(crate) fn read<E: From<JournalError>>(
        &self,
        visit: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<ReadReport, E> {
        let scanned = scan(&*self.files, self.purpose, Mode::Beside, visit)?;
        let torn_tail = match scanned.tail {
            Some(tail) if tail.follows.is_some() => return Err(tail.damage().into()),
            Some(tail) => Some(TornTail {
                place: tail.place,
                bytes: tail.bytes,
            }),
            None => None,
        };
        Ok(ReadReport {
            id: scanned.id,
            next_seq: scanned.next,
            torn_tail,
        })
    }

    /// Calls `visit` with the one record `seq`, which stands at `place` according to an earlier reading.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`] where it does not stand there, and as for [`read`](Self::read).
    pub(crate) fn read_at<T, E: From<JournalError>>(
        &self,
        place: Place,
        seq: u64,
        visit: impl FnOnce(Frame<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut memory = Vec::new();
        let mut window = Window::open(&*self.files, place.segment, &mut memory)?;
        let header = window.header()?.map_err(|flaw| window.damaged(0, flaw))?;
        header.check_purpose(self.purpose, window.name())?;
        let flaw = match window.frame(place.offset, Seed::new(&header.id), seq)? {
            Found::Frame(head, payload) => {
                let kind = head.kind;
                return visit(Frame {
                    seq,
                    kind,
                    payload,
                    place,
                });
            }
            Found::Bad(flaw) => flaw,
            Found::End => Flaw::FrameCut {
                expected: OVERHEAD as u64,
                found: 0,
            },
        };
        Err(window.damaged(place.offset, flaw).into())
    }
}
