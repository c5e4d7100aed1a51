//! Append-only files: framed, checksummed, locked, synced. Every durable state of the library is kept in one.
//!
//! A [`Journal`] is a directory with a lock and segments, which hold numbered records one behind another. [`OpenOptions`]
//! opens it for the one writer that it has; a [`Reader`] reads it beside that writer. What a record means is its writer's
//! business. The checksums find accidents; tampering is for those to find who build on this.
//!
//! **Law.** After a crash, of the process or of the machine, a journal opens with a prefix of what was appended: no record
//! that was reported as durable is missing, none is altered, repeated or invented.
//!
//! **Crashes.** The disk keeps what was synced. Of the rest of the last segment it may keep any part: a shorter file, zeros
//! in place of data, or later bytes without earlier ones. All before the last segment is synced before that is created, and
//! its header before a record counts. So:
//!
//! | found | taken for | done |
//! |---|---|---|
//! | bad bytes at the end of the last segment, no valid record behind | a torn write | cut off and reported |
//! | a last segment without a whole header, no longer than one | a torn creation | removed and reported |
//! | bad bytes in the last segment with a valid later record behind | damage, or a hole of unsynced bytes | refused, unless loss is accepted; then cut off and reported |
//! | anything else | damage | refused |
//!
//! The third row is the price of not keeping a record of every sync. A hole holds only records that were not reported as
//! durable, but damage to ones that were looks the same, and is not to be thrown away unseen. Whoever can write payloads
//! and read the file can place bytes there that look like a later record; this too leads to a refusal, never to a record.
//!
//! **Failures.** The first write or sync that fails poisons the journal: all that follows is refused with this first cause.
//! Nothing is tried again, since a system may drop unwritten bytes when a sync fails, and report the next sync as done. Open
//! the directory anew; until the machine was restarted, records of that time which were not reported as durable may be seen
//! although they are not on disk.
//!
//! **Memory.** Two buffers, each for as much as the configured queue and one record more. Scanning takes as much as the
//! longest record, and never more than the file has.

mod commit;
#[cfg(test)]
pub(crate) mod disk;
mod error;
mod files;
mod frame;
mod open;
mod read;
mod scan;
mod segment;
#[cfg(test)]
mod tests;
mod window;
mod writer;

use std::fmt;
use std::process;

pub(crate) use error::{Flaw, JournalError};
pub(crate) use files::{
    Directory, Files, Lock, Sink, Source, append_all, read_up_to, sync_parent_of,
};
pub(crate) use frame::{Frame, Payload, Place};
pub(crate) use open::{Cause, OpenOptions, OpenReport, Recovered};
pub(crate) use read::{ReadReport, Reader, TornTail};
pub(crate) use segment::Purpose;

use self::commit::Commits;

/// A journal that is open for writing, by any number of threads.
///
/// Dropping it syncs what is buffered, as far as that goes; to see whether it went well, call [`sync`](Self::sync) before.
/// In a process that was forked off, dropping it does nothing: what is buffered there is the parent's to write.
pub(crate) struct Journal {
    commits: Commits,
    id: [u8; 16],
    /// Which process has opened it.
    process: u32,
    _lock: Box<dyn Lock>,
}

impl Journal {
    /// Calls this before each sync, once all that is queued was taken along: what the records refer to is made durable then,
    /// by the one caller that syncs for all. It must not call this journal. Where it fails, the sync has failed.
    pub(crate) fn before_sync(
        &mut self,
        sync: impl Fn() -> std::io::Result<()> + Send + Sync + 'static,
    ) {
        self.commits.before_sync(Box::new(sync));
    }

    /// Appends a record and returns its number. It is in memory: no failure of the process or machine is survived until
    /// [`sync_through`](Self::sync_through) returns.
    ///
    /// # Errors
    ///
    /// As for [`append_with`](Self::append_with).
    pub(crate) fn append(&self, kind: u8, payload: &[u8]) -> Result<u64, JournalError> {
        let (seq, ()) = self.append_with(kind, |_, record| record.push(payload))?;
        Ok(seq)
    }

    /// As [`append`](Self::append), with a payload that `write` writes in place, under the journal's lock and knowing the
    /// record's number. So what `write` does to state of its own happens in the order of the records.
    ///
    /// Where `write` fails or panics there is no record, and the number goes to the next one. Once it succeeds, nothing but
    /// a failure of the disk, after which the journal takes no record at all, keeps the record from being one. `write` must
    /// not call this journal.
    ///
    /// # Errors
    ///
    /// [`JournalError::Full`] where the disk is busy and the queue full, and [`JournalError::Poisoned`], both before `write`
    /// is called; [`JournalError::TooLarge`] as soon as `write` writes too much; [`JournalError::Io`] where enough was
    /// collected to be written and could not be; and whatever `write` answers.
    pub(crate) fn append_with<T, E: From<JournalError>>(
        &self,
        kind: u8,
        write: impl FnOnce(u64, &mut Payload<'_>) -> Result<T, E>,
    ) -> Result<(u64, T), E> {
        self.commits.append_with(kind, write)
    }

    /// Appends a record and returns its number when it is durable. Threads that do this at the same time share syncs; where
    /// the queue is full, this waits.
    ///
    /// # Errors
    ///
    /// [`JournalError::TooLarge`]; or [`JournalError::Io`] and [`JournalError::Poisoned`], after which the record may be found
    /// when the directory is opened again, or may not.
    pub(crate) fn append_durable(&self, kind: u8, payload: &[u8]) -> Result<u64, JournalError> {
        self.commits.append_durable(kind, payload)
    }

    /// Returns when a record and all before it are durable. Threads that wait at the same time share syncs.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotAppended`], [`JournalError::Io`] and [`JournalError::Poisoned`].
    pub(crate) fn sync_through(&self, seq: u64) -> Result<(), JournalError> {
        self.commits.sync_through(seq)
    }

    /// Returns when everything appended before is durable.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] and [`JournalError::Poisoned`].
    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        self.commits.sync()
    }

    /// Returns when everything appended before was handed to the system: it survives the process, not the machine.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] and [`JournalError::Poisoned`].
    pub(crate) fn flush(&self) -> Result<(), JournalError> {
        self.commits.flush()
    }

    /// The number that the next record gets.
    #[must_use]
    pub(crate) fn next_seq(&self) -> u64 {
        self.commits.next()
    }

    /// What tells this journal from all others: random, the same as long as it exists.
    #[must_use]
    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.id
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if process::id() != self.process {
            return;
        }
        // Nobody is left to be told.
        let _ = self.commits.sync();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}
