//! Handing alerts on to where they are kept, on the time of whoever calls `tick`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use parking_lot::Mutex;

use super::alert::Alert;
use super::outbox::Outbox;

/// What went wrong in the host's own code: in a sink of alerts, or in an issuer of credentials.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// Takes one alert.
pub(super) type Take = Box<dyn FnMut(&Alert) -> Result<(), HostError> + Send>;

/// Everything that alerts are handed on to.
#[derive(Default)]
pub(super) struct Sinks {
    sinks: Mutex<Vec<Sink>>,
    failed: AtomicU64,
}

struct Sink {
    waiting: Receiver<Alert>,
    /// One that was not taken, to be tried again.
    next: Option<Alert>,
    take: Take,
}

/// Alerts that wait for a sink.
const WAITING: usize = 1024;

impl Sinks {
    pub(super) fn new(takes: Vec<Take>, outbox: &Outbox) -> Self {
        let sink = |take| Sink {
            waiting: outbox.subscribe(WAITING),
            next: None,
            take,
        };
        Self {
            sinks: Mutex::new(takes.into_iter().map(sink).collect()),
            failed: AtomicU64::new(0),
        }
    }

    /// Hands on what waits, unless somebody is at it already. A sink that fails is tried again the next time; it keeps no other
    /// one waiting.
    pub(super) fn deliver(&self) {
        let Some(mut sinks) = self.sinks.try_lock() else {
            return;
        };
        for sink in sinks.iter_mut() {
            if !sink.deliver() {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How often a sink did not take an alert.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Sink {
    /// Whether all was taken. No more than can wait is, so that one call ends.
    fn deliver(&mut self) -> bool {
        for _ in 0..=WAITING {
            let Some(alert) = self.next.take().or_else(|| self.waiting.try_recv().ok()) else {
                return true;
            };
            let taken = catch_unwind(AssertUnwindSafe(|| (self.take)(&alert)));
            if !matches!(taken, Ok(Ok(()))) {
                self.next = Some(alert);
                return false;
            }
        }
        true
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks").finish_non_exhaustive()
    }
}
