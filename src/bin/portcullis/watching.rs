//! A log as a monitor would have seen it: its records and the alerts about them, at the times at which they were written.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use clap::Args;
use portcullis::anomaly::{Alert, Monitor, MonitorPolicy};
use portcullis::audit::{EntryRecord, LogEntry, Payload, PayloadKind, Payloads, read};
use portcullis::json::Limits;
use portcullis::{Args as Arguments, Clock, Record};

use crate::Failure;
use crate::audit::{PeriodArgs, Reading};

/// Which log, and what is expected of the agents in it.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The log's directory
    directory: PathBuf,
    /// What is expected of agents: a monitor policy, JSON or TOML by its extension; nothing in particular where none is given
    #[arg(long, value_name = "MONITOR_POLICY")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    period: PeriodArgs,
}

/// What comes of a log, in its order.
pub(crate) enum Heard<'h> {
    /// An entry, with its record if it has one and is of the time that was asked for.
    Entry(&'h LogEntry<'h>, Option<&'h Record<'h>>),
    /// An alert of that time, and the entry because of which it was told, unless it was due anyway.
    Alert(&'h Alert, Option<u64>),
}

impl WatchArgs {
    pub(crate) fn monitor_policy(&self) -> Result<MonitorPolicy, Failure> {
        match &self.policy {
            Some(file) => Ok(MonitorPolicy::from_file(file)?),
            None => Ok(MonitorPolicy::new()),
        }
    }

    /// Reads the log to its end. The monitor sees all of it: what was usual before the time that was asked for too.
    pub(crate) fn watch(
        &self,
        policy: MonitorPolicy,
        mut hear: impl FnMut(Heard<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut watch = Watch::new(policy, self);
        let mut reading = Reading::new(&self.directory, 1);
        let filter = self.period.filter();
        let read: Result<(), Failure> = read(&self.directory, |entry| {
            reading.entry(entry.line().len());
            // Whoever hears of something may write it down.
            let mut hear = |heard: Heard<'_>| {
                if matches!(heard, Heard::Alert(..)) {
                    reading.clear();
                }
                hear(heard)
            };
            watch.pass_to(entry.wall(), &mut hear)?;
            let recorded = watch.recorded(entry)?;
            let record = recorded.as_ref().map(EntryRecord::record);
            let shown = record.as_ref().filter(|_| filter.matches(entry));
            hear(Heard::Entry(entry, shown))?;
            if let Some(record) = &record {
                watch.monitor.see(record);
                watch.tell(Some(entry.index()), &mut hear)?;
            }
            Ok(())
        });
        reading.clear();
        read?;
        watch.finish(&mut hear)
    }
}

/// A monitor at work on a log.
struct Watch<'a> {
    args: &'a WatchArgs,
    clock: Arc<LogClock>,
    time: Time,
    /// When the monitor was last told that time passes.
    ticked: Duration,
    monitor: Monitor,
    alerts: Receiver<Alert>,
    payloads: Payloads,
    /// Entries about calls that say less than they should.
    unreadable: u64,
}

/// How many alerts may come of one event. There is room for all of them.
const MOST_AT_ONCE: usize = 1 << 14;

/// How often a host lets its monitor know that time passes.
const MINUTE: Duration = Duration::from_secs(60);

/// After so long without an event a monitor holds nothing back any more.
const QUIET: Duration = Duration::from_secs(5 * 3600);

impl<'a> Watch<'a> {
    fn new(policy: MonitorPolicy, args: &'a WatchArgs) -> Self {
        let clock = Arc::new(LogClock::default());
        let builder = Monitor::builder().policy(policy);
        let monitor = builder.clock(Arc::clone(&clock)).build();
        Self {
            args,
            clock,
            time: Time::default(),
            ticked: Duration::ZERO,
            alerts: monitor.subscribe(MOST_AT_ONCE),
            monitor,
            payloads: Payloads::of(&args.directory),
            unreadable: 0,
        }
    }

    /// The record of an entry, with the arguments if they were kept and still are.
    fn recorded(&mut self, entry: &LogEntry<'_>) -> Result<Option<EntryRecord>, Failure> {
        if !EntryRecord::is_in(entry) {
            return Ok(None);
        }
        let Some(recorded) = EntryRecord::of(entry) else {
            self.unreadable += 1;
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

    /// Goes on to the time of an entry, a minute at a time.
    fn pass_to(
        &mut self,
        wall: Duration,
        hear: &mut impl FnMut(Heard<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.time.pass_to(wall);
        let now = self.time.monotonic;
        // Of a longer silence the end is enough.
        self.ticked = self.ticked.max(now.saturating_sub(QUIET));
        while now.saturating_sub(self.ticked) >= MINUTE {
            self.ticked += MINUTE;
            self.clock.set(self.time.before(now - self.ticked));
            self.monitor.tick();
            self.tell(None, hear)?;
        }
        self.clock.set(self.time);
        Ok(())
    }

    fn tell(
        &self,
        entry: Option<u64>,
        hear: &mut impl FnMut(Heard<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for alert in self.alerts.try_iter() {
            if self.args.period.holds(alert.at) {
                hear(Heard::Alert(&alert, entry))?;
            }
        }
        Ok(())
    }

    /// Tells what is still held back, and what was not seen.
    fn finish(
        mut self,
        hear: &mut impl FnMut(Heard<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let end = self.time.wall.saturating_add(QUIET);
        self.pass_to(end, hear)?;
        let lost = self.monitor.counts().lost;
        let problem = match (self.unreadable, lost) {
            (0, 0) => return Ok(()),
            (0, lost) => format!("{lost} alerts were too many at once, and are not told"),
            (unreadable, _) => format!(
                "{unreadable} entries about calls say less than they should, so nothing was seen of them; `audit verify` tells whether the log was tampered with"
            ),
        };
        Err(Failure::Usage(problem))
    }
}

/// Arguments that are Rust values may be longer than a text may be, so what was kept may be too.
fn arguments(payload: Payload) -> Option<Arguments> {
    let Payload::Kept(text) = payload else {
        return None;
    };
    let limits = Limits {
        max_bytes: text.len(),
        ..Limits::default()
    };
    Arguments::parse_within(&text, &limits).ok()
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
            self.monotonic = self.monotonic.saturating_add(wall - self.wall);
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
