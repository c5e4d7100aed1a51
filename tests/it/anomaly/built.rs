//! Monitor policies that are written in code are those that a document says, and are refused for the same.

use std::time::Duration;

use portcullis::anomaly::{
    AgentExpectation, AlertKind, LearningSettings, MonitorPolicy, PathExpectation, Response,
    ResponseSettings, RuleSettings,
};
use portcullis::{Lint, LoadError, LoadErrorKind};

const ALL: &str = "spiffe://example.org/agent/*";
const ONE: &str = "spiffe://example.org/agent/a";

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Everything that can be said.
fn built() -> Result<MonitorPolicy, LoadError> {
    use AlertKind as Kind;
    let rule = RuleSettings::new;
    MonitorPolicy::new()
        .expect(
            AgentExpectation::new(ALL)
                .calls_per_minute(1.0)
                .calls_per_minute(40.0)
                .credentials_per_minute(0.5)
                .hours(&["mon", "tue"], "08:00", "18:00")
                .hours(&[], "00:00", "01:00")
                .destinations(&["api.example.com", "*.example.org"])
                .sensitive_arguments(&["recipient"]),
        )?
        .expect(AgentExpectation::new(ONE).destinations(&[]))?
        .expect_path(PathExpectation::new(ONE, ALL).calls_per_minute(30.0))?
        .resource_class("payments", &["pay", "refund_*"])?
        .resource_class("files", &["read"])?
        .rule(Kind::UnexpectedPath, rule().off())?
        .rule(Kind::RateAnomaly, rule().ratio(4.0).significance(1e-5))?
        .rule(Kind::RepeatedDenials, rule().more_than(5).of(50))?
        .rule(Kind::ScopeViolation, rule())?
        .rule(Kind::Loop, rule().repeats(4).within(minutes(3)))?
        .rule(Kind::CredentialSpike, rule().off())?
        .rule(Kind::Probing, rule().at_least(4).within(minutes(1)))?
        .rule(
            Kind::LateralMovement,
            rule().hops(2).within(minutes(5)).after(minutes(60)),
        )?
        .learned(
            LearningSettings::new()
                .ratio(5.0)
                .endpoints(3.0)
                .deviations(3.5)
                .significance(1e-7)
                .novelty(1e-2)
                .oddity(1e-3),
        )?
        .respond(ResponseSettings::new(Response::StepUp, &[Kind::RateAnomaly]).lasting(minutes(5)))?
        .respond(
            ResponseSettings::new(Response::Throttle, &[Kind::CallRate, Kind::Loop])
                .calls_per_minute(6)
                .agents(&[ALL])
                .alone(),
        )
}

const WRITTEN: &str = r#"{
    "agents": [
        {"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 40, "credentials_per_minute": 0.5,
         "hours": [{"days": ["mon", "tue"], "from": "08:00", "to": "18:00"}, {"to": "01:00"}],
         "destinations": ["api.example.com", "*.example.org"], "sensitive_arguments": ["recipient"]},
        {"agent_id": "spiffe://example.org/agent/a", "destinations": []}],
    "paths": [{"source": "spiffe://example.org/agent/a", "target": "spiffe://example.org/agent/*", "calls_per_minute": 30}],
    "resource_classes": {"payments": ["pay", "refund_*"], "files": ["read"]},
    "rules": {"unexpected_path": {"enabled": false}, "rate_anomaly": {"ratio": 4, "significance": 1e-5},
              "repeated_denials": {"more_than": 5, "of": 50}, "scope_violation": {},
              "loop": {"repeats": 4, "within": "3m"}, "credential_spike": {"enabled": false},
              "probing": {"at_least": 4, "within": "1m"}, "lateral_movement": {"hops": 2, "within": "5m", "after": "1h"}},
    "learned": {"ratio": 5, "endpoints": 3, "deviations": 3.5, "significance": 1e-7, "novelty": 1e-2, "oddity": 1e-3},
    "responses": [{"on": ["RATE_ANOMALY"], "response": "step_up", "for": "5m"},
                  {"on": ["LOOP", "CALL_RATE"], "response": "throttle", "calls_per_minute": 6,
                   "agents": ["spiffe://example.org/agent/*"], "alone": true}]}"#;

#[test]
fn code_says_what_a_document_says() {
    assert_eq!(built().unwrap(), MonitorPolicy::from_json(WRITTEN).unwrap());
    let off = MonitorPolicy::new().learned(LearningSettings::new().off());
    let written = MonitorPolicy::from_json(r#"{"learned": {"enabled": false}}"#);
    assert_eq!(off.unwrap(), written.unwrap());
}

#[test]
fn what_a_document_may_not_say_code_may_not() {
    let policy = MonitorPolicy::new;
    let agent = |keys: fn(AgentExpectation) -> AgentExpectation| {
        policy().expect(keys(AgentExpectation::new(ONE)))
    };
    let rule = |kind, settings| policy().rule(kind, settings);
    let respond = |response, keys: fn(ResponseSettings) -> ResponseSettings| {
        policy().respond(keys(ResponseSettings::new(response, &[AlertKind::Loop])))
    };
    let (settings, kind) = (RuleSettings::new, AlertKind::Probing);
    let twice = AgentExpectation::new(ONE).calls_per_minute(1.0);
    let path = || PathExpectation::new(ONE, ALL);
    for (found, expected) in [
        (agent(|it| it), "nothing is expected of this agent"),
        (
            agent(|it| it.calls_per_minute(0.0)),
            "expected a number from 0.000001 to 1000000",
        ),
        (
            agent(|it| it.calls_per_minute(f64::NAN)),
            "expected a number, found null",
        ),
        (
            agent(|it| it.hours(&["monday"], "00:00", "24:00")),
            "`monday` is not",
        ),
        (
            agent(|it| it.hours(&[], "22:00", "06:00")),
            "a span of hours must end after",
        ),
        (
            agent(|it| it.destinations(&["http://a"])),
            "expected a host name",
        ),
        (
            policy().expect(AgentExpectation::new("a").calls_per_minute(1.0)),
            "an agent id must begin",
        ),
        (
            policy().expect(twice.clone()).unwrap().expect(twice),
            "an entry for the same stands above",
        ),
        (
            policy().expect_path(path()).unwrap().expect_path(path()),
            "an entry for the same",
        ),
        (
            policy().expect_path(PathExpectation::new("", ALL)),
            "an agent id must begin",
        ),
        (
            policy().resource_class("", &["a"]),
            "`` is no name of a resource class",
        ),
        (
            policy().resource_class("\u{1b}[2J", &["a"]),
            r"`\u{1b}[2J` is no name",
        ),
        (
            policy().resource_class("a", &[]),
            "no tool is in this resource class",
        ),
        (
            policy().resource_class("a", &["b", "b"]),
            "the same tool is named before",
        ),
        (
            policy()
                .resource_class("a", &["b"])
                .unwrap()
                .resource_class("a", &["c"]),
            "the resource class `a` stands twice",
        ),
        (
            rule(AlertKind::CallRate, settings()),
            "unknown field `call_rate` in the rules",
        ),
        (
            rule(AlertKind::CrowdedOut, settings()),
            "unknown field `crowded_out` in the rules",
        ),
        (
            rule(kind, settings().hops(2)),
            "unknown field `hops` in a rule on probing",
        ),
        (
            rule(kind, settings().at_least(1)),
            "expected an integer from 2 to 16",
        ),
        (
            rule(kind, settings().within(Duration::ZERO)),
            "expected a length of time from 1s to 1h",
        ),
        (
            rule(kind, settings().within(Duration::MAX)),
            "expected a length of time from 1s to 1h",
        ),
        (
            rule(AlertKind::RepeatedDenials, settings().more_than(100)),
            "`more_than` must be below `of`",
        ),
        (
            policy().learned(LearningSettings::new().ratio(0.5)),
            "expected a number from 1 to 1000000",
        ),
        (
            respond(Response::Throttle, |it| it),
            "a throttle needs `calls_per_minute`",
        ),
        (
            respond(Response::Quarantine, |it| {
                it.lasting(Duration::from_secs(60))
            }),
            "`quarantine` does not end by itself",
        ),
        (
            respond(Response::StepUp, |it| it.agents(&[])),
            "the response is for no agent",
        ),
        (
            policy().respond(ResponseSettings::new(Response::StepUp, &[])),
            "the response is to no kind of alert",
        ),
    ] {
        let error = found.expect_err(expected);
        assert!(
            error.message().starts_with(expected),
            "{} {expected}",
            error.message()
        );
        assert_eq!((error.kind(), error.line()), (LoadErrorKind::Policy, None));
    }
}

#[test]
fn what_says_nothing_is_found_in_code_too() {
    let policy = MonitorPolicy::new()
        .rule(AlertKind::OffHours, RuleSettings::new())
        .and_then(|it| it.resource_class("all", &["*"]))
        .and_then(|it| it.expect(AgentExpectation::new(ONE).hours(&[], "00:00", "24:00")))
        .and_then(|it| it.rule(AlertKind::FirstContact, RuleSettings::new()))
        .and_then(|it| {
            it.respond(ResponseSettings::new(
                Response::Revoke,
                &[AlertKind::CallRate],
            ))
        });
    let mut found: Vec<_> = policy
        .unwrap()
        .lint()
        .iter()
        .map(|it| (it.kind(), it.line()))
        .collect();
    found.sort_by_key(|(kind, _)| kind.as_str());
    let expected = [
        Lint::AlwaysOpen,
        Lint::IdleRule,
        Lint::OpenClass,
        Lint::WaitingResponse,
    ];
    assert_eq!(found, expected.map(|kind| (kind, None)));
}
