//! The whole log over a disk that fails.

mod faults;
mod laws;
mod life;
mod sinks;

use std::sync::Arc;

use super::read::read_in;
use super::{AuditLog, AuditLogOptions, LogError, VerifyOptions};
use crate::audit::Origin;
use crate::clock::ManualClock;
use crate::journal::disk::Disk;

fn origin() -> Origin {
    Origin::parse("example.org/agents").unwrap()
}

/// Small enough that one life of a log fills several segments and makes several checkpoints.
fn options() -> AuditLogOptions {
    let mut options = AuditLog::options(origin())
        .clock(ManualClock::new())
        .checkpoint_every(7);
    options.journal = options.journal.segment_size(3000).write_at(900);
    options
}

/// A disk with a log that was closed: its keys are the same for whoever starts from it.
fn closed_log() -> Disk {
    let disk = Disk::default();
    let log = options().open_in(Arc::new(disk.clone())).unwrap();
    log.close().unwrap();
    drop(log);
    disk
}

/// Every entry's line.
fn lines(disk: &Disk) -> Result<Vec<String>, LogError> {
    let mut lines = Vec::new();
    read_in(Arc::new(disk.clone()), |entry| {
        lines.push(entry.line().to_owned());
        Ok::<_, LogError>(())
    })?;
    Ok(lines)
}

fn verifying() -> VerifyOptions {
    VerifyOptions::new().origin(origin())
}

/// The disk as the next process finds it, if this one is killed now. Nothing that is done to it changes the first.
fn after_the_process(disk: &Disk) -> Disk {
    Disk::new(disk.state(|state| state.after_the_process()))
}
