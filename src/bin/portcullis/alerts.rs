//! `portcullis alerts`: what a monitor would have told, by an audit log.

use std::io;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use portcullis::anomaly::Alert;
use portcullis::audit::{OcsfFindings, Utc};
use serde::Serialize;

use crate::output::Output;
use crate::watching::{Heard, WatchArgs};
use crate::{Exit, Failure};

/// Tells what a monitor would have told of the calls in an audit log
///
/// The clock is set to the times in the log. What was told then is not looked at: `audit show --type alerted` lists it.
/// What a log does not hold is not seen: what agents said to each other and credentials are in none, and arguments only
/// where they were kept whole, at the audit level `full`, and are still there. Alerts about destinations and values at other
/// levels cannot be told either. What is still held back at the end of the log is told as of when it would be due. Nothing
/// is verified: `audit verify` does that. Exit code 2 if there is any alert.
#[derive(Debug, Args)]
pub(crate) struct Alerts {
    #[command(flatten)]
    watch: WatchArgs,
    /// As what
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Lines for people
    Text,
    /// One JSON object a line
    Jsonl,
    /// Detection Findings of OCSF 1.8.0
    Ocsf,
}

/// The JSON form of an alert.
#[derive(Serialize)]
struct AlertJson<'a> {
    number: u64,
    kind: &'static str,
    severity: &'static str,
    is_learned: bool,
    agent: &'a str,
    target: Option<&'a str>,
    time: String,
    observed: f64,
    expected: f64,
    /// In nats.
    surprise: Option<f64>,
    baseline: Option<BaselineJson>,
    /// The entry because of which it was told.
    entry: Option<u64>,
    call: Option<String>,
    more: u64,
    is_update: bool,
    message: String,
}

#[derive(Serialize)]
struct BaselineJson {
    events: u64,
    age_seconds: u64,
}

/// Writes alerts down.
struct Teller<'o> {
    format: Format,
    findings: OcsfFindings,
    told: u64,
    output: &'o mut Output,
}

impl Alerts {
    pub(crate) fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        let policy = self.watch.monitor_policy()?;
        let mut teller = Teller {
            format: self.format,
            findings: OcsfFindings::new(NAMELESS),
            told: 0,
            output,
        };
        self.watch.watch(policy, |heard| match heard {
            Heard::Entry(entry, _) => {
                if let ("log_opened", Some(origin)) = (entry.kind(), entry.text("origin")) {
                    teller.findings = OcsfFindings::new(origin);
                }
                Ok(())
            }
            Heard::Alert(alert, entry) => teller.tell(alert, entry).map_err(Failure::Output),
        })?;
        teller.finish().map_err(Failure::Output)
    }
}

impl Teller<'_> {
    fn tell(&mut self, alert: &Alert, entry: Option<u64>) -> io::Result<()> {
        self.told += 1;
        if self.output.is_closed() {
            return Ok(());
        }
        match self.format {
            Format::Text => self.output.line(line(alert, entry)),
            Format::Jsonl => self.output.json(&AlertJson::new(alert, entry)),
            Format::Ocsf => self.output.json(&self.findings.finding(alert)),
        }
    }

    fn finish(self) -> io::Result<Exit> {
        if let Format::Text = self.format {
            self.output.line(match self.told {
                0 => "no alerts".to_owned(),
                1 => "1 alert".to_owned(),
                many => format!("{many} alerts"),
            })?;
        }
        Ok(match self.told {
            0 => Exit::Fine,
            _ => Exit::Denied,
        })
    }
}

fn line(alert: &Alert, entry: Option<u64>) -> String {
    let (time, severity) = (Utc(since_epoch(alert.at)), alert.severity().as_str());
    let place = match (entry, alert.call) {
        (Some(entry), Some(call)) => format!(" [entry {entry}, call {call}]"),
        (Some(entry), None) => format!(" [entry {entry}]"),
        (None, _) => String::new(),
    };
    format!("{time} {severity:<6} {alert}{place}")
}

impl<'a> AlertJson<'a> {
    fn new(alert: &'a Alert, entry: Option<u64>) -> Self {
        Self {
            number: alert.number,
            kind: alert.kind.as_str(),
            severity: alert.severity().as_str(),
            is_learned: alert.is_learned(),
            agent: alert.agent.as_str(),
            target: alert.target.as_deref(),
            time: Utc(since_epoch(alert.at)).to_string(),
            observed: alert.observed,
            expected: alert.expected,
            surprise: alert.surprise,
            baseline: alert.baseline.map(|baseline| BaselineJson {
                events: baseline.events,
                age_seconds: baseline.age.as_secs(),
            }),
            entry,
            call: alert.call.map(|call| call.to_string()),
            more: alert.more,
            is_update: alert.is_update,
            message: alert.to_string(),
        }
    }
}

fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// Whose log it is, until it has said so.
const NAMELESS: &str = "portcullis";
