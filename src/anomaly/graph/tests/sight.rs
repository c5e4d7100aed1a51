//! What becomes of events.

use super::*;

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn calls_are_counted_by_what_came_of_them() {
    let stage = Stage::new();
    let a = agent("a");
    stage.at(10);
    stage.called(&a, "read", 1000);
    stage.decided(&a, "read", Code::Limit);
    stage.decided(&a, "read", Code::ApprovalRequired);
    stage.at(20);
    for outcome in [
        Outcome::Failed,
        Outcome::Panicked,
        Outcome::Cancelled,
        Outcome::Abandoned,
        Outcome::Refused(Code::Lapsed),
    ] {
        stage.decided(&a, "read", Code::Allowed);
        stage.ended(&a, "read", outcome, 4000);
    }
    let view = stage.view();
    let [edge] = view.edges() else {
        panic!("{view:?}");
    };
    let seconds = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let traffic = edge.traffic;
    assert_eq!((traffic.count, traffic.errors), (8, 2));
    assert_eq!((traffic.asked, traffic.denied), (1, 2));
    assert_eq!((traffic.timed, traffic.mean), (3, Some(3 * MILLI)));
    assert_eq!((traffic.first, traffic.last), (seconds(10), seconds(20)));
    // Both ends are nodes through which all of it went.
    let ends: Vec<_> = view.nodes().iter().map(|node| node.traffic).collect();
    assert_eq!(ends, [traffic; 2]);
}

#[test]
fn what_ends_without_a_beginning_is_passed_over() {
    let stage = Stage::new();
    stage.ended(&agent("a"), "read", Outcome::Completed, 5);
    stage
        .graph
        .alert(&alert(AlertKind::Loop, &agent("a"), "read", None));
    assert_eq!(stage.view().nodes(), []);
    stage.decided(&agent("a"), "write", Code::Allowed);
    stage.ended(&agent("a"), "read", Outcome::Completed, 5);
    assert_eq!(stage.edges(&agent("a")), [("write".to_owned(), 1)]);
}

#[test]
fn interactions_are_no_later_than_the_clock() {
    let stage = Stage::new();
    let (a, b) = (agent("a"), agent("b"));
    stage.at(100);
    let now = stage.clock.wall();
    for (at, status) in [
        (now - Duration::from_secs(50), InteractionStatus::Succeeded),
        (
            now + Duration::from_secs(1 << 40),
            InteractionStatus::Failed,
        ),
        (now, InteractionStatus::Denied),
    ] {
        stage.graph.interaction(&AgentInteraction {
            source: &a,
            target: &b,
            action: "ask",
            payload: None,
            at,
            latency: Duration::MAX,
            status,
        });
    }
    let traffic = stage.view().edges()[0].traffic;
    assert_eq!((traffic.count, traffic.errors, traffic.denied), (3, 1, 1));
    assert_eq!(traffic.mean, Some(Duration::from_secs(86_400)));
    assert_eq!(
        (traffic.first, traffic.last),
        (now - Duration::from_secs(50), now)
    );
}

#[test]
fn destinations_are_those_that_a_log_may_keep() {
    let stage = Stage::new();
    let a = agent("a");
    let args =
        r#"{"to": ["x@Mail.Example", "http://mail.example/"], "key": "http://secret.example"}"#;
    stage.named(&a, args, AuditLevel::Standard, &[]);
    stage.named(&a, args, AuditLevel::Detailed, &[]);
    assert_eq!(stage.edges(&a), [("send".to_owned(), 2)]);
    stage.named(&a, args, AuditLevel::Full, &["key"]);
    let host = "mail.example".to_owned();
    assert_eq!(stage.edges(&a), [("send".to_owned(), 3), (host, 1)]);
}

#[test]
fn what_is_expected_stands_in_the_policies() {
    let stage = Stage::new();
    let (a, b, c) = (agent("a"), agent("b"), agent("c"));
    stage.spoke(&a, &b, InteractionStatus::Succeeded);
    stage.spoke(&a, &c, InteractionStatus::Succeeded);
    stage.decided(&a, "read", Code::Constraint);
    stage.decided(&a, "steal", Code::UnknownTool);
    stage.decided(&a, "odd", Code::Malformed);
    let args = r#"{"to": "https://api.example.com https://evil.example"}"#;
    stage.named(&a, args, AuditLevel::Full, &[]);
    let found = |policy: &str| -> Vec<(String, Expectation)> {
        let edges = stage.view_under(policy).edges;
        let told = edges
            .iter()
            .map(|edge| (edge.target.name().to_owned(), edge.expectation));
        told.filter(|(_, expectation)| *expectation != Expectation::Undeclared)
            .collect()
    };
    use Expectation::{Expected, Unexpected};
    let tools = [
        ("read", Expected),
        ("send", Expected),
        ("steal", Unexpected),
    ];
    let owned = |told: &[(&str, Expectation)]| -> Vec<(String, Expectation)> {
        told.iter()
            .map(|(name, told)| ((*name).to_owned(), *told))
            .collect()
    };
    assert_eq!(found("{}"), owned(&tools));
    let policy = r#"{
        "agents": [
            {"agent_id": "spiffe://example.org/*", "destinations": ["*.example.com", "evil.example"]},
            {"agent_id": "spiffe://example.org/a", "destinations": ["api.example.com"]},
            {"agent_id": "spiffe://example.org/b", "destinations": []}
        ],
        "paths": [{"source": "spiffe://example.org/a", "target": "spiffe://example.org/b"}]
    }"#;
    let told = found(policy);
    assert_eq!(
        told[..2],
        owned(&[(b.as_str(), Expected), (c.as_str(), Unexpected)])
    );
    assert_eq!(told[2..5], owned(&tools));
    let hosts = [("api.example.com", Expected), ("evil.example", Unexpected)];
    assert_eq!(told[5..], owned(&hosts));
    // The last decision says whether a policy names a tool; one that says nothing of it changes nothing.
    stage.decided(&a, "steal", Code::Allowed);
    stage.decided(&a, "steal", Code::Fault);
    assert_eq!(stage.view().unexpected().count(), 0);
}

#[test]
fn alerts_count_for_what_they_name() {
    let stage = Stage::new();
    let a = agent("a");
    let odd = format!("od{}d \u{202e}", "x".repeat(200));
    for tool in ["read", &odd] {
        stage.decided(&a, tool, Code::Allowed);
    }
    stage.named(
        &a,
        r#"{"to": "http://Evil.example"}"#,
        AuditLevel::Full,
        &[],
    );
    let update = Alert {
        more: 7,
        is_update: true,
        ..alert(AlertKind::CallRate, &a, "read", None)
    };
    for alert in [
        alert(AlertKind::CallRate, &a, "read", Some(20.0)),
        alert(AlertKind::Latency, &a, "read", Some(15.0)),
        update,
        alert(AlertKind::ScopeViolation, &a, &odd, None),
        alert(
            AlertKind::NewDestination,
            &a,
            "EVIL.example",
            Some(f64::INFINITY),
        ),
        alert(AlertKind::OddHour, &a, "", Some(9.0)),
        alert(AlertKind::NewValue, &a, "account: 5", Some(f64::NAN)),
    ] {
        stage.graph.alert(&alert);
    }
    let view = stage.view();
    let told: Vec<_> = view
        .edges()
        .iter()
        .map(|edge| {
            (
                edge.suspicion.alerts,
                edge.suspicion.severity,
                edge.suspicion.score,
            )
        })
        .collect();
    use crate::anomaly::alert::Severity::Medium;
    assert_eq!(
        told,
        [
            (1, Some(Medium), 0.0),
            (2, Some(Medium), 20.0),
            (0, None, 0.0),
            (1, Some(Medium), f64::MAX),
        ]
    );
    // What names no edge counts for the agent, beside what its edges have.
    let node = &view.nodes()[0];
    assert_eq!((node.endpoint.kind(), node.suspicion.alerts), ("agent", 6));
    assert_eq!(node.suspicion.score, f64::MAX);
}

#[test]
fn alerts_on_record_count_as_those_that_are_told() {
    let (told, recorded) = (Stage::new(), Stage::new());
    let a = agent("a");
    for target in ["read", ""] {
        for (kind, surprise, is_update) in [
            (AlertKind::CallRate, Some(20.0), false),
            (AlertKind::UnexpectedPath, None, true),
        ] {
            let mut alert = alert(kind, &a, target, surprise);
            alert.is_update = is_update;
            told.decided(&a, "read", Code::Allowed);
            told.graph.alert(&alert);
            recorded.decided(&a, "read", Code::Allowed);
            recorded.see(Event::Alerted(Alerted {
                at: std::time::SystemTime::UNIX_EPOCH,
                agent: &a,
                number: 1,
                kind: kind.as_str(),
                severity: alert.severity().as_str(),
                target: alert.target.as_deref(),
                observed: 1.0,
                expected: 0.0,
                surprise,
                baseline: None,
                call: None,
                more: 0,
                is_update,
            }));
        }
    }
    assert_eq!(told.view().nodes(), recorded.view().nodes());
    assert_eq!(told.view().edges(), recorded.view().edges());
    let suspicion = told.view().edges()[0].suspicion;
    assert_eq!((suspicion.alerts, suspicion.score), (1, 20.0));
}

#[test]
fn a_watched_recorder_records_as_before() {
    use crate::record::RingRecorder;
    let stage = Stage::new();
    let charted = stage.graph.watch(RingRecorder::new(4));
    assert!(!charted.keeps_beginnings() && !charted.keeps_results());
    let (a, wall) = (agent("a"), SystemTime::UNIX_EPOCH);
    let event = Event::Decided(decided(&a, "read", Code::Allowed));
    let record = Record {
        at: Duration::ZERO,
        wall,
        event,
    };
    charted.record(&record).unwrap();
    assert_eq!(charted.recorder().records().len(), 1);
    assert_eq!(stage.edges(&a), [("read".to_owned(), 1)]);
}
