//! What exports look like, to the character.

use super::*;

const POLICY: &str = r#"{
    "agents": [{"agent_id": "spiffe://example.org/*", "destinations": ["*.example.com"]}],
    "paths": [{"source": "spiffe://example.org/planner", "target": "spiffe://example.org/analyst"}]
}"#;

/// The same whatever the order of the events of different agents.
fn story(is_reversed: bool) -> Stage {
    let stage = Stage::new();
    let (planner, analyst, mailer) = (agent("planner"), agent("analyst"), agent("mailer"));
    stage.at(1_000);
    let planning = || {
        for _ in 0..3 {
            stage.spoke(&planner, &analyst, InteractionStatus::Succeeded);
        }
        stage.spoke(&planner, &mailer, InteractionStatus::Denied);
    };
    let analysing = || {
        for _ in 0..12 {
            stage.called(&analyst, "query", 1500);
        }
        stage.decided(&analyst, "query", Code::Limit);
        stage.decided(&analyst, "drop \"all\"; <b>", Code::Malformed);
        stage.decided(&analyst, "transfer", Code::UnknownTool);
        let told = alert(AlertKind::ScopeViolation, &analyst, "transfer", None);
        stage.graph.alert(&told);
    };
    let mailing = || {
        let args = r#"{"to": "x@api.example.com, y@evil.example"}"#;
        stage.named(&mailer, args, AuditLevel::Full, &[]);
        stage.ended(&mailer, "send", Outcome::Failed, 20_000_000);
        let told = alert(AlertKind::FirstContact, &mailer, "evil.example", None);
        stage.graph.alert(&told);
        let told = alert(
            AlertKind::NewDestination,
            &mailer,
            "evil.example",
            Some(7.5),
        );
        stage.graph.alert(&told);
    };
    if is_reversed {
        mailing();
        analysing();
        planning();
    } else {
        planning();
        analysing();
        mailing();
    }
    stage
}

const DOT: &str = include_str!("golden/story.dot");

const MERMAID: &str = include_str!("golden/story.mmd");

#[test]
fn pictures_are_as_they_were() {
    for is_reversed in [false, true] {
        let view = story(is_reversed).view_under(POLICY);
        let (dot, mermaid) = (view.dot(), view.mermaid());
        assert_eq!(dot, DOT, "{dot}");
        assert_eq!(mermaid, MERMAID, "{mermaid}");
    }
}

#[test]
fn json_is_as_it_was() {
    let view = story(false).view_under(POLICY);
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(
        json["dropped"],
        serde_json::json!({"agents": 0, "edges": 0})
    );
    assert_eq!(
        json["nodes"][2],
        serde_json::json!({
            "kind": "agent", "name": "spiffe://example.org/planner",
            "count": 4, "errors": 0, "asked": 0, "denied": 1, "timed": 3, "mean_us": 5000, "p95_us": 5000,
            "first_seen_ms": 1_000_000, "last_seen_ms": 1_000_000,
            "alerts": 0, "severity": null, "score": 0.0, "dropped": 0
        })
    );
    assert_eq!(
        json["edges"][5],
        serde_json::json!({
            "source": 1, "target": 8, "expectation": "unexpected",
            "count": 1, "errors": 0, "asked": 0, "denied": 0, "timed": 0, "mean_us": null, "p95_us": null,
            "first_seen_ms": 1_000_000, "last_seen_ms": 1_000_000,
            "alerts": 2, "severity": "high", "score": 7.5
        })
    );
}

#[test]
fn nothing_is_a_picture_too() {
    let view = Stage::new().view();
    assert_eq!(view.mermaid(), "flowchart LR\n");
    assert_eq!(view.dot().lines().count(), 4);
    let empty = serde_json::json!({"version": 1, "nodes": [], "edges": [], "dropped": {"agents": 0, "edges": 0}});
    assert_eq!(serde_json::to_value(&view).unwrap(), empty);
}

/// More edges than Mermaid draws: those that matter stay, and the rest is counted.
#[test]
fn the_severest_edges_are_drawn() {
    let stage = Stage::with(CommunicationGraph::builder().edges(2000));
    let a = agent("a");
    for number in 0..600 {
        stage.decided(&a, &format!("t{number}"), Code::Allowed);
    }
    stage.decided(&a, "t599", Code::Allowed);
    stage.decided(&a, "unexpected", Code::UnknownTool);
    stage
        .graph
        .alert(&alert(AlertKind::CallRate, &a, "t598", Some(3.0)));
    let picture = stage.view().mermaid();
    let has = |name: &str| picture.contains(&format!("[\"{name}\"]"));
    assert!(
        has("unexpected") && has("t598") && has("t599") && has("t0"),
        "{picture}"
    );
    assert_eq!(
        picture.lines().filter(|line| line.contains("-->|")).count(),
        499
    );
    assert!(
        picture.ends_with("  leftout[\"101 edges are not drawn\"]\n"),
        "{picture}"
    );
    assert!(picture.len() <= 50_000, "{}", picture.len());
}

#[test]
fn a_picture_is_no_longer_than_mermaid_draws() {
    let stage = Stage::with(CommunicationGraph::builder().edges(2000));
    let a = agent("a");
    for number in 0..600 {
        stage.decided(
            &a,
            &format!("{number}{}", "\u{202e}".repeat(70)),
            Code::Malformed,
        );
    }
    let picture = stage.view().mermaid();
    assert!(picture.len() <= 50_000, "{}", picture.len());
    let drawn = picture.lines().filter(|line| line.contains("->|")).count();
    assert!(picture.contains(&format!("\"{} edges are not drawn\"", 600 - drawn)));
}
