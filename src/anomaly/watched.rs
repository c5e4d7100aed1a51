//! A recorder that a monitor looks at.

use super::monitor::Monitor;
use crate::digest::DigestKey;
use crate::record::{Record, RecordError, Recorder};

/// Writes to another recorder, and lets a [`Monitor`] see what was written; made by [`Monitor::watch`].
///
/// Whether something is recorded does not depend on the monitor. Results are asked for even if the other recorder has no
/// use for them: without them no loop can be told from progress.
#[derive(Debug)]
pub struct Watched<R> {
    monitor: Monitor,
    recorder: R,
}

impl<R> Watched<R> {
    pub(super) fn new(monitor: Monitor, recorder: R) -> Self {
        Self { monitor, recorder }
    }

    /// The other recorder.
    pub fn recorder(&self) -> &R {
        &self.recorder
    }
}

impl<R: Recorder> Recorder for Watched<R> {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        self.recorder.record(record)?;
        self.monitor.see(record);
        Ok(())
    }

    fn digest_key(&self) -> Option<DigestKey> {
        self.recorder.digest_key()
    }

    fn keeps_beginnings(&self) -> bool {
        self.recorder.keeps_beginnings()
    }

    fn keeps_results(&self) -> bool {
        true
    }

    fn tick(&self) -> Result<(), RecordError> {
        self.monitor.tick();
        self.recorder.tick()
    }
}
