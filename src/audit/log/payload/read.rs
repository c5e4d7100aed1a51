//! Reading payloads.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{PayloadRef, volume};
use crate::audit::log::{LogEntry, LogError, PayloadKind};
use crate::journal::{Directory, Files, Source, read_up_to};

/// A payload, or what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// What was committed to.
    Kept(String),
    /// It is not there: it expired, or its file was removed.
    Missing,
    /// It was overwritten with zeros, as erasing does.
    Erased,
    /// Something else stands in its place.
    Damaged,
}

/// Reads the payloads of a log's entries. Whether one that is gone was erased or has expired on record, or was tampered
/// with, is for [`VerifyOptions`](crate::audit::VerifyOptions) to tell.
///
/// Files are found by what entries say, and no more is read than there is: at most 4 MiB a payload.
#[must_use]
pub struct Payloads {
    files: Arc<dyn Files>,
    /// The volume that was read last, for the next payload is mostly in it too.
    open: Option<(u64, Box<dyn Source>)>,
}

impl Payloads {
    /// Those of the log in a directory.
    pub fn of(directory: impl AsRef<Path>) -> Self {
        Self::in_files(Arc::new(Directory::existing(directory.as_ref())))
    }

    pub(crate) fn in_files(files: Arc<dyn Files>) -> Self {
        Self { files, open: None }
    }

    /// A payload of an entry; `None` if the entry has none of this kind.
    ///
    /// # Errors
    /// [`LogError::Storage`] if the system refuses to read.
    pub fn read(
        &mut self,
        entry: &LogEntry<'_>,
        kind: PayloadKind,
    ) -> Result<Option<Payload>, LogError> {
        match entry.payload(kind) {
            Some(payload) => self.read_at(&payload).map(Some),
            None => Ok(None),
        }
    }

    pub(in crate::audit::log) fn read_at(
        &mut self,
        payload: &PayloadRef,
    ) -> Result<Payload, LogError> {
        let Some(mut salted) = self
            .left_of(payload)?
            .filter(|left| is_whole(payload, left))
        else {
            return Ok(Payload::Missing);
        };
        if payload.commits_to(&salted) {
            let text = salted.split_off(super::SALT.min(salted.len()));
            return Ok(String::from_utf8(text).map_or(Payload::Damaged, Payload::Kept));
        }
        Ok(if salted.iter().all(|byte| *byte == 0) {
            Payload::Erased
        } else {
            Payload::Damaged
        })
    }

    /// Whether there is something to erase where it stands: the payload, another text in its place, or the beginning of it
    /// where the volume was cut off.
    pub(in crate::audit::log) fn has_remains(
        &mut self,
        payload: &PayloadRef,
    ) -> Result<bool, LogError> {
        let left = self.left_of(payload)?.unwrap_or_default();
        Ok(left.iter().any(|byte| *byte != 0))
    }

    /// Salt and payload, as far as the volume reaches; `None` if it is not there.
    fn left_of(&mut self, payload: &PayloadRef) -> Result<Option<Vec<u8>>, LogError> {
        let place = payload.place;
        let mut read = || {
            let Some(source) = self.volume(place.volume)? else {
                return Ok(None);
            };
            // No longer than the file, so that nobody makes us take memory for what is not there.
            let there = source.length()?.saturating_sub(place.offset);
            let length = usize::try_from(place.length.min(there)).unwrap_or_default();
            read_up_to(source, place.offset, length).map(Some)
        };
        read().map_err(|error| failed(place.volume, &error))
    }

    fn volume(&mut self, number: u64) -> io::Result<Option<&mut dyn Source>> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            self.open = match self.files.open(&volume::name(number)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                opened => Some((number, opened?)),
            };
        }
        Ok(self.open.as_mut().map(|(_, source)| &mut **source as _))
    }

    /// Whether the file is there that a payload stood in.
    pub(super) fn has_volume(&mut self, payload: &PayloadRef) -> Result<bool, LogError> {
        let number = payload.place.volume;
        self.volume(number)
            .map(|volume| volume.is_some())
            .map_err(|error| failed(number, &error))
    }
}

fn is_whole(payload: &PayloadRef, left: &[u8]) -> bool {
    left.len() as u64 == payload.place.length
}

fn failed(volume: u64, error: &io::Error) -> LogError {
    LogError::Storage(format!("payload volume {volume}: {error}"))
}

impl std::fmt::Debug for Payloads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payloads").finish_non_exhaustive()
    }
}
