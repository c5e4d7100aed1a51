//! The guard's view of time: one monotonic reading per step, and a wall time that follows from it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::clock::Clock;
use crate::record::{Event, Record};

pub(super) struct Timing {
    clock: Box<dyn Clock>,
    /// The wall time at monotonic zero, in nanoseconds since the Unix epoch. One word, so that a reader never sees
    /// half of a new reading.
    wall_at_zero: AtomicU64,
}

impl Timing {
    pub(super) fn new(clock: Box<dyn Clock>) -> Self {
        let timing = Self {
            clock,
            wall_at_zero: AtomicU64::new(0),
        };
        timing.read_wall_clock();
        timing
    }

    pub(super) fn read_wall_clock(&self) {
        let monotonic = nanos(self.clock.monotonic());
        let wall = self
            .clock
            .wall()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, nanos);
        self.wall_at_zero
            .store(wall.saturating_sub(monotonic), Ordering::Relaxed);
    }

    /// Monotonic nanoseconds: the one reading of a step.
    pub(super) fn now(&self) -> u64 {
        nanos(self.clock.monotonic())
    }

    pub(super) fn record<'a>(&self, now: u64, event: Event<'a>) -> Record<'a> {
        Record {
            at: Duration::from_nanos(now),
            wall: self.wall_at(now),
            event,
        }
    }

    /// The time of day, as records have it.
    pub(super) fn wall(&self) -> SystemTime {
        self.wall_at(self.now())
    }

    fn wall_at(&self, now: u64) -> SystemTime {
        let at_zero = self.wall_at_zero.load(Ordering::Relaxed);
        SystemTime::UNIX_EPOCH + Duration::from_nanos(at_zero.saturating_add(now))
    }
}

/// 64 bits of nanoseconds last 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
