//! Erasing payloads, and letting them expire.

use std::mem;

use super::entry::EntryText;
use super::payload::{Payloads, Place};
use super::read::{LogEntry, read_in};
use super::{AuditLog, EntryFilter, LogError};
use crate::text::Plain;

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erasure {
    /// Entries that had something to erase.
    pub entries: u64,
    /// Payloads that were overwritten.
    pub payloads: u64,
}

/// The payloads of one entry that are to be erased.
struct Found {
    index: u64,
    places: Vec<Place>,
}

/// So many entries are put on record before their payloads are erased.
const TOGETHER: usize = 256;

impl AuditLog {
    /// Erases the payloads of all entries that the filter names, of those that are there now: what is known of the arguments,
    /// results and context of a user's calls, say. It is on record before it happens, with the first 80 characters
    /// of the reason; after a crash in between it is done when the log is opened.
    ///
    /// What is left of them are digests and commitments, which tell nothing without the salts that are erased too, or the
    /// log's digest key: whoever holds that can test guesses. Entries stay as they are, with the names of agents, users, tasks
    /// and tools. Payloads are overwritten in place; what a file system, its snapshots or a backup keep of them is for
    /// their owner to see to.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be read or written. What was put on record is done when the log is opened again.
    pub fn erase(&self, filter: &EntryFilter, reason: &str) -> Result<Erasure, LogError> {
        self.flush()?;
        let end = self.head().size;
        let mut payloads = Payloads::in_files(self.files.clone());
        let mut erasure = Erasure::default();
        let mut found = Vec::new();
        read_in(self.files.clone(), |entry| {
            if entry.index() < end && filter.matches(entry) {
                found.extend(still_there(entry, &mut payloads)?);
            }
            if found.len() < TOGETHER {
                return Ok(());
            }
            self.erase_together(&mut found, reason, &mut erasure)
        })?;
        self.erase_together(&mut found, reason, &mut erasure)?;
        if erasure.entries > 0 {
            self.checkpoint()?;
        }
        Ok(erasure)
    }

    fn erase_together(
        &self,
        found: &mut Vec<Found>,
        reason: &str,
        erasure: &mut Erasure,
    ) -> Result<(), LogError> {
        if found.is_empty() {
            return Ok(());
        }
        let mut any_unfinished = self.any_unfinished_erasure.lock();
        let any_before = mem::replace(&mut *any_unfinished, true);
        for Found { index, places } in &*found {
            self.note("erased", |entry| {
                entry.number("entry", *index);
                entry.text("reason", &Plain(reason).to_string());
                entry.places("places", places);
            })?;
        }
        self.journal.sync()?;
        for Found { places, .. } in found.drain(..) {
            erasure.entries += 1;
            for place in places {
                self.payloads.erase(place)?;
                erasure.payloads += 1;
            }
        }
        *any_unfinished = any_before;
        if !any_before {
            self.note_erasures_done()?;
        }
        Ok(())
    }

    /// Records that everything is erased that is on record as erased, so that no opening needs to do it again.
    pub(super) fn note_erasures_done(&self) -> Result<(), LogError> {
        self.note("erasures_done", |_| {}).map(drop)
    }

    /// Removes what has outlived the retention time. That it is on record comes first; what cannot be removed is tried again
    /// the next time.
    pub(super) fn let_payloads_expire(&self) -> Result<(), LogError> {
        let Some(expiry) = self.payloads.due(super::since_epoch(self.clock.wall())) else {
            return Ok(());
        };
        self.note("expired", |entry| entry.number("through", expiry.through))?;
        self.journal.sync()?;
        if let Err(error) = self.payloads.remove(expiry) {
            self.note("payloads_not_removed", |entry: &mut EntryText<'_>| {
                entry.text("reason", &Plain(&error.to_string()).to_string());
            })?;
        }
        Ok(())
    }
}

/// The payloads of an entry of which something is left, be it damaged; `None` if there are none.
fn still_there(entry: &LogEntry<'_>, payloads: &mut Payloads) -> Result<Option<Found>, LogError> {
    let mut places = Vec::new();
    for payload in entry.payloads() {
        if payloads.has_remains(&payload)? {
            places.push(payload.place());
        }
    }
    let index = entry.index();
    Ok((!places.is_empty()).then_some(Found { index, places }))
}
