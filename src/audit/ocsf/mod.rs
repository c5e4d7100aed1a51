//! Entries of a log as events of the Open Cybersecurity Schema Framework, which SIEMs and security data lakes read.
//!
//! What all events have in common is in [`event`]; each class of events has a file of its own.

mod api_activity;
mod application;
mod event;
mod finding;

use serde_json::Value;

pub use finding::OcsfFindings;

use super::LogEntry;

/// Turns the entries of one log into events of [OCSF](https://schema.ocsf.io/1.8.0) 1.8.0, one by one and in their order.
///
/// | entry | class of the event | activity |
/// |---|---|---|
/// | `decided`, `executing` | API Activity (6003) | `Read`, or `Other` for a call that may write |
/// | `completed`, `failed`, `panicked`, `cancelled`, `abandoned`, `refused`, `unknown` | API Activity (6003) | `Unknown`: such an entry does not say what the tool does |
/// | `session_opened`, `session_closed`, `policy_loaded` | API Activity (6003) | `Create`, `Delete`, `Update` |
/// | `log_opened`, `log_closed` | Application Lifecycle (6002) | `Start`, `Stop` |
/// | `recovered`, `checkpoint_not_kept`, `checkpoint_not_signed`, `payload_lost`, `payloads_not_removed`, `alert_not_taken` | Application Error (6008) | `General Error` |
/// | `alerted` | Detection Finding (2004) | `Create`, or `Update` for what was told before: see [`OcsfFindings`] |
/// | `responded`, `released` | API Activity (6003) | `Update` |
/// | `erased`, `expired` | API Activity (6003) | `Delete` |
/// | any other | API Activity (6003) | `Other`, by the name of its type |
///
/// No entry is left out. The events of one call share `metadata.correlation_uid`; `metadata.original_event_uid` is the
/// number of the entry, by which it can be [proved](super::prove). A call that has not ended yet has the status `Other`,
/// named `pending`. Decisions carry the profile `security_control`. What has no place in the schema, such as the task,
/// the rule and the keyed digest of the arguments, stands under `unmapped`, under its name in the log.
///
/// An event is no evidence: nothing in it shows that it was not altered. The entry is, with its proof.
///
/// ```
/// use portcullis::audit::{LogEntry, LogError, OcsfEvents};
///
/// let entries = [
///     r#"{"seq":0,"type":"log_opened","wall_ns":0,"origin":"example.org/agents","version":"0.1.0"}"#,
///     r#"{"seq":1,"type":"completed","wall_ns":2000000,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay"}"#,
/// ];
/// let mut events = OcsfEvents::new();
/// let mut last = serde_json::Value::Null;
/// for (index, line) in (0..).zip(entries) {
///     last = events.event(&LogEntry::parse(index, line.as_bytes())?);
/// }
/// assert_eq!((&last["class_uid"], &last["time"]), (&6003.into(), &2.into()));
/// assert_eq!(last["api"]["operation"], "pay");
/// assert_eq!(last["metadata"]["log_name"], "example.org/agents");
/// # Ok::<(), LogError>(())
/// ```
///
/// Source: [OCSF 1.8.0](https://github.com/ocsf/ocsf-schema/tree/v1.8.0), `events/application`, `profiles`, `objects`.
#[derive(Clone, Debug, Default)]
pub struct OcsfEvents {
    log: LogFacts,
}

/// What a log says of itself when it is opened.
#[derive(Clone, Debug, Default)]
struct LogFacts {
    origin: Option<String>,
    /// Of the library that wrote what follows.
    version: Option<String>,
}

impl OcsfEvents {
    /// The version of the schema.
    pub const VERSION: &'static str = "1.8.0";

    /// Before the first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Passes over an entry that is not wanted. Every entry must go by, here or as an [`event`](Self::event): whose log it
    /// is stands in those that open it.
    pub fn skip(&mut self, entry: &LogEntry<'_>) {
        if entry.kind() == "log_opened" {
            let text = |key| entry.text(key).map(str::to_owned);
            self.log.origin = text("origin");
            self.log.version = text("version");
        }
    }

    /// The event of an entry: a JSON object.
    pub fn event(&mut self, entry: &LogEntry<'_>) -> Value {
        self.skip(entry);
        match entry.kind() {
            "log_opened" => application::lifecycle(&self.log, entry, application::START),
            "log_closed" => application::lifecycle(&self.log, entry, application::STOP),
            "recovered"
            | "checkpoint_not_kept"
            | "checkpoint_not_signed"
            | "payload_lost"
            | "payloads_not_removed"
            | "alert_not_taken" => application::error(&self.log, entry),
            "alerted" => finding::of_entry(&self.log, entry)
                .unwrap_or_else(|| api_activity::api_activity(&self.log, entry)),
            _ => api_activity::api_activity(&self.log, entry),
        }
    }
}

#[cfg(test)]
mod tests;
