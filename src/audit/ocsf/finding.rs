//! Alerts of a monitor: Detection Finding.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::event::{Fields, Severity, metadata, millis, origin, product, unmapped as rest};
use super::{LogFacts, OcsfEvents};
use crate::anomaly::{Alert, AlertKind, Baseline, Severity as Badness};
use crate::audit::LogEntry;
use crate::ids::AgentId;
use crate::record::CallId;

/// Turns alerts of a [`Monitor`](crate::anomaly::Monitor) into Detection Findings (2004) of
/// [OCSF](https://schema.ocsf.io/1.8.0) 1.8.0.
///
/// Alerts of one kind about one target of one agent are one finding, which is created and then updated: they have one
/// `finding_info.uid`. What was compared stands in `anomaly_analyses`: what was counted, and the baseline that it was held
/// against. Like the events of that call, a finding about a call has its `metadata.correlation_uid`. What has no place in the
/// schema, such as the probability, stands under `unmapped`.
///
/// ```
/// use portcullis::anomaly::{CredentialIssued, Monitor, MonitorPolicy};
/// use portcullis::audit::OcsfFindings;
/// use portcullis::AgentId;
///
/// let policy = r#"{"agents": [{"agent_id": "spiffe://example.org/a", "credentials_per_minute": 1}]}"#;
/// let monitor = Monitor::builder().policy(MonitorPolicy::from_json(policy)?).build();
/// let alerts = monitor.subscribe(10);
/// let agent = AgentId::parse("spiffe://example.org/a")?;
/// for _ in 0..20 {
///     monitor.credential(&CredentialIssued { agent: &agent, at: std::time::SystemTime::now() });
/// }
/// let finding = OcsfFindings::new("example.org/agents").finding(&alerts.try_recv()?);
/// assert_eq!((&finding["class_uid"], &finding["severity"]), (&2004.into(), &"High".into()));
/// assert_eq!(finding["finding_info"]["title"], "CREDENTIAL_SPIKE");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: [OCSF 1.8.0](https://github.com/ocsf/ocsf-schema/tree/v1.8.0), `events/findings/detection_finding.json`.
#[derive(Clone, Debug)]
pub struct OcsfFindings {
    log: LogFacts,
    origin: String,
}

const CLASS: u64 = 2004;
const CREATE: (u64, &str) = (1, "Create");
const UPDATE: (u64, &str) = (2, "Update");

impl OcsfFindings {
    /// Findings that belong to the log of this origin, or to whatever else is called so.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let log = LogFacts {
            origin: Some(origin.to_owned()),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        };
        Self {
            log,
            origin: origin.to_owned(),
        }
    }

    /// The finding of an alert: a JSON object.
    #[must_use]
    pub fn finding(&self, alert: &Alert) -> Value {
        let is_new = !alert.is_update && alert.more == 0;
        let activity = if is_new { CREATE } else { UPDATE };
        let target = alert.target.as_deref();
        Fields::new()
            .with_named("activity_id", "activity_name", activity)
            .with("category_uid", 2)
            .with_named("class_uid", "class_name", (CLASS, "Detection Finding"))
            .with("type_uid", CLASS * 100 + activity.0)
            .with_named("severity_id", "severity", severity(alert).named())
            .with_named("status_id", "status", (1, "New"))
            .with("time", time(alert))
            .with("message", alert.to_string())
            .with("is_alert", !alert.is_update)
            .with("metadata", self.metadata(alert))
            .with("finding_info", self.info(alert))
            .with(
                "evidences",
                json!([{"actor": {"app_uid": alert.agent.as_str()}}]),
            )
            .with_some("resources", target.map(|name| json!([{"name": name}])))
            .with_some("anomaly_analyses", analyses(alert))
            .with("unmapped", unmapped(alert))
            .into()
    }

    fn metadata(&self, alert: &Alert) -> Fields {
        let origin = &self.origin;
        let call = alert.call.map(|call| format!("{origin}/calls/{call}"));
        Fields::new()
            .with("version", OcsfEvents::VERSION)
            .with("product", product(&self.log))
            .with("uid", format!("{origin}/alerts/{}", alert.number))
            .with("event_code", alert.kind.as_str())
            .with("log_name", origin.as_str())
            .with("log_provider", "portcullis")
            .with_some("correlation_uid", call)
    }

    fn info(&self, alert: &Alert) -> Fields {
        let kind = alert.kind.as_str();
        let target = alert.target.as_deref().unwrap_or_default();
        let uid = format!("{}/findings/{kind}/{}#{target}", self.origin, alert.agent);
        Fields::new()
            .with("uid", uid)
            .with("title", kind)
            .with("desc", alert.to_string())
            .with("types", json!([kind]))
            .with("analytic", analytic(alert))
            .with("last_seen_time", time(alert))
            .with(
                "related_events_count",
                integer(alert.more.saturating_add(1)),
            )
    }
}

/// Members of an entry that have a place in the finding.
const MAPPED: [&str; 5] = ["wall_ns", "call", "agent", "alert", "target"];

/// The finding of an alert as it stands in a log; `None` if it does not say what an alert says.
pub(super) fn of_entry(log: &LogFacts, entry: &LogEntry<'_>) -> Option<Value> {
    let findings = OcsfFindings {
        log: log.clone(),
        origin: origin(log).to_owned(),
    };
    let mut finding = findings.finding(&alert(entry)?);
    let members = finding.as_object_mut()?;
    members.insert("metadata".to_owned(), metadata(log, entry, false).into());
    if let Some(rest) = rest(entry, &MAPPED) {
        members.insert("unmapped".to_owned(), rest);
    }
    Some(finding)
}

fn alert(entry: &LogEntry<'_>) -> Option<Alert> {
    let kind = entry.text("alert")?;
    let float = |key| {
        let number = entry.members().get(key)?.as_number()?;
        Some(number.to_f64_lossy())
    };
    let baseline = entry.number("baseline_events").map(|events| Baseline {
        events,
        age: Duration::from_secs(entry.number("baseline_seconds").unwrap_or(0)),
    });
    let is_update = entry
        .members()
        .get("is_update")
        .and_then(crate::json::Value::as_bool);
    Some(Alert {
        number: entry.number("alert_number")?,
        kind: AlertKind::ALL
            .into_iter()
            .find(|known| known.as_str() == kind)?,
        agent: AgentId::parse(entry.text("agent")?).ok()?,
        target: entry.text("target").map(Arc::from),
        at: SystemTime::UNIX_EPOCH.checked_add(entry.at())?,
        observed: float("observed")?,
        expected: float("expected")?,
        surprise: float("surprise_nats"),
        baseline,
        call: entry.call().and_then(CallId::parse),
        more: entry.number("more")?,
        is_update: is_update == Some(true),
        lost: 0,
    })
}

/// What was declared is a rule; what was learned is statistics.
fn analytic(alert: &Alert) -> Fields {
    let kind = if alert.is_learned() {
        (3, "Statistical")
    } else {
        (1, "Rule")
    };
    Fields::new()
        .with("name", alert.kind.as_str())
        .with("uid", alert.kind.as_str())
        .with_named("type_id", "type", kind)
}

/// What was counted and what it was held against, where there was something to hold it against.
fn analyses(alert: &Alert) -> Option<Value> {
    let (parameter, analysis) = compared(alert.kind)?;
    if alert.is_update {
        return None;
    }
    let about = |value: f64, count: Option<u64>| {
        let observation = Fields::new()
            .with("value", value.to_string())
            .with_some("count", count.map(integer));
        Fields::new()
            .with("observation_parameter", parameter)
            .with("observation_type", analysis)
            .with("observations", vec![Value::from(observation)])
    };
    let events = alert.baseline.map(|baseline| baseline.events);
    let analysis = Fields::new()
        .with(
            "analysis_targets",
            json!([{"name": alert.agent.as_str(), "type": "Agent"}]),
        )
        .with("anomalies", vec![Value::from(about(alert.observed, None))])
        .with(
            "baselines",
            vec![Value::from(about(alert.expected, events))],
        );
    Some(Value::Array(vec![analysis.into()]))
}

/// What a kind of alert compares, and the schema's word for such a comparison; `None` for those that compare nothing.
fn compared(kind: AlertKind) -> Option<(&'static str, &'static str)> {
    const FREQUENCY: &str = "Frequency Analysis";
    Some(match kind {
        AlertKind::RateAnomaly | AlertKind::CallRate | AlertKind::BaselineShift => {
            ("calls a minute", FREQUENCY)
        }
        AlertKind::CredentialSpike => ("credentials a minute", FREQUENCY),
        AlertKind::RepeatedDenials => ("refusals among the last decisions", FREQUENCY),
        AlertKind::DenialRate => ("refusals in a hundred decisions", FREQUENCY),
        AlertKind::Probing => ("different refused targets", FREQUENCY),
        AlertKind::Endpoints => ("different tools and agents in ten minutes", FREQUENCY),
        AlertKind::Loop => ("rounds of the same steps", "Sequence Analysis"),
        AlertKind::OddStep => ("share of such steps", "Sequence Analysis"),
        AlertKind::ResultLength => ("bytes of result", "Volume Analysis"),
        AlertKind::Latency => ("milliseconds of a call", "Deviation Analysis"),
        AlertKind::OddHour => ("share of such hours", "Time Pattern Analysis"),
        AlertKind::NewDestination => ("share of new destinations", "Association Analysis"),
        AlertKind::NewValue => ("share of new values", "Association Analysis"),
        AlertKind::UnexpectedPath
        | AlertKind::LateralMovement
        | AlertKind::ScopeViolation
        | AlertKind::FirstContact
        | AlertKind::OffHours
        | AlertKind::CrowdedOut => return None,
    })
}

fn unmapped(alert: &Alert) -> Fields {
    let age = alert.baseline.map(|baseline| baseline.age.as_secs());
    // JSON has no other numbers.
    let surprise = alert.surprise.filter(|nats| nats.is_finite());
    Fields::new()
        .with_some("surprise_nats", surprise)
        .with_some("probability", surprise.map(|nats| (-nats).exp()))
        .with_some("baseline_age_seconds", age)
        .with("alerts_lost", alert.lost)
        .with("more_since_last", alert.more)
}

fn severity(alert: &Alert) -> Severity {
    match alert.severity() {
        Badness::Low => Severity::Low,
        Badness::Medium => Severity::Medium,
        Badness::High => Severity::High,
    }
}

fn time(alert: &Alert) -> u64 {
    let since = alert.at.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| millis(since.as_nanos()))
}

/// The schema's integers are of 32 bits to some of its readers.
fn integer(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
