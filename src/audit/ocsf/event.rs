//! What events of all classes have in common.

use serde_json::{Map, Value};

use super::{LogFacts, OcsfEvents};
use crate::audit::LogEntry;
use crate::text::Plain;

/// A JSON object under way.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Leaves out what is not there: the schema knows no null.
    pub(super) fn with_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// A number of the schema under `key`, and its name under `name`.
    pub(super) fn with_named(self, key: &str, name: &str, (number, named): (u64, &str)) -> Self {
        self.with(key, number).with(name, named)
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Object(fields.0)
    }
}

/// A class of events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    pub(super) category: u64,
    pub(super) uid: u64,
    pub(super) name: &'static str,
}

/// How bad it is: `severity_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Informational,
    Low,
    Medium,
    High,
}

impl Severity {
    pub(super) fn named(self) -> (u64, &'static str) {
        match self {
            Self::Informational => (1, "Informational"),
            Self::Low => (2, "Low"),
            Self::Medium => (3, "Medium"),
            Self::High => (4, "High"),
        }
    }
}

/// How it went: `status_id`, with a name of ours where the schema has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Unknown,
    Success,
    Failure,
    Other(&'static str),
}

impl Status {
    fn named(self) -> (u64, &'static str) {
        match self {
            Self::Unknown => (0, "Unknown"),
            Self::Success => (1, "Success"),
            Self::Failure => (2, "Failure"),
            Self::Other(name) => (99, name),
        }
    }
}

/// What tells one event from another of its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind<'e> {
    pub(super) class: Class,
    /// `activity_id` and its name.
    pub(super) activity: (u64, &'e str),
    pub(super) severity: Severity,
    pub(super) status: Option<Status>,
    /// Whether it carries the profile `security_control`.
    pub(super) controls: bool,
}

/// Begins the event of an entry. Its members in `mapped` have a place in events of this class, if they are of the kind that
/// the library writes; the others are kept under `unmapped`.
pub(super) fn begin(
    log: &LogFacts,
    entry: &LogEntry<'_>,
    kind: Kind<'_>,
    mapped: &[&str],
) -> Fields {
    let Class {
        category,
        uid,
        name,
    } = kind.class;
    let (activity, _) = kind.activity;
    let event = Fields::new()
        .with_named("activity_id", "activity_name", kind.activity)
        .with("category_uid", category)
        .with_named("class_uid", "class_name", (uid, name))
        .with("type_uid", uid * 100 + activity)
        .with_named("severity_id", "severity", kind.severity.named())
        .with("time", millis(entry.wall().as_nanos()))
        .with("message", message(entry))
        .with("metadata", metadata(log, entry, kind.controls))
        .with_some("unmapped", unmapped(entry, mapped))
        .with_some("status_code", entry.text("code"))
        .with_some("status_detail", entry.text("reason"));
    match kind.status {
        Some(status) => event.with_named("status_id", "status", status.named()),
        None => event,
    }
}

/// The software that writes the log.
pub(super) fn product(log: &LogFacts) -> Fields {
    Fields::new()
        .with("name", "Portcullis")
        .with("vendor_name", "Portcullis")
        .with_some("version", log.version.as_deref())
}

/// Whose log it is. One that does not say cannot be told from another.
pub(super) fn origin(log: &LogFacts) -> &str {
    log.origin.as_deref().unwrap_or("unknown")
}

pub(super) fn millis(nanos: impl TryInto<u64>) -> u64 {
    nanos.try_into().unwrap_or(u64::MAX) / 1_000_000
}

pub(super) fn metadata(log: &LogFacts, entry: &LogEntry<'_>, controls: bool) -> Fields {
    let (origin, index) = (origin(log), entry.index());
    let call = entry.call().map(|call| format!("{origin}/calls/{call}"));
    // The schema's integers are signed ones, and of 32 bits to some of its readers.
    let sequence = i32::try_from(index).ok();
    let profiles = controls.then(|| vec!["security_control"]);
    Fields::new()
        .with("version", OcsfEvents::VERSION)
        .with("product", product(log))
        .with("uid", format!("{origin}/entries/{index}"))
        .with("original_event_uid", index.to_string())
        .with("event_code", entry.kind())
        .with("log_name", origin)
        .with("log_provider", "portcullis")
        .with_some("sequence", sequence)
        .with_some("correlation_uid", call)
        .with_some(
            "original_time",
            entry.number("wall_ns").map(|time| time.to_string()),
        )
        .with_some("profiles", profiles)
}

/// For people, in one line: `decided pay: deny, limit`.
fn message(entry: &LogEntry<'_>) -> String {
    let mut message = Plain(entry.kind()).to_string();
    if let Some(tool) = entry.text("tool") {
        message.push_str(&format!(" {}", Plain(tool)));
    }
    let said = ["decision", "code", "reason"];
    let said = said.into_iter().filter_map(|key| entry.text(key));
    for (index, text) in said.enumerate() {
        let between = if index == 0 { ":" } else { "," };
        message.push_str(&format!("{between} {}", Plain(text)));
    }
    message
}

pub(super) fn unmapped(entry: &LogEntry<'_>, mapped: &[&str]) -> Option<Value> {
    const EVERYWHERE: [&str; 4] = ["seq", "type", "code", "reason"];
    let rest = entry.members().iter().filter(|(key, value)| {
        let is_number = || {
            value
                .as_number()
                .is_some_and(|number| number.as_u64().is_some())
        };
        let has_place = match *key {
            "seq" | "wall_ns" => is_number(),
            "epoch" => is_number() && entry.text("policy").is_some(),
            _ => value.as_str().is_some(),
        };
        let is_mapped = EVERYWHERE.contains(key) || mapped.contains(key);
        !(is_mapped && has_place)
    });
    let rest: Map<_, _> = rest
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect();
    (!rest.is_empty()).then_some(Value::Object(rest))
}
