//! What is counted of an edge, and what was told about it.

use std::time::{Duration, SystemTime};

use super::latency::Latencies;
use crate::anomaly::alert::{Alert, Severity};
use crate::anomaly::event::InteractionStatus;
use crate::decision::Verdict;
use crate::record::{Alerted, Outcome};

/// What went from one node of a graph to another, or through one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// How often it was asked for, whatever the answer.
    pub count: u64,
    /// How many of these ended in an error or a panic.
    pub errors: u64,
    /// How many had to wait for a person. One that is asked for again after that counts again.
    pub asked: u64,
    /// How many were refused, for whatever reason.
    pub denied: u64,
    /// How many latencies are known: of calls that ran to an end, and of interactions that were not refused.
    pub timed: u64,
    /// Their mean.
    pub mean: Option<Duration>,
    /// What 95 in 100 of them stay within (nearest rank), off by at most 19 % between 1 µs and 71 minutes.
    pub p95: Option<Duration>,
    /// The earliest time of day at which it was seen.
    pub first: SystemTime,
    /// The latest one.
    pub last: SystemTime,
}

impl Traffic {
    /// Whether anything was let through at once.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.count > self.denied.saturating_add(self.asked)
    }
}

/// Traffic as it is counted.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    count: u64,
    errors: u64,
    asked: u64,
    denied: u64,
    latencies: Latencies,
    first: SystemTime,
    last: SystemTime,
}

impl Counts {
    pub(super) fn new(at: SystemTime) -> Self {
        Self {
            count: 0,
            errors: 0,
            asked: 0,
            denied: 0,
            latencies: Latencies::default(),
            first: at,
            last: at,
        }
    }

    /// Something was asked for.
    pub(super) fn ask(&mut self, at: SystemTime, verdict: Verdict) {
        self.count = self.count.saturating_add(1);
        match verdict {
            Verdict::Allow => {}
            Verdict::Ask => self.asked = self.asked.saturating_add(1),
            Verdict::Deny => self.denied = self.denied.saturating_add(1),
        }
        self.seen(at);
    }

    /// What was allowed ended.
    pub(super) fn end(&mut self, at: SystemTime, outcome: Outcome, latency: Duration) {
        self.seen(at);
        match outcome {
            Outcome::Completed => self.latencies.add(latency),
            Outcome::Failed | Outcome::Panicked => self.fail(latency),
            Outcome::Refused(_) => self.denied = self.denied.saturating_add(1),
            // Nobody knows how long it would have taken.
            Outcome::Cancelled | Outcome::Abandoned => {}
        }
    }

    /// One agent spoke to another.
    pub(super) fn speak(&mut self, at: SystemTime, status: InteractionStatus, latency: Duration) {
        match status {
            InteractionStatus::Denied => self.ask(at, Verdict::Deny),
            InteractionStatus::Succeeded => {
                self.ask(at, Verdict::Allow);
                self.latencies.add(latency);
            }
            InteractionStatus::Failed => {
                self.ask(at, Verdict::Allow);
                self.fail(latency);
            }
        }
    }

    fn fail(&mut self, latency: Duration) {
        self.errors = self.errors.saturating_add(1);
        self.latencies.add(latency);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.errors = self.errors.saturating_add(other.errors);
        self.asked = self.asked.saturating_add(other.asked);
        self.denied = self.denied.saturating_add(other.denied);
        self.latencies.merge(&other.latencies);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    pub(super) fn traffic(&self) -> Traffic {
        Traffic {
            count: self.count,
            errors: self.errors,
            asked: self.asked,
            denied: self.denied,
            timed: self.latencies.timed(),
            mean: self.latencies.mean(),
            p95: self.latencies.p95(),
            first: self.first,
            last: self.last,
        }
    }

    fn seen(&mut self, at: SystemTime) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }
}

/// What a monitor told about one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Suspicion {
    /// How many alerts; those that only tell that others were held back do not count.
    pub alerts: u64,
    /// The worst of them; `None` if there was none.
    pub severity: Option<Severity>,
    /// The largest surprise in them, `-ln p` in nats; 0 if nothing in them was left to chance.
    pub score: f64,
}

impl From<&Alert> for Suspicion {
    fn from(alert: &Alert) -> Self {
        Self {
            alerts: (!alert.is_update).into(),
            severity: Some(alert.severity()),
            score: score(alert.surprise),
        }
    }
}

/// An alert that was put on record.
impl From<&Alerted<'_>> for Suspicion {
    fn from(alerted: &Alerted<'_>) -> Self {
        let all = [Severity::Low, Severity::Medium, Severity::High];
        let is_said = |severity: &Severity| severity.as_str() == alerted.severity;
        Self {
            alerts: (!alerted.is_update).into(),
            severity: all.into_iter().find(is_said),
            score: score(alerted.surprise),
        }
    }
}

/// JSON has no infinity.
fn score(surprise: Option<f64>) -> f64 {
    surprise.unwrap_or(0.0).clamp(0.0, f64::MAX)
}

impl Suspicion {
    pub(super) fn merge(&mut self, other: &Self) {
        self.alerts = self.alerts.saturating_add(other.alerts);
        self.severity = self.severity.max(other.severity);
        // `max` passes over what is no number.
        self.score = self.score.max(other.score);
    }
}
