//! The log itself: Application Lifecycle and Application Error.

use serde_json::Value;

use super::LogFacts;
use super::event::{Class, Kind, Severity, Status, begin, product};
use crate::audit::LogEntry;

const LIFECYCLE: Class = Class {
    category: 6,
    uid: 6002,
    name: "Application Lifecycle",
};

const ERROR: Class = Class {
    category: 6,
    uid: 6008,
    name: "Application Error",
};

pub(super) const START: (u64, &str) = (3, "Start");
pub(super) const STOP: (u64, &str) = (4, "Stop");

/// The event of an entry that opens or closes the log.
pub(super) fn lifecycle(log: &LogFacts, entry: &LogEntry<'_>, activity: (u64, &str)) -> Value {
    let kind = Kind {
        class: LIFECYCLE,
        activity,
        severity: Severity::Informational,
        status: Some(Status::Success),
        controls: false,
    };
    begin(log, entry, kind, &["wall_ns", "origin", "version"])
        .with("app", product(log))
        .into()
}

/// The event of an entry about something that was not kept: the end of a file, a checkpoint, an alert by its sink.
pub(super) fn error(log: &LogFacts, entry: &LogEntry<'_>) -> Value {
    let kind = Kind {
        class: ERROR,
        activity: (1, "General Error"),
        severity: Severity::Medium,
        status: None,
        controls: false,
    };
    begin(log, entry, kind, &["wall_ns"]).into()
}
