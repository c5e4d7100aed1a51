//! Between the decision and the run: permits lapse, are given back, and meet the deny list again.

use std::time::Duration;

use portcullis::{
    AgentPattern, Args, Call, Code, Indicators, Outcome, Refusal, RefusalKind, ToolName, Verdict,
};

use crate::gate::assert_not_run;
use crate::support::{
    AGENT, Gate, agent, allowed, assert_send, block_on, call, pause, refusal, secs,
};

const ANY: &str = r#"[{"tool_name": "trade"}]"#;
const GOOD: &str = r#"{"symbol": "QZA", "amount": 5}"#;

#[test]
fn a_permit_lapses_at_five_seconds() {
    let gate = Gate::new(r#"[{"tool_name": "t", "max_calls_per_minute": 1}]"#);
    let session = gate.session();
    let permit = session.call("t", "{}").unwrap();
    gate.at(secs(5));
    assert_not_run(permit, Code::Lapsed);
    let permit = session.call("t", "{}").expect("the place was given back");
    gate.at(secs(10) - Duration::from_nanos(1));
    permit.run(|_| Ok::<_, Refusal>(())).unwrap();
    assert_eq!(
        gate.log.outcomes(),
        [Outcome::Refused(Code::Lapsed), Outcome::Completed]
    );
    let refused = refusal(&session, "t", "{}");
    assert_eq!(
        refused.retry_after(),
        Some(secs(55) + Duration::from_nanos(1)),
        "counted from the permit"
    );
}

#[test]
fn a_dropped_permit_gives_its_places_back() {
    let gate = Gate::new(
        r#"[{"tool_name": "t", "max_calls_per_minute": 1, "limits": [{"calls": 1, "per": "1h", "by": ["param:k"]}],
            "budgets": [{"sum": "eur", "at_most": 5, "per": "1h"}]}]"#,
    );
    let session = gate.session();
    for _ in 0..100 {
        drop(session.call("t", r#"{"k": "x", "eur": 5}"#).unwrap());
    }
    drop(
        session
            .call("t", r#"{"k": "x", "eur": 5}"#)
            .unwrap()
            .run_async(async |_| Ok::<(), Refusal>(())),
    );
    assert_eq!(gate.log.outcomes(), [Outcome::Abandoned; 101]);
    let permit = session.call("t", r#"{"k": "x", "eur": 5}"#).unwrap();
    assert_eq!(
        allowed(&session, "t", r#"{"k": "y", "eur": 0}"#, 3),
        0,
        "a waiting permit holds its place"
    );
    permit.run(|_| Ok::<_, Refusal>(())).unwrap();
}

#[test]
fn futures_need_no_runtime_and_can_be_sent() {
    let gate = Gate::new(ANY);
    let session = gate.session();
    let double = async |args: Args| {
        pause().await;
        Ok::<_, Refusal>(args.len() * 2)
    };
    assert_eq!(
        block_on(assert_send(session.run_async(
            "trade",
            GOOD,
            |args| async move { double(args).await }
        )))
        .unwrap(),
        4
    );
    let permit = assert_send(session.call("trade", GOOD).unwrap());
    assert_eq!(block_on(assert_send(permit.run_async(double))).unwrap(), 4);
    let refused =
        block_on(session.run_async("sell", GOOD, async |_| Ok::<(), Refusal>(()))).unwrap_err();
    assert_eq!(refused.code(), Code::UnknownTool);
    drop(session.run_async("trade", GOOD, async |_| Ok::<(), Refusal>(())));
    assert_eq!(
        gate.log.decisions().len(),
        3,
        "a future that is never polled asks nothing"
    );
}

fn exact(tool: &str, args: &str) -> Indicators {
    let call = Call::new(ToolName::parse(tool).unwrap(), Args::parse(args).unwrap());
    Indicators::new().call(call.digest())
}

#[test]
fn indicators_win_over_any_policy() {
    let gate =
        Gate::new(r#"[{"tool_name": "*"}, {"tool_name": "ask", "requires_human_approval": true}]"#);
    let session = gate.session();
    let nested = r#"{"to": [{"cc": ["x", {"deep": "see https://mail.EVIL.example:8443/a"}]}]}"#;
    let lists = [
        (
            Indicators::new().agent(AgentPattern::parse("spiffe://example.org/*").unwrap()),
            "{}",
        ),
        (Indicators::new().agent(agent(AGENT)), "{}"),
        (
            Indicators::new().destination("evil.example").unwrap(),
            nested,
        ),
        (
            Indicators::new().destination("evil.example").unwrap(),
            r#"{"evil.example": 1}"#,
        ),
        (exact("t", r#"{"a": 1, "b": [2]}"#), r#"{"b": [2], "a": 1}"#),
    ];
    for (list, args) in lists {
        gate.guard.set_indicators(list.clone());
        let refused = refusal(&session, "t", args);
        assert_eq!(
            (refused.code(), refused.verdict(), refused.kind()),
            (Code::Indicator, Verdict::Deny, RefusalKind::Rule)
        );
        gate.guard.set_indicators(Indicators::new());
        assert_eq!(call(&session, "t", args), Code::Allowed, "{args}");
        let permit = session.call("t", args).unwrap();
        gate.guard.set_indicators(list);
        assert_not_run(permit, Code::Indicator);
    }
    gate.guard.set_indicators(exact("ask", "{}"));
    assert_eq!(
        call(&session, "ask", "{}"),
        Code::Indicator,
        "not even for a person to approve"
    );
    assert_eq!(call(&session, "ask", r#"{"a": 1}"#), Code::ApprovalRequired);
    gate.guard.set_indicators(exact("t", r#"{"a": 1}"#));
    assert_eq!(
        call(&session, "t", r#"{"a": 1.0}"#),
        Code::Allowed,
        "another call"
    );
}
