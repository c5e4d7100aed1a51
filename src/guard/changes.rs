//! Telling calls under way that the policies changed beneath them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts beginnings and ends of changes; odd while one is under way.
///
/// A change takes over the logs of limits one by one, and copies some. A call that reserved in a log after it was
/// copied would be missing from the copy; but the lock of the log has then told it of the change, so it can see here
/// that it must decide again. Readers only ever read, so that threads do not wait for each other.
#[derive(Default)]
pub(super) struct Changes(AtomicU64);

/// A change under way, until it is dropped.
pub(super) struct Changing<'c>(&'c AtomicU64);

impl Changes {
    pub(super) fn begin(&self) -> Changing<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Changing(&self.0)
    }

    /// The count while no change is under way. A change builds what was compiled before, so the wait is short.
    pub(super) fn settled(&self) -> u64 {
        loop {
            let count = self.0.load(Ordering::SeqCst);
            if count.is_multiple_of(2) {
                return count;
            }
            std::thread::yield_now();
        }
    }

    /// Whether a change has begun since the count was `settled`.
    pub(super) fn since(&self, settled: u64) -> bool {
        self.0.load(Ordering::SeqCst) != settled
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
