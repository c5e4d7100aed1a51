//! A log as a monitor would have seen it, at the times at which it was written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::{EntryRecord, LogEntry, LogError, Payload, PayloadKind, Payloads, read};
use crate::anomaly::{Monitor, MonitorBuilder};
use crate::call::Args;
use crate::clock::Clock;
use crate::json::Limits;

/// A monitor that sees a log, with its clock at the times in there.
///
/// The log does not hold all that a monitor sees that is there: what agents said to each other and credentials are in none, and
/// arguments only where they were kept whole, at the audit level `full`, and still are.
///
/// ```
/// use portcullis::anomaly::Monitor;
/// use portcullis::audit::{LogEntry, LogError, LogWatch};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("portcullis-doc-watch-{}", std::process::id()));
/// # let log = portcullis::audit::AuditLog::options(portcullis::audit::Origin::parse("example.org/a")?).open(&folder)?;
/// # log.close()?;
/// let mut watch = LogWatch::new(&folder, Monitor::builder());
/// let alerts = watch.monitor().subscribe(1000);
/// portcullis::audit::read(&folder, |entry| {
///     watch.advance(entry);
///     watch.see(entry)?;
///     alerts.try_iter().for_each(|alert| println!("{}: {alert}", entry.index()));
///     Ok::<_, LogError>(())
/// })?;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LogWatch {
    clock: Arc<LogClock>,
    time: Time,
    /// When the monitor was last told that time passes.
    ticked: Duration,
    monitor: Monitor,
    payloads: Payloads,
    unreadable: u64,
}

/// How often a host lets its monitor know that time passes.
const MINUTE: Duration = Duration::from_secs(60);

/// After so long without an event a monitor holds nothing back any more.
const QUIET: Duration = Duration::from_secs(5 * 3600);

/// Lets a monitor see a whole log, and gives what it then remembers: a monitor that is [restored](MonitorBuilder::restore) from
/// that knows what was usual. Nothing is told and nothing done about it meanwhile.
///
/// ```no_run
/// use portcullis::anomaly::{Monitor, MonitorPolicy};
/// use portcullis::audit::warm_up;
///
/// let policy = MonitorPolicy::from_file("monitor.toml")?;
/// let usual = warm_up("audit-log", Monitor::builder().policy(policy.clone()))?;
/// let monitor = Monitor::builder().policy(policy).restore(&usual)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`LogError`] if the log cannot be read, or is damaged. It is not verified.
pub fn warm_up(log: impl AsRef<Path>, builder: MonitorBuilder) -> Result<Vec<u8>, LogError> {
    let log = log.as_ref();
    let mut watch = LogWatch::new(log, builder.observing());
    read(log, |entry| {
        watch.advance(entry);
        watch.see(entry).map(drop)
    })?;
    Ok(watch.monitor.snapshot())
}

impl LogWatch {
    /// A monitor for the log in this directory. Its clock is that of the log, whatever the builder says.
    #[must_use]
    pub fn new(log: impl AsRef<Path>, builder: MonitorBuilder) -> Self {
        let clock = Arc::new(LogClock::default());
        Self {
            monitor: builder.clock(Arc::clone(&clock)).build(),
            clock,
            time: Time::default(),
            ticked: Duration::ZERO,
            payloads: Payloads::of(log.as_ref()),
            unreadable: 0,
        }
    }

    /// The monitor.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Goes on to the time of an entry, a minute at a time. What was held back until then is told.
    pub fn advance(&mut self, entry: &LogEntry<'_>) {
        self.pass_to(entry.wall());
    }

    /// Goes on until nothing is held back any more.
    pub fn finish(&mut self) {
        self.pass_to(self.time.wall.saturating_add(QUIET));
    }

    /// Shows an entry to the monitor, if it is about a call.
    ///
    /// # Errors
    /// [`LogError`] as for [`recorded`](Self::recorded).
    pub fn see(&mut self, entry: &LogEntry<'_>) -> Result<(), LogError> {
        if let Some(recorded) = self.recorded(entry)? {
            self.monitor.see(&recorded.record());
        }
        Ok(())
    }

    /// The record of an entry, with the arguments if they were kept and still are; `None` for one that is not about a call, or
    /// says less than it should.
    ///
    /// # Errors
    /// [`LogError`] if the arguments cannot be read.
    pub fn recorded(&mut self, entry: &LogEntry<'_>) -> Result<Option<EntryRecord>, LogError> {
        if !EntryRecord::is_in(entry) {
            return Ok(None);
        }
        let Some(recorded) = EntryRecord::of(entry) else {
            self.unreadable = self.unreadable.saturating_add(1);
            return Ok(None);
        };
        if !recorded.keeps_arguments() {
            return Ok(Some(recorded));
        }
        let kept = self.payloads.read(entry, PayloadKind::Arguments)?;
        Ok(Some(match kept.and_then(arguments) {
            Some(arguments) => recorded.with_arguments(arguments),
            None => recorded,
        }))
    }

    /// Entries about calls that say less than they should, so that nothing was seen of them.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    fn pass_to(&mut self, wall: Duration) {
        self.time.pass_to(wall);
        let now = self.time.monotonic;
        // Of a longer silence the end is enough.
        self.ticked = self.ticked.max(now.saturating_sub(QUIET));
        while now.saturating_sub(self.ticked) >= MINUTE {
            self.ticked = self.ticked.saturating_add(MINUTE);
            self.clock
                .set(self.time.before(now.saturating_sub(self.ticked)));
            self.monitor.tick();
        }
        self.clock.set(self.time);
    }
}

/// Arguments that are Rust values may be longer than a text may be, so what was kept may be too.
fn arguments(payload: Payload) -> Option<Args> {
    let Payload::Kept(text) = payload else {
        return None;
    };
    let limits = Limits {
        max_bytes: text.len(),
        ..Limits::default()
    };
    Args::parse_within(&text, &limits).ok()
}

/// Where in time a log is.
#[derive(Clone, Copy, Debug, Default)]
struct Time {
    /// Since its first entry; never goes back.
    monotonic: Duration,
    /// Since the Unix epoch, as the last entries say.
    wall: Duration,
}

/// What threads that write at the same time may differ by. A longer step back is that of a clock that was set.
const STEP: Duration = Duration::from_secs(60);

impl Time {
    fn pass_to(&mut self, wall: Duration) {
        if self.wall == Duration::ZERO || self.wall.saturating_sub(wall) > STEP {
            self.wall = wall;
        } else if wall > self.wall {
            let step = wall.saturating_sub(self.wall);
            self.monotonic = self.monotonic.saturating_add(step);
            self.wall = wall;
        }
    }

    fn before(self, by: Duration) -> Self {
        Self {
            monotonic: self.monotonic.saturating_sub(by),
            wall: self.wall.saturating_sub(by),
        }
    }
}

/// Stands at the time of the entry that was read last. In nanoseconds.
#[derive(Debug, Default)]
struct LogClock {
    monotonic: AtomicU64,
    wall: AtomicU64,
}

impl LogClock {
    fn set(&self, time: Time) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.monotonic
            .store(nanos(time.monotonic), Ordering::Relaxed);
        self.wall.store(nanos(time.wall), Ordering::Relaxed);
    }
}

impl Clock for LogClock {
    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.wall.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back_and_a_clock_may_be_set() {
        let mut time = Time::default();
        let mut monotonic_at = |wall| {
            time.pass_to(Duration::from_secs(wall));
            time.monotonic.as_secs()
        };
        assert_eq!(
            [1000, 1010, 1005, 1011].map(&mut monotonic_at),
            [0, 10, 10, 11]
        );
        // Far ahead by mistake, and back: time goes on from there.
        assert_eq!(
            [9_000_000, 1012, 1013].map(&mut monotonic_at),
            [8_999_000, 8_999_000, 8_999_001]
        );
        assert_eq!([u64::MAX, 0, u64::MAX].map(&mut monotonic_at)[1], u64::MAX);
    }
}
