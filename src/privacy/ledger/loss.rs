//! The note that something was lost, which stands beside the ledger until the loss is on record in it.
//!
//! What is torn must be cut off before anything can be recorded. A crash between the two would leave a ledger that looks whole
//! and has more budget than it should. So the note is made durable before the cut, and taken away behind the record.

use std::io;

use crate::journal::{Files, JournalError};

const NAME: &str = "loss-accepted";

/// Makes the note, durably.
pub(super) fn note(files: &dyn Files) -> Result<(), JournalError> {
    match files.create(NAME) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(files, "create", error)),
    }
    files
        .sync_directory()
        .map_err(|cause| failed(files, "make durable", cause))
}

pub(super) fn is_noted(files: &dyn Files) -> Result<bool, JournalError> {
    let mut is_there = false;
    files
        .list(&mut |name| is_there |= name == NAME)
        .map_err(|cause| failed(files, "look for", cause))?;
    Ok(is_there)
}

/// Takes the note away, durably.
pub(super) fn settle(files: &dyn Files) -> Result<(), JournalError> {
    files
        .remove(NAME)
        .map_err(|cause| failed(files, "remove", cause))?;
    files
        .sync_directory()
        .map_err(|cause| failed(files, "make durable the removal of", cause))
}

fn failed(files: &dyn Files, action: &'static str, cause: io::Error) -> JournalError {
    JournalError::io(action, &files.directory().join(NAME), cause)
}
