//! When something happened, as far as that can be believed.

use std::time::{Duration, SystemTime};

/// A reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Whole seconds since any fixed point.
    pub(super) second: u32,
    pub(super) wall: SystemTime,
}

impl Moment {
    pub(super) fn new(monotonic: Duration, wall: SystemTime) -> Self {
        Self {
            second: u32::try_from(monotonic.as_secs()).unwrap_or(u32::MAX),
            wall,
        }
    }

    /// Seconds since the Unix epoch.
    pub(super) fn unix_seconds(self) -> u64 {
        self.wall
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}

/// What is wrong with the time that a host gives an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    Late,
    Future,
}

/// Holds the time of an event against the clock. A little of either is no oddity.
pub(super) fn oddity(at: SystemTime, now: SystemTime) -> Option<Oddity> {
    if now.duration_since(at).is_ok_and(|age| age > TOLERANCE) {
        Some(Oddity::Late)
    } else if at.duration_since(now).is_ok_and(|ahead| ahead > TOLERANCE) {
        Some(Oddity::Future)
    } else {
        None
    }
}

const TOLERANCE: Duration = Duration::from_secs(60);
