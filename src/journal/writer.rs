//! The end of the last segment, to which whole batches of frames are written.

use std::io;
use std::sync::Arc;

use super::error::JournalError;
use super::files::{Files, Sink, append_all};
use super::scan::Last;
use super::segment::{self, HEADER, Header, Id, Purpose};

/// The journal's last segment. After its first error it is not to be used again.
pub(super) struct Writer {
    files: Arc<dyn Files>,
    purpose: Purpose,
    id: Id,
    /// At this length a segment is full.
    segment_size: u64,
    name: String,
    sink: Box<dyn Sink>,
    length: u64,
}

impl Writer {
    /// Creates the first segment of a new journal.
    pub(super) fn create(
        files: Arc<dyn Files>,
        purpose: Purpose,
        id: Id,
        segment_size: u64,
    ) -> Result<Self, JournalError> {
        files
            .sync_parent()
            .map_err(|cause| JournalError::io("sync the parent of", files.directory(), cause))?;
        let (name, sink) = create_segment(&*files, purpose, id, 0)?;
        Ok(Self {
            files,
            purpose,
            id,
            segment_size,
            name,
            sink,
            length: HEADER as u64,
        })
    }

    /// Goes on where the last segment ends, once all that was read there is durable: the process that wrote it may have
    /// died before it synced, and what a visitor has seen must not be gone later.
    pub(super) fn resume(
        files: Arc<dyn Files>,
        purpose: Purpose,
        id: Id,
        segment_size: u64,
        last: Last,
    ) -> Result<Self, JournalError> {
        let name = segment::name(last.first);
        let sink = files
            .extend(&name)
            .map_err(|cause| JournalError::io("open", &files.directory().join(&name), cause))?;
        let mut writer = Self {
            files,
            purpose,
            id,
            segment_size,
            name,
            sink,
            length: last.length,
        };
        writer.sync()?;
        sync_directory(&*writer.files)?;
        Ok(writer)
    }

    /// Writes frames, of which `first` is the first. They stay together: a segment is full when it has no room for the
    /// next batch.
    pub(super) fn write(&mut self, batch: &[u8], first: u64) -> Result<(), JournalError> {
        let length = self.length.saturating_add(batch.len() as u64);
        if length > self.segment_size && self.length > HEADER as u64 {
            self.roll(first)?;
        }
        append_all(&mut *self.sink, batch).map_err(|cause| self.failed("write", cause))?;
        self.length = self.length.saturating_add(batch.len() as u64);
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        self.sink.sync().map_err(|cause| self.failed("sync", cause))
    }

    /// Starts the next segment. The present one is synced before, so that only the last one can ever be torn.
    fn roll(&mut self, first: u64) -> Result<(), JournalError> {
        self.sync()?;
        (self.name, self.sink) = create_segment(&*self.files, self.purpose, self.id, first)?;
        self.length = HEADER as u64;
        Ok(())
    }

    pub(super) fn failed(&self, action: &'static str, cause: io::Error) -> JournalError {
        JournalError::io(action, &self.files.directory().join(&self.name), cause)
    }
}

/// A segment without records, durable.
fn create_segment(
    files: &dyn Files,
    purpose: Purpose,
    id: Id,
    first: u64,
) -> Result<(String, Box<dyn Sink>), JournalError> {
    let name = segment::name(first);
    let header = Header { purpose, id, first };
    let created = files.create(&name).and_then(|mut sink| {
        append_all(&mut *sink, &header.encode())?;
        sink.sync()?;
        Ok(sink)
    });
    let sink = created
        .map_err(|cause| JournalError::io("create", &files.directory().join(&name), cause))?;
    sync_directory(files)?;
    Ok((name, sink))
}

fn sync_directory(files: &dyn Files) -> Result<(), JournalError> {
    files
        .sync_directory()
        .map_err(|cause| JournalError::io("sync", files.directory(), cause))
}
