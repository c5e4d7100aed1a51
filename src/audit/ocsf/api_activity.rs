//! Calls of tools, sessions and policies: API Activity.

use serde_json::Value;

use super::LogFacts;
use super::event::{Class, Fields, Kind, Severity, Status, begin, millis, origin};
use crate::audit::LogEntry;
use crate::text::Plain;

const API_ACTIVITY: Class = Class {
    category: 6,
    uid: 6003,
    name: "API Activity",
};

/// Members of an entry that have a place in the event.
const MAPPED: [&str; 9] = [
    "wall_ns", "call", "session", "agent", "user", "tool", "decision", "policy", "epoch",
];

/// The event of an entry about a call, a session or the policies.
pub(super) fn api_activity(log: &LogFacts, entry: &LogEntry<'_>) -> Value {
    let unmapped_name = Plain(entry.kind()).to_string();
    let control = control(entry);
    let kind = Kind {
        class: API_ACTIVITY,
        activity: activity(entry, &unmapped_name),
        severity: severity(entry),
        status: status(entry),
        controls: control.is_some(),
    };
    let operation = entry.text("tool").unwrap_or(entry.kind());
    let request = entry.call().map(|call| Fields::new().with("uid", call));
    let tool = entry.text("tool").map(|tool| {
        let tool = Fields::new().with("name", tool).with("type", "tool");
        vec![Value::from(tool)]
    });
    let event = begin(log, entry, kind, &MAPPED)
        .with("actor", actor(log, entry))
        .with(
            "api",
            Fields::new()
                .with("operation", operation)
                .with_some("request", request),
        )
        .with("src_endpoint", source(log, entry))
        .with_some("resources", tool)
        .with_some("policy", policy(entry))
        .with_some("duration", entry.number("latency_ns").map(millis));
    let Some(Control {
        action,
        disposition,
    }) = control
    else {
        return event.into();
    };
    event
        .with_named("action_id", "action", action)
        .with_named("disposition_id", "disposition", disposition)
        .into()
}

/// The schema knows how to create, read, update and delete; of a call that may write, the log does not know which it is.
fn activity<'e>(entry: &LogEntry<'_>, kind: &'e str) -> (u64, &'e str) {
    match entry.kind() {
        "session_opened" => (1, "Create"),
        "policy_loaded" | "responded" | "released" => (3, "Update"),
        "session_closed" | "erased" | "expired" => (4, "Delete"),
        "decided" | "executing" => match entry.text("effect") {
            Some("read") => (2, "Read"),
            Some("write") => (99, "Write"),
            _ => (0, "Unknown"),
        },
        "completed" | "failed" | "panicked" | "cancelled" | "abandoned" | "refused" | "unknown" => {
            (0, "Unknown")
        }
        _ => (99, kind),
    }
}

fn severity(entry: &LogEntry<'_>) -> Severity {
    match (entry.kind(), entry.decision()) {
        ("decided", Some("deny")) | ("refused", _) => match entry.text("code") {
            Some("identity" | "revoked" | "quarantined" | "anomaly" | "indicator" | "fault") => {
                Severity::Medium
            }
            _ => Severity::Low,
        },
        ("failed" | "cancelled" | "abandoned", _) => Severity::Low,
        ("panicked" | "unknown" | "responded", _) => Severity::Medium,
        _ => Severity::Informational,
    }
}

fn status(entry: &LogEntry<'_>) -> Option<Status> {
    let status = match (entry.kind(), entry.decision()) {
        ("decided", Some("deny")) | ("failed" | "panicked" | "refused", _) => Status::Failure,
        ("decided" | "executing", _) => Status::Other("pending"),
        ("cancelled", _) => Status::Other("cancelled"),
        ("abandoned", _) => Status::Other("abandoned"),
        ("unknown", _) => Status::Unknown,
        (
            "completed" | "session_opened" | "session_closed" | "policy_loaded" | "responded"
            | "released",
            _,
        ) => Status::Success,
        _ => return None,
    };
    Some(status)
}

/// What the gate did, in the words of the profile `security_control`.
struct Control {
    action: (u64, &'static str),
    disposition: (u64, &'static str),
}

fn control(entry: &LogEntry<'_>) -> Option<Control> {
    let (action, disposition) = match (entry.kind(), entry.decision()) {
        ("decided", Some("allow")) => ((1, "Allowed"), (1, "Allowed")),
        // Neither allowed nor denied yet: a person has to say.
        ("decided", Some("ask")) => ((0, "Unknown"), (99, "Approval Required")),
        ("decided", Some("deny")) | ("refused", _) => ((2, "Denied"), (2, "Blocked")),
        _ => return None,
    };
    Some(Control {
        action,
        disposition,
    })
}

/// Who acted: the agent, on whose behalf and in which session. Without an agent, the program whose log it is.
fn actor(log: &LogFacts, entry: &LogEntry<'_>) -> Fields {
    let uid = |key| entry.text(key).map(|uid| Fields::new().with("uid", uid));
    let authorized = entry.decision().map(|decision| {
        let decided = Fields::new()
            .with("decision", decision)
            .with_some("policy", policy(entry));
        vec![Value::from(decided)]
    });
    Fields::new()
        .with("app_uid", entry.text("agent").unwrap_or(origin(log)))
        .with_some("user", uid("user"))
        .with_some("session", uid("session"))
        .with_some("authorizations", authorized)
}

/// Where the call came from. There is no network between an agent and the gate in its process, so it is the program that
/// keeps the log, and the agent within it.
fn source(log: &LogFacts, entry: &LogEntry<'_>) -> Fields {
    Fields::new()
        .with("name", origin(log))
        .with_some("uid", entry.text("agent"))
}

/// The policies that were in force, by their digest.
fn policy(entry: &LogEntry<'_>) -> Option<Fields> {
    let digest = entry.text("policy")?;
    let epoch = entry.number("epoch").map(|epoch| epoch.to_string());
    Some(
        Fields::new()
            .with("uid", digest)
            .with_some("version", epoch),
    )
}
