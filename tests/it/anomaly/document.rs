//! What the author of a monitor policy is told.

use portcullis::anomaly::MonitorPolicy;
use portcullis::{Lint, LoadErrorKind};

fn error(text: &str) -> String {
    let error = MonitorPolicy::from_json(text).expect_err(text);
    assert_eq!(error.kind(), LoadErrorKind::Policy, "{text}");
    let help = error.suggestion().map(|help| format!(" = {help}"));
    let column = error.column().unwrap();
    format!("{column}: {}{}", error.message(), help.unwrap_or_default())
}

fn agent_error(keys: &str) -> String {
    error(&format!(
        r#"{{"agents": [{{"agent_id": "spiffe://a/b", {keys}}}]}}"#
    ))
}

fn rule_error(rule: &str) -> String {
    error(&format!(r#"{{"rules": {{{rule}}}}}"#))
}

#[test]
fn every_mistake_is_told() {
    let mut faults = Vec::new();
    for (found, expected) in [
        (error("[]"), "1: expected a monitor policy, found an array"),
        (
            error(r#"{"version": 2}"#),
            "13: only version 1 of the monitor policy format exists",
        ),
        (
            error(r#"{"agent": []}"#),
            "2: unknown field `agent` in a monitor policy = did you mean `agents`?",
        ),
        (
            error(r#"{"agents": {}}"#),
            "12: expected a list, found an object",
        ),
        (
            error(r#"{"agents": [{"hours": []}]}"#),
            "13: the entry has no `agent_id`",
        ),
        (
            error(r#"{"agents": [{"agent_id": "a"}]}"#),
            "26: an agent id must begin with `spiffe://`",
        ),
        (
            error(r#"{"agents": [{"agent_id": "spiffe://a/b"}]}"#),
            "26: nothing is expected of this agent = add `calls_per_minute`, `hours` or `destinations`",
        ),
        (
            error(
                r#"{"paths": [{"source": "spiffe://a/b", "target": "spiffe://a/*"}, {"source": "spiffe://a/b", "target": "spiffe://a/*"}]}"#,
            ),
            "77: an entry for the same stands above = put everything that is expected into one entry",
        ),
        (
            error(r#"{"paths": [{"source": "spiffe://a/b"}]}"#),
            "12: the entry has no `target`",
        ),
        (
            agent_error(r#""calls_per_minute": 0"#),
            "62: expected a number from 0.000001 to 1000000",
        ),
        (
            agent_error(r#""calls_per_minute": "5""#),
            "62: expected a number, found a string",
        ),
        (
            agent_error(r#""hours": [{"from": "8:00"}]"#),
            "61: expected a time of day, such as `08:00`",
        ),
        (
            agent_error(r#""hours": [{"from": "22:00", "to": "06:00"}]"#),
            "52: a span of hours must end after it begins = write one that passes midnight as two",
        ),
        (
            agent_error(r#""hours": [{"days": ["monday"]}]"#),
            "62: `monday` is not `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`",
        ),
        (
            agent_error(r#""destinations": ["https://a.example"]"#),
            "59: expected a host name, without scheme, port or path = `*.example.org` is any name below `example.org`",
        ),
        (
            rule_error(r#""loops": {}"#),
            "12: unknown field `loops` in the rules = did you mean `loop`?",
        ),
        (
            rule_error(r#""loop": {"repeats": 1}"#),
            "32: expected an integer from 2 to 5",
        ),
        (
            rule_error(r#""loop": {"within": "2h"}"#),
            "31: expected a length of time from 1s to 1h = write it as `120s` or `5m`",
        ),
        (
            rule_error(r#""repeated_denials": {"more_than": 100}"#),
            "32: `more_than` must be below `of`, or the rule can never speak",
        ),
        (
            rule_error(r#""repeated_denials": {"of": 129}"#),
            "39: expected an integer from 1 to 128",
        ),
        (
            rule_error(r#""rate_anomaly": {"significance": 0}"#),
            "45: expected a number from 0.000000000000001 to 1",
        ),
        (
            rule_error(r#""off_hours": {"enabled": "no"}"#),
            "37: expected `true` or `false`, found a string",
        ),
        (
            rule_error(r#""off_hours": false"#),
            "25: expected a rule, found a boolean",
        ),
        (
            error(r#"{"resource_classes": []}"#),
            "22: expected an object of resource classes, found an array",
        ),
        (
            error(r#"{"resource_classes": {"": ["a"]}}"#),
            "23: `` is no name of a resource class: 1 to 64 characters out of `A-Z a-z 0-9 _ . -`",
        ),
        (
            error(r#"{"resource_classes": {"money": []}}"#),
            "32: no tool is in this resource class = name the tools that reach it, or leave it out",
        ),
        (
            error(r#"{"resource_classes": {"money": "pay"}}"#),
            "32: expected a list of names of tools, found a string",
        ),
        (
            error(r#"{"resource_classes": {"money": ["pay", "pay"]}}"#),
            "40: the same tool is named before",
        ),
        (
            error(r#"{"resource_classes": {"money": ["pay me"]}}"#),
            "33: a tool name must be 1 to 128 characters out of `A-Z a-z 0-9 _ . : / -`",
        ),
    ] {
        faults.extend((found != expected).then(|| format!("{found}\n{expected}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What the documentation calls the defaults are the defaults.
#[cfg(feature = "toml")]
#[test]
fn defaults_are_as_documented() {
    let rules = r#"
        [rules]
        unexpected_path = {}
        rate_anomaly = { ratio = 3, significance = 1e-6 }
        repeated_denials = { more_than = 10, of = 100 }
        scope_violation = {}
        loop = { repeats = 3, within = "120s" }
        first_contact = {}
        off_hours = {}
        credential_spike = { ratio = 3, significance = 1e-6 }
        probing = { at_least = 5, within = "5m" }
        lateral_movement = { hops = 3, within = "10m", after = "24h" }
    "#;
    assert_eq!(
        MonitorPolicy::from_toml(rules).unwrap(),
        MonitorPolicy::new()
    );
    assert_eq!(
        MonitorPolicy::from_json("{}").unwrap(),
        MonitorPolicy::new()
    );
}

fn response_error(keys: &str) -> String {
    error(&format!(r#"{{"responses": [{{{keys}}}]}}"#))
}

#[test]
fn every_mistake_in_a_response_is_told() {
    for (found, expected) in [
        (response_error(""), "16: the response has no `on`"),
        (
            response_error(r#""on": ["LOOP"]"#),
            "16: the response has no `response`",
        ),
        (
            response_error(r#""on": [], "response": "notify""#),
            "23: the response is to no kind of alert",
        ),
        (
            response_error(r#""on": ["LOOPS"], "response": "notify""#),
            "24: `LOOPS` is not",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "quarantaine""#),
            "45: `quarantaine` is not",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "throttle""#),
            "45: a throttle needs `calls_per_minute`",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "throttle", "calls_per_minute": 0"#),
            "77: expected an integer from 1 to 600",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "step_up", "calls_per_minute": 6"#),
            "76: `step_up` has no `calls_per_minute`",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "revoke", "for": "1h""#),
            "62: `revoke` does not end by itself",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "step_up", "for": "8d""#),
            "63: expected a length of time from 1s to 7d",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "step_up", "agents": []"#),
            "66: the response is for no agent",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "step_up", "agents": ["a"]"#),
            "67: an agent id must begin with `spiffe://`",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "step_up", "alone": 1"#),
            "65: expected `true` or `false`, found an integer",
        ),
        (
            response_error(r#""on": ["LOOP"], "response": "step_up", "until": "1h""#),
            "56: unknown field `until` in a response",
        ),
    ] {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[test]
fn a_response_that_must_wait_for_something_else_is_found() {
    let policy = MonitorPolicy::from_json(
        r#"{"responses": [
            {"on": ["CALL_RATE", "LATENCY"], "response": "quarantine"},
            {"on": ["CALL_RATE"], "response": "step_up"},
            {"on": ["CALL_RATE"], "response": "revoke", "alone": true},
            {"on": ["CALL_RATE", "RATE_ANOMALY"], "response": "revoke"}
        ]}"#,
    )
    .unwrap();
    let found = policy.lint();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].kind(), found[0].line()),
        (Lint::WaitingResponse, Some(2))
    );
}

#[test]
fn what_says_nothing_is_found() {
    let policy = MonitorPolicy::from_json(
        r#"{"agents": [{"agent_id": "spiffe://a/b", "hours": [{"to": "12:00"}, {"from": "11:00"}]}],
            "paths": [{"source": "spiffe://a/*", "target": "spiffe://b/*"}],
            "resource_classes": {"all": ["*"], "money": ["pay", "p*", "s*x"], "some": ["a*"]},
            "rules": {"first_contact": {}, "off_hours": {}, "rate_anomaly": {}, "loop": {}, "lateral_movement": {}}}"#,
    )
    .unwrap();
    let found: Vec<_> = policy
        .lint()
        .iter()
        .map(|finding| (finding.kind(), finding.line()))
        .collect();
    assert_eq!(
        found,
        [
            (Lint::AlwaysOpen, Some(1)),
            (Lint::OpenPath, Some(2)),
            (Lint::OpenClass, Some(3)),
            (Lint::Duplicate, Some(3)),
            (Lint::IdleRule, Some(4)),
            (Lint::IdleRule, Some(4)),
        ]
    );
}
