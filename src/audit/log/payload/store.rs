//! Writing payloads, erasing them, and letting them expire.

use std::collections::BTreeMap;
use std::io;
use std::io::ErrorKind::NotFound;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::extents::Extents;
use super::{MAX_PAYLOAD, PayloadForm, PayloadKind, PayloadRef, Place, SALT, commitment, volume};
use crate::audit::log::LogError;
use crate::digest::random_bytes;
use crate::journal::{Files, Sink, Source, append_all, read_up_to};

/// The length over which a volume does not grow.
const VOLUME_SIZE: u64 = 64 << 20;

/// A payload is gone after the retention time and at most one part of so many more.
const PARTS: u32 = 8;

/// The volumes of a log that is open for writing.
///
/// A payload is handed to the system before its entry is appended, and synced before its entry is. So what an entry refers to
/// is there, but for a crash of the machine that keeps unsynced entries and loses unsynced payloads.
pub(in crate::audit::log) struct PayloadStore {
    files: Arc<dyn Files>,
    retention: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    /// The number that the next volume gets.
    next: u64,
    /// When payloads were written, of each volume that is there.
    spans: BTreeMap<u64, Span>,
    /// The first failure. What stands in the volume after one is not known, so there is no way back.
    failed: Option<String>,
}

/// The volume that grows.
struct Current {
    number: u64,
    sink: Box<dyn Sink>,
    length: u64,
    has_unsynced: bool,
}

/// When the first and the last payload of a volume were written, since the Unix epoch.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Duration,
    last: Duration,
}

/// What the entries of a log say of its volumes.
#[derive(Debug, Default)]
pub(in crate::audit::log) struct Stock {
    volumes: BTreeMap<u64, Used>,
    /// Volumes up to this one are gone, or to go.
    expired: Option<u64>,
}

#[derive(Debug)]
struct Used {
    extents: Extents,
    span: Span,
}

/// Volumes that are to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audit::log) struct Expiry {
    /// The last of them.
    pub(in crate::audit::log) through: u64,
}

impl Stock {
    /// Learns that an entry of this time refers to a place.
    pub(in crate::audit::log) fn uses(&mut self, place: Place, wall: Duration) {
        let span = Span {
            first: wall,
            last: wall,
        };
        let unused = || Used {
            extents: Extents::default(),
            span,
        };
        let used = self.volumes.entry(place.volume).or_insert_with(unused);
        used.extents.add(place.offset..place.end());
        used.span.include(wall);
    }

    /// Learns that volumes have expired.
    pub(in crate::audit::log) fn expired(&mut self, through: u64) {
        self.expired = self.expired.max(Some(through));
        let still_there = through
            .checked_add(1)
            .map(|next| self.volumes.split_off(&next));
        self.volumes = still_there.unwrap_or_default();
    }

    pub(in crate::audit::log) fn has_expired(&self, place: Place) -> bool {
        self.expired.is_some_and(|through| place.volume <= through)
    }

    fn next(&self) -> u64 {
        let last = self.volumes.keys().next_back().copied();
        last.max(self.expired)
            .map_or(0, |last| last.saturating_add(1))
    }
}

impl Span {
    fn include(&mut self, wall: Duration) {
        self.first = self.first.min(wall);
        self.last = self.last.max(wall);
    }
}

impl PayloadStore {
    pub(in crate::audit::log) fn new(files: Arc<dyn Files>, retention: Option<Duration>) -> Self {
        Self {
            files,
            retention,
            state: Mutex::new(State::default()),
        }
    }

    /// Goes on where the entries of a log end. What no entry refers to is cut off or overwritten: nobody could find it to
    /// erase it.
    pub(in crate::audit::log) fn resume(&self, stock: &Stock) -> Result<(), LogError> {
        let mut state = self.state.lock();
        let resumed = self.try_resume(&mut state, stock);
        resumed.map_err(|error| failure("resume", error))
    }

    fn try_resume(&self, state: &mut State, stock: &Stock) -> io::Result<()> {
        state.next = stock.next();
        let mut has_removed = false;
        for number in volume::list(&*self.files)? {
            match stock.volumes.get(&number) {
                Some(used) => {
                    state.spans.insert(number, used.span);
                    self.clear_gaps(number, &used.extents)?;
                }
                None => {
                    self.files.remove(&volume::name(number))?;
                    has_removed = true;
                }
            }
        }
        if has_removed {
            self.files.sync_directory()?;
        }
        let Some((&number, used)) = stock.volumes.last_key_value() else {
            return Ok(());
        };
        let name = volume::name(number);
        if !state.spans.contains_key(&number) {
            return Ok(());
        }
        let length = self.files.open(&name)?.length()?;
        let end = used.extents.end();
        // One that has lost its end is left as it is.
        if length < end {
            return Ok(());
        }
        self.files.truncate(&name, end)?;
        let mut sink = self.files.extend(&name)?;
        sink.sync()?;
        state.current = Some(Current {
            number,
            sink,
            length: end,
            has_unsynced: false,
        });
        Ok(())
    }

    /// Overwrites what stands between the payloads of a volume: kept, and not recorded any more when the process died, while
    /// others were.
    fn clear_gaps(&self, number: u64, extents: &Extents) -> io::Result<()> {
        let name = volume::name(number);
        let mut source = self.files.open(&name)?;
        let length = source.length()?;
        for gap in extents.gaps() {
            let gap = gap.start..gap.end.min(length);
            if !gap.is_empty() && !is_blank(&mut *source, gap.clone())? {
                self.files.erase(&name, gap.start, gap.end - gap.start)?;
            }
        }
        Ok(())
    }

    /// Keeps a payload, and tells what an entry of this time is to say of it.
    pub(in crate::audit::log) fn append(
        &self,
        (kind, form): (PayloadKind, PayloadForm),
        text: &str,
        wall: Duration,
    ) -> Result<PayloadRef, LogError> {
        let size = text.len();
        if size > MAX_PAYLOAD {
            return Err(LogError::PayloadTooLarge { kind, size });
        }
        let mut salted = Vec::with_capacity(SALT.saturating_add(size));
        salted.extend_from_slice(&random_bytes::<SALT>()?);
        salted.extend_from_slice(text.as_bytes());
        let place = self.write(&salted, wall)?;
        Ok(PayloadRef {
            kind,
            form,
            size: size as u64,
            commitment: commitment(kind, form, &salted),
            place,
        })
    }

    fn write(&self, salted: &[u8], wall: Duration) -> Result<Place, LogError> {
        let mut state = self.state.lock();
        state.check()?;
        let length = salted.len() as u64;
        let written = self.make_room(&mut state, length, wall).and_then(|()| {
            let Some(current) = &mut state.current else {
                return Err(io::Error::other("there is no volume"));
            };
            append_all(&mut *current.sink, salted)?;
            let (volume, offset) = (current.number, current.length);
            current.length = offset.saturating_add(length);
            current.has_unsynced = true;
            Ok(Place {
                volume,
                offset,
                length,
            })
        });
        match written {
            Ok(place) => {
                let span = Span {
                    first: wall,
                    last: wall,
                };
                state
                    .spans
                    .entry(place.volume)
                    .or_insert(span)
                    .include(wall);
                Ok(place)
            }
            Err(error) => Err(state.fail("write", error)),
        }
    }

    /// Begins another volume where there is none, it is full, or it has been there for its part of the retention time.
    fn make_room(&self, state: &mut State, length: u64, wall: Duration) -> io::Result<()> {
        let is_due = |current: &Current| {
            let full = current.length > 0 && current.length.saturating_add(length) > VOLUME_SIZE;
            let part = self.retention.map(|retention| retention / PARTS);
            let since = state.spans.get(&current.number).map(|span| span.first);
            let aged = part
                .zip(since)
                .is_some_and(|(part, since)| wall >= since.saturating_add(part));
            full || aged
        };
        if state
            .current
            .as_ref()
            .is_some_and(|current| !is_due(current))
        {
            return Ok(());
        }
        if let Some(current) = &mut state.current {
            current.sync()?;
        }
        let number = state.next;
        state.next = number.saturating_add(1);
        let sink = self.files.create(&volume::name(number))?;
        self.files.sync_directory()?;
        state.current = Some(Current {
            number,
            sink,
            length: 0,
            has_unsynced: false,
        });
        Ok(())
    }

    /// Makes durable what was kept so far.
    pub(in crate::audit::log) fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check().map_err(io::Error::other)?;
        let synced = state.current.as_mut().map_or(Ok(()), Current::sync);
        synced.map_err(|error| io::Error::other(state.fail("sync", error)))
    }

    /// Overwrites a payload and its salt with zeros, as far as its volume reaches.
    pub(in crate::audit::log) fn erase(&self, place: Place) -> Result<(), LogError> {
        let erased = match self.try_erase(place) {
            // Its volume is gone, so there is nothing.
            Err(error) if error.kind() == NotFound => Ok(()),
            erased => erased,
        };
        erased.map_err(|error| failure("erase from", error))
    }

    fn try_erase(&self, place: Place) -> io::Result<()> {
        let name = volume::name(place.volume);
        let reach = self.files.open(&name)?.length()?.min(place.end());
        let length = reach.saturating_sub(place.offset);
        match length {
            0 => Ok(()),
            _ => self.files.erase(&name, place.offset, length),
        }
    }

    /// Volumes of which every payload has outlived the retention time.
    pub(in crate::audit::log) fn due(&self, now: Duration) -> Option<Expiry> {
        let retention = self.retention?;
        let mut state = self.state.lock();
        let outlived = |span: &Span| span.last.saturating_add(retention) <= now;
        let expired = state.spans.iter().take_while(|(_, span)| outlived(span));
        let through = *expired.last()?.0;
        // What is removed is not written to any more.
        if state
            .current
            .as_ref()
            .is_some_and(|current| current.number <= through)
        {
            state.current = None;
        }
        Some(Expiry { through })
    }

    /// Removes volumes. To be called once it is on record.
    pub(in crate::audit::log) fn remove(&self, Expiry { through }: Expiry) -> Result<(), LogError> {
        let mut state = self.state.lock();
        let removed = self.try_remove(&mut state, through);
        removed.map_err(|error| failure("remove", error))
    }

    fn try_remove(&self, state: &mut State, through: u64) -> io::Result<()> {
        while let Some((&number, _)) = state.spans.range(..=through).next() {
            match self.files.remove(&volume::name(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => state.spans.remove(&number),
            };
        }
        self.files.sync_directory()
    }
}

impl State {
    fn check(&self) -> Result<(), LogError> {
        match &self.failed {
            Some(problem) => Err(LogError::Storage(problem.clone())),
            None => Ok(()),
        }
    }

    fn fail(&mut self, action: &str, error: io::Error) -> LogError {
        let error = failure(action, error);
        self.failed = Some(error.to_string());
        error
    }
}

impl Current {
    fn sync(&mut self) -> io::Result<()> {
        if self.has_unsynced {
            self.sink.sync()?;
            self.has_unsynced = false;
        }
        Ok(())
    }
}

/// Whether there are only zeros.
fn is_blank(source: &mut dyn Source, range: Range<u64>) -> io::Result<bool> {
    const PIECE: usize = 64 << 10;
    for at in range.clone().step_by(PIECE) {
        let length = PIECE.min(usize::try_from(range.end - at).unwrap_or(PIECE));
        let bytes = read_up_to(source, at, length)?;
        if bytes.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn failure(action: &str, error: io::Error) -> LogError {
    LogError::Storage(format!("cannot {action} a payload volume: {error}"))
}
