//! Alerts of every kind, held against what the schema demands.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::schema;
use crate::anomaly::{Alert, AlertKind, Baseline};
use crate::audit::OcsfFindings;
use crate::ids::AgentId;
use crate::record::CallId;

fn alert(kind: AlertKind) -> Alert {
    Alert {
        number: 7,
        kind,
        agent: AgentId::parse("spiffe://example.org/a").unwrap(),
        target: Some(Arc::from("pay")),
        at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
        observed: 31.0,
        expected: 10.25,
        surprise: Some(14.0),
        baseline: Some(Baseline {
            events: 2461,
            age: Duration::from_secs(14_460),
        }),
        call: Some(CallId(0x1f)),
        more: 0,
        is_update: false,
        lost: 0,
    }
}

fn finding(alert: &Alert) -> Value {
    OcsfFindings::new("example.org/agents").finding(alert)
}

#[test]
fn every_kind_of_alert_is_what_the_schema_demands() {
    for kind in AlertKind::ALL {
        for (target, surprise, call, more) in [
            (Some("pay"), Some(14.0), Some(CallId(1)), 0),
            (None, None, None, 3),
            (Some("\u{1b}\n\"x"), Some(f64::MAX), None, u64::MAX),
            (None, Some(f64::INFINITY), None, 0),
        ] {
            for is_update in [false, true] {
                let alert = Alert {
                    target: target.map(Arc::from),
                    surprise,
                    call,
                    more,
                    is_update,
                    ..alert(kind)
                };
                let finding = finding(&alert);
                schema::check(&finding);
                // Nor what has no place in it, where the checker looks at nothing.
                assert!(!finding.to_string().contains(":null"), "{finding}");
            }
        }
    }
}

#[test]
fn a_learned_rate_is_held_against_its_baseline() {
    let finding = finding(&alert(AlertKind::CallRate));
    let observed = |value: &str, count: Option<u64>| {
        let mut observation = json!({"value": value});
        if let Some(count) = count {
            observation["count"] = count.into();
        }
        json!([{
            "observation_parameter": "calls a minute", "observation_type": "Frequency Analysis",
            "observations": [observation],
        }])
    };
    assert_eq!(
        finding["anomaly_analyses"],
        json!([{
            "analysis_targets": [{"name": "spiffe://example.org/a", "type": "Agent"}],
            "anomalies": observed("31", None), "baselines": observed("10.25", Some(2461)),
        }])
    );
    assert_eq!(finding["time"], 1_700_000_000_123_u64);
    assert_eq!(finding["type_uid"], 200_401);
    assert_eq!(finding["finding_info"]["analytic"]["type"], "Statistical");
    // As the events of the call have it.
    assert_eq!(
        finding["metadata"]["correlation_uid"],
        "example.org/agents/calls/1f"
    );
    assert_eq!(finding["unmapped"]["baseline_age_seconds"], 14_460);
}

#[test]
fn what_is_told_again_updates_its_finding() {
    let first = alert(AlertKind::Probing);
    let again = Alert {
        number: 9,
        more: 4,
        ..first.clone()
    };
    let other = Alert {
        target: Some(Arc::from("read")),
        ..first.clone()
    };
    let [first, again, other] = [first, again, other].map(|alert| finding(&alert));
    assert_eq!(
        (&first["activity_id"], &again["activity_id"]),
        (&1.into(), &2.into())
    );
    assert_eq!(first["finding_info"]["uid"], again["finding_info"]["uid"]);
    assert_ne!(first["finding_info"]["uid"], other["finding_info"]["uid"]);
    assert_ne!(first["metadata"]["uid"], again["metadata"]["uid"]);
    assert_eq!(again["finding_info"]["related_events_count"], 5);
}
