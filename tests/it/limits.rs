//! Limits and budgets through the guard: exact windows, keys, sums, and nothing lost by a refusal.

use std::collections::VecDeque;
use std::time::Duration;

use portcullis::{AgentPolicy, Code, Constraint, Refusal, RefusalKind, ToolPermission};
use proptest::prelude::*;

use crate::support::{
    AGENT, Gate, agent, agent_policy, allowed, call, policy, refusal, secs, task, user, user_policy,
};

const NANO: Duration = Duration::from_nanos(1);

#[test]
fn agents_have_a_default_and_users_have_none() {
    let gate = Gate::with([
        agent_policy(
            r#"[{"tool_name": "t"}, {"tool_name": "u", "max_calls_per_minute": 4294967295}]"#,
        ),
        user_policy("ann", r#"[{"tool_name": "*"}]"#),
    ]);
    let session = gate.session().on_behalf_of(user("ann"));
    assert_eq!(allowed(&session, "u", "{}", 200), 200);
    assert_eq!(allowed(&session, "t", "{}", 100), 60);
    gate.at(secs(60) - NANO);
    let refused = refusal(&session, "t", "{}");
    assert_eq!(
        (refused.kind(), refused.retry_after()),
        (RefusalKind::Limit, Some(NANO))
    );
    gate.at(secs(60));
    assert_eq!(allowed(&session, "t", "{}", 100), 60);
    assert_eq!(
        allowed(&gate.session(), "t", "{}", 1),
        0,
        "counted across sessions"
    );
}

#[test]
fn a_place_is_free_again_at_exactly_sixty_seconds() {
    let gate = Gate::new(r#"[{"tool_name": "t", "max_calls_per_minute": 3}]"#);
    let session = gate.session();
    for second in [10, 20, 30] {
        gate.at(secs(second));
        assert_eq!(call(&session, "t", "{}"), Code::Allowed);
    }
    for second in [70, 80, 90, 130, 140, 150] {
        gate.at(secs(second) - NANO);
        assert_eq!(refusal(&session, "t", "{}").retry_after(), Some(NANO));
        gate.at(secs(second));
        assert_eq!(allowed(&session, "t", "{}", 5), 1, "{second}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The definition, kept as a list of all allowed times: at `t` a call fits if `(t - 60 s, t]` holds fewer than `max`.
    #[test]
    fn the_window_is_the_definition(max in 1_usize..6, steps in prop::collection::vec(0_u64..25_000, 1..120)) {
        let gate = Gate::new(&format!(r#"[{{"tool_name": "t", "max_calls_per_minute": {max}}}]"#));
        let session = gate.session();
        let mut times: VecDeque<Duration> = VecDeque::new();
        let mut now = Duration::ZERO;
        for step in steps {
            now += Duration::from_millis(step);
            gate.at(now);
            times.retain(|time| now - *time < secs(60));
            match session.run("t", "{}", |_| Ok::<(), Refusal>(())) {
                Ok(()) => {
                    prop_assert!(times.len() < max);
                    times.push_back(now);
                }
                Err(refused) => {
                    prop_assert_eq!(times.len(), max);
                    prop_assert_eq!(refused.retry_after(), Some(times[0] + secs(60) - now));
                }
            }
        }
    }

    /// Whatever the clock does, a window holds no more: time that was seen once does not come back.
    #[test]
    fn a_clock_that_jumps_opens_nothing(steps in prop::collection::vec((0_u64..200, any::<bool>()), 1..150)) {
        let gate = Gate::new(r#"[{"tool_name": "t", "limits": [{"calls": 2, "per": "30s", "by": ["param:k"]}],
            "budgets": [{"sum": "n", "at_most": 3, "per": "60s"}]}]"#);
        let session = gate.session();
        let (mut seen, mut entered) = (0, Vec::new());
        for (time, fits) in steps {
            seen = seen.max(time);
            gate.at(secs(time));
            // A call that is refused shows the time to the counters, and leaves no other trace.
            let args = if fits { r#"{"k": 1, "n": 1}"# } else { r#"{"k": 1, "n": 4}"# };
            if call(&session, "t", args) == Code::Allowed {
                entered.push(seen);
            }
            let within = |span: u64| entered.iter().filter(|at| seen - **at < span).count();
            prop_assert!(within(30) <= 2 && within(60) <= 3, "{entered:?}");
        }
    }
}

#[test]
fn a_pattern_has_one_counter_for_all_its_tools() {
    let gate = Gate::new(
        r#"[{"tool_name": "files/*", "max_calls_per_minute": 3}, {"tool_name": "files/a", "max_calls_per_minute": 2}]"#,
    );
    let session = gate.session();
    assert_eq!(allowed(&session, "files/a", "{}", 9), 2);
    assert_eq!(allowed(&session, "files/b", "{}", 9), 1);
    assert_eq!(allowed(&session, "files/", "{}", 9), 0);
    let gate = Gate::new(
        r#"[{"tool_name": "files/*", "limits": [{"calls": 1, "per": "1h", "by": ["tool"]}]}]"#,
    );
    let session = gate.session();
    for tool in ["files/a", "files/b", "files/c"] {
        assert_eq!(allowed(&session, tool, "{}", 9), 1);
    }
}

#[test]
fn keys_count_apart() {
    let limit = |by: &str| {
        format!(r#"[{{"tool_name": "t", "limits": [{{"calls": 1, "per": "1h", "by": [{by}]}}]}}]"#)
    };
    let any = r#"[{"tool_name": "*"}]"#;
    let policies = |by: &str| {
        let task =
            |name: &str| policy(&format!(r#"{{"task_id": "{name}", "permissions": {any}}}"#));
        [
            agent_policy(&limit(by)),
            user_policy("ann", any),
            user_policy("bob", any),
            task("x"),
            task("y"),
        ]
    };
    // Calls of ann on x, ann on y, bob on x, each with the arguments 1 and 2.
    for (by, expected) in [
        (r#""agent""#, [1, 0, 0, 0, 0, 0]),
        (r#""user""#, [1, 0, 0, 0, 1, 0]),
        (r#""task""#, [1, 0, 1, 0, 0, 0]),
        (r#""user", "task""#, [1, 0, 1, 0, 1, 0]),
        (r#""param:k""#, [1, 1, 0, 0, 0, 0]),
        (r#""param:k", "user", "agent""#, [1, 1, 0, 0, 1, 1]),
        (r#""param:k", "user", "task""#, [1, 1, 1, 1, 1, 1]),
    ] {
        let gate = Gate::with(policies(by));
        let sessions = [("ann", "x"), ("ann", "y"), ("bob", "x")];
        let sessions =
            sessions.map(|(who, what)| gate.session().on_behalf_of(user(who)).task(task(what)));
        let calls = sessions.iter().flat_map(|session| {
            [r#"{"k": 1}"#, r#"{"k": 2}"#].map(|args| allowed(session, "t", args, 2))
        });
        assert_eq!(calls.collect::<Vec<_>>(), expected, "{by}");
    }
}

/// Also for a user's policy, which sees sessions of several agents.
#[test]
fn a_session_and_what_is_made_from_it_have_one_count() {
    let limits = r#"[{"tool_name": "t", "max_calls_per_minute": 1000,
        "budgets": [{"sum": "epsilon", "at_most": 0.3, "per": "366d", "by": ["session"]}]}]"#;
    let anything = r#"[{"tool_name": "*", "max_calls_per_minute": 1000}]"#;
    for policies in [
        [agent_policy(limits), user_policy("ann", anything)],
        [agent_policy(anything), user_policy("ann", limits)],
    ] {
        let gate = Gate::with(policies);
        let session = || gate.session().on_behalf_of(user("ann"));
        let (one, other) = (session(), session());
        let args = r#"{"epsilon": 0.1}"#;
        assert_eq!(allowed(&one, "t", args, 2), 2);
        assert_eq!(allowed(&other, "t", args, 9), 3);
        assert_eq!(allowed(&one.clone().expires_in(secs(60)), "t", args, 9), 1);
        assert_eq!(call(&one, "t", args), Code::Budget);
        gate.at(secs(365 * 86_400));
        assert_eq!(call(&one, "t", r#"{"epsilon": 1e-9}"#), Code::Budget);
    }
}

#[test]
fn a_key_that_the_call_lacks_denies() {
    let by = |by: &str| {
        format!(
            r#"[{{"tool_name": "t", "max_calls_per_minute": 1000, "limits": [{{"calls": 9, "per": "1h", "by": ["{by}"]}}]}}]"#
        )
    };
    for part in ["user", "task", "param:k"] {
        let gate = Gate::new(&by(part));
        assert_eq!(call(&gate.session(), "t", "{}"), Code::Limit, "{part}");
    }
    let gate = Gate::new(&by("param:k"));
    for bad in [
        r#"{"k": []}"#,
        r#"{"k": ["a"]}"#,
        r#"{"k": {}}"#,
        r#"{"K": 1}"#,
    ] {
        assert_eq!(call(&gate.session(), "t", bad), Code::Limit, "{bad}");
    }
    let distinct = [
        "1", "1.5", "true", "\"1\"", "\"true\"", "null", "\"\"", "\"null\"", "-1",
    ];
    for value in distinct {
        let args = format!(r#"{{"k": {value}}}"#);
        assert_eq!(allowed(&gate.session(), "t", &args, 20), 9, "{value}");
    }
}

#[test]
fn a_flood_of_keys_closes_only_the_flooder() {
    let limits =
        r#"[{"tool_name": "t", "limits": [{"calls": 1, "per": "1h", "by": ["param:k"]}]}]"#;
    let unlimited = r#"[{"tool_name": "t", "max_calls_per_minute": 100000}]"#;
    let other = "spiffe://example.org/agent/b";
    let gate = Gate::with([
        agent_policy(unlimited),
        policy(&format!(
            r#"{{"agent_id": "{other}", "permissions": {unlimited}}}"#
        )),
        user_policy("ann", limits),
    ]);
    let flooder = gate.session().on_behalf_of(user("ann"));
    let bystander = gate
        .guard
        .vouched_session(agent(other))
        .unwrap()
        .on_behalf_of(user("ann"));
    let key = |index: usize| format!(r#"{{"k": {index}}}"#);
    let taken = (0..3000)
        .filter(|index| call(&flooder, "t", &key(*index)) == Code::Allowed)
        .count();
    assert_eq!(taken, 1024);
    let refused = refusal(&flooder, "t", &key(5000));
    assert_eq!((refused.code(), refused.retry_after()), (Code::Limit, None));
    assert_eq!(call(&bystander, "t", &key(6000)), Code::Allowed);
    assert_eq!(
        call(&bystander, "t", &key(0)),
        Code::Limit,
        "a user's limit spans agents"
    );
    gate.at(secs(3600));
    assert_eq!(call(&flooder, "t", &key(5000)), Code::Allowed);
}

const BUDGET: &str =
    r#"[{"tool_name": "pay", "budgets": [{"sum": "eur", "at_most": 0.3, "per": "24h"}]}]"#;

fn pay(eur: &str) -> String {
    format!(r#"{{"eur": {eur}}}"#)
}

#[test]
fn budgets_sum_decimals_exactly() {
    let gate = Gate::new(BUDGET);
    let session = gate.session();
    for (eur, code) in [
        ("0.1", Code::Allowed),
        ("0.2", Code::Allowed),
        ("0.000000001", Code::Budget),
        ("0", Code::Allowed),
    ] {
        assert_eq!(call(&session, "pay", &pay(eur)), code, "{eur}");
    }
    gate.at(secs(24 * 3600) - NANO);
    assert_eq!(
        refusal(&session, "pay", &pay("0.2")).retry_after(),
        Some(NANO)
    );
    gate.at(secs(24 * 3600));
    assert_eq!(allowed(&session, "pay", &pay("0.1"), 9), 3);
    // Finer than the unit of 1e-9 rounds up: no stream of crumbs gets through for nothing.
    let gate = Gate::new(
        r#"[{"tool_name": "pay", "budgets": [{"sum": "eur", "at_most": 0.000000003, "per": "24h"}]}]"#,
    );
    assert_eq!(allowed(&gate.session(), "pay", &pay("1e-300"), 9), 3);
}

#[test]
fn odd_amounts_are_denied_and_cost_nothing() {
    let gate = Gate::new(BUDGET);
    let session = gate.session();
    let odd = [
        "-0.1",
        "-1",
        "-1e-300",
        "\"0.1\"",
        "null",
        "[0.1]",
        "{}",
        "true",
        "1e30",
        "1e308",
        "18446744073709551615",
        "-9223372036854775808",
        "0.300000001",
    ];
    for eur in odd {
        assert_eq!(call(&session, "pay", &pay(eur)), Code::Budget, "{eur}");
    }
    assert_eq!(call(&session, "pay", "{}"), Code::Budget);
    assert_eq!(call(&session, "pay", r#"{"EUR": 0.1}"#), Code::Budget);
    for nothing in ["-0", "-0.0", "0", "0.0", "0e0"] {
        assert_eq!(allowed(&session, "pay", &pay(nothing), 3), 3, "{nothing}");
    }
    assert_eq!(call(&session, "pay", &pay("0.3")), Code::Allowed);
}

#[test]
fn several_limits_are_taken_together_or_not_at_all() {
    let gate = Gate::new(
        r#"[{"tool_name": "pay", "max_calls_per_minute": 5, "limits": [{"calls": 3, "per": "10m", "by": ["param:to"]}],
            "budgets": [{"sum": "eur", "at_most": 100, "per": "1h"}]}]"#,
    );
    let session = gate.session();
    let pay = |to: &str, eur: u32| {
        call(
            &session,
            "pay",
            &format!(r#"{{"to": "{to}", "eur": {eur}}}"#),
        )
    };
    for _ in 0..50 {
        assert_eq!(pay("x", 101), Code::Budget);
        assert_eq!(
            call(&session, "pay", r#"{"to": [], "eur": 1}"#),
            Code::Limit
        );
        assert_eq!(call(&session, "pay", r#"{"to": "x"}"#), Code::Budget);
    }
    assert_eq!(
        [pay("x", 1), pay("x", 1), pay("x", 1), pay("x", 1)],
        [Code::Allowed, Code::Allowed, Code::Allowed, Code::Limit]
    );
    assert_eq!(
        [pay("y", 90), pay("y", 8), pay("y", 7)],
        [Code::Allowed, Code::Budget, Code::Allowed],
        "97 of 100 and 5 of 5"
    );
    let refused = refusal(&session, "pay", r#"{"to": "x", "eur": 4}"#);
    assert_eq!(
        refused.retry_after(),
        Some(secs(3600)),
        "the limit that stands longest"
    );
}

#[test]
fn refused_and_asked_calls_consume_nothing() {
    let gate = Gate::new(
        r#"[{"tool_name": "t", "max_calls_per_minute": 1, "allowed_params": {"n": [1]}},
            {"tool_name": "ask", "max_calls_per_minute": 1, "requires_human_approval": true}, {"tool_name": "*", "max_calls_per_minute": 2}]"#,
    );
    let session = gate.session();
    for _ in 0..100 {
        assert_eq!(call(&session, "t", r#"{"n": 2}"#), Code::Constraint);
        assert_eq!(call(&session, "t", "{}"), Code::MissingParameter);
        assert_eq!(call(&session, "t", "{"), Code::Malformed);
        assert_eq!(call(&session, "ask", "{}"), Code::ApprovalRequired);
    }
    assert_eq!(allowed(&session, "t", r#"{"n": 1}"#, 3), 1);
    assert_eq!(allowed(&session, "other", "{}", 3), 1);
}

#[test]
fn agent_user_and_task_count_together() {
    let per_minute =
        |calls: u32| format!(r#"[{{"tool_name": "t", "max_calls_per_minute": {calls}}}]"#);
    let gate = Gate::with([
        agent_policy(&per_minute(9)),
        user_policy("ann", &per_minute(5)),
        policy(&format!(
            r#"{{"task_id": "x", "permissions": {}}}"#,
            per_minute(2)
        )),
    ]);
    let alone = gate.session();
    let ann = alone.clone().on_behalf_of(user("ann"));
    let ann_on_x = ann.clone().task(task("x"));
    assert_eq!(allowed(&ann_on_x, "t", "{}", 20), 2);
    assert_eq!(allowed(&ann, "t", "{}", 20), 3);
    assert_eq!(allowed(&alone, "t", "{}", 20), 4);
}

#[test]
fn limits_made_in_code_hold_too() {
    let per = Duration::from_millis(1500);
    let build = || {
        let permission = ToolPermission::new("t")?.param("n", Constraint::one_of([1, 2])?);
        let permission = permission
            .limit(2.try_into().unwrap(), per, &["param:n"])?
            .budget("n", 4, per, &[])?;
        AgentPolicy::new(agent(AGENT)).permit(permission)
    };
    let fine = ToolPermission::new("t").unwrap().limit(
        2.try_into().unwrap(),
        Duration::from_micros(1500),
        &[],
    );
    assert!(fine.is_err(), "a document could not say it");
    let gate = Gate::with([build().unwrap()]);
    let session = gate.session();
    assert_eq!(allowed(&session, "t", r#"{"n": 1}"#, 5), 2);
    assert_eq!(allowed(&session, "t", r#"{"n": 2}"#, 5), 1);
    gate.at(per - NANO);
    assert_eq!(
        refusal(&session, "t", r#"{"n": 2}"#).retry_after(),
        Some(NANO)
    );
    gate.at(per);
    assert_eq!(allowed(&session, "t", r#"{"n": 2}"#, 5), 2);
}

/// Law: what `explain` says is what the call then gets, at any state of the limits, and asking takes nothing.
#[test]
fn an_explanation_sees_limits_as_the_call_would() {
    let gate = Gate::new(
        r#"[{"tool_name": "spend", "max_calls_per_minute": 4, "budgets":
            [{"sum": "amount", "at_most": 10, "per": "24h", "by": ["param:to"]}]}]"#,
    );
    let session = gate.session();
    for step in 0..40_u64 {
        gate.at(secs(step * 7));
        let amount = step * 5 % 7;
        let text = format!(r#"{{"amount": {amount}, "to": {}}}"#, step % 3);
        let asked = portcullis::Call::new(
            portcullis::ToolName::parse("spend").unwrap(),
            portcullis::Args::parse(&text).unwrap(),
        );
        let said = || session.explain(&asked).decision().reason().code();
        let first = said();
        assert_eq!(said(), first, "step {step}");
        assert_eq!(call(&session, "spend", text.as_str()), first, "step {step}");
    }
    let codes: std::collections::BTreeSet<_> = gate
        .log
        .decisions()
        .iter()
        .map(|decision| decision.code)
        .collect();
    assert!(
        codes.contains(&Code::Limit)
            && codes.contains(&Code::Budget)
            && codes.contains(&Code::Allowed)
    );
}
