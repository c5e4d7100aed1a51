//! Logs that were not written by this library, or that are larger than a replay may become.

use std::time::Duration;

use portcullis::{AgentId, AgentPolicy, Args as Arguments, Caller, ToolName};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

use super::*;

const AGENT: &str = "spiffe://example.org/agent/a";

fn policies() -> Vec<AgentPolicy> {
    let policy = json!({"agent_id": AGENT, "permissions": [
        {"tool_name": "pay", "max_calls_per_minute": 10_000, "audit_level": "full"}]});
    vec![AgentPolicy::from_json(&policy.to_string()).unwrap()]
}

fn asked(agent: &str) -> Asked {
    Asked {
        caller: Caller::from(AgentId::parse(agent).unwrap()),
        tool: ToolName::parse("pay").unwrap(),
        at: Duration::ZERO,
    }
}

fn entry(line: &str) -> LogEntry<'_> {
    LogEntry::parse(0, line.as_bytes()).unwrap()
}

/// Permits beyond what may wait count at once, and so does one of a call that waits already; giving up one of the others
/// frees its place.
#[test]
fn so_many_permits_wait_and_no_more() {
    let policies = policies();
    let mut rerun = Rerun::new(&policies);
    let decide = |rerun: &mut Rerun<'_>, call| {
        let args = (Arguments::empty(), 2);
        let answer = rerun.decide(&asked(AGENT), args, Some(call)).unwrap();
        answer.is_ok()
    };
    for call in std::iter::once(0).chain(0..9_999) {
        assert!(decide(&mut rerun, call), "{call}");
    }
    assert_eq!(rerun.doubts().not_followed, 10_000 - 4096);
    assert!(!decide(&mut rerun, 10_000));
    for call in ["ffff", "1", "1", "x"] {
        let line = format!(r#"{{"seq":0,"type":"abandoned","mono_ns":1,"call":"{call}"}}"#);
        rerun.follow(&entry(&line));
    }
    assert!(decide(&mut rerun, 10_001));
    assert!(!decide(&mut rerun, 10_002));
}

#[test]
fn arguments_that_wait_are_no_longer_than_so_many_bytes() {
    let policies = policies();
    let mut rerun = Rerun::new(&policies);
    for call in 0..5 {
        let args = (Arguments::empty(), 1 << 20);
        let answer = rerun.decide(&asked(AGENT), args, Some(call)).unwrap();
        assert!(answer.is_ok());
    }
    assert_eq!(rerun.doubts().not_followed, 1);
}

/// What a call has used of a limit outlasts the session that was kept of its agent.
#[test]
fn a_session_that_is_let_go_loses_nothing() {
    let policy = json!({"agent_id": AGENT, "permissions": [{"tool_name": "pay", "max_calls_per_minute": 1}]});
    let policies = [AgentPolicy::from_json(&policy.to_string()).unwrap()];
    let mut rerun = Rerun::new(&policies);
    let mut decide = |agent: &str| {
        let args = (Arguments::empty(), 2);
        rerun.decide(&asked(agent), args, None).unwrap().is_ok()
    };
    assert!(decide(AGENT));
    for other in 0..3000 {
        assert!(!decide(&format!("{AGENT}{other}")));
    }
    assert!(!decide(AGENT));
}

/// A member of an entry: absent, as it should be, or as it should not.
fn member(good: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    let good = prop::sample::select(good).prop_map(Value::from);
    let number = prop::sample::select(&[0, 1, u64::MAX][..]).prop_map(Value::from);
    let odd = prop::sample::select(vec![json!(null), json!("\u{1b}[2J"), json!(-1), json!([1])]);
    prop_oneof![
        12 => good.prop_map(Some),
        2 => number.prop_map(Some),
        1 => odd.prop_map(Some),
        1 => Just(None)
    ]
}

fn number() -> impl Strategy<Value = Option<Value>> {
    prop::option::weighted(
        0.9,
        prop::sample::select(&[0, 1, 1 << 40, u64::MAX][..]).prop_map(Value::from),
    )
}

fn hostile_entry() -> impl Strategy<Value = String> {
    const KINDS: &[&str] = &[
        "decided",
        "decided",
        "executing",
        "abandoned",
        "refused",
        "policy_loaded",
        "log_opened",
    ];
    let members = (
        (prop::sample::select(KINDS), number(), number(), number()),
        member(&["1", "2", "ffffffffffffffff", "10000000000000000", "-1"]),
        (
            member(&[AGENT, "spiffe://example.org/agent/b"]),
            member(&["ann"]),
        ),
        member(&["pay", "other"]),
        (
            member(&["allow", "ask", "deny"]),
            member(&["allowed", "limit", "malformed", "identity", "unknown_tool"]),
        ),
        (
            member(&["standard", "full"]),
            prop::sample::select(vec![
                json!({}),
                json!([]),
                json!({"arguments": []}),
                json!({"arguments": {"form": "whole", "bytes": 4 << 20, "commitment": "0".repeat(64), "volume": u64::MAX, "at": u64::MAX}}),
            ]),
        ),
    );
    members.prop_map(
        |(
            (kind, wall, mono, epoch),
            call,
            (agent, user),
            tool,
            (decision, code),
            (level, payloads),
        )| {
            let mut entry = Map::new();
            entry.insert("seq".to_owned(), json!(0));
            entry.insert("type".to_owned(), json!(kind));
            entry.insert("payloads".to_owned(), payloads);
            let members = [
                ("wall_ns", wall),
                ("mono_ns", mono),
                ("epoch", epoch),
                ("call", call),
                ("agent", agent),
                ("user", user),
                ("tool", tool),
                ("decision", decision),
                ("code", code),
                ("audit_level", level),
            ];
            for (key, value) in members {
                entry.extend(value.map(|value| (key.to_owned(), value)));
            }
            Value::Object(entry).to_string()
        },
    )
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    /// Law: whatever entries say, each decision is counted once.
    #[test]
    fn hostile_entries_are_counted(lines in prop::collection::vec(hostile_entry(), 0..20)) {
        let policies = policies();
        let mut run = Run {
            digest: String::new(),
            filter: EntryFilter::new(),
            payloads: Payloads::of("/nowhere"),
            rerun: Rerun::new(&policies),
            summary: Summary::default(),
            all: true,
            json: lines.len().is_multiple_of(2),
            output: &mut Output::stdout(),
        };
        let mut reading = Reading::new("/nowhere".as_ref(), 1);
        let mut decisions = 0;
        for line in &lines {
            let entry = entry(line);
            match entry.kind() {
                "decided" => {
                    decisions += 1;
                    run.decided(&entry, &mut reading).unwrap();
                }
                _ => run.rerun.follow(&entry),
            }
        }
        let summary = serde_json::to_value(&run.summary).unwrap();
        let not_replayed = summary["not_replayed"].as_object().unwrap();
        let not_replayed: u64 = not_replayed.values().map(|count| count.as_u64().unwrap()).sum();
        let counted = ["same", "differ"].map(|key| summary[key].as_u64().unwrap());
        prop_assert_eq!(counted.iter().sum::<u64>() + not_replayed, decisions);
    }
}
