//! Policies that change while agents work: nothing is refilled, nothing is mixed, nothing is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::{
    AgentPolicy, Code, Digest, Guard, ParamType, PolicySet, SwapError, ToolSpec, Verdict,
};

use crate::support::{
    AGENT, Gate, Trace, What, agent, agent_policy, allowed, call, refusal, secs, user, user_policy,
};

fn per_minute(calls: u32) -> AgentPolicy {
    agent_policy(&format!(
        r#"[{{"tool_name": "t", "max_calls_per_minute": {calls}}}]"#
    ))
}

fn limits(limits: &str) -> AgentPolicy {
    agent_policy(&format!(
        r#"[{{"tool_name": "t", "max_calls_per_minute": 1000, "limits": {limits}}}]"#
    ))
}

#[test]
fn another_number_goes_on_with_the_use_so_far() {
    let gate = Gate::with([per_minute(5)]);
    let session = gate.session();
    assert_eq!(allowed(&session, "t", "{}", 9), 5);
    gate.guard.swap([per_minute(5)]).unwrap();
    assert_eq!(allowed(&session, "t", "{}", 9), 0);
    gate.guard.swap([per_minute(7)]).unwrap();
    assert_eq!(allowed(&session, "t", "{}", 9), 2);
    gate.guard.swap([per_minute(3)]).unwrap();
    gate.at(secs(59));
    assert_eq!(allowed(&gate.session(), "t", "{}", 9), 0);
    gate.at(secs(60));
    assert_eq!(allowed(&session, "t", "{}", 9), 3);
}

#[test]
fn another_window_goes_on_with_the_use_so_far() {
    let gate = Gate::with([limits(r#"[{"calls": 5, "per": "1h"}]"#)]);
    let session = gate.session();
    assert_eq!(allowed(&session, "t", "{}", 9), 5);
    gate.at(secs(1800));
    gate.guard
        .swap([limits(r#"[{"calls": 5, "per": "2h"}]"#)])
        .unwrap();
    gate.at(secs(3600));
    assert_eq!(allowed(&session, "t", "{}", 9), 0);
    gate.guard
        .swap([limits(r#"[{"calls": 5, "per": "59m"}]"#)])
        .unwrap();
    assert_eq!(allowed(&session, "t", "{}", 9), 5);
    gate.guard
        .swap([limits(r#"[{"calls": 5, "per": "2h"}]"#)])
        .unwrap();
    gate.at(secs(7199));
    assert_eq!(allowed(&session, "t", "{}", 9), 0);
}

#[test]
fn an_entry_that_leaves_and_returns_is_not_refilled() {
    let keyed = r#"[{"tool_name": "t", "max_calls_per_minute": 5, "limits": [{"calls": 1, "per": "1h", "by": ["param:k"]}],
        "budgets": [{"sum": "n", "at_most": 10, "per": "1h"}]}]"#;
    let gate = Gate::new(keyed);
    let session = gate.session();
    let args = r#"{"k": "a", "n": 7}"#;
    assert_eq!(call(&session, "t", args), Code::Allowed);
    for minute in 1..60 {
        gate.guard
            .swap([agent_policy(r#"[{"tool_name": "other"}]"#)])
            .unwrap();
        gate.at(secs(minute * 60));
        gate.guard.tick();
        assert_eq!(call(&session, "t", args), Code::UnknownTool);
        gate.guard.swap([]).unwrap();
        assert_eq!(call(&session, "t", args), Code::Identity);
        gate.guard.swap([agent_policy(keyed)]).unwrap();
        assert_eq!(call(&session, "t", args), Code::Limit);
        assert_eq!(call(&session, "t", r#"{"k": "b", "n": 4}"#), Code::Budget);
    }
    gate.at(secs(3600));
    assert_eq!(call(&session, "t", args), Code::Allowed);
}

#[test]
fn a_limit_keeps_its_use_when_those_beside_it_change() {
    let hour_and_day = r#"[{"calls": 5, "per": "1h"}, {"calls": 8, "per": "24h"}]"#;
    let others = [
        r#"[{"calls": 8, "per": "24h"}]"#,
        r#"[{"calls": 8, "per": "24h"}, {"calls": 5, "per": "1h"}]"#,
        r#"[{"calls": 900, "per": "10s"}, {"calls": 5, "per": "1h"}, {"calls": 8, "per": "24h"}]"#,
        r#"[{"calls": 8, "per": "24h"}, {"calls": 900, "per": "7d"}]"#,
    ];
    for other in others {
        let gate = Gate::with([limits(hour_and_day)]);
        let session = gate.session();
        assert_eq!(allowed(&session, "t", "{}", 9), 5);
        gate.at(secs(3600));
        assert_eq!(allowed(&session, "t", "{}", 9), 3, "8 in the day");
        gate.at(secs(2 * 3600));
        gate.guard.swap([limits(other)]).unwrap();
        assert_eq!(allowed(&session, "t", "{}", 9), 0, "{other}");
        gate.guard.roll_back().unwrap();
        assert_eq!(allowed(&session, "t", "{}", 9), 0, "{other}, and back");
    }
}

#[test]
fn one_step_leads_back_and_keeps_the_use() {
    let gate = Gate::with([per_minute(5)]);
    let session = gate.session();
    assert!(matches!(
        gate.guard.roll_back(),
        Err(SwapError::NoFormerPolicies)
    ));
    let first = gate.guard.version();
    assert_eq!(first.epoch, 1);
    assert_eq!(allowed(&session, "t", "{}", 3), 3);
    let second = gate.guard.swap([per_minute(9)]).unwrap();
    assert_eq!((second.epoch, gate.guard.version()), (2, second));
    assert_ne!(first.digest, second.digest);
    assert_eq!(allowed(&session, "t", "{}", 3), 3);
    let third = gate.guard.roll_back().unwrap();
    assert_eq!((third.epoch, third.digest), (3, first.digest));
    assert_eq!(allowed(&session, "t", "{}", 3), 0, "6 used of 5");
    assert!(matches!(
        gate.guard.roll_back(),
        Err(SwapError::NoFormerPolicies)
    ));
    assert_eq!(gate.guard.version(), third);
}

#[test]
fn records_say_which_policies_decided() {
    let gate = Gate::with([per_minute(5)]);
    let session = gate.session();
    let mut versions = vec![gate.guard.version()];
    assert_eq!(call(&session, "t", "{}"), Code::Allowed);
    versions.push(gate.guard.swap([per_minute(6)]).unwrap());
    assert_eq!(call(&session, "x", "{}"), Code::UnknownTool);
    versions.push(gate.guard.roll_back().unwrap());
    assert_eq!(call(&session, "t", "{"), Code::Malformed);
    let loaded = |entry: &crate::support::Entry| match entry.what {
        What::Loaded { epoch, policy } => Some((epoch, policy)),
        _ => None,
    };
    let expected: Vec<_> = versions
        .iter()
        .map(|version| (version.epoch, version.digest))
        .collect();
    assert_eq!(
        gate.log
            .entries()
            .iter()
            .filter_map(loaded)
            .collect::<Vec<_>>(),
        expected
    );
    let decided: Vec<_> = gate
        .log
        .decisions()
        .iter()
        .map(|one| (one.epoch, one.policy))
        .collect();
    assert_eq!(decided, expected);
    assert_eq!(PolicySet::new([per_minute(5)]).digest(), versions[0].digest);
}

#[test]
fn a_bad_change_leaves_everything_as_it_was() {
    let clock = Arc::new(portcullis::ManualClock::new());
    let log = Arc::new(Trace::default());
    let tool = ToolSpec::new("t")
        .unwrap()
        .param("n", ParamType::INTEGER)
        .unwrap();
    let good = agent_policy(
        r#"[{"tool_name": "t", "allowed_params": {"n": [1]}, "max_calls_per_minute": 2}]"#,
    );
    let builder = Guard::builder()
        .tools([tool])
        .policy(good.clone())
        .clock(Arc::clone(&clock));
    let guard = builder.recorder(Arc::clone(&log)).build().unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    assert_eq!(call(&session, "t", r#"{"n": 1}"#), Code::Allowed);
    let before = guard.version();
    let unfit = agent_policy(r#"[{"tool_name": "t", "allowed_params": {"n": ["one"]}}]"#);
    assert!(matches!(
        guard.swap([per_minute(1000), unfit]),
        Err(SwapError::Load(_))
    ));
    log.refuse_loads.store(true, Ordering::SeqCst);
    assert!(matches!(
        guard.swap([per_minute(1000)]),
        Err(SwapError::Record(_))
    ));
    assert!(matches!(
        guard.roll_back(),
        Err(SwapError::NoFormerPolicies)
    ));
    log.refuse_loads.store(false, Ordering::SeqCst);
    assert_eq!(guard.version(), before);
    assert!(!guard.is_poisoned());
    assert_eq!(allowed(&session, "t", r#"{"n": 1}"#, 9), 1);
    assert_eq!(guard.swap([good]).unwrap().epoch, 2);
}

/// Two policies of two documents each; a mixture of any two parts would allow `{"x": 1, "y": 2}` or the reverse.
fn version(number: u32) -> [AgentPolicy; 2] {
    let rule = |name: &str, other: &str| {
        format!(
            r#"[{{"tool_name": "t", "max_calls_per_minute": 4294967295, "allowed_params": {{"{name}": [{number}], "{other}": {{"any": true}}}}}}]"#
        )
    };
    [
        agent_policy(&rule("x", "y")),
        user_policy("ann", &rule("y", "x")),
    ]
}

#[test]
fn every_decision_rests_on_one_version() {
    let gate = Gate::with(version(1));
    let session = gate.session().on_behalf_of(user("ann"));
    let (done, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let swaps = std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for (args, possible) in [
                        ((1, 1), true),
                        ((2, 2), true),
                        ((1, 2), false),
                        ((2, 1), false),
                    ] {
                        let code = call(
                            &session,
                            "t",
                            &format!(r#"{{"x": {}, "y": {}}}"#, args.0, args.1),
                        );
                        assert!(
                            possible && code == Code::Allowed || code == Code::Constraint,
                            "{args:?}: {code}"
                        );
                        calls.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let mut swaps: u32 = 0;
        while calls.load(Ordering::Relaxed) < 4000 {
            swaps += 1;
            match swaps % 3 {
                0 => gate.guard.roll_back().unwrap(),
                _ => gate.guard.swap(version(1 + swaps % 2)).unwrap(),
            };
            std::thread::sleep(Duration::from_micros(300));
        }
        done.store(true, Ordering::Relaxed);
        swaps
    });
    let entries = gate.log.entries();
    let epochs: HashMap<u64, Digest> = entries
        .iter()
        .filter_map(|entry| match entry.what {
            What::Loaded { epoch, policy } => Some((epoch, policy)),
            _ => None,
        })
        .collect();
    assert_eq!(epochs.len() as u32, swaps + 1);
    let numbers: HashMap<Digest, u32> = [1, 2]
        .map(|number| (PolicySet::new(version(number)).digest(), number))
        .into();
    let digests: HashMap<Digest, (u32, u32)> = [(1, 1), (2, 2), (1, 2), (2, 1)]
        .map(|(x, y)| {
            let args = portcullis::Args::parse(&format!(r#"{{"x": {x}, "y": {y}}}"#)).unwrap();
            let call = portcullis::Call::new(portcullis::ToolName::parse("t").unwrap(), args);
            (gate.guard.recorded_digest(&call), (x, y))
        })
        .into();
    let mut seen = [0; 2];
    for decision in gate.log.decisions() {
        assert_eq!(epochs[&decision.epoch], decision.policy);
        let number = numbers[&decision.policy];
        let fits = digests[&decision.digest.unwrap()] == (number, number);
        assert_eq!(decision.verdict == Verdict::Allow, fits, "{decision:?}");
        seen[number as usize - 1] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn a_refusal_after_a_change_names_the_new_rule() {
    let gate = Gate::with([per_minute(1)]);
    let session = gate.session();
    gate.guard
        .swap([agent_policy(
            r#"[{"tool_name": "x"}, {"tool_name": "t", "allowed_params": {"n": [1]}}]"#,
        )])
        .unwrap();
    let refused = refusal(&session, "t", r#"{"n": 2}"#);
    assert_eq!(refused.rule().map(|rule| rule.index()), Some(1));
    assert_eq!(gate.log.last_decision().rule.as_deref(), Some("t"));
}
