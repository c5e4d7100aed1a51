//! A log as a monitor would have seen it: its records and the alerts about them, at the times at which they were written.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use clap::Args;
use portcullis::Record;
use portcullis::anomaly::{Alert, Monitor, MonitorPolicy};
use portcullis::audit::{EntryRecord, LogEntry, LogWatch, read};

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
            watch.log.advance(entry);
            watch.tell(None, &mut hear)?;
            let recorded = watch.log.recorded(entry)?;
            let record = recorded.as_ref().map(EntryRecord::record);
            let shown = record.as_ref().filter(|_| filter.matches(entry));
            hear(Heard::Entry(entry, shown))?;
            if let Some(record) = &record {
                watch.log.monitor().see(record);
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
    log: LogWatch,
    alerts: Receiver<Alert>,
}

/// How many alerts may come of one event. There is room for all of them.
const MOST_AT_ONCE: usize = 1 << 14;

impl<'a> Watch<'a> {
    fn new(policy: MonitorPolicy, args: &'a WatchArgs) -> Self {
        let log = LogWatch::new(&args.directory, Monitor::builder().policy(policy));
        Self {
            args,
            alerts: log.monitor().subscribe(MOST_AT_ONCE),
            log,
        }
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
        self.log.finish();
        self.tell(None, hear)?;
        let lost = self.log.monitor().counts().lost;
        let problem = match (self.log.unreadable(), lost) {
            (0, 0) => return Ok(()),
            (0, lost) => format!("{lost} alerts were too many at once, and are not told"),
            (unreadable, _) => format!(
                "{unreadable} entries about calls say less than they should, so nothing was seen of them; `audit verify` tells whether the log was tampered with"
            ),
        };
        Err(Failure::Usage(problem))
    }
}
