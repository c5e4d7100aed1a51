//! Ways around the gate that were found once, by what they tried.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis::{
    Args, ArgsError, Call, Code, Constraint, Guard, Indicators, Outcome, ParamType, Record,
    RecordError, Recorder, Refusal, Session, ToolName, ToolSpec, guard, json,
};

use crate::support::{
    AGENT, Gate, agent, agent_policy, allowed, block_on, call, refusal, secs, user, user_policy,
};

const ONCE: &str = r#"[{"tool_name": "pay", "max_calls_per_minute": 1}]"#;

#[test]
fn a_closure_that_panics_before_its_future_counts_as_the_tool() {
    let gate = Gate::new(ONCE);
    let session = gate.session();
    let mut paid = 0;
    for _ in 0..5 {
        let run = || {
            block_on(session.run_async(
                "pay",
                "{}",
                |_| -> std::future::Ready<Result<(), Refusal>> {
                    paid += 1;
                    panic!("after paying")
                },
            ))
        };
        let _ = catch_unwind(AssertUnwindSafe(run));
    }
    assert_eq!(paid, 1);
    assert_eq!(gate.log.outcomes(), [Outcome::Panicked]);
}

#[test]
fn a_number_far_out_is_an_error() {
    for number in [
        "0.01e-9223372036854775808",
        "0.0001e-99999999999999999999",
        "1e9223372036854775807",
        "10e-9223372036854775809",
    ] {
        let parsed = Args::parse(&format!(r#"{{"a": {number}}}"#));
        assert!(matches!(parsed, Err(ArgsError::Json(_))), "{number}");
    }
}

/// Does something while a decision is being written, as other threads would.
struct Meanwhile<F>(F, AtomicBool);

impl<F> std::fmt::Debug for Meanwhile<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl<F: Fn() + Send + Sync> Recorder for Meanwhile<F> {
    fn record(&self, _: &Record<'_>) -> Result<(), RecordError> {
        if self.1.load(Ordering::SeqCst) {
            (self.0)();
        }
        Ok(())
    }
}

#[test]
fn what_is_withdrawn_while_the_record_is_written_does_not_run() {
    let slot: Arc<std::sync::Mutex<Option<Session>>> = Arc::default();
    for closes in [true, false] {
        let shared = Arc::clone(&slot);
        let act = move || {
            // That a session is closed is recorded too, so the lock must be free by then.
            let session = shared.lock().unwrap().clone();
            if let Some(session) = session {
                if closes {
                    session.close();
                } else {
                    session
                        .guard()
                        .set_indicators(Indicators::new().agent(agent(AGENT)));
                }
            }
        };
        let recorder = Arc::new(Meanwhile(act, AtomicBool::new(false)));
        let guard = Guard::builder()
            .policy(agent_policy(ONCE))
            .recorder(Arc::clone(&recorder))
            .build()
            .unwrap();
        let session = guard.vouched_session(agent(AGENT)).unwrap();
        *slot.lock().unwrap() = Some(session.clone());
        recorder.1.store(true, Ordering::SeqCst);
        let refused = refusal(&session, "pay", "{}");
        let expected = if closes {
            Code::Identity
        } else {
            Code::Indicator
        };
        assert_eq!(refused.code(), expected);
    }
}

#[derive(Debug)]
struct PanicsOnOutcomes;

impl Recorder for PanicsOnOutcomes {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        assert!(
            !matches!(record.event, portcullis::Event::Ended(_)),
            "no outcome today"
        );
        Ok(())
    }
}

#[test]
fn a_recorder_that_panics_on_an_outcome_poisons() {
    let guard = Guard::builder()
        .policy(agent_policy(r#"[{"tool_name": "t"}]"#))
        .recorder(PanicsOnOutcomes);
    let guard = guard.build().unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    assert_eq!(call(&session, "t", "{}"), Code::Allowed, "the tool ran");
    assert!(guard.is_poisoned());
    assert_eq!(call(&session, "t", "{}"), Code::Fault);
}

/// Panics once, on a decision.
#[derive(Debug, Default)]
struct PanicsOnDecision(AtomicBool);

impl Recorder for PanicsOnDecision {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        let decides = matches!(record.event, portcullis::Event::Decided(_));
        assert!(
            !decides || self.0.swap(true, Ordering::SeqCst),
            "not this one"
        );
        Ok(())
    }
}

#[test]
fn a_recorder_that_panics_on_a_decision_uses_up_nothing() {
    let builder = Guard::builder().policy(agent_policy(ONCE));
    let guard = builder
        .recorder(PanicsOnDecision::default())
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| call(&session, "pay", "{}"))).is_err());
    assert_eq!(call(&session, "pay", "{}"), Code::Allowed);
}

#[test]
fn a_tool_and_a_recorder_that_both_panic_do_not_end_the_process() {
    let builder = Guard::builder().policy(agent_policy(ONCE));
    let guard = builder.recorder(PanicsOnOutcomes).build().unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    let run = || session.run("pay", "{}", |_| -> Result<(), Refusal> { panic!("tool") });
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert!(guard.is_poisoned());
}

/// A swap that gives a limit a log of its own copies the old one; calls that are between look-up and reservation
/// must not slip past the copy.
#[test]
fn calls_under_way_do_not_slip_past_a_swap() {
    let limits = |more: &str| {
        agent_policy(&format!(
            r#"[{{"tool_name": "t", "max_calls_per_minute": 4000000,
                "limits": [{{"calls": 400, "per": "1h"}}{more}]}}]"#
        ))
    };
    for round in 0..60 {
        let gate = Gate::with([limits("")]);
        let issued = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let session = gate.session();
                    let ran = (0..300).filter(|_| call(&session, "t", "{}") == Code::Allowed);
                    issued.fetch_add(ran.count(), Ordering::SeqCst);
                });
            }
            for more in [
                r#", {"calls": 90000, "per": "24h"}"#,
                "",
                r#", {"calls": 90000, "per": "7d"}"#,
            ] {
                gate.guard.swap([limits(more)]).unwrap();
            }
        });
        assert!(issued.into_inner() <= 400, "round {round}");
    }
}

#[test]
fn a_permit_meets_the_limits_of_new_policies() {
    let pay = |limits: &str| {
        agent_policy(&format!(
            r#"[{{"tool_name": "pay", "max_calls_per_minute": 900{limits}}}]"#
        ))
    };
    let gate = Gate::with([pay("")]);
    let session = gate.session();
    let permits: Vec<_> = (0..5)
        .map(|_| session.call("pay", r#"{"amount": 6}"#).unwrap())
        .collect();
    gate.guard
        .swap([pay(
            r#", "budgets": [{"sum": "amount", "at_most": 10, "per": "24h"}]"#,
        )])
        .unwrap();
    let ran = permits
        .into_iter()
        .map(|permit| permit.run(|_| Ok::<(), Refusal>(())))
        .filter(Result::is_ok);
    assert_eq!(ran.count(), 1);
    assert_eq!(call(&session, "pay", r#"{"amount": 6}"#), Code::Budget);
}

#[guard]
fn login(session: &Session, user: &str, key: &str) -> Result<(), Refusal> {
    let _ = (user, key);
    Ok(())
}

#[test]
fn a_parameter_is_secret_if_either_the_function_or_the_specification_says_so() {
    let spec = ToolSpec::new("login")
        .unwrap()
        .param("user", ParamType::String)
        .unwrap();
    let spec = spec
        .param("key", ParamType::String)
        .unwrap()
        .secret("key")
        .unwrap();
    let log = Arc::new(crate::support::Trace::default());
    let policy = agent_policy(r#"[{"tool_name": "login", "audit_level": "full"}]"#);
    let guard = Guard::builder()
        .policy(policy)
        .tools([spec])
        .recorder(Arc::clone(&log))
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    login(&session, "ann", "hunter2").unwrap();
    assert_eq!(
        log.last_decision().arguments,
        r#"{"key":"<secret>","user":"ann"}"#
    );
}

#[test]
fn names_inside_a_secret_are_part_of_it() {
    let spec = ToolSpec::new("t")
        .unwrap()
        .param("cred", ParamType::Object)
        .unwrap()
        .secret("cred")
        .unwrap();
    let policy = agent_policy(
        r#"[{"tool_name": "t", "allowed_params": {"cred": {"fields": {"user": {"type": "string"}}}}}]"#,
    );
    let log = Arc::new(crate::support::Trace::default());
    let guard = Guard::builder()
        .policy(policy)
        .tools([spec])
        .recorder(log)
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    let refused = refusal(
        &session,
        "t",
        r#"{"cred": {"user": "a", "hunter2-is-my-token": 1}}"#,
    );
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
}

#[test]
fn a_budget_does_not_tell_what_was_spent() {
    let gate = Gate::new(
        r#"[{"tool_name": "t", "budgets": [{"sum": "amount", "at_most": 10000, "per": "1h"}]}]"#,
    );
    let session = gate.session();
    assert_eq!(call(&session, "t", r#"{"amount": 7321.55}"#), Code::Allowed);
    let refused = refusal(&session, "t", r#"{"amount": 9000}"#);
    assert!(!refused.for_operator().contains("7321"), "{refused:?}");
}

#[test]
fn debug_output_does_not_hold_the_policy() {
    let gate = Gate::new(r#"[{"tool_name": "t", "allowed_params": {"x": ["marker-in-policy"]}}]"#);
    let refused = refusal(&gate.session(), "t", r#"{"y": 1}"#);
    assert!(!format!("{:?}", refused.reason()).contains("marker-in-policy"));
}

#[test]
fn explaining_agrees_with_calling_about_the_deny_list() {
    let gate = Gate::new(r#"[{"tool_name": "t"}]"#);
    let session = gate.session();
    gate.guard
        .set_indicators(Indicators::new().destination("evil.example").unwrap());
    let args = Args::parse(r#"{"to": "evil.example"}"#).unwrap();
    let explanation = session.explain(&Call::new(ToolName::parse("t").unwrap(), args));
    assert_eq!(explanation.decision().reason().code(), Code::Indicator);
}

#[test]
fn a_permit_that_is_refused_says_why_on_record() {
    let gate = Gate::new(r#"[{"tool_name": "t"}]"#);
    let permit = gate.session().call("t", "{}").unwrap();
    gate.at(secs(5));
    assert!(permit.run(|_| Ok::<(), Refusal>(())).is_err());
    assert_eq!(gate.log.outcomes(), [Outcome::Refused(Code::Lapsed)]);
}

#[test]
fn a_permit_does_not_outlive_the_policy_that_gave_it() {
    for (then, expected) in [
        ("[]", Code::UnknownTool),
        (
            r#"[{"tool_name": "pay", "requires_human_approval": true}]"#,
            Code::ApprovalRequired,
        ),
    ] {
        let gate = Gate::new(ONCE);
        let permit = gate.session().call("pay", "{}").unwrap();
        gate.guard.swap([agent_policy(then)]).unwrap();
        let refused = permit.run(|_| Ok::<(), Refusal>(())).unwrap_err();
        assert_eq!(refused.code(), expected);
        gate.guard.swap([agent_policy(ONCE)]).unwrap();
        assert_eq!(
            allowed(&gate.session(), "pay", "{}", 2),
            1,
            "the place was given back"
        );
    }
}

#[test]
fn a_session_does_not_change_its_user() {
    let permissions = r#"[{"tool_name": "t"}]"#;
    let policies = [
        agent_policy(permissions),
        user_policy("ann", permissions),
        user_policy("root", permissions),
    ];
    let gate = Gate::with(policies);
    let session = gate.session().on_behalf_of(user("ann"));
    assert_eq!(
        call(&session.clone().on_behalf_of(user("ann")), "t", "{}"),
        Code::Allowed
    );
    let switched = session.clone().on_behalf_of(user("root"));
    assert_eq!(call(&switched, "t", "{}"), Code::Identity);
    assert_eq!(
        call(&switched.on_behalf_of(user("ann")), "t", "{}"),
        Code::Identity
    );
    assert_eq!(call(&session, "t", "{}"), Code::Allowed);
}

#[test]
fn a_message_stays_short_however_many_alternatives_there_are() {
    let alternatives =
        (0..20_000).map(|number| Constraint::one_of([format!("value-{number}")]).unwrap());
    let constraint = Constraint::any_of(alternatives).unwrap();
    assert!(constraint.to_string().len() < 1000);
}

#[test]
fn values_that_a_host_builds_are_bounded_in_depth() {
    let nested = (0..200).fold(json::Value::Null, |inner, _| {
        json::Value::Array(vec![inner])
    });
    let object = json::Object::from_entries(vec![("a".to_owned(), nested)]).unwrap();
    assert!(matches!(Args::try_from(object), Err(ArgsError::Json(_))));
}
